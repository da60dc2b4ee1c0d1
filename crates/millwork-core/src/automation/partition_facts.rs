//! What is known of the partitions of an asset, as sets of keys: the fold of its changes, as [`AssetFacts`](super::AssetFacts) is that of the
//! asset as a whole.
//!
//! Sets are small however many keys are in them, so that a row is written as quickly for a million partitions as for ten. What can't be a
//! set is the version of each partition's data: it is kept only where a condition asks whether that has changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AssetFacts, RunScope};
use crate::asset::{AssetKey, CodeVersion, DataVersion};
use crate::partition::{KeyIndex, KeySet};
use crate::run::RunId;

/// What is known of the partitions of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionFacts {
    /// Identifies what the indexes of the sets mean.
    pub(super) keys: String,
    /// Those that have a value.
    pub(super) present: KeySet,
    /// What runs are going to make, and what they have made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) runs: BTreeMap<RunId, RunKeys>,
    /// Those that have failed, by the number of failures in a row.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) failed: BTreeMap<u32, FailedKeys>,
    /// Those whose run was to make another asset, too, as far as a condition can ask for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) targets: BTreeMap<AssetKey, KeySet>,
    /// Those whose run had a tag, by the tag and its value, as far as a condition asks for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, BTreeMap<String, KeySet>>,
    /// The last results of each check.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) checks: BTreeMap<String, CheckedKeys>,
    /// The version of the asset's code; `None` before its first evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<CodeVersion>,
    /// The versions of the data, where a condition asks whether they have changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    data: Vec<(KeyIndex, DataVersion)>,
}

/// The partitions of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunKeys {
    /// What it is going to make.
    pub(super) left: KeySet,
    /// What it has made: a run that is resumed doesn't make that again.
    made: KeySet,
}

/// Partitions that have failed equally often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FailedKeys {
    /// The last failure of any of them.
    pub(super) at: Timestamp,
    pub(super) keys: KeySet,
}

/// The last results of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckedKeys {
    pub(super) passed: KeySet,
    pub(super) failed: KeySet,
}

/// The most runs that have ended whose partitions are remembered, in case that one is resumed.
const ENDED_RUNS: usize = 4;

impl PartitionFacts {
    pub(super) fn new(keys: String, dimensions: usize, code: Option<CodeVersion>) -> Self {
        Self {
            keys,
            present: KeySet::empty(dimensions),
            runs: BTreeMap::new(),
            failed: BTreeMap::new(),
            targets: BTreeMap::new(),
            tags: BTreeMap::new(),
            checks: BTreeMap::new(),
            code,
            data: Vec::new(),
        }
    }

    /// Those of an asset of which only is known what is of it as a whole: that is so of all its keys. Which of them have a value
    /// isn't known.
    pub(super) fn of_whole(keys: String, all: &KeySet, facts: &AssetFacts) -> Self {
        let none = || KeySet::empty(all.dimensions());
        let mut own = Self::new(keys, all.dimensions(), facts.code.clone());
        facts.runs.iter().for_each(|run| own.started(*run, all));
        if let (1.., Some(at)) = (facts.failures, facts.failed_at) {
            own.failed.insert(facts.failures, FailedKeys { at, keys: all.clone() });
        }
        own.targets = facts.targets.iter().map(|target| (target.clone(), all.clone())).collect();
        for (tag, value) in &facts.tags {
            own.tags.entry(tag.clone()).or_default().insert(value.clone(), all.clone());
        }
        for (check, has_passed) in &facts.checks {
            let (passed, failed) = if *has_passed { (all.clone(), none()) } else { (none(), all.clone()) };
            own.checks.insert(check.clone(), CheckedKeys { passed, failed });
        }
        own
    }

    fn none(&self) -> KeySet {
        KeySet::empty(self.present.dimensions())
    }

    /// Those that a run is making, or is going to.
    pub(super) fn in_progress(&self) -> KeySet {
        self.runs.values().fold(self.none(), |all, run| all.union(&run.left))
    }

