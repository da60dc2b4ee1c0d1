//! A naive model of a backfill: every partition for itself, in plain maps.

use std::collections::{BTreeMap, BTreeSet};

use super::support::Given;
use crate::backfill::{Backfill, BackfillRun, Plan, RunOrder, RunOutcome, RunSize, StageIndex, StageState};
use crate::partition::{KeyIndex, KeySet};

/// A key of a stage.
pub(super) type Unit = (usize, KeyIndex);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Waiting,
    Running,
    Succeeded,
    Failed,
    Lost,
    Skipped,
    Canceled,
}

impl Fate {
    fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// What a unit takes of another one.
#[derive(Debug)]
struct Need {
    unit: Unit,
    tolerates_missing: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    fates: BTreeMap<Unit, Fate>,
    needs: BTreeMap<Unit, Vec<Need>>,
}

pub(super) fn keys(set: &KeySet) -> Vec<KeyIndex> {
    set.next(None, usize::MAX)
}

impl Model {
    pub(super) fn new(given: &Given, plan: &Plan) -> Self {
        let (mut fates, mut needs) = (BTreeMap::new(), BTreeMap::<Unit, Vec<Need>>::new());
        for (asset, planned) in given.assets.iter().zip(plan.assets()) {
            let Some(stage) = planned.stage else { continue };
            for key in keys(&planned.make) {
                let unit = (stage.position(), key.clone());
                fates.insert(unit.clone(), Fate::Waiting);
                for input in &asset.inputs {
                    let upstream = &plan.assets()[input.upstream];
                    let Some(other) = upstream.stage.filter(|other| *other != stage) else { continue };
                    let own = KeySet::of(key.len(), [key.clone()]);
                    let taken =
                        input.mapping.upstream_of(&own, &asset.space, &given.assets[input.upstream].space);
                    let made = keys(&taken.keys).into_iter().filter(|key| upstream.make.contains(key));
                    let tolerates_missing = input.mapping.tolerates_missing();
                    let need = |key| Need { unit: (other.position(), key), tolerates_missing };
                    needs.entry(unit.clone()).or_default().extend(made.map(need));
                }
            }
        }
        Self { fates, needs }
    }

    fn needs(&self, unit: &Unit) -> &[Need] {
        self.needs.get(unit).map_or(&[], Vec::as_slice)
    }

    fn is_ready(&self, unit: &Unit) -> bool {
        self.fates[unit] == Fate::Waiting
            && self.needs(unit).iter().all(|need| match self.fates[&need.unit] {
                Fate::Succeeded => true,
                Fate::Waiting | Fate::Running => false,
                Fate::Failed | Fate::Lost | Fate::Skipped | Fate::Canceled => need.tolerates_missing,
            })
    }

    /// The keys of a stage of which something holds.
    fn keys_where(&self, stage: usize, holds: impl Fn(&Unit) -> bool) -> BTreeSet<KeyIndex> {
        let units = self.fates.keys().filter(|unit| unit.0 == stage && holds(unit));
        units.map(|unit| unit.1.clone()).collect()
    }

    pub(super) fn start(&mut self, run: &BackfillRun) {
        for key in keys(&run.keys) {
            let unit = (run.stage.position(), key);
            assert!(self.is_ready(&unit), "{unit:?} is started, and isn't ready");
            self.fates.insert(unit, Fate::Running);
        }
    }

    pub(super) fn finish(&mut self, run: &BackfillRun, outcome: &RunOutcome) {
        self.end(run, |key| {
            if outcome.succeeded.contains(key) {
                Fate::Succeeded
            } else if outcome.canceled.contains(key) {
                Fate::Canceled
            } else {
                Fate::Failed
            }
        });
    }

    pub(super) fn lose(&mut self, run: &BackfillRun) {
        self.end(run, |_| Fate::Lost);
    }

    fn end(&mut self, run: &BackfillRun, fate: impl Fn(&KeyIndex) -> Fate) {
        for key in keys(&run.keys) {
            let fate = fate(&key);
            let before = self.fates.insert((run.stage.position(), key), fate);
            assert_eq!(before, Some(Fate::Running), "what ends was running");
        }
        // Skips until nothing changes.
        loop {
            let is_lacking = |unit: &Unit| {
                self.needs(unit).iter().any(|need| {
                    let fate = self.fates[&need.unit];
                    !need.tolerates_missing && !fate.is_open() && fate != Fate::Succeeded
                })
            };
            let waiting = self.fates.iter().filter(|(_, fate)| **fate == Fate::Waiting);
            let skipped: Vec<Unit> = waiting.map(|(unit, _)| unit.clone()).filter(is_lacking).collect();
            if skipped.is_empty() {
                return;
            }
            self.fates.extend(skipped.into_iter().map(|unit| (unit, Fate::Skipped)));
        }
    }

