//! Schedules: what they run, whether they are on, and when their next tick is.

use jiff::Timestamp;
use millwork_core::schedule::ScheduleCursor;
use millwork_core::{Misfire, Schedule};
use millwork_storage::InstigatorState;
use serde::Serialize;
use utoipa::ToSchema;

/// A schedule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    /// Its name.
    pub schedule: String,
    /// What it is for; empty if nothing is said.
    pub description: String,
    /// Whether it is on.
    pub on: bool,
    /// Since when its function hasn't returned, although its time is up; `null` if it isn't stuck.
    #[schema(required)]
    pub stuck_since: Option<Timestamp>,
    /// Its lines of cron.
    pub crons: Vec<String>,
    /// The time zone of the lines.
    pub zone: String,
    /// Its next tick, whether it is on or not; `null` if there is none.
    #[schema(required)]
    pub next: Option<Timestamp>,
    /// How far it was evaluated by a clock that was ahead, if it is on; `null` if it wasn't.
    #[schema(required)]
    pub evaluated_ahead_until: Option<Timestamp>,
    /// Which assets it makes, in the selection syntax.
    pub selection: String,
    /// What happens to ticks that were missed.
    pub misfire: MisfireView,
}

/// What happens to ticks that were missed, because nothing was running.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MisfireView {
    /// None is made up for.
    Skip,
    /// The newest is made up for.
    One,
    /// Each is made up for, up to a limit.
    All {
        /// The maximum number of ticks that are made up for: the newest.
        limit: usize,
    },
}

/// A schedule that was switched.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduleSwitch {
    /// Its name.
    pub schedule: String,
    /// Whether it is on now.
    pub on: bool,
}

impl ScheduleView {
    /// A schedule with what the store knows of it; `None` if that is nothing.
    pub fn new(schedule: &Schedule, state: Option<&InstigatorState>, now: Timestamp) -> Self {
        let on = state.and_then(|state| state.on).unwrap_or(schedule.default_on);
        let cursor = state.and_then(|state| state.cursor.as_deref()).filter(|_| on);
        let cursor: Option<ScheduleCursor> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        Self {
            schedule: schedule.name.clone(),
            description: schedule.description.clone(),
            on,
            stuck_since: state.and_then(|state| state.stuck_since),
            crons: schedule.crons.clone(),
            zone: schedule.zone.clone(),
            next: schedule.timetable().ok().and_then(|timetable| timetable.next(now)),
            evaluated_ahead_until: cursor.and_then(|cursor| cursor.evaluated_ahead(now)),
            selection: schedule.selection.clone(),
            misfire: schedule.misfire.into(),
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
