//! A run's status as a fold over its events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use super::{Failure, RunStatus, StepStatus};
use crate::event::{Event, EventBody, EventKind, EventSubject, KindSet, UnreadableEvent};
use crate::partition::StepPartition;

/// The state of a run, as a fold over its events. Live and replayed events give the same state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    /// The run's status; `None` before its first event.
    pub status: Option<RunStatus>,
    /// How often it was started: once, and once more each time it was resumed.
    pub epoch: u32,
    /// When it was last started; `None` before.
    pub started_at: Option<Timestamp>,
    /// When the run finished; `None` before.
    pub finished_at: Option<Timestamp>,
    /// Why it failed or was lost; `None` for other statuses.
    pub reason: Option<String>,
    /// Why this isn't all that happened: an event can't be read, or is missing. `None` while all are present.
    pub damage: Option<String>,
    /// The states of its steps that have begun or ended.
    pub steps: BTreeMap<StepPartition, StepState>,
}

/// The state of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepState {
    /// The status of the step.
    pub status: StepStatus,
    /// The number of its last attempt.
    pub attempt: u32,
    /// When its last attempt started; `None` before the first.
    pub started_at: Option<Timestamp>,
    /// When it finished; `None` before.
    pub finished_at: Option<Timestamp>,
    /// The failure of its last attempt; `None` unless one failed.
    pub failure: Option<Failure>,
    /// Why it was skipped, or that its run failed or was lost while it was running; `None` otherwise.
    pub reason: Option<String>,
    /// Its progress: the completed and the total units of work; `None` before its first report.
    pub progress: Option<(u64, u64)>,
}

/// An event that can't follow the ones before it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the event `{event}` cannot follow the status `{status}`{of_step}")]
pub struct IllegalTransition {
    /// The kind of the event.
    pub event: EventKind,
    /// The status it met.
    pub status: String,
    /// ` of step …`; empty for the run's own status.
    pub of_step: String,
}

impl StepState {
    /// The reason of a step that was skipped because its outputs were up to date.
    pub const UNCHANGED: &str = "code and inputs are unchanged";

    /// Whether it was skipped because its outputs were up to date.
    pub fn is_unchanged(&self) -> bool {
        self.status == StepStatus::Skipped && self.reason.as_deref() == Some(Self::UNCHANGED)
    }
}

impl RunState {
    /// The kinds of events that change a run's state; [`replay`](RunState::replay) needs no others.
    pub const KINDS: KindSet = KindSet::RUN.union(KindSet::STEP);

    /// The kinds of events that a run needs to be resumed: those that change its state, and the decisions of its steps.
    pub const RESUME_KINDS: KindSet = Self::KINDS.union(KindSet::VERDICTS).union(KindSet::of(&[
        EventKind::VersionJudged,
        EventKind::AliasMoved,
        EventKind::AliasPinned,
    ]));