    pub(super) fn cancel(&mut self) {
        for fate in self.fates.values_mut().filter(|fate| **fate == Fate::Waiting) {
            *fate = Fate::Canceled;
        }
    }

    pub(super) fn retry(&mut self) {
        for fate in self.fates.values_mut().filter(|fate| !fate.is_open() && **fate != Fate::Succeeded) {
            *fate = Fate::Waiting;
        }
    }

    /// That a backfill has the same partitions in the same sets, the same ones ready, and names the runs that it should.
    pub(super) fn check(&self, backfill: &Backfill) {
        for (stage, state) in backfill.state().stages().iter().enumerate() {
            let StageState { waiting, running, succeeded, failed, lost, skipped, canceled } = state;
            let sets = [
                (waiting, Fate::Waiting),
                (running, Fate::Running),
                (succeeded, Fate::Succeeded),
                (failed, Fate::Failed),
                (lost, Fate::Lost),
                (skipped, Fate::Skipped),
                (canceled, Fate::Canceled),
            ];
            for (set, fate) in sets {
                let expected = self.keys_where(stage, |unit| self.fates[unit] == fate);
                assert_eq!(keys(set).into_iter().collect::<BTreeSet<_>>(), expected, "{fate:?}");
            }
            let ready = backfill.ready(StageIndex::at(stage)).unwrap();
            let expected = self.keys_where(stage, |unit| self.is_ready(unit));
            assert_eq!(keys(ready).into_iter().collect::<BTreeSet<_>>(), expected, "ready of {stage}");
        }
        assert_eq!(backfill.state().counts().total(), self.fates.len() as u64);
        assert!(backfill.is_up_to_date());
        self.check_next(backfill);
    }

    /// That as many runs are named as may be, each as large as it may be, and none that could still grow before one that couldn't.
    fn check_next(&self, backfill: &Backfill) {
        let next = backfill.next_runs();
        if !backfill.status().starts_runs() {
            assert!(next.is_empty());
            return;
        }
        let most = backfill.plan().request().options.runs_at_a_time.get() as usize;
        let slots = most - backfill.state().runs().len();
        assert!(next.len() <= slots);
        let (mut grows, mut is_complete_left) = (false, false);
        for (place, stage) in backfill.plan().stages().iter().enumerate() {
            let mut left = self.keys_where(place, |unit| self.is_ready(unit));
            let are_all_ready = left == self.keys_where(place, |unit| self.fates[unit] == Fate::Waiting);
            let (size, waits_for_all) = match stage.run_size {
                RunSize::All => (usize::MAX, true),
                RunSize::AtMost(most) => (most as usize, false),
            };
            for run in next.iter().filter(|run| run.stage.position() == place) {
                let keys = keys(&run.keys);
                let first: Vec<KeyIndex> = match backfill.plan().request().options.order {
                    RunOrder::OldestFirst => left.iter().take(keys.len()).cloned().collect(),
                    RunOrder::NewestFirst => left.iter().rev().take(keys.len()).rev().cloned().collect(),
                };
                assert_eq!(keys, first, "the first of what is ready are made first");
                left.retain(|key| !keys.contains(key));
                assert!(!keys.is_empty() && keys.len() <= size);
                assert!(are_all_ready || !waits_for_all, "one run waits for all");
                assert!(keys.len() == size || left.is_empty(), "runs are as large as they may be");
                grows |= keys.len() < size && !are_all_ready;
            }
            is_complete_left |= left.len() >= size || are_all_ready && !left.is_empty();
            if next.len() < slots {
                assert!(left.is_empty() || !are_all_ready && waits_for_all, "no run is missing");
            }
        }
        assert!(!grows || !is_complete_left, "runs that may grow come last");
        if backfill.state().runs().is_empty() && !backfill.status().is_ended() {
            assert!(!next.is_empty(), "something can start where nothing is running");
        }
    }
}
