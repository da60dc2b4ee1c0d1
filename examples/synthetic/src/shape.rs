//! The shapes of graphs and their assets.

use std::str::FromStr;
use std::time::Duration;

use millwork::{AssetDefinition, Definitions};
use thiserror::Error;

use crate::catalog;

/// The number of assets of the layer above from which each asset of a layer is made.
const INPUTS: usize = 3;

/// The shape of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Assets that are each made from the one before: `chain:100`.
    Chain(usize),
    /// One asset, and those made from it: `fan-out:1000`.
    FanOut(usize),
    /// Layers of assets, each made from three of the layer above: `layered:100x100` (layers × assets of each).
    Layered {
        /// The number of layers.
        layers: usize,
        /// The number of assets in each.
        width: usize,
    },
    /// Assets as a company has them, in groups, with everything that pages show: `catalog:2000`.
    Catalog(usize),
    /// A chain of assets beside one asset that takes as long as all of them: `straggler:20`.
    Straggler(usize),
}

/// How long each link of a straggler graph's chain takes.
const LINK: Duration = Duration::from_millis(10);

impl Shape {
    /// The shape that `SYNTHETIC_GRAPH` names; without it, `otherwise`.
    ///
    /// # Errors
    ///
    /// When its value isn't a valid shape.
    pub fn from_environment(otherwise: &str) -> Result<Self, InvalidShape> {
        std::env::var("SYNTHETIC_GRAPH").as_deref().unwrap_or(otherwise).parse()
    }

    /// The assets. The value of each is one more than the greatest of those it is made from, so it is the length of
    /// the longest path to it.
    pub fn definitions(self) -> Definitions {
        let mut assets = Vec::new();
        match self {
            Self::Chain(length) => {
                for link in 0..length {
                    let above = link.checked_sub(1).map(|above| format!("link_{above}"));
                    assets.push(one_more(
                        format!("link_{link}"),
                        above.into_iter().collect(),
                        Duration::ZERO,
                    ));
                }
            }
            Self::FanOut(leaves) => {
                assets.push(one_more("root".into(), Vec::new(), Duration::ZERO));
                for leaf in 0..leaves {
                    assets.push(one_more(format!("leaf_{leaf}"), vec!["root".into()], Duration::ZERO));
                }
            }
            Self::Layered { layers, width } => {
                for (layer, place) in
                    (0..layers).flat_map(|layer| (0..width).map(move |place| (layer, place)))
                {
                    let above = layer.checked_sub(1).map_or(Vec::new(), |above| inputs(above, place, width));
                    assets.push(one_more(format!("layer_{layer}_{place}"), above, Duration::ZERO));
                }
            }
            Self::Catalog(assets) => return catalog::definitions(assets),
            Self::Straggler(length) => {
                for link in 0..length {
                    let above = link.checked_sub(1).map(|above| format!("link_{above}"));
                    assets.push(one_more(format!("link_{link}"), above.into_iter().collect(), LINK));
                }
                let whole = LINK * u32::try_from(length).unwrap_or(u32::MAX);
                assets.push(one_more("straggler".into(), Vec::new(), whole));
            }
        }
        Definitions::new().assets(assets)
    }
}

fn inputs(layer: usize, place: usize, width: usize) -> Vec<String> {
    let mut places: Vec<usize> =
        (0..INPUTS.min(width)).map(|offset| (place + offset * offset) % width).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| format!("layer_{layer}_{place}")).collect()
}

fn one_more(key: String, above: Vec<String>, takes: Duration) -> AssetDefinition {
    let asset = AssetDefinition::new(key).produces::<u64, _>();
    above.iter().fold(asset, |asset, input| asset.input::<u64>(input)).blocking(move |step| {
        std::thread::sleep(takes);
        let mut greatest = 0;
        for input in &above {
            greatest = greatest.max(*step.input::<u64>(input)?);
        }
        Ok(greatest + 1)
    })
}

/// The text isn't a valid shape.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{written}` names no graph: write `chain:100`, `fan-out:1000`, `layered:100x100`, `catalog:2000` or \
     `straggler:20`"
)]
pub struct InvalidShape {
    written: String,
}

impl FromStr for Shape {
    type Err = InvalidShape;

    fn from_str(written: &str) -> Result<Self, InvalidShape> {
        let number = |text: &str| text.parse::<usize>().ok();
        let shape = written.split_once(':').and_then(|(name, size)| match name {
            "chain" => number(size).map(Self::Chain),
            "fan-out" => number(size).map(Self::FanOut),
            "catalog" => number(size).map(Self::Catalog),
            "straggler" => number(size).map(Self::Straggler),
            "layered" => {
                let (layers, width) = size.split_once('x')?;
                Some(Self::Layered { layers: number(layers)?, width: number(width)? })
            }
            _ => None,
        });
        shape.ok_or_else(|| InvalidShape { written: written.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(written: &str, assets: Option<usize>) {
        let resolved = written.parse::<Shape>().ok().map(|shape| shape.definitions().resolve().unwrap());
        assert_eq!(resolved.map(|pipeline| pipeline.graph().assets().len()), assets, "{written}");
    }

    #[test]
    fn shapes() {
        check("chain:100", Some(100));
        check("fan-out:1000", Some(1001));
        check("layered:10x7", Some(70));
        check("layered:3x1", Some(3));
        check("straggler:20", Some(21));
        check("catalog:2000", Some(2000));
        check("catalog:2150", Some(2150));
        check("chain", None);
        check("layered:10", None);
        check("ring:3", None);
    }
}
