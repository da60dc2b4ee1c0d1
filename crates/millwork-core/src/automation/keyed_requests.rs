//! What is requested of an asset with partitions, and the runs that requests become.
//!
//! Each key that is due is requested, unless it has failed a short time ago, or the run is in progress that was requested when the same held
//! of it. A run makes the same partitions of all its assets: so those are in it that are partitioned alike, with the keys that all of them
//! are requested with.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::evaluate::EvaluationContext;
use super::evaluator::Finding;
use super::keyed::Among;
use super::partitions::PartitioningIndex;
use super::standing::Standing;
use super::{AssetState, Automation, AutomationState, Hold, Outcome, PartitionFacts, RequestedRun};
use crate::asset::AssetKey;
use crate::graph::AssetIndex;
use crate::partition::{KeySet, MOST_OF_A_RUN};

/// What was decided about an asset.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) outcome: Outcome,
    /// The partitions that the outcome is about; `None` for the asset as a whole.
    pub(super) keys: Option<KeySet>,
    /// When it is to be evaluated again, whatever happens.
    pub(super) again_at: Option<Timestamp>,
}

/// Requests of one partitioning: the same partitions of some assets.
#[derive(Debug)]
struct Together {
    assets: Vec<AssetIndex>,
    keys: KeySet,
}

impl Automation {
    /// Decides about each key of an asset with partitions.
    pub(super) fn decide_keys(
        &self,
        row: Option<&AssetState>,
        context: &EvaluationContext,
        asset: AssetIndex,
        finding: &Finding,
        now: Timestamp,
    ) -> Decision {
        let keys = context.keys.of(&self.partitionings, asset);
        let among = Among { all: &keys.all, now };
        // Without a choice of windows, only the latest are: what is older is a backfill's.
        let eligible = match self.conditions.get(&asset).is_some_and(|one| one.chooses_windows) {
            true => keys.all.clone(),
            false => keys.latest(now, Duration::ZERO),
        };
        let levels = finding.standing.levels(among);
        let due = finding.standing.holding(among).intersection(&eligible);
        let facts = row.and_then(|row| row.partitions.as_ref());
        let in_progress = facts.map_or_else(|| among.none(), PartitionFacts::in_progress);
        let steady = match &finding.unsteady {
            _ if finding.initial => among.none(),
            Some(unsteady) => keys.all.difference(unsteady),
            None => keys.all.clone(),
        };
        let underway = due.intersection(&in_progress).intersection(&steady);
        let mut left = due.difference(&underway);
        let mut holds: Vec<(Hold, KeySet)> = Vec::new();
        for (failures, failed) in facts.into_iter().flat_map(|facts| &facts.failed) {
            let held = left.intersection(&failed.keys);
            let hold = (!held.is_empty()).then(|| self.backoff.hold(*failures, failed.at, now)).flatten();
            if let Some(hold) = hold {
                left = left.difference(&held);
                holds.push((hold, held));
            }
        }
        let until = holds.iter().filter_map(|(hold, _)| hold.until).chain(finding.again_at).min();
        let (outcome, of) = if !left.is_empty() {
            (Outcome::Requested, left)
        } else if let Some((hold, held)) = holds.into_iter().min_by_key(|(hold, _)| hold.until) {
            (Outcome::Held(hold), held)
        } else if !underway.is_empty() {
            (Outcome::Underway, underway)
        } else {
            let held_back = levels.sets.iter().find_map(|(standing, keys)| match standing {
                Standing::HeldBack(held_back) => {
                    let keys = keys.intersection(&eligible);
                    (!keys.is_empty()).then(|| (held_back.outcome(), keys))
                }
                Standing::Fails | Standing::Unknown | Standing::Holds(_) => None,
            });
            held_back.unwrap_or((Outcome::NotDue, eligible))
        };
        Decision { outcome, keys: Some(of), again_at: until }
    }

    /// Remembers what was requested, for the next evaluation.
    pub(super) fn remember_requests(&self, state: &mut AutomationState, context: &EvaluationContext) {
        for &asset in &(&context.requested_before | &context.requested_now) {
            let (key, keys) = (&self.keys[asset], context.requested_keys.get(&asset));
            let is_requested = context.requested_now.contains(&asset);
            let known = state.asset(key).map(|row| (row.requested, row.requested_keys.as_ref()));
            if known == Some((is_requested, keys)) {
                continue;
            }
            state.change(key, |row| {
                (row.requested, row.requested_keys) = (is_requested, keys.cloned());
                if self.partitionings.of(asset).is_some() {
                    self.partition_facts(row, asset);
                }
            });
        }
    }

    /// The runs of what is requested now, upstream first.
    pub(super) fn runs(&self, context: &EvaluationContext) -> Vec<RequestedRun> {
        let mut whole: Vec<AssetIndex> = Vec::new();
        let mut alike: BTreeMap<PartitioningIndex, Vec<Together>> = BTreeMap::new();
        for &asset in context.requested_now.difference(&self.jobs) {
            let keys = context.requested_keys.get(&asset);
            match self.partitionings.of[asset].zip(keys) {
                None => whole.push(asset),
                Some((partitioning, keys)) => {
                    add(alike.entry(partitioning).or_default(), asset, keys.clone());
                }
            }
        }
        let mut runs: Vec<(AssetIndex, RequestedRun)> = Vec::new();
        let named = |assets: &[AssetIndex]| -> Vec<AssetKey> {
            assets.iter().map(|asset| self.keys[*asset].clone()).collect()
        };
        if let Some(first) = whole.first() {
            runs.push((*first, RequestedRun { assets: named(&whole), partitions: Vec::new() }));
        }
        for Together { assets, keys } in alike.into_values().flatten() {
            let Some(first) = assets.first() else { continue };
            let space = &context.keys.of(&self.partitionings, *first).space;
            let partitions = space.partition_keys(&keys);
            runs.extend(partitions.chunks(MOST_OF_A_RUN as usize).map(|partitions| {
                (*first, RequestedRun { assets: named(&assets), partitions: partitions.to_vec() })
            }));
        }
        runs.sort_by_key(|(first, _)| *first);
        runs.into_iter().map(|(_, run)| run).collect()
    }
}

/// Adds the keys of an asset to those of others: what both are requested with is made together.
fn add(alike: &mut Vec<Together>, asset: AssetIndex, keys: KeySet) {
    let (mut left, mut split) = (keys, Vec::new());
    for together in alike.iter_mut() {
        let both = together.keys.intersection(&left);
        if both.is_empty() {
            continue;
        }
        left = left.difference(&both);
        let rest = together.keys.difference(&both);
        if !rest.is_empty() {
            split.push(Together { assets: together.assets.clone(), keys: rest });
        }
        together.keys = both;
        together.assets.push(asset);
    }
    alike.extend(split);
    if !left.is_empty() {
        alike.push(Together { assets: vec![asset], keys: left });
    }
}
