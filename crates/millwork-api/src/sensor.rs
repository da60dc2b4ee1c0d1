//! Sensors: what they watch, whether they are on, and what they would request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::run::RunSpec;
use millwork_core::sensor::{Sensor, SensorSource, WatchedEvents};
use millwork_storage::InstigatorState;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A sensor.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SensorView {
    /// Its name.
    pub sensor: String,
    /// What it is for; empty if nothing is said.
    pub description: String,
    /// Whether it is on.
    pub on: bool,
    /// Since when its function hasn't returned, although its time is up; `null` if it isn't stuck.
    #[schema(required)]
    pub stuck_since: Option<Timestamp>,
    /// How long it is between two evaluations, in seconds.
    pub interval_seconds: f64,
    /// What it looks at, in words.
    pub watches: String,
}

/// A sensor that was switched.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SensorSwitch {
    /// Its name.
    pub sensor: String,
    /// Whether it is on now.
    pub on: bool,
}

/// What a sensor would request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SensorPreview {
    /// The runs.
    pub runs: Vec<PreviewedRun>,
    /// Its cursor after that; `null` if it keeps the one it has.
    #[schema(required)]
    pub cursor: Option<String>,
    /// Why it would request nothing; `null` if it gives no reason.
    #[schema(required)]
    pub skipped: Option<String>,
}

/// A run that a sensor would request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewedRun {
    /// What it makes: a selection, or `job` and the name of a job.
    pub selection: String,
    /// What the run is about; `null` without a key.
    #[schema(required)]
    pub key: Option<String>,
    /// Its configuration, by step.
    pub config: Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Why it can't be requested; `null` if it can.
    #[schema(required)]
    pub error: Option<String>,
}

impl SensorView {
    /// A sensor with what the store knows of it; `None` if that is nothing.
    pub fn new(sensor: &Sensor, state: Option<&InstigatorState>) -> Self {
        Self {
            sensor: sensor.name.clone(),
            description: sensor.description.clone(),
            on: state.and_then(|state| state.on).unwrap_or(sensor.default_on),
            stuck_since: state.and_then(|state| state.stuck_since),
            interval_seconds: sensor.interval.as_secs_f64(),
            watches: watches(&sensor.source),
        }
    }
}

impl PreviewedRun {
    /// A run, and why it can't be requested; `None` if it can.
    pub fn new(run: &RunSpec, error: Option<String>) -> Self {
        let (selection, key) = (run.target.to_string(), run.key.clone());
        Self { selection, key, config: run.config.clone(), tags: run.tags.clone(), error }
    }
}

/// What a sensor looks at, in words.
fn watches(source: &SensorSource) -> String {
    let watched = match source {
        SensorSource::Outside(_) => return "outside".to_owned(),
        SensorSource::Events { watched, .. } => watched,
    };
    match watched {
        WatchedEvents::Materializations { selection } => format!("materializations of {selection}"),
        WatchedEvents::Checks { selection, passed } => {
            let which = passed.map_or("", |passed| if passed { "passed " } else { "failed " });
            format!("{which}checks of {selection}")
        }
        WatchedEvents::Runs { statuses } => {
            let statuses: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
            format!("runs that are {}", statuses.join(" or "))
        }
    }
}
