//! Automation: requests the runs that conditions make due.
//!
//! Which conditions hold is decided in `core`, from the stored state and the changes since. This loop brings them together, and writes the
//! decision, the new state and the position in the log in one commit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::automation::Evaluation;
use millwork_core::run::{RunId, RunRequest, RunTag};
use millwork_core::{AssetKey, Clock, Instigator, Pipeline};
use millwork_storage::{AutomationRow, Commit, NewRun, Store, Tick, TickOutcome};

use crate::activation::{Activation, Activations};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::decision::set_back;
use crate::error::DaemonError;
use crate::evaluation_state::EvaluationState;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;

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
        if assets.iter().all(|node| node.spec.automation.is_none()) {
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
            Some(kept) => kept.with_switches(&self.pipeline, &switches)?,
            None => EvaluationState::read(&self.pipeline, &*self.store, &switches, cursor, now).await?,
        };
        let began = Instant::now();
        let changes = state.changes(self.pipeline.graph(), &*self.store).await?;
        let decided = state.evaluate(&changes, now);
        let micros = u64::try_from(began.elapsed().as_micros()).ok();
        if !self.record(&mut state, decided, micros, now).await? {
            return Ok(NextTick::Within(Duration::ZERO));
        }
        let until_tick = state.timetables.next(now).and_then(|next| next.duration_since(now).try_into().ok());
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
        if touched.is_empty() && decided.runs.is_empty() && decided.set_back.is_none() {
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
        let (mut runs, mut ticks, mut events) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(by) = decided.set_back {
            let reason = set_back(by);
            let error = reason.clone();
            let outcome = TickOutcome::Idle { reason };
            ticks.push(Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome });
            events.push(DaemonEvent::LoopFailed { of: Self::NAME, error });
        }
        for assets in decided.runs {
            let run = RunId::new(now);
            let outcome = TickOutcome::Requested { run };
            ticks.push(Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome });
            events.push(DaemonEvent::Automated { assets: assets.clone(), run });
            runs.push(NewRun { id: run, request: request(assets), at: now, lease: None });
        }
        let from = state.cursor.replace(cursor.clone());
        let (requests, has_ticked) = (!runs.is_empty(), !ticks.is_empty());
        let commit = Commit { runs, ticks, rows, ..Commit::new(instigator, from, cursor) };
        let recorded = self.store.commit(commit).await?;
        if recorded {
            events.iter().for_each(|event| (self.observer)(event));
            if requests {
                self.activations.send(Activation::RunQueued);
            }
            if has_ticked {
                self.activations.send(Activation::Ticked);
            }
        }
        Ok(recorded)
    }
}

fn request(assets: Vec<AssetKey>) -> RunRequest {
    RunRequest::of_assets(assets).tagged(RunTag::Automation, "condition").queued()
}

#[cfg(test)]
mod alias_tests;
#[cfg(test)]
mod tests;
