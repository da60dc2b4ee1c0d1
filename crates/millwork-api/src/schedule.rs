//! Schedules: their timetables, switches and next ticks.

use jiff::Timestamp;
use millwork_core::run::RunTarget;
use millwork_core::schedule::ScheduleCursor;
use millwork_core::{Misfire, Schedule};
use millwork_storage::InstigatorState;
use serde::Serialize;
use utoipa::ToSchema;

/// A schedule with its switch and its next tick.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    /// The schedule's name.
    pub schedule: String,
    /// The schedule's description; empty if it has none.
    pub description: String,
    /// Whether the schedule is on.
    pub on: bool,
    /// Since when its function has been running past its time limit; `null` if it isn't stuck.
    #[schema(required)]
    pub stuck_since: Option<Timestamp>,
    /// The cron expressions of its timetable.
    pub crons: Vec<String>,
    /// The time zone of the cron expressions.
    pub zone: String,
    /// The next tick of the timetable, whether the schedule is on or not; `null` if there is none.
    #[schema(required)]
    pub next: Option<Timestamp>,
    /// The time up to which it was evaluated by a clock that was ahead; `null` if it wasn't, or if the schedule is off.
    #[schema(required)]
    pub evaluated_ahead_until: Option<Timestamp>,
    /// The assets that it materializes, in the selection syntax; `null` if it runs a job.
    #[schema(required)]
    pub selection: Option<String>,
    /// The name of the job that it runs; `null` if it materializes a selection.
    #[schema(required)]
    pub job: Option<String>,
    /// How missed ticks are handled.
    pub misfire: MisfireView,
}

/// How ticks are handled that were missed because no daemon was running.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MisfireView {
    /// No missed tick is made up for.
    Skip,
    /// The newest missed tick is made up for.
    One,
    /// Every missed tick is made up for, up to a limit.
    All {
        /// The maximum number of ticks that are made up for; older ones are left out.
        limit: usize,
    },
}

/// The state of a schedule after a switch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleSwitch {
    /// The schedule's name.
    pub schedule: String,
    /// Whether the schedule is on.
    pub on: bool,
}

impl ScheduleView {
    /// A schedule with its stored state; `None` if none is stored.
    pub fn new(schedule: &Schedule, state: Option<&InstigatorState>, now: Timestamp) -> Self {
        let on = state.and_then(|state| state.on).unwrap_or(schedule.default_on);
        let cursor = state.and_then(|state| state.cursor.as_deref()).filter(|_| on);
        let cursor: Option<ScheduleCursor> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        let (selection, job) = match &schedule.target {
            RunTarget::Selection(selection) => (Some(selection.clone()), None),
            RunTarget::Job(job) => (None, Some(job.clone())),
        };
        Self {
            schedule: schedule.name.clone(),
            description: schedule.description.clone(),
            on,
            stuck_since: state.and_then(|state| state.stuck_since),
            crons: schedule.crons.clone(),
            zone: schedule.zone.clone(),
            next: schedule.timetable().ok().and_then(|timetable| timetable.next(now)),
            evaluated_ahead_until: cursor.and_then(|cursor| cursor.evaluated_ahead(now)),
            selection,
            job,
            misfire: schedule.misfire.into(),
        }
    }
}

impl ScheduleView {
    /// What it runs, for people.
    pub fn target(&self) -> String {
        match (&self.job, &self.selection) {
            (Some(job), _) => RunTarget::Job(job.clone()).to_string(),
            (None, selection) => selection.clone().unwrap_or_default(),
        }
    }
}

impl From<Misfire> for MisfireView {
    fn from(misfire: Misfire) -> Self {
        match misfire {
            Misfire::Skip => Self::Skip,
            Misfire::One => Self::One,
            Misfire::All { limit } => Self::All { limit },
        }
    }
}
