//! Automation: requests the runs that conditions make due.
//!
//! Which conditions hold is decided in `core`, from the stored state and the changes since. This loop brings them together, and writes the
//! decision, the new state and the position in the log in one commit. A watch requests no run: where its condition holds, the alias of its
//! model goes back, which is an event of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::automation::{Evaluation, Outcome, RequestedRun, job_name};
use millwork_core::run::{RunId, RunRequest, RunSpec, RunTag};
use millwork_core::{AssetKey, Clock, Instigator, Pipeline};
use millwork_storage::{AutomationRow, Commit, NewRun, Store, Tick, TickOutcome};

use crate::activation::{Activation, Activations};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::decision::set_back;
use crate::error::DaemonError;
use crate::evaluation_state::EvaluationState;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;
use crate::requested::{Requested, requested};

/// Requests the runs that conditions make due.
pub(crate) struct Conditions {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) poll_interval: Duration,
    /// The state of automation, as long as no other daemon has written since.
    pub(crate) state: Option<EvaluationState>,
}

impl DaemonLoop for Conditions {
    const NAME: LoopName = LoopName::Automation;
    const WOKEN_BY: &'static [Activation] = &[
        Activation::StoreWritten,
        Activation::ClockSet,
        Activation::RunQueued,
        Activation::RunEnded,
        Activation::VersionDecided,
    ];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    /// Reads the changes, and requests the runs that are due now.
    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        // If anything fails, the next tick begins with the stored state.
        let kept = self.state.take();
        let assets = self.pipeline.graph().assets();
        let has_none = assets.iter().all(|node| node.spec.automation.is_none());
        if has_none && self.pipeline.other_conditions().next().is_none() {
            return Ok(NextTick::Poll);
        }
        let switches = self.store.states().await?;
        let whole = switches.get(&Instigator::Automation(None));
        if whole.and_then(|state| state.on) == Some(false) {
            return Ok(NextTick::Poll);
        }
        let now = self.clock.now();
        let cursor = whole.and_then(|state| state.cursor.clone());
        let mut state = match kept.filter(|kept| kept.cursor == cursor) {
            Some(kept) => kept.with_switches(&self.pipeline, &*self.store, &switches).await?,
            None => EvaluationState::read(&self.pipeline, &*self.store, &switches, cursor, now).await?,
        };
        let began = Instant::now();
        let changes = state.changes(self.pipeline.graph(), &*self.store).await?;
        let decided = state.evaluate(&changes, now);
        let micros = u64::try_from(began.elapsed().as_micros()).ok();
        // Before the state is written, so that a daemon which dies in between finds the condition holding once more.
        watches::go_back(self, &state, &decided.watches, now).await?;
        if !self.record(&mut state, decided, micros, now).await? {
            return Ok(NextTick::Within(Duration::ZERO));
        }
        let again = state.state.again_at().filter(|again| *again > now);
        let next = state.timetables.next(now).into_iter().chain(again).min();
        let until_tick = next.and_then(|next| next.duration_since(now).try_into().ok());
        self.state = Some(state);
        Ok(until_tick.map_or(NextTick::Poll, NextTick::Within))
    }

    /// Automation begins with the assets as they are. If those can't be read, no other loop waits for it.
    async fn begin(&mut self) -> Result<(), DaemonError> {
        let whole = self.store.state(&Instigator::Automation(None)).await?;
        if whole.cursor.is_none()
            && let Err(error) = self.tick().await
        {
            (self.observer)(&DaemonEvent::LoopFailed { of: Self::NAME, error: one_line_of(&error) });
        }
        Ok(())
    }
}

