//! A backfill: its plan, what has become of it, and what may start next.

use serde::{Deserialize, Serialize};

use super::progress::{BackfillRun, BackfillState, RunOutcome};
use super::readiness::{Readiness, Settled};
use super::{BackfillError, BackfillStatus, Operation, Plan, PlannedAsset, RunOrder, RunSize, StageIndex};
use crate::id::RunId;
use crate::partition::KeySet;
use crate::problem::Problem;

/// A backfill: its plan and what has become of it.
///
/// It decides and does nothing. Its caller starts the runs that [`next_runs`](Self::next_runs) names, reports what becomes of
/// them, and stores the [state](Self::state) after each operation. The start of a run must be stored together with the run, or
/// before it: a start that was reported and has no run is reported as [`lost`](Self::lost), whereas the partitions of a run that
/// wasn't reported are started again.
///
/// ```
/// use millwork_core::backfill::{Backfill, BackfillAsset, BackfillInput, BackfillRequest, RunOutcome, plan};
/// use millwork_core::id::RunId;
/// use millwork_core::partition::mapping::{MappedAsset, Mapping};
/// use millwork_core::partition::{Dimensions, daily, weekly};
///
/// let now = "2024-02-01T00:00:00Z".parse().unwrap();
/// let days = Dimensions::from(daily("UTC").from("2024-01-07"));
/// let weeks = Dimensions::from(weekly("UTC").from("2024-01-07"));
/// let (own, upstream) = (MappedAsset::new("report", Some(&weeks)), MappedAsset::new("sales", Some(&days)));
/// let input = BackfillInput { upstream: 0, mapping: Mapping::inferred().resolve(own, upstream)? };
/// let sales = BackfillAsset::new("sales", days.space(now)?);
/// let report = BackfillAsset { inputs: vec![input], ..BackfillAsset::new("report", weeks.space(now)?) };
///
/// let request = BackfillRequest::new("sales", sales.space.set("2024-01-07..2024-01-13")?);
/// let plan = plan(&[sales, report], &request)?;
/// assert_eq!(plan.preview().runs, 8);
///
/// let mut backfill = Backfill::new(plan);
/// let mut runs = 0;
/// while let Some(run) = backfill.next_runs().pop() {
///     runs += 1;
///     let id = RunId::from_u128(runs);
///     backfill.started(id, run.clone())?;
///     backfill.finished(id, &RunOutcome::made(run.keys))?;
/// }
/// assert_eq!((runs, backfill.status().to_string()), (8, "succeeded".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// As JSON it is its plan and its state. They can also be stored apart, since the plan doesn't change, and joined by
/// [`restore`](Self::restore).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "BackfillParts")]
pub struct Backfill {
    plan: Plan,
    state: BackfillState,
    #[serde(skip)]
    readiness: Readiness,
}

/// The ready keys of a stage as those of runs.
struct ReadyParts {
    /// The number of ready keys.
    ready: u64,
    /// The most keys of a run.
    size: u64,
    /// The number of runs that no other partition can join.
    complete: u64,
}

/// What is stored of a backfill.
#[derive(Deserialize)]
struct BackfillParts {
    plan: Plan,
    state: BackfillState,
}

impl TryFrom<BackfillParts> for Backfill {
    type Error = Problem;

    fn try_from(parts: BackfillParts) -> Result<Self, Problem> {
        Self::restore(parts.plan, parts.state)
    }
}

impl Backfill {
    /// A backfill of which nothing has started.
    pub fn new(plan: Plan) -> Self {
        let state = BackfillState::new(&plan);
        let readiness = Readiness::new(&plan, &state.stages);
        Self { plan, state, readiness }
    }

    /// A backfill of which the plan and the state were stored.
    ///
    /// # Errors
    ///
    /// When the state isn't one of the plan.
    pub fn restore(plan: Plan, state: BackfillState) -> Result<Self, Problem> {
        state.check(&plan)?;
        let readiness = Readiness::new(&plan, &state.stages);
        Ok(Self { plan, state, readiness })
    }

    /// What it makes.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What has become of it.
    pub fn state(&self) -> &BackfillState {
        &self.state
    }

