//! Sensors: their sources, switches and previews.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::run::RunSpec;
use millwork_core::sensor::{Sensor, SensorSource, WatchedEvents};
use millwork_storage::InstigatorState;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A sensor with its switch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SensorView {
    /// The sensor's name.
    pub sensor: String,
    /// The sensor's description; empty if it has none.
    pub description: String,
    /// Whether the sensor is on.
    pub on: bool,
    /// Since when its function has been running past its time limit; `null` if it isn't stuck.
    #[schema(required)]
    pub stuck_since: Option<Timestamp>,
    /// The interval between two evaluations, in seconds.
    pub interval_seconds: f64,
    /// The events that it watches, as text; `outside` if it polls something else.
    pub watches: String,
}

/// The state of a sensor after a switch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SensorSwitch {
    /// The sensor's name.
    pub sensor: String,
    /// Whether the sensor is on.
    pub on: bool,
}

/// The result of evaluating a sensor without recording it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SensorPreview {
    /// The runs that it would request.
    pub runs: Vec<PreviewedRun>,
    /// The cursor that it would store; `null` if it would keep the current one.
    #[schema(required)]
    pub cursor: Option<String>,
    /// The reason that it gives for requesting no run; `null` if it gives none.
    #[schema(required)]
    pub skipped: Option<String>,
}

/// A run that a sensor would request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreviewedRun {
    /// The target of the run: a selection, or `job` and the name of a job.
    pub selection: String,
    /// The key by which repeated requests are recognized; `null` if the run has none.
    #[schema(required)]
    pub key: Option<String>,
    /// The configuration of the run, by step.
    pub config: Value,
    /// The tags of the run.
    pub tags: BTreeMap<String, String>,
    /// Why the run can't be requested; `null` if it can.
    #[schema(required)]
    pub error: Option<String>,
}

impl SensorView {
    /// A sensor with its stored state; `None` if none is stored.
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
    /// A run with the error of its request; `None` if it can be requested.
    pub fn new(run: &RunSpec, error: Option<String>) -> Self {
        let (selection, key) = (run.target.to_string(), run.key.clone());
        Self { selection, key, config: run.config.clone(), tags: run.tags.clone(), error }
    }
}

/// The events that a sensor watches, as text.
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
