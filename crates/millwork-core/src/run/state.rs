//! A run's status as a fold over its events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use super::{Failure, RunStatus, StepKey, StepStatus};
use crate::event::{Event, EventBody};
use crate::partition::PartitionKey;

/// What a run's events say of it so far. Live and replayed events give the same state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    /// The run's status; nothing before its first event.
    pub status: Option<RunStatus>,
    /// How often it was started: once, and once more each time it was resumed.
    pub epoch: u32,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
    /// Why it failed or was lost.
    pub reason: Option<String>,
    /// Its steps.
    pub steps: BTreeMap<(StepKey, Option<PartitionKey>), StepState>,
}

/// What has become of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// Its status.
    pub status: StepStatus,
    /// The number of its last attempt.
    pub attempt: u32,
    /// When its last attempt started.
    pub started_at: Option<Timestamp>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Why it was skipped.
    pub reason: Option<String>,
    /// How far it has come: so many of so many.
    pub progress: Option<(u64, u64)>,
}

/// An event that can't follow the ones before it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the event `{event}` cannot follow the status `{status}`{of_step}")]
pub struct IllegalTransition {
    /// The event.
    pub event: &'static str,
    /// The status it met.
    pub status: String,
    /// ` of step …`, or nothing for the run's own status.
    pub of_step: String,
}

impl RunState {
    /// The kinds of events that change a run's state; [`replay`](RunState::replay) needs no others.
    pub const KINDS: [&'static str; 15] = [
        "run_queued",
        "run_started",
        "run_canceling",
        "run_succeeded",
        "run_failed",
        "run_canceled",
        "run_lost",
        "run_retrying",
        "step_started",
        "step_progressed",
        "step_retrying",
        "step_succeeded",
        "step_failed",
        "step_skipped",
        "step_canceled",
    ];

    /// The state that `events` lead to.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, IllegalTransition> {
        let mut state = Self::default();
        for event in events {
            state.apply(event)?;
        }
        Ok(state)
    }

    /// Takes in one event; an illegal one changes nothing.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalTransition> {
        use RunStatus::*;
        let status = match (&event.body, self.status) {
            (EventBody::RunQueued, None) => Queued,
            (EventBody::RunRetrying { .. }, Some(Failed | Canceled | Lost)) => Queued,
            (EventBody::RunStarted { .. }, Some(Queued | Failed | Canceled | Lost)) => Running,
            (EventBody::RunCanceling, Some(Queued | Running)) => Canceling,
            (EventBody::RunSucceeded, Some(Running | Canceling)) => Succeeded,
            (EventBody::RunFailed { .. }, Some(Queued | Running | Canceling)) => Failed,
            (EventBody::RunCanceled, Some(Queued | Running | Canceling)) => Canceled,
            (EventBody::RunLost { .. }, Some(Running | Canceling)) => Lost,
            (body, status) if body.is_run_event() => {
                let status = status.map_or("none", RunStatus::as_str).to_owned();
                return Err(IllegalTransition { event: body.name(), status, of_step: String::new() });
            }
            _ => return self.apply_to_step(event),
        };
        self.status = Some(status);
        match &event.body {
            EventBody::RunStarted { epoch } => {
                (self.epoch, self.started_at, self.finished_at) = (*epoch, Some(event.at), None);
                self.reason = None;
                self.steps.values_mut().for_each(StepState::end_with_process);
            }
            EventBody::RunRetrying { .. } => self.finished_at = None,
            EventBody::RunFailed { reason, .. } | EventBody::RunLost { reason, .. } => {
                self.reason = Some(reason.clone());
            }
            _ => {}
        }
        if status.is_finished() {
            self.finished_at = Some(event.at);
        }
        Ok(())
    }

    fn apply_to_step(&mut self, event: &Event) -> Result<(), IllegalTransition> {
        let Some(step) = &event.step else { return Ok(()) };
        let key = (step.clone(), event.partition.clone());
        let mut state = self.steps.remove(&key).unwrap_or_default();
        let applied = state.apply(event).map_err(|status| IllegalTransition {
            event: event.body.name(),
            status: status.to_string(),
            of_step: format!(" of step `{step}`"),
        });
        if applied.is_ok() || state != StepState::default() {
            self.steps.insert(key, state);
        }
        applied
    }

    /// How many steps have a status.
    pub fn count(&self, status: StepStatus) -> usize {
        self.steps.values().filter(|step| step.status == status).count()
    }
}

impl StepState {
    /// The process that was at work on the run has ended, and its attempts with it.
    fn end_with_process(&mut self) {
        if matches!(self.status, StepStatus::Running | StepStatus::Retrying) {
            self.status = StepStatus::Pending;
        }
    }

    fn apply(&mut self, event: &Event) -> Result<(), StepStatus> {
        use StepStatus::*;
        match (&event.body, self.status) {
            (EventBody::StepStarted, Pending | Running | Retrying | Failed | Skipped | Canceled)
                if event.attempt > self.attempt =>
            {
                *self = Self {
                    status: Running,
                    attempt: event.attempt,
                    started_at: Some(event.at),
                    ..Self::default()
                };
                return Ok(());
            }
            (EventBody::StepRetrying { failure, .. }, Running) => {
                self.status = Retrying;
                self.failure = Some(failure.clone());
                return Ok(());
            }
            (EventBody::StepProgressed { done, of }, Running) => {
                self.progress = Some((*done, *of));
                return Ok(());
            }
            (EventBody::StepSucceeded { .. }, Running) if event.attempt == self.attempt => {
                self.status = Succeeded;
            }
            (EventBody::StepFailed { failure }, Running) => {
                self.status = Failed;
                self.failure = Some(failure.clone());
            }
            (EventBody::StepSkipped { reason }, Pending | Skipped | Failed | Canceled) => {
                self.status = Skipped;
                self.reason = Some(reason.clone());
            }
            (EventBody::StepCanceled, Running | Retrying) => self.status = Canceled,
            (body, status) if body.is_step_event() => return Err(status),
            _ => return Ok(()),
        }
        self.finished_at = Some(event.at);
        Ok(())
    }
}