    /// The status of the whole.
    pub fn status(&self) -> BackfillStatus {
        self.state.status
    }

    /// The keys of a stage that may start; `None` if there is no such stage. It says nothing about the status and other runs.
    pub fn ready(&self, stage: StageIndex) -> Option<&KeySet> {
        self.plan.stage(stage).map(|_| self.readiness.ready(stage.position()))
    }

    /// The keys of each planned asset that wait or that a run is making.
    pub fn open_keys(&self) -> impl Iterator<Item = (&PlannedAsset, KeySet)> {
        let assets = self.plan.assets().iter();
        assets.filter_map(|asset| {
            let stage = &self.state.stages[asset.stage?.position()];
            Some((asset, asset.make.intersection(&stage.open())))
        })
    }

    /// The runs that may start now, by the stages furthest downstream first, so that what has begun is completed. They
    /// have no partition in common.
    ///
    /// Runs that no other partition can join come first. Those that could still grow start only where a run would be missing otherwise.
    pub fn next_runs(&self) -> Vec<BackfillRun> {
        if !self.state.status.starts_runs() {
            return Vec::new();
        }
        let slots = self.most_runs().saturating_sub(self.state.runs.len());
        let mut runs = Vec::new();
        for place in (0..self.plan.stages().len()).rev() {
            runs.extend(self.complete_runs(place, slots - runs.len()));
        }
        for place in (0..self.plan.stages().len()).rev() {
            if runs.len() < slots {
                runs.extend(self.growing_run(place));
            }
        }
        runs
    }

    /// The runs of a stage that no other partition can join: full ones, and the last one.
    fn complete_runs(&self, place: usize, slots: usize) -> Vec<BackfillRun> {
        let parts = self.ready_parts(place);
        let runs = (0..parts.complete).take(slots);
        runs.map(|run| self.part(place, run * parts.size, parts.size)).collect()
    }

    /// The run of a stage that others could still join, of what is left by those that are complete.
    fn growing_run(&self, place: usize) -> Option<BackfillRun> {
        let parts = self.ready_parts(place);
        let first = parts.complete.saturating_mul(parts.size);
        let may_grow = match self.plan.stages()[place].run_size {
            RunSize::AtMost(_) => first < parts.ready,
            RunSize::All => false,
        };
        may_grow.then(|| self.part(place, first, parts.size))
    }

    fn ready_parts(&self, place: usize) -> ReadyParts {
        let ready = self.readiness.ready(place).count();
        let are_all_ready = ready == self.state.stages[place].waiting.count();
        let size = match self.plan.stages()[place].run_size {
            RunSize::AtMost(most) => most.max(1),
            RunSize::All => u64::MAX,
        };
        let complete = if are_all_ready { ready.div_ceil(size) } else { ready / size };
        ReadyParts { ready, size, complete }
    }

    /// A run of at most `size` of the ready keys of a stage, in the order of the request and without the first ones.
    fn part(&self, place: usize, skip: u64, size: u64) -> BackfillRun {
        let ready = self.readiness.ready(place);
        let count = ready.count();
        let length = size.min(count.saturating_sub(skip));
        let skip = match self.plan.request().options.order {
            RunOrder::OldestFirst => skip,
            RunOrder::NewestFirst => count.saturating_sub(skip).saturating_sub(length),
        };
        let keys = if length == count {
            ready.clone()
        } else {
            let page = ready.page(skip, usize::try_from(length).unwrap_or(usize::MAX));
            KeySet::of(ready.dimensions(), page)
        };
        BackfillRun { stage: StageIndex::at(place), keys }
    }

