//! A sensor: what it polls or watches, how often, and its function.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{SensorContext, SensorEvent, SensorOutcome, WatchedEvents};
use crate::instigator::{DEDUP_WINDOW, FUNCTION_TIMEOUT, Instigator};
use crate::run::RunStatus;
use crate::{BoxError, BoxFuture};

/// The function of a sensor that polls something outside of Millwork.
pub type Poll = dyn Fn(SensorContext) -> BoxFuture<Result<SensorOutcome, BoxError>> + Send + Sync;

/// The function of a sensor that reacts to events, one at a time.
pub type React = dyn Fn(SensorContext, SensorEvent) -> Result<SensorOutcome, BoxError> + Send + Sync;

/// Asks for runs when something has happened.
///
/// ```
/// use millwork_core::run::RunSpec;
/// use millwork_core::sensor::{Sensor, SensorOutcome};
///
/// let uploads = Sensor::new("uploads", |context| async move {
///     let seen = context.cursor.unwrap_or_default();
///     let newest = "b.csv"; // from a folder, a bucket, a table
///     if newest <= seen.as_str() {
///         return Ok(SensorOutcome::skip("no new upload"));
///     }
///     Ok(SensorOutcome::request(RunSpec::of("+score").key(newest)).cursor(newest))
/// });
/// assert_eq!(uploads.interval.as_secs(), 30);
///
/// let after_training = Sensor::on_materialization("after_training", "model", |_, _| {
///     Ok(SensorOutcome::request(RunSpec::of("predictions")))
/// });
/// assert_eq!(after_training.name, "after_training");
/// ```
#[derive(Clone)]
pub struct Sensor {
    /// The name of the sensor.
    pub name: String,
    /// The purpose of the sensor, in Markdown; may be empty.
    pub description: String,
    /// The pause between two evaluations.
    pub interval: Duration,
    /// How long an evaluation may take; others are evaluated meanwhile.
    pub timeout: Duration,
    /// For how long a run's key keeps a second run with that key from being requested.
    pub dedup_window: Duration,
    /// Whether it is on until someone switches it.
    pub default_on: bool,
    /// Whether it polls or reacts to events.
    pub source: SensorSource,
}

/// The source of a sensor.
#[derive(Clone)]
pub enum SensorSource {
    /// Its function polls something outside of Millwork.
    Outside(Arc<Poll>),
    /// Events in the log.
    Events {
        /// The events that are watched.
        watched: WatchedEvents,
        /// The function that is called for each matching event.
        react: Arc<React>,
    },
}

impl Sensor {
    /// A sensor that polls every 30 seconds, off until it is switched on.
    pub fn new<Fut>(
        name: impl Into<String>,
        poll: impl Fn(SensorContext) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = Result<SensorOutcome, BoxError>> + Send + 'static,
    {
        Self::of(name, SensorSource::Outside(Arc::new(move |context| Box::pin(poll(context)))))
    }

    /// A sensor that reacts when assets of a selection are materialized.
    pub fn on_materialization(
        name: impl Into<String>,
        selection: impl Into<String>,
        react: impl Fn(SensorContext, SensorEvent) -> Result<SensorOutcome, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self::on(name, WatchedEvents::Materializations { selection: selection.into() }, react)
    }

    /// A sensor that reacts when a check of an asset of a selection fails.
    pub fn on_check_failure(
        name: impl Into<String>,
        selection: impl Into<String>,
        react: impl Fn(SensorContext, SensorEvent) -> Result<SensorOutcome, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self::on(name, WatchedEvents::Checks { selection: selection.into(), passed: Some(false) }, react)
    }

    /// A sensor that reacts when runs come to one of these statuses. Runs that it has requested itself don't count.
    pub fn on_run_status(
        name: impl Into<String>,
        statuses: impl IntoIterator<Item = RunStatus>,
        react: impl Fn(SensorContext, SensorEvent) -> Result<SensorOutcome, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self::on(name, WatchedEvents::Runs { statuses: statuses.into_iter().collect() }, react)
    }

    /// A sensor that reacts to events, looking for them every second.
    pub fn on(
        name: impl Into<String>,
        watched: WatchedEvents,
        react: impl Fn(SensorContext, SensorEvent) -> Result<SensorOutcome, BoxError> + Send + Sync + 'static,
    ) -> Self {
        let source = SensorSource::Events { watched, react: Arc::new(react) };
        Self::of(name, source).interval(Duration::from_secs(1))
    }

    fn of(name: impl Into<String>, source: SensorSource) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            interval: Duration::from_secs(30),
            timeout: FUNCTION_TIMEOUT,
            dedup_window: DEDUP_WINDOW,
            default_on: false,
            source,
        }
    }

    /// The sensor with a description.
    #[must_use]
    pub fn description(self, description: impl Into<String>) -> Self {
        Self { description: description.into(), ..self }
    }

    /// The sensor with another rest between two evaluations.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// The sensor with another time limit.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The sensor with another time for which a run's key is taken.
    #[must_use]
    pub fn dedup_window(self, dedup_window: Duration) -> Self {
        Self { dedup_window, ..self }
    }

    /// The sensor on until someone switches it off.
    #[must_use]
    pub fn on_by_default(self) -> Self {
        Self { default_on: true, ..self }
    }

    /// What the store knows its switch, cursor and ticks by.
    pub fn instigator(&self) -> Instigator {
        Instigator::Sensor(self.name.clone())
    }
}

impl fmt::Debug for Sensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sensor")
            .field("name", &self.name)
            .field("interval", &self.interval)
            .field("default_on", &self.default_on)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SensorSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside(_) => f.write_str("Outside"),
            Self::Events { watched, .. } => f.debug_tuple("Events").field(watched).finish(),
        }
    }
}