    /// The state that `events` lead to.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, IllegalTransition> {
        let mut state = Self::default();
        for event in events {
            state.apply(event)?;
        }
        Ok(state)
    }

    /// The state that stored events lead to, whatever has become of them: what can't be read is left out, what can't follow is taken
    /// at its word, and [`damage`](RunState::damage) has the reason.
    pub fn of_stored<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::default();
        for event in events {
            if let EventBody::Unreadable(unreadable) = &event.body {
                state.miss(event.sequence, unreadable);
            } else if let Err(illegal) = state.apply(event) {
                let damage = format!("an event before number {} is missing: {illegal}", event.sequence);
                state.damage.get_or_insert(damage);
                state.force(event);
            }
        }
        state
    }

    /// Takes note of an event that can't be read, if it is one that changes the state.
    fn miss(&mut self, sequence: u64, UnreadableEvent { kind, reason }: &UnreadableEvent) {
        if kind.is_none_or(|kind| Self::RESUME_KINDS.contains(kind)) {
            self.damage.get_or_insert_with(|| format!("event {sequence} can't be read: {reason}"));
        }
    }

    /// Takes in an event whose predecessor is missing.
    fn force(&mut self, event: &Event) {
        match event.body {
            EventBody::RunQueued => self.status = None,
            EventBody::RunStarted { .. } => self.status = Some(RunStatus::Queued),
            EventBody::RunRetrying { .. } => self.status = Some(RunStatus::Failed),
            EventBody::RunCanceling
            | EventBody::RunSucceeded
            | EventBody::RunFailed { .. }
            | EventBody::RunCanceled
            | EventBody::RunLost { .. } => self.status = Some(RunStatus::Running),
            EventBody::StepStarted => {
                self.force_step(event, StepStatus::Pending, Some(event.attempt.saturating_sub(1)));
            }
            EventBody::StepSkipped { .. } => self.force_step(event, StepStatus::Pending, None),
            EventBody::StepProgressed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::StepSucceeded { .. }
            | EventBody::StepFailed { .. }
            | EventBody::StepCanceled
            | EventBody::Materialized(_)
            | EventBody::Kept { .. }
            | EventBody::NotMaterialized { .. }
            | EventBody::Observed { .. }
            | EventBody::CheckEvaluated(_)
            | EventBody::VersionJudged(_)
            | EventBody::AliasMoved(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::ShadowCalled(_)
            | EventBody::AliasPinned(_)
            | EventBody::Logged(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Unreadable(_) => {
                self.force_step(event, StepStatus::Running, Some(event.attempt));
            }
        }
        // It can't be refused now, and if it were, it would be left out like one that can't be read.
        let _ = self.apply(event);
    }

    /// Gives the step of an event a status and, unless it keeps its own, an attempt.
    fn force_step(&mut self, event: &Event, status: StepStatus, attempt: Option<u32>) {
        let Some(step) = event.step_partition() else { return };
        let state = self.steps.entry(step).or_default();
        (state.status, state.attempt) = (status, attempt.unwrap_or(state.attempt));
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
            (EventBody::RunLost { .. }, Some(Queued | Running | Canceling)) => Lost,
            (body, status) => {
                let Some(kind) = body.kind().filter(|kind| kind.subject() == EventSubject::Run) else {
                    return self.apply_to_step(event);
                };
                let status = status.map_or("none", RunStatus::as_str).to_owned();
                return Err(IllegalTransition { event: kind, status, of_step: String::new() });
            }
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
            EventBody::RunQueued
            | EventBody::RunCanceling
            | EventBody::RunSucceeded
            | EventBody::RunCanceled
            | EventBody::StepStarted
            | EventBody::StepProgressed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::StepSucceeded { .. }
            | EventBody::StepFailed { .. }
            | EventBody::StepSkipped { .. }
            | EventBody::StepCanceled
            | EventBody::Materialized(_)
            | EventBody::Kept { .. }
            | EventBody::NotMaterialized { .. }
            | EventBody::Observed { .. }
            | EventBody::CheckEvaluated(_)
            | EventBody::VersionJudged(_)
            | EventBody::AliasMoved(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::ShadowCalled(_)
            | EventBody::AliasPinned(_)
            | EventBody::Logged(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Unreadable(_) => {}
        }
        if status.is_finished() {
            self.finished_at = Some(event.at);
            self.steps.values_mut().for_each(|step| step.end_with_run(event.at, status));
        }
        Ok(())
    }

    fn apply_to_step(&mut self, event: &Event) -> Result<(), IllegalTransition> {
        let Some(key) = event.step_partition() else { return Ok(()) };
        let mut state = self.steps.remove(&key).unwrap_or_default();
        let applied = state.apply(event).map_err(|(kind, status)| IllegalTransition {
            event: kind,
            status: status.to_string(),
            of_step: format!(" of step `{}`", key.step),
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

    /// The run has ended, and its attempts with it: one whose process died or was ended by force has recorded no end of its own. In a run
    /// that succeeded every step has, and one that seems to be running lacks an event.
    fn end_with_run(&mut self, at: Timestamp, ended: RunStatus) {
        if !matches!(self.status, StepStatus::Running | StepStatus::Retrying) {
            return;
        }
        self.reason = match ended {
            RunStatus::Failed => Some("its run failed".to_owned()),
            RunStatus::Lost => Some("its run was lost".to_owned()),
            RunStatus::Canceled => None,
            RunStatus::Queued | RunStatus::Running | RunStatus::Canceling | RunStatus::Succeeded => return,
        };
        (self.status, self.finished_at) = (StepStatus::Canceled, Some(at));
    }

    fn apply(&mut self, event: &Event) -> Result<(), (EventKind, StepStatus)> {
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
            (body, status) => {
                let kind = body.kind().filter(|kind| kind.subject() == EventSubject::Step);
                return kind.map_or(Ok(()), |kind| Err((kind, status)));
            }
        }
        self.finished_at = Some(event.at);
        Ok(())
    }
}