    /// A run has started, or is about to.
    ///
    /// # Errors
    ///
    /// When the status allows no run, as many runs are running as may, the run is known, or it isn't one that may start.
    pub fn started(&mut self, id: RunId, run: BackfillRun) -> Result<(), BackfillError> {
        let status = self.state.status.after(Operation::StartRun)?;
        if self.state.runs.contains_key(&id) {
            return Err(BackfillError::StartedTwice { run: id });
        }
        if self.state.runs.len() >= self.most_runs() {
            return Err(BackfillError::NoSlot { most: self.plan.request().options.runs_at_a_time.get() });
        }
        let keys = run.keys.count();
        let Some(stage) = self.plan.stage(run.stage) else { return Err(BackfillError::NotReady { keys }) };
        let is_too_large = match stage.run_size {
            RunSize::AtMost(most) => keys > most.max(1),
            RunSize::All => false,
        };
        if keys == 0 || is_too_large {
            return Err(BackfillError::RunSize { keys });
        }
        let unready = run.keys.difference(self.readiness.ready(run.stage.position())).count();
        if unready > 0 {
            return Err(BackfillError::NotReady { keys: unready });
        }
        self.readiness.start(run.stage, &run.keys);
        let state = &mut self.state.stages[run.stage.position()];
        state.waiting = state.waiting.difference(&run.keys);
        state.running = state.running.union(&run.keys);
        self.state.runs.insert(id, run);
        self.state.status = status;
        Ok(())
    }

    /// A run has ended, with a result for each of its partitions.
    ///
    /// # Errors
    ///
    /// When the run isn't running, or the outcome is of other partitions.
    pub fn finished(&mut self, id: RunId, outcome: &RunOutcome) -> Result<(), BackfillError> {
        let run = self.running(id)?;
        let RunOutcome { succeeded, canceled, lost } = outcome;
        let sets = [succeeded, canceled, lost];
        let none = KeySet::empty(run.keys.dimensions());
        let reported = sets.iter().fold(none, |all, set| all.union(set));
        let count = sets.iter().fold(0_u64, |sum, set| sum.saturating_add(set.count()));
        if !reported.difference(&run.keys).is_empty() || count != reported.count() {
            return Err(BackfillError::OtherPartitions { run: id });
        }
        let failed = run.keys.difference(&reported);
        let stage = &mut self.state.stages[run.stage.position()];
        stage.succeeded = stage.succeeded.union(succeeded);
        stage.failed = stage.failed.union(&failed);
        stage.lost = stage.lost.union(lost);
        stage.canceled = stage.canceled.union(canceled);
        let unsuccessful = run.keys.difference(succeeded);
        self.end_run(id, Settled { succeeded: succeeded.clone(), unsuccessful });
        Ok(())
    }

    /// A run has vanished: nothing is known of its partitions, and nothing more will be reported.
    ///
    /// # Errors
    ///
    /// When the run isn't running.
    pub fn lost(&mut self, id: RunId) -> Result<(), BackfillError> {
        let run = self.running(id)?;
        self.finished(id, &RunOutcome::all_lost(&run))
    }

    /// Marks a run that hasn't begun as being taken back. Store the mark before the run is ended: a daemon that finds it ended has the reason
    /// then.
    ///
    /// # Errors
    ///
    /// When the run isn't running.
    pub fn withdrawing(&mut self, id: RunId) -> Result<(), BackfillError> {
        self.running(id)?;
        self.state.withdrawing.insert(id);
        Ok(())
    }

    /// A run isn't taken back after all: it has begun, or the backfill goes on.
    pub fn kept(&mut self, id: RunId) {
        self.state.withdrawing.remove(&id);
    }

    /// A run that hadn't begun is taken back: its partitions wait again.
    ///
    /// # Errors
    ///
    /// When the run isn't running.
    pub fn withdrawn(&mut self, id: RunId) -> Result<(), BackfillError> {
        let run = self.running(id)?;
        self.state.runs.remove(&id);
        self.state.withdrawing.remove(&id);
        let stage = &mut self.state.stages[run.stage.position()];
        stage.running = stage.running.difference(&run.keys);
        stage.waiting = stage.waiting.union(&run.keys);
        self.readiness = Readiness::new(&self.plan, &self.state.stages);
        Ok(())
    }

    /// A run is repeated by another one, which makes the same partitions in its place.
    ///
    /// # Errors
    ///
    /// When the run isn't running, or the other is.
    pub fn repeated(&mut self, id: RunId, by: RunId) -> Result<(), BackfillError> {
        let run = self.running(id)?;
        if self.state.runs.contains_key(&by) {
            return Err(BackfillError::StartedTwice { run: by });
        }
        self.state.runs.remove(&id);
        self.state.withdrawing.remove(&id);
        self.state.runs.insert(by, run);
        Ok(())
    }

