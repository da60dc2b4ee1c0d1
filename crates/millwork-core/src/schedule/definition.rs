//! What a schedule runs, and when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schedule::{ScheduleError, Timetable};

/// What to do with ticks that were missed, because nothing was running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// Nothing.
    Skip,
    /// Run once, for the newest.
    #[default]
    One,
    /// Run for each, the newest so many.
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
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its lines of cron.
    pub crons: Vec<String>,
    /// The time zone of the lines.
    pub zone: String,
    /// Which assets it materializes, in the selection syntax.
    pub selection: String,
    /// The configuration of its runs, by step.
    pub config: Value,
    /// The tags of its runs.
    pub tags: BTreeMap<String, String>,
    /// Whether it is on until someone switches it.
    pub default_on: bool,
    /// What to do with missed ticks.
    pub misfire: Misfire,
}

impl Schedule {
    /// A schedule in UTC that materializes what `selection` selects, off until it is switched on.
    pub fn new<'a>(
        name: impl Into<String>,
        crons: impl IntoIterator<Item = &'a str>,
        selection: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            crons: crons.into_iter().map(str::to_owned).collect(),
            zone: "UTC".to_owned(),
            selection: selection.into(),
            config: Value::Object(serde_json::Map::new()),
            tags: BTreeMap::new(),
            default_on: false,
            misfire: Misfire::default(),
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

    /// When it comes.
    ///
    /// # Errors
    ///
    /// As [`Timetable::new`].
    pub fn timetable(&self) -> Result<Timetable, ScheduleError> {
        Timetable::new(self.crons.iter().map(String::as_str), &self.zone)
    }
}
