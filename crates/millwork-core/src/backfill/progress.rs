//! What has become of the partitions of a backfill: seven sets for each stage, and the runs that are running.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::plan::FormatVersion;
use super::status::Remaining;
use super::{BackfillStatus, Plan, StageIndex};
use crate::id::RunId;
use crate::partition::KeySet;
use crate::problem::Problem;

/// What has become of a backfill. With its [`Plan`] it is all that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillState {
    pub(super) version: FormatVersion,
    pub(super) status: BackfillStatus,
    pub(super) runs: BTreeMap<RunId, BackfillRun>,
    /// Those that are being taken back: to be ended before they begin, or ended so already.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) withdrawing: BTreeSet<RunId>,
    pub(super) stages: Vec<StageState>,
}

/// A run of a backfill: the keys of a stage that it makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillRun {
    /// The stage, of whose assets [`Plan::run_assets`] says what the run makes.
    pub stage: StageIndex,
    /// The keys.
    pub keys: KeySet,
}

/// The partitions of a stage by what has become of them. Each is in exactly one set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageState {
    /// No run has started for them.
    pub waiting: KeySet,
    /// A run is making them.
    pub running: KeySet,
    /// They were made.
    pub succeeded: KeySet,
    /// Making them failed.
    pub failed: KeySet,
    /// Their run vanished.
    pub lost: KeySet,
    /// An upstream partition that they need wasn't made.
    pub skipped: KeySet,
    /// Their run was canceled, or the backfill before it started one.
    pub canceled: KeySet,
}

/// The numbers of partitions of a stage, or of a whole backfill, by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionCounts {
    /// No run has started for them.
    pub waiting: u64,
    /// A run is making them.
    pub running: u64,
    /// They were made.
    pub succeeded: u64,
    /// Making them failed.
    pub failed: u64,
    /// Their run vanished.
    pub lost: u64,
    /// An upstream partition that they need wasn't made.
    pub skipped: u64,
    /// They were canceled.
    pub canceled: u64,
}

/// What became of the partitions of a run. Those that are in no set failed.
///
/// A key succeeded if all assets that the run makes of it succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutcome {
    /// The keys that were made.
    pub succeeded: KeySet,
    /// The keys that were not made because the run was canceled.
    pub canceled: KeySet,
    /// The keys of which it isn't known, because the run vanished.
    pub lost: KeySet,
}

impl RunOutcome {
    /// Some keys were made, and the others of the run failed.
    pub fn made(succeeded: KeySet) -> Self {
        let none = KeySet::empty(succeeded.dimensions());
        Self { succeeded, canceled: none.clone(), lost: none }
    }

    /// All keys of the run failed.
    pub fn all_failed(run: &BackfillRun) -> Self {
        Self::made(KeySet::empty(run.keys.dimensions()))
    }

    /// The run was canceled before it made anything.
    pub fn all_canceled(run: &BackfillRun) -> Self {
        Self { canceled: run.keys.clone(), ..Self::all_failed(run) }
    }

    /// The run vanished before it made anything.
    pub fn all_lost(run: &BackfillRun) -> Self {
        Self { lost: run.keys.clone(), ..Self::all_failed(run) }
    }
}

impl StageState {
    fn new(keys: &KeySet) -> Self {
        let none = || KeySet::empty(keys.dimensions());
        Self {
            waiting: keys.clone(),
            running: none(),
            succeeded: none(),
            failed: none(),
            lost: none(),
            skipped: none(),
            canceled: none(),
        }
    }

    /// The keys that are waiting or running.
    pub(super) fn open(&self) -> KeySet {
        self.waiting.union(&self.running)
    }

    /// The keys that a retry makes again.
    pub(super) fn unsuccessful(&self) -> KeySet {
        self.failed.union(&self.lost).union(&self.skipped).union(&self.canceled)
    }

    /// Puts what didn't succeed back among what waits.
    pub(super) fn retry(&mut self) {
        self.waiting = self.waiting.union(&self.unsuccessful());
        let none = KeySet::empty(self.waiting.dimensions());
        for set in [&mut self.failed, &mut self.lost, &mut self.skipped, &mut self.canceled] {
            set.clone_from(&none);
        }
    }

    /// The numbers of its partitions.
    pub fn counts(&self) -> PartitionCounts {
        PartitionCounts {
            waiting: self.waiting.count(),
            running: self.running.count(),
            succeeded: self.succeeded.count(),
            failed: self.failed.count(),
            lost: self.lost.count(),
            skipped: self.skipped.count(),
            canceled: self.canceled.count(),
        }
    }