    /// Starts no further run until it is resumed. Runs that are running go on.
    ///
    /// # Errors
    ///
    /// When it is neither requested nor running.
    pub fn pause(&mut self) -> Result<(), BackfillError> {
        self.state.status = self.state.status.after(Operation::Pause)?;
        Ok(())
    }

    /// Starts runs again.
    ///
    /// # Errors
    ///
    /// When it isn't paused.
    pub fn resume(&mut self) -> Result<(), BackfillError> {
        self.state.status = self.state.status.after(Operation::Resume)?;
        Ok(())
    }

    /// Cancels what waits, and returns the runs that are running and are to be canceled. It ends once they have been reported as finished
    /// or lost.
    ///
    /// # Errors
    ///
    /// When it is canceling already or has ended.
    pub fn cancel(&mut self) -> Result<Vec<RunId>, BackfillError> {
        self.state.status = self.state.status.after(Operation::Cancel)?;
        for stage in &mut self.state.stages {
            stage.canceled = stage.canceled.union(&stage.waiting);
            stage.waiting = KeySet::empty(stage.waiting.dimensions());
        }
        self.readiness.clear();
        self.update_status();
        Ok(self.state.runs.keys().copied().collect())
    }

    /// Makes again what failed, was lost, was skipped because of it, or belonged to a run that was canceled by itself. Returns
    /// the number of partitions.
    ///
    /// # Errors
    ///
    /// When nothing has started, it was canceled, everything has succeeded, or there is nothing to retry.
    pub fn retry(&mut self) -> Result<u64, BackfillError> {
        let status = self.state.status.after(Operation::Retry)?;
        let before = self.state.counts();
        let retried = before.total() - before.waiting - before.running - before.succeeded;
        if retried == 0 {
            return Err(BackfillError::NothingToRetry);
        }
        for stage in &mut self.state.stages {
            stage.retry();
        }
        self.readiness = Readiness::new(&self.plan, &self.state.stages);
        self.state.status = status;
        Ok(retried)
    }

    /// Carries out what is done by hand, and returns the runs that are to be canceled.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause), [`resume`](Self::resume), [`cancel`](Self::cancel) and [`retry`](Self::retry).
    pub fn operate(&mut self, operation: Operation) -> Result<Vec<RunId>, BackfillError> {
        match operation {
            Operation::Pause => self.pause().map(|()| Vec::new()),
            Operation::Resume => self.resume().map(|()| Vec::new()),
            Operation::Cancel => self.cancel(),
            Operation::Retry => self.retry().map(|_| Vec::new()),
            Operation::StartRun => Err(BackfillError::Illegal { status: self.state.status, operation }),
        }
    }

    fn most_runs(&self) -> usize {
        usize::try_from(self.plan.request().options.runs_at_a_time.get()).unwrap_or(usize::MAX)
    }

    fn running(&self, id: RunId) -> Result<BackfillRun, BackfillError> {
        self.state.runs.get(&id).cloned().ok_or(BackfillError::UnknownRun { run: id })
    }

    /// Ends a run whose partitions are in the sets of what became of them.
    fn end_run(&mut self, id: RunId, settled: Settled) {
        let Some(run) = self.state.runs.remove(&id) else { return };
        self.state.withdrawing.remove(&id);
        let stage = &mut self.state.stages[run.stage.position()];
        stage.running = stage.running.difference(&run.keys);
        self.readiness.settle(&self.plan, &mut self.state.stages, run.stage, settled);
        self.update_status();
    }

    /// The status as the partitions say.
    fn update_status(&mut self) {
        let counts = self.state.counts();
        if self.plan.request().options.stop.is_exceeded(counts.failures(), counts.finished()) {
            self.state.status = self.state.status.after_too_many_failures();
        }
        if self.state.runs.is_empty() {
            self.state.status = self.state.status.when_idle(counts.remaining());
        }
    }

    /// What may start, found from all partitions, to be compared with what was kept up to date.
    #[cfg(test)]
    pub(super) fn is_up_to_date(&self) -> bool {
        self.readiness == Readiness::new(&self.plan, &self.state.stages)
    }
}
