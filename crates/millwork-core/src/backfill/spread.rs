//! The sets of the other assets, which follow from the set of the anchor.

use super::BackfillAsset;
use crate::partition::KeySet;
use crate::problem::Problem;

/// The keys of each asset that a backfill of some keys of the anchor is about.
///
/// Of assets downstream of the anchor they are the keys that take any of the keys above them. Of assets upstream of these they are the
/// keys that those below take, and so on to assets that depend on those. The set of an asset is found once: that an upstream
/// asset has further downstream keys adds none to the anchor. Of assets that aren't connected with it, but partitioned like it, they are
/// the same keys.
///
/// # Errors
///
/// When an asset is neither connected with the anchor nor partitioned like it.
pub(super) fn spread(assets: &[BackfillAsset], anchor: usize, keys: &KeySet) -> Result<Vec<KeySet>, Problem> {
    let mut sets: Vec<Option<KeySet>> = vec![None; assets.len()];
    sets[anchor] = Some(keys.clone());
    loop {
        let is_found = spread_downstream(assets, &mut sets) | spread_upstream(assets, &mut sets);
        if !is_found && !spread_alike(assets, anchor, &mut sets) {
            break;
        }
    }
    let named = sets.into_iter().zip(assets).map(|(set, asset)| {
        set.ok_or_else(|| {
            let anchor = &assets[anchor].name;
            Problem::new(format!("`{}` neither depends on `{anchor}` nor on what it takes", asset.name))
                .with_hint(format!("leave out `{}`, or start another backfill for it", asset.name))
        })
    });
    named.collect()
}

/// Whether a set was found of an asset that is partitioned like the anchor, and connected with nothing whose set is known.
fn spread_alike(assets: &[BackfillAsset], anchor: usize, sets: &mut [Option<KeySet>]) -> bool {
    let is_alike =
        |place: &usize| sets[*place].is_none() && assets[*place].space.is_like(&assets[anchor].space);
    let Some(place) = (0..assets.len()).find(is_alike) else { return false };
    sets[place].clone_from(&sets[anchor].clone());
    true
}

/// Whether sets were found of assets that take others whose sets are known.
fn spread_downstream(assets: &[BackfillAsset], sets: &mut [Option<KeySet>]) -> bool {
    let mut is_found = false;
    for (place, asset) in assets.iter().enumerate() {
        if sets[place].is_some() {
            continue;
        }
        let taking = asset.inputs.iter().filter_map(|input| {
            let taken = sets[input.upstream].as_ref()?;
            Some(input.mapping.downstream_of(taken, &asset.space, &assets[input.upstream].space))
        });
        sets[place] = taking.reduce(|all, set| all.union(&set));
        is_found |= sets[place].is_some();
    }
    is_found
}

/// Whether sets were found of assets that others take whose sets are known.
fn spread_upstream(assets: &[BackfillAsset], sets: &mut [Option<KeySet>]) -> bool {
    let known: Vec<bool> = sets.iter().map(Option::is_some).collect();
    for (place, asset) in assets.iter().enumerate().rev() {
        // Those downstream come first, so that the set is complete.
        let Some(keys) = sets[place].clone() else { continue };
        for input in asset.inputs.iter().filter(|input| !known[input.upstream]) {
            let taken = input.mapping.upstream_of(&keys, &asset.space, &assets[input.upstream].space).keys;
            let set = &mut sets[input.upstream];
            *set = Some(set.as_ref().map_or_else(|| taken.clone(), |set| set.union(&taken)));
        }
    }
    sets.iter().zip(known).any(|(set, known)| set.is_some() && !known)
}
