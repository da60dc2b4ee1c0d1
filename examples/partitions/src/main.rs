//! Partitions: one value of an asset per region, and an asset that gathers them all.
//!
//! `orders` and `mean_order` have the same partitions, so each region's mean is made from that region's orders; `best_region` has none and
//! takes [`Partitions<mean_order>`]: it waits for every region. A step, its stored value and its staleness are those of one partition, so
//! one region can be rematerialized without the others.
//!
//! ```sh
//! cargo run -p partitions -- materialize                                    # seven steps: 2 × 3 regions, and the best
//! cargo run -p partitions -- materialize mean_order --partition north       # one region
//! cargo run -p partitions -- status
//! cargo run -p partitions -- asset value mean_order --partition north
//! ```

use std::process::ExitCode;
use std::str::FromStr;

use millwork::{Output, Partition, Partitions, PartitionsDefinition, asset, definitions};

/// Where something is sold. A partition's key is text; a step parses it into a type of its own.
#[derive(Clone, Copy, Debug)]
enum Region {
    North,
    South,
    West,
}

impl FromStr for Region {
    type Err = String;

    fn from_str(key: &str) -> Result<Self, String> {
        match key {
            "north" => Ok(Self::North),
            "south" => Ok(Self::South),
            "west" => Ok(Self::West),
            _ => Err(format!("`{key}` is no region")),
        }
    }
}

fn regions() -> PartitionsDefinition {
    PartitionsDefinition::fixed(["north", "south", "west"])
}

/// The amounts of a region's orders.
#[asset(group = "ingest", partitions = regions())]
fn orders(region: Partition<Region>) -> Output<Vec<f64>> {
    let orders = match *region {
        Region::North => vec![10.0, 30.0],
        Region::South => vec![5.0, 5.0, 80.0],
        Region::West => vec![12.0],
    };
    let rows = orders.len();
    Output::new(orders).metadata("orders", rows)
}

/// The mean amount of a region's orders: of the partition of the same key.
#[asset(group = "report", partitions = regions())]
fn mean_order(orders: &Vec<f64>) -> f64 {
    orders.iter().sum::<f64>() / orders.len() as f64
}

/// The region whose orders are largest on average.
#[asset(group = "report")]
fn best_region(means: Partitions<mean_order>) -> Output<String> {
    let best = means.iter().max_by(|(_, one), (_, other)| one.total_cmp(other));
    let best = best.map(|(region, _)| region.to_string()).unwrap_or_default();
    Output::new(best).metadata("regions", means.len())
}

fn main() -> ExitCode {
    millwork::app(definitions![orders, mean_order, best_region])
}
