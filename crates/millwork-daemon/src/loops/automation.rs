//! Automation: requesting what conditions say is due.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::automation::Evaluation;
use millwork_core::run::{RunId, RunRequest, RunTag};
use millwork_core::{AssetKey, Instigator};
use millwork_storage::{AutomationRow, Commit, NewRun, Tick, TickOutcome};

use crate::daemon::Loop;
use crate::evaluation_state::EvaluationState;
use crate::loops::schedules::set_back;
use crate::{Daemon, DaemonError, DaemonEvent};

/// How long nothing is looked at where no condition is on: someone may switch one on.
const OFF: Duration = Duration::from_secs(1);

/// What the store says of automation, as long as nobody else has written since.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    remembered: Option<EvaluationState>,
}

impl Loop for Conditions {
    fn name(&self) -> &'static str {
        "automation"
    }

    /// Takes in what has happened, and requests what is due now.
    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        // Whatever fails, the next turn begins with what the store says.
        let kept = self.remembered.take();
        let assets = daemon.pipeline.graph().assets();
        if assets.iter().all(|node| node.spec.automation.is_none()) {
            return Ok(OFF);
        }
        let switches = daemon.store.states().await?;
        let whole = switches.get(&Instigator::Automation(None));
        if whole.and_then(|state| state.on) == Some(false) {
            return Ok(OFF);
        }
        let now = daemon.options.clock.now();
        let cursor = whole.and_then(|state| state.cursor.clone());
        let mut remembered = match kept.filter(|kept| kept.cursor == cursor) {
            Some(kept) => kept.with_switches(daemon, &switches)?,
            None => EvaluationState::read(daemon, &switches, cursor, now).await?,
        };
        let began = Instant::now();
        let changes = remembered.changes(daemon).await?;
        let decided = remembered.evaluate(&changes, now);
        let micros = u64::try_from(began.elapsed().as_micros()).ok();
        if !record(daemon, &mut remembered, decided, micros, now).await? {
            return Ok(Duration::ZERO);
        }
        let until_tick =
            remembered.timetables.next(now).and_then(|next| next.duration_since(now).try_into().ok());
        let rest = until_tick
            .map_or(daemon.options.slow_beat(), |until: Duration| until.min(daemon.options.slow_beat()));
        self.remembered = Some(remembered);
        Ok(rest)
    }

    /// Automation begins with what there is. If that can't be read, nothing else waits for it.
    async fn begin(&mut self, daemon: &Daemon) -> Result<(), DaemonError> {
        let whole = daemon.store.state(&Instigator::Automation(None)).await?;
        if whole.cursor.is_none()
            && let Err(error) = self.turn(daemon).await
        {
            daemon.tell(&DaemonEvent::Trouble { of: self.name(), error: one_line_of(&error) });
        }
        Ok(())
    }
}

/// Writes down what was decided, and what is remembered from now on; nothing if nothing is new. Returns `false` if
/// another daemon was faster: then nothing is written or told.
async fn record(
    daemon: &Daemon,
    remembered: &mut EvaluationState,
    decided: Evaluation,
    micros: Option<u64>,
    now: Timestamp,
) -> Result<bool, DaemonError> {
    let touched = remembered.state.take_touched();
    if touched.is_empty() && decided.runs.is_empty() && decided.set_back.is_none() {
        return Ok(true);
    }
    let instigator = Instigator::Automation(None);
    let unwritable = |source| DaemonError::Cursor { instigator: Instigator::Automation(None), source };
    let row = |(asset, state): (AssetKey, Option<_>)| {
        let state = state.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?;
        Ok(AutomationRow { asset, state })
    };
    let mut rows = touched.into_iter().map(row).collect::<Result<Vec<_>, DaemonError>>()?;
    rows.extend(remembered.outdated.drain(..).map(|asset| AutomationRow { asset, state: None }));
    let cursor = serde_json::to_string(&remembered.state.cursor(remembered.events)).map_err(unwritable)?;
    let (mut runs, mut ticks, mut happenings) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(by) = decided.set_back {
        let reason = set_back(by);
        let error = reason.clone();
        let outcome = TickOutcome::Idle { reason };
        ticks.push(Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome });
        happenings.push(DaemonEvent::Trouble { of: "automation", error });
    }
    for assets in decided.runs {
        let run = RunId::new(now);
        let outcome = TickOutcome::Requested { run };
        ticks.push(Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome });
        happenings.push(DaemonEvent::Automated { assets: assets.clone(), run });
        runs.push(NewRun { id: run, request: request(assets), at: now, lease: None });
    }
    let from = remembered.cursor.replace(cursor.clone());
    let commit = Commit { runs, ticks, rows, ..Commit::new(instigator, from, cursor) };
    let recorded = daemon.store.commit(commit).await?;
    if recorded {
        happenings.iter().for_each(|happening| daemon.tell(happening));
        if !happenings.is_empty() {
            daemon.wake().notify_waiters();
        }
    }
    Ok(recorded)
}

fn request(assets: Vec<AssetKey>) -> RunRequest {
    RunRequest::of_assets(assets).tagged(RunTag::Automation, "condition").queued()
}

#[cfg(test)]
mod tests;
