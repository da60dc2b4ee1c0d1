//! Retries of failed runs: which, how often, and from which steps.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{FailureClass, RunTag, tags};
use crate::asset::Retry;

/// How runs are tried again that a daemon launched and that failed.
///
/// ```
/// use millwork_core::run::{FailureClass, RunRetries};
///
/// let retries = RunRetries::of(2, [FailureClass::OutOfMemory, FailureClass::Killed, FailureClass::Lost]);
/// assert!(retries.pause(FailureClass::Lost, 1, &Default::default(), 0.0).is_some());
/// assert!(retries.pause(FailureClass::Error, 1, &Default::default(), 0.0).is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RunRetries {
    /// How often, and after which pause.
    pub retry: Retry,
    /// After failures of which classes.
    pub classes: BTreeSet<FailureClass>,
    /// Which steps are run again.
    pub strategy: RetryStrategy,
}

/// Which steps of a failed run are run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryStrategy {
    /// The steps that didn't succeed; the run continues under its id.
    #[default]
    FromFailure,
    /// Everything, in a new run.
    FromScratch,
}

impl Default for RunRetries {
    /// No retries; a run that asks for them by its tag gets them after every class but the user's own errors.
    fn default() -> Self {
        use FailureClass::{Killed, Lost, OutOfMemory, Timeout};
        Self::of(0, [Timeout, OutOfMemory, Killed, Lost])
    }
}

impl RunRetries {
    /// `max_retries` retries after failures of these classes, with 5 s, 10 s, 20 s, … before them.
    pub fn of(max_retries: u32, classes: impl IntoIterator<Item = FailureClass>) -> Self {
        let retry = Retry::exponential(max_retries).delay(Duration::from_secs(5)).jitter(false);
        Self { retry, classes: classes.into_iter().collect(), strategy: RetryStrategy::default() }
    }

    /// The same retries after other pauses.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Self { retry, ..self }
    }

    /// The same retries, of everything.
    #[must_use]
    pub fn from_scratch(self) -> Self {
        Self { strategy: RetryStrategy::FromScratch, ..self }
    }

    /// How often a run with `tags` that has failed counts as failed: as often as it was claimed, or once more than it was repeated.
    pub fn failures(&self, epoch: u32, tags: &BTreeMap<String, String>) -> u32 {
        match self.strategy {
            RetryStrategy::FromFailure => epoch.max(1),
            RetryStrategy::FromScratch => {
                RunTag::Retry.of(tags).and_then(|number| number.parse().ok()).unwrap_or(0) + 1
            }
        }
    }

    /// The pause before a run with `tags` that failed for the `failures`th time is tried again; `None` if it isn't.
    /// `draw` is a random number in 0..1, used with jitter.
    pub fn pause(
        &self,
        class: FailureClass,
        failures: u32,
        tags: &BTreeMap<String, String>,
        draw: f64,
    ) -> Option<Duration> {
        let max_retries = tags::retries(tags).unwrap_or(self.retry.max_retries);
        let is_concerned = self.classes.contains(&class);
        is_concerned.then(|| Retry { max_retries, ..self.retry.clone() }.pause(failures, draw)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        retries: &RunRetries,
        class: FailureClass,
        failures: u32,
        tag: Option<&str>,
        seconds: Option<u64>,
    ) {
        let tags =
            tag.map(|number| (RunTag::Retries.key().to_owned(), number.to_owned())).into_iter().collect();
        let pause = retries.pause(class, failures, &tags, 0.5);
        assert_eq!(pause.map(|pause| pause.as_secs()), seconds, "{class} {failures} {tag:?}");
    }

    #[test]
    fn by_class_number_and_tag() {
        let twice = RunRetries::of(2, [FailureClass::Killed]);
        check(&twice, FailureClass::Killed, 1, None, Some(5));
        check(&twice, FailureClass::Killed, 2, None, Some(10));
        check(&twice, FailureClass::Killed, 3, None, None);
        check(&twice, FailureClass::Error, 1, None, None);
        check(&twice, FailureClass::Killed, 1, Some("0"), None);
        check(&twice, FailureClass::Killed, 3, Some("3"), Some(20));
        check(&RunRetries::default(), FailureClass::Lost, 1, None, None);
        check(&RunRetries::default(), FailureClass::Lost, 1, Some("1"), Some(5));
        check(&RunRetries::default(), FailureClass::Error, 1, Some("1"), None);
    }
}