impl Conditions {
    /// Commits the decision and the new state, unless both are empty. Returns `false` if another daemon was first: then nothing is written
    /// or reported.
    async fn record(
        &self,
        state: &mut EvaluationState,
        decided: Evaluation,
        micros: Option<u64>,
        now: Timestamp,
    ) -> Result<bool, DaemonError> {
        let touched = state.state.take_touched();
        let requests_none = decided.runs.is_empty() && decided.jobs.is_empty();
        if touched.is_empty() && requests_none && decided.set_back.is_none() {
            return Ok(true);
        }
        let instigator = Instigator::Automation(None);
        let unwritable = |source| DaemonError::Cursor { instigator: Instigator::Automation(None), source };
        let row = |(asset, row): (AssetKey, Option<_>)| {
            let state = row.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?;
            Ok(AutomationRow { asset, state })
        };
        let mut rows = touched.into_iter().map(row).collect::<Result<Vec<_>, DaemonError>>()?;
        rows.extend(state.outdated.drain(..).map(|asset| AutomationRow { asset, state: None }));
        let cursor = serde_json::to_string(&state.state.cursor(state.events)).map_err(unwritable)?;
        let (mut runs, mut backfills) = (Vec::new(), Vec::new());
        let (mut ticks, mut events) = (Vec::new(), Vec::new());
        if let Some(by) = decided.set_back {
            let reason = set_back(by);
            let error = reason.clone();
            let outcome = TickOutcome::Idle { reason };
            ticks.push(Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome });
            events.push(DaemonEvent::LoopFailed { of: Self::NAME, error });
        }
        let tick = |outcome| Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome };
        let mut all: Vec<Requested> = Vec::new();
        for RequestedRun { assets, partitions } in decided.runs {
            let request = RunRequest { partitions, ..request(assets) };
            let run = NewRun { id: RunId::new(now), request, at: now, lease: None };
            all.push(Requested::Run(run.into()));
        }
        for job in &decided.jobs {
            let run = job_run(state, job);
            let failed = match requested(&*self.store, &self.pipeline, &run, (None, now), |it| it).await? {
                Ok(Requested::Nothing(reason)) | Err(reason) => format!("{job}: {reason}"),
                Ok(requested) => {
                    all.push(requested);
                    continue;
                }
            };
            events.push(DaemonEvent::LoopFailed { of: Self::NAME, error: failed.clone() });
            ticks.push(tick(TickOutcome::Failed { reason: failed }));
        }
        for requested in all {
            match requested {
                Requested::Run(run) => {
                    ticks.push(tick(TickOutcome::Requested { run: run.id }));
                    let assets = run.request.assets.clone();
                    events.push(DaemonEvent::Automated { assets, run: run.id });
                    runs.push(*run);
                }
                Requested::Backfill(backfill) => {
                    let by = RunTag::Automation.of(&backfill.request.tags).unwrap_or_default().to_owned();
                    events.push(DaemonEvent::backfill_requested(by, None, &backfill));
                    // The store knows its number.
                    backfills.push((*backfill, tick(TickOutcome::Idle { reason: String::new() })));
                }
                Requested::Nothing(_) => {}
            }
        }
        ticks.extend(decided.held_back.iter().filter_map(|subject| held_back(state, subject)).map(tick));
        let from = state.cursor.replace(cursor.clone());
        let has_ticked = !ticks.is_empty() || !backfills.is_empty();
        let (requests, starts_backfill) = (!runs.is_empty(), !backfills.is_empty());
        let commit = Commit { runs, backfills, ticks, rows, ..Commit::new(instigator, from, cursor) };
        let recorded = self.store.commit(commit).await?;
        if recorded {
            events.iter().for_each(|event| (self.observer)(event));
            if requests {
                self.activations.send(Activation::RunQueued);
            }
            if starts_backfill {
                self.activations.send(Activation::StoreWritten);
            }
            if has_ticked {
                self.activations.send(Activation::Ticked);
            }
        }
        Ok(recorded)
    }
}

/// The run of a job whose condition holds, with the reason as a tag.
fn job_run(state: &EvaluationState, job: &AssetKey) -> RunSpec {
    let verdict = state.explanation(job).map(|found| found.verdict).unwrap_or_default();
    let reason = verdict.strip_prefix("requested: ").unwrap_or(&verdict);
    RunSpec::of_job(job_name(job).unwrap_or_default())
        .origin(RunTag::Automation, job.as_str())
        .origin(RunTag::Reason, reason)
}

/// The tick that says what holds back the run of an asset or a job.
fn held_back(state: &EvaluationState, subject: &AssetKey) -> Option<TickOutcome> {
    let explanation = state.explanation(subject)?;
    let (subject, reason) = (subject.clone(), explanation.verdict);
    match explanation.outcome {
        Outcome::Cooldown { until } => Some(TickOutcome::Cooldown { subject, until, reason }),
        Outcome::BudgetSpent { until, .. } => Some(TickOutcome::BudgetSpent { subject, until, reason }),
        Outcome::Requested | Outcome::NotDue | Outcome::Underway | Outcome::Held(_) => None,
    }
}

fn request(assets: Vec<AssetKey>) -> RunRequest {
    RunRequest::of_assets(assets).tagged(RunTag::Automation, "condition").queued()
}

mod watches;

#[cfg(test)]
mod alias_tests;
#[cfg(test)]
mod job_tests;
#[cfg(test)]
mod partition_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watch_tests;
