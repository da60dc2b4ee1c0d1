//! The definition of a schedule: its timetable and its runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::BoxError;
use crate::instigator::{DEDUP_WINDOW, FUNCTION_TIMEOUT, Instigator};
use crate::param::merge_config;
use crate::run::{RunSpec, RunTag, RunTarget};
use crate::timetable::{ScheduleError, Timetable};

/// What to do with ticks that were missed, because nothing was running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// No run for the missed ticks.
    Skip,
    /// Run once, for the newest.
    #[default]
    One,
    /// A run for each, up to a maximum number of the newest.
    All {
        /// The most that are run.
        limit: usize,
    },
}

/// Runs assets at the ticks of a timetable.
///
/// ```
/// use millwork_core::schedule::{Misfire, Schedule};
///
/// let schedule = Schedule::new("hourly", ["@hourly"], "+hackernews_stories")
///     .zone("Europe/Berlin")
///     .misfire(Misfire::Skip)
///     .tag("team", "ranking");
/// assert_eq!(schedule.timetable()?.zone(), "Europe/Berlin");
/// # Ok::<(), millwork_core::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The name of the schedule.
    pub name: String,
    /// The purpose of the schedule, in Markdown; may be empty.
    pub description: String,
    /// Its lines of cron.
    pub crons: Vec<String>,
    /// The time zone of the lines.
    pub zone: String,
    /// The selection or job that it runs.
    pub target: RunTarget,
    /// The configuration of its runs, by step.
    pub config: Value,
    /// The tags of its runs.
    pub tags: BTreeMap<String, String>,
    /// Whether it is on until someone switches it.
    pub default_on: bool,
    /// What to do with missed ticks.
    pub misfire: Misfire,
    /// How many windows the one that it makes is behind the latest.
    pub lag: u32,
    /// The runs of a tick, if that is more than one of the target.
    pub runs: Option<RunsOfTick>,
    /// How long the function that names the runs may take; other schedules are evaluated meanwhile.
    pub timeout: Duration,
    /// For how long a run's key keeps a second run with that key from being requested.
    pub dedup_window: Duration,
}

type RunsFunction = dyn Fn(Timestamp) -> Result<Vec<RunSpec>, BoxError> + Send + Sync;

/// The runs that a schedule requests at a tick.
#[derive(Clone)]
pub struct RunsOfTick(Arc<RunsFunction>);

impl RunsOfTick {
    /// The runs of the tick at `due`; empty if there is no work.
    ///
    /// # Errors
    ///
    /// Those of the function that was given.
    pub fn at(&self, due: Timestamp) -> Result<Vec<RunSpec>, BoxError> {
        (self.0)(due)
    }
}

impl PartialEq for RunsOfTick {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for RunsOfTick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunsOfTick")
    }
}

impl Schedule {
    /// A schedule in UTC that materializes what `selection` selects, off until it is switched on.
    pub fn new<'a>(
        name: impl Into<String>,
        crons: impl IntoIterator<Item = &'a str>,
        selection: impl Into<String>,
    ) -> Self {
        Self::to(name.into(), crons, RunTarget::Selection(selection.into()))
    }

    /// A schedule in UTC that runs a job, off until it is switched on. Its runs are the job's: they have the job's configuration and tags
    /// below their own, and the job's condition sees them, so that its cooldown counts from them.
    pub fn of_job<'a>(
        name: impl Into<String>,
        crons: impl IntoIterator<Item = &'a str>,
        job: impl Into<String>,
    ) -> Self {
        Self::to(name.into(), crons, RunTarget::Job(job.into()))
    }

    fn to<'a>(name: String, crons: impl IntoIterator<Item = &'a str>, target: RunTarget) -> Self {
        Self {
            name,
            description: String::new(),
            crons: crons.into_iter().map(str::to_owned).collect(),
            zone: "UTC".to_owned(),
            target,
            config: Value::Object(serde_json::Map::new()),
            tags: BTreeMap::new(),
            default_on: false,
            misfire: Misfire::default(),
            lag: 0,
            runs: None,
            timeout: FUNCTION_TIMEOUT,
            dedup_window: DEDUP_WINDOW,
        }
    }

    /// The schedule in another time zone, by its IANA name.
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = zone.into();
        self
    }

    /// The schedule with a description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The schedule with a configuration for its runs.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// The schedule with one more tag for its runs.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// The schedule on until someone switches it off.
    #[must_use]
    pub fn on_by_default(mut self) -> Self {
        self.default_on = true;
        self
    }

    /// The schedule with another rule for missed ticks.
    #[must_use]
    pub fn misfire(mut self, misfire: Misfire) -> Self {
        self.misfire = misfire;
        self
    }

    /// The schedule with a window in place of the latest: `lag(1)` makes the one before it, for data that comes late.
    #[must_use]
    pub fn lag(self, windows: u32) -> Self {
        Self { lag: windows, ..self }
    }

    /// The schedule with the runs that a function returns for each tick, given when it is due. They have the schedule's tags,
    /// too, and its configuration below their own; the schedule's selection or job is only displayed.
    #[must_use]
    pub fn runs(
        mut self,
        runs: impl Fn(Timestamp) -> Result<Vec<RunSpec>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.runs = Some(RunsOfTick(Arc::new(runs)));
        self
    }

    /// The schedule with another time limit for the function given to [`runs`](Schedule::runs).
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The schedule with another time for which a run's key is taken.
    #[must_use]
    pub fn dedup_window(self, dedup_window: Duration) -> Self {
        Self { dedup_window, ..self }
    }

    /// The runs of the tick at `due`.
    ///
    /// # Errors
    ///
    /// Those of the function given to [`runs`](Schedule::runs).
    pub fn runs_at(&self, due: Timestamp) -> Result<Vec<RunSpec>, BoxError> {
        let mut runs = match &self.runs {
            Some(runs) => runs.at(due)?,
            None => vec![RunSpec::to(self.target.clone())],
        };
        for run in &mut runs {
            let own = std::mem::replace(&mut run.config, self.config.clone());
            merge_config(&mut run.config, own);
            run.tags.extend(self.tags.clone());
            run.lag = run.lag.max(self.lag);
        }
        let is_of_tick = |run: RunSpec| {
            run.origin(RunTag::Schedule, &self.name).origin(RunTag::ScheduledFor, due.to_string())
        };
        Ok(runs.into_iter().map(is_of_tick).collect())
    }

    /// What the store knows its switch, cursor and ticks by.
    pub fn instigator(&self) -> Instigator {
        Instigator::Schedule(self.name.clone())
    }

    /// When it comes.
    ///
    /// # Errors
    ///
    /// As [`Timetable::new`].
    pub fn timetable(&self) -> Result<Timetable, ScheduleError> {
        Timetable::new(self.crons.iter().map(String::as_str), &self.zone)
    }
}
