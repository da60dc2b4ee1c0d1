//! The time limits of runs that a daemon launches.

use std::collections::BTreeMap;
use std::time::Duration;

use super::tags;

/// How long the parts of a run's life may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// The longest time from its launch until it reports that it has started.
    pub start: Duration,
    /// The longest time from its start to its end; `None` for no limit.
    pub runtime: Option<Duration>,
    /// From a wish to cancel it until it is ended by force.
    pub cancel: Duration,
}

impl Default for RunLimits {
    /// One minute to start, any time to run, half a minute to stop.
    fn default() -> Self {
        Self { start: Duration::from_secs(60), runtime: None, cancel: Duration::from_secs(30) }
    }
}

impl RunLimits {
    /// The same limits with a longest time from start to end.
    #[must_use]
    pub fn runtime(self, runtime: Duration) -> Self {
        Self { runtime: Some(runtime), ..self }
    }

    /// The same limits with another longest time until a run has started.
    #[must_use]
    pub fn start(self, start: Duration) -> Self {
        Self { start, ..self }
    }

    /// The same limits with another longest time for stopping.
    #[must_use]
    pub fn cancel(self, cancel: Duration) -> Self {
        Self { cancel, ..self }
    }

    /// How long a run with these tags may take.
    pub fn runtime_of(&self, tags: &BTreeMap<String, String>) -> Option<Duration> {
        tags::max_runtime(tags).or(self.runtime)
    }
}