    /// The largest number of failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failed.keys().next_back().copied().unwrap_or(0)
    }

    pub(super) fn found(&mut self, keys: &KeySet) {
        self.present = self.present.union(keys);
    }

    pub(super) fn wiped(&mut self, keys: &KeySet) {
        self.present = self.present.difference(keys);
    }

    pub(super) fn updated(&mut self, keys: &KeySet, run: Option<RunId>, by: &RunScope) {
        self.present = self.present.union(keys);
        self.ended_well(keys, run);
        let has_some = |keys: &KeySet| !keys.is_empty();
        self.targets.retain(|target, known| {
            if !by.targets.contains(target) {
                *known = known.difference(keys);
            }
            has_some(known)
        });
        for target in &by.targets {
            add(self.targets.entry(target.clone()).or_insert_with(|| keys.clone()), keys);
        }
        for values in self.tags.values_mut() {
            for known in values.values_mut() {
                *known = known.difference(keys);
            }
            values.retain(|_, known| has_some(known));
        }
        for (tag, value) in &by.tags {
            let values = self.tags.entry(tag.clone()).or_default();
            add(values.entry(value.clone()).or_insert_with(|| keys.clone()), keys);
        }
        self.tags.retain(|_, values| !values.is_empty());
    }

    /// A run has made them, or found that there is nothing to make.
    pub(super) fn ended_well(&mut self, keys: &KeySet, run: Option<RunId>) {
        if let Some(run) = run.and_then(|run| self.runs.get_mut(&run)) {
            run.left = run.left.difference(keys);
            run.made = run.made.union(keys);
        }
        self.forgive(keys);
    }

    /// Failures of before count no more.
    pub(super) fn forgive(&mut self, keys: &KeySet) {
        self.failed.retain(|_, failed| {
            failed.keys = failed.keys.difference(keys);
            !failed.keys.is_empty()
        });
    }

    /// Takes in the version of the code. Failures of other code count no more.
    pub(super) fn coded(&mut self, version: &CodeVersion) {
        if self.code.as_ref().is_some_and(|code| code != version) {
            self.failed.clear();
        }
        self.code = Some(version.clone());
    }

    pub(super) fn started(&mut self, run: RunId, keys: &KeySet) {
        let none = self.none();
        let run = self.runs.entry(run).or_insert_with(|| RunKeys { left: none.clone(), made: none });
        run.left = run.left.union(&keys.difference(&run.made));
    }

    /// A run has failed to make some of what it was going to, or all of the rest. The end of a run reports what it didn't make, of which
    /// failures were reported before.
    pub(super) fn failed(&mut self, run: Option<RunId>, keys: Option<&KeySet>, at: Timestamp) {
        let failed = match run {
            Some(run) => self.ended(run, keys),
            None => keys.cloned().unwrap_or_else(|| self.none()),
        };
        if failed.is_empty() {
            return;
        }
        let mut left = failed.clone();
        let counts: Vec<u32> = self.failed.keys().rev().copied().collect();
        for count in counts {
            let Some(known) = self.failed.get_mut(&count) else { continue };
            let again = known.keys.intersection(&failed);
            if again.is_empty() {
                continue;
            }
            known.keys = known.keys.difference(&again);
            left = left.difference(&again);
            self.add_failed(count.saturating_add(1), &again, at);
        }
        if !left.is_empty() {
            self.add_failed(1, &left, at);
        }
        self.failed.retain(|_, failed| !failed.keys.is_empty());
    }

    fn add_failed(&mut self, count: u32, keys: &KeySet, at: Timestamp) {
        let known = self.failed.entry(count).or_insert_with(|| FailedKeys { at, keys: keys.clone() });
        known.at = if known.keys.is_empty() { at } else { known.at.max(at) };
        add(&mut known.keys, keys);
    }

    /// A run makes some of what it was going to no more, or nothing. Returns what that was.
    pub(super) fn ended(&mut self, run: RunId, keys: Option<&KeySet>) -> KeySet {
        let none = self.none();
        let Some(known) = self.runs.get_mut(&run) else { return none };
        let ended = keys.map_or_else(|| known.left.clone(), |keys| known.left.intersection(keys));
        known.left = known.left.difference(&ended);
        let over = self.runs.iter().filter(|(_, run)| run.left.is_empty()).map(|(run, _)| *run);
        let over: Vec<RunId> = over.collect();
        for run in over.iter().take(over.len().saturating_sub(ENDED_RUNS)) {
            self.runs.remove(run);
        }
        ended
    }

    pub(super) fn checked(&mut self, check: &str, has_passed: bool, keys: &KeySet) {
        let none = self.none();
        let known = self.checks.entry(check.to_owned());
        let known = known.or_insert_with(|| CheckedKeys { passed: none.clone(), failed: none });
        let (to, from) = match has_passed {
            true => (&mut known.passed, &mut known.failed),
            false => (&mut known.failed, &mut known.passed),
        };
        add(to, keys);
        *from = from.difference(keys);
    }

    /// Takes in the version of a partition's data. Returns whether it is another.
    pub(super) fn has_other_data(&mut self, key: &KeyIndex, version: Option<&DataVersion>) -> bool {
        let found = self.data.binary_search_by(|(known, _)| known.cmp(key));
        match (found, version) {
            (Ok(at), Some(version)) => {
                let known = &mut self.data[at].1;
                let is_other = known != version;
                known.clone_from(version);
                is_other
            }
            (Ok(at), None) => {
                self.data.remove(at);
                true
            }
            (Err(at), Some(version)) => {
                self.data.insert(at, (key.clone(), version.clone()));
                true
            }
            (Err(_), None) => false,
        }
    }

    /// Makes no moment later than `now`.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.failed.values_mut().for_each(|failed| failed.at = failed.at.min(now));
    }
}

fn add(to: &mut KeySet, keys: &KeySet) {
    *to = to.union(keys);
}