    /// Whether each of some keys is in exactly one set, and no other key is.
    fn is_of(&self, keys: &KeySet) -> bool {
        let all = self.open().union(&self.succeeded).union(&self.unsuccessful());
        all == *keys && self.counts().total() == keys.count()
    }
}

impl PartitionCounts {
    /// All partitions.
    pub fn total(&self) -> u64 {
        let Self { waiting, running, succeeded, failed, lost, skipped, canceled } = self;
        [running, succeeded, failed, lost, skipped, canceled]
            .into_iter()
            .fold(*waiting, |sum, count| sum.saturating_add(*count))
    }

    /// Those that failed or were lost.
    pub fn failures(&self) -> u64 {
        self.failed.saturating_add(self.lost)
    }

    /// Those whose run has come to an end: they succeeded, failed or were lost.
    pub fn finished(&self) -> u64 {
        self.succeeded.saturating_add(self.failures())
    }

    pub(super) fn remaining(&self) -> Remaining {
        if self.waiting > 0 {
            Remaining::Waiting
        } else if self.succeeded < self.total() {
            Remaining::Unsuccessful
        } else {
            Remaining::Nothing
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            waiting: self.waiting.saturating_add(other.waiting),
            running: self.running.saturating_add(other.running),
            succeeded: self.succeeded.saturating_add(other.succeeded),
            failed: self.failed.saturating_add(other.failed),
            lost: self.lost.saturating_add(other.lost),
            skipped: self.skipped.saturating_add(other.skipped),
            canceled: self.canceled.saturating_add(other.canceled),
        }
    }
}

/// The numbers that aren't 0: `3 succeeded, 1 failed`.
impl fmt::Display for PartitionCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiting, running, succeeded, failed, lost, skipped, canceled } = self;
        let named = [
            (succeeded, "succeeded"),
            (running, "running"),
            (waiting, "waiting"),
            (failed, "failed"),
            (lost, "lost"),
            (skipped, "skipped"),
            (canceled, "canceled"),
        ];
        let named = named.into_iter().filter(|(count, _)| **count > 0);
        let parts: Vec<String> = named.map(|(count, name)| format!("{count} {name}")).collect();
        f.write_str(if parts.is_empty() { "no partitions" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

impl BackfillState {
    pub(super) fn new(plan: &Plan) -> Self {
        let stages = plan.stages().iter().map(|stage| StageState::new(&stage.keys)).collect();
        let (status, runs, withdrawing) = (BackfillStatus::Requested, BTreeMap::new(), BTreeSet::new());
        Self { version: FormatVersion, status, runs, withdrawing, stages }
    }

    /// Whether a run is being taken back.
    pub fn is_withdrawing(&self, run: RunId) -> bool {
        self.withdrawing.contains(&run)
    }

    /// The status of the whole.
    pub fn status(&self) -> BackfillStatus {
        self.status
    }

    /// The runs that are running.
    pub fn runs(&self) -> &BTreeMap<RunId, BackfillRun> {
        &self.runs
    }

    /// The partitions of each stage.
    pub fn stages(&self) -> &[StageState] {
        &self.stages
    }

    /// The numbers of partitions of all stages. A partition of several assets that are made together counts once.
    pub fn counts(&self) -> PartitionCounts {
        self.stages.iter().map(StageState::counts).fold(PartitionCounts::default(), PartitionCounts::plus)
    }

    /// That it is a state of a plan.
    ///
    /// # Errors
    ///
    /// When the sets aren't those of the plan, or the runs aren't those that make what is running.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Problem> {
        let wrong =
            |what: &str| Err(Problem::new(format!("the state of the backfill is not of its plan: {what}")));
        if self.stages.len() != plan.stages().len() {
            return wrong("it has another number of stages");
        }
        if self.runs.values().any(|run| run.stage.position() >= self.stages.len()) {
            return wrong("a run has no stage");
        }
        if self.status.is_ended() && !self.runs.is_empty() {
            return wrong("it has ended and has running runs");
        }
        for (place, (state, stage)) in self.stages.iter().zip(plan.stages()).enumerate() {
            if !state.is_of(&stage.keys) {
                return wrong("a stage has other partitions");
            }
            let runs = self.runs.values().filter(|run| run.stage.position() == place);
            let none = KeySet::empty(stage.keys.dimensions());
            let (keys, count) = runs.fold((none, 0), |(all, count), run| {
                (all.union(&run.keys), run.keys.count().saturating_add(count))
            });
            if keys != state.running || count != keys.count() {
                return wrong("what is running is not what the runs make");
            }
        }
        Ok(())
    }
}
