//! Random definitions of assets.

use std::time::Duration;

use proptest::prelude::*;

use crate::asset::AssetDefinition;
use crate::definitions::{Definitions, Pipeline};
use crate::freshness::FreshnessPolicy;
use crate::param::{Absent, Requirements};
use crate::partition::mapping::{Mapping, all, function, latest, window};
use crate::partition::{Dimensions, Key, daily, dynamic, fixed, weekly};
use crate::version::{AliasName, ReadAs};

/// An asset by choices, some of which may be impossible with others.
#[derive(Clone, Debug)]
pub(super) struct AnyAsset {
    partitions: u8,
    is_external: bool,
    /// Upstream assets, counted back, with a mapping, and how they are read.
    inputs: Vec<(usize, u8, u8)>,
}

pub(super) fn any_asset() -> impl Strategy<Value = AnyAsset> {
    let inputs = prop::collection::vec((1_usize..4, 0_u8..9, 0_u8..8), 0..4);
    (0_u8..8, 0_u8..8, inputs).prop_map(|(partitions, external, inputs)| AnyAsset {
        partitions,
        is_external: external == 0,
        inputs,
    })
}

/// When the latest window of an asset that has windows is late.
pub(super) const FAIL: Duration = Duration::from_secs(30 * 3_600);
pub(super) const WARN: Duration = Duration::from_secs(5 * 3_600);

pub(super) fn champion() -> AliasName {
    "champion".parse().unwrap()
}

fn dimensions(choice: u8) -> Option<Dimensions> {
    let days = || daily("UTC").from("2026-01-02");
    Some(match choice {
        0 => return None,
        1 => weekly("UTC").from("2026-01-04").into(),
        2 => fixed(["a", "b", "c"]).named("users").into(),
        3 => daily("UTC").from("2026-01-04").except(["2026-01-06"]).by(fixed(["a", "b"]).named("users")),
        4 => dynamic("users").into(),
        5 => dynamic("users").by(days().until("2026-01-09")),
        _ => days().into(),
    })
}

fn mapping(choice: u8) -> Mapping {
    match choice {
        0 => window(-1, 0),
        1 => window(-2, 0).tolerate_missing(),
        2 => all().tolerate_missing(),
        3 => function(|key: &Key| [key.clone()]).into(),
        4 => latest(),
        5 => all(),
        _ => Mapping::inferred(),
    }
}

fn read(requirements: &mut Requirements, upstream: &str, how: u8) {
    match how {
        0 => requirements.version::<u8>(upstream, ReadAs::Alias(champion()), Absent::IsNone),
        1 => requirements.history::<u8>(upstream),
        2 => requirements.input::<u8>(upstream),
        _ => requirements.partitions::<u8>(upstream),
    }
}

/// The definition of an asset whose inputs name upstream assets by their place.
fn definition(place: usize, asset: &AnyAsset) -> AssetDefinition {
    let key = format!("asset{place}");
    if asset.is_external {
        return AssetDefinition::new(key.as_str());
    }
    let definition = AssetDefinition::new(key.as_str()).produces::<u8, _>();
    let definition = match dimensions(asset.partitions) {
        Some(dimensions) if dimensions.have_windows() => {
            let definition = definition.partitions(dimensions);
            definition
                .describe(|spec| spec.freshness = Some(FreshnessPolicy::latest_window(FAIL, Some(WARN))))
        }
        Some(dimensions) => definition.partitions(dimensions),
        None => definition,
    };
    definition.blocking(|_| Ok(0_u8)).policy(|computation| {
        for (upstream, choice, how) in &asset.inputs {
            let upstream = format!("asset{upstream}");
            computation.requirements.mapped(&mapping(*choice), |requirements| {
                read(requirements, &upstream, *how);
            });
        }
    })
}

/// The definitions, without the inputs that don't fit.
pub(super) fn pipeline(assets: &[AnyAsset]) -> Pipeline {
    let mut fitting: Vec<AnyAsset> = Vec::new();
    let resolved = |fitting: &[AnyAsset]| {
        let all = fitting.iter().enumerate().map(|(place, asset)| definition(place, asset));
        Definitions::new().assets(all).resolve()
    };
    for (place, asset) in assets.iter().enumerate() {
        fitting.push(AnyAsset { inputs: Vec::new(), ..asset.clone() });
        for (back, choice, how) in &asset.inputs {
            let Some(upstream) = place.checked_sub(*back) else { continue };
            fitting[place].inputs.push((upstream, *choice, *how));
            if asset.is_external || resolved(&fitting).is_err() {
                fitting[place].inputs.pop();
            }
        }
    }
    resolved(&fitting).unwrap()
}
