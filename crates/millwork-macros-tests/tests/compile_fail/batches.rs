//! One call for many partitions takes their keys, and returns something for each.

use millwork::partitions::fixed;
use millwork::{
    Assets, Batch, Challenger, CheckResult, FromPartitionKey, PartitionKeys, Result, Verdict, asset,
    asset_check, gate, multi_asset,
};

#[derive(FromPartitionKey)]
enum Arm {
    Control,
    Treated,
}

#[asset(partitions = fixed(["de", "fr"]))]
fn one_value(countries: PartitionKeys<String>) -> Result<usize> {
    Ok(countries.len())
}

#[asset(partitions = fixed(["de", "fr"]))]
fn no_keys() -> Batch<String, u32> {
    Batch::new()
}

#[derive(Assets)]
struct Split {
    left: f64,
}

#[multi_asset(partitions = fixed(["de", "fr"]))]
fn one_of_several(_countries: millwork::PartitionKeys<String>) -> Split {
    Split { left: 0.5 }
}

#[asset(partitions = fixed(["control", "treated"]))]
fn uncompared(arms: PartitionKeys<Arm>) -> Batch<Arm, u32> {
    arms.map(|_| 1)
}

#[asset(partitions = fixed(["de", "fr"]))]
fn nested(countries: PartitionKeys<String>) -> Batch<String, Batch<String, u32>> {
    countries.map(|_| Batch::new())
}

#[asset]
fn model() -> u32 {
    1
}

#[asset_check]
fn positive(_model: &u32, _countries: PartitionKeys<String>) -> CheckResult {
    CheckResult::pass()
}

#[gate]
fn better(_challenger: Challenger<model>, _countries: PartitionKeys<String>) -> Result<Verdict> {
    Ok(Verdict::promote())
}

fn main() {}
