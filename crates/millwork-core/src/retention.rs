//! Retention: which runs, events and values are removed, and when.

use std::time::Duration;

use jiff::Timestamp;

/// What is removed, and when. Without rules, everything is kept. The last materialization of an asset or of one of its
/// partitions is never removed, nor anything of a run in progress.
///
/// ```
/// use millwork_core::retention::{Retention, days};
///
/// let retention = Retention::new().logs(days(14)).runs(days(365)).ticks(days(30)).values(10, days(90));
/// assert_eq!(retention.values.map(|kept| kept.newest), Some(10));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// The age at which log lines and progress are removed; `None` keeps them.
    pub logs: Option<Duration>,
    /// The age at which finished runs are removed, with their events; `None` keeps them.
    pub runs: Option<Duration>,
    /// The age at which ticks are removed; `None` keeps them.
    pub ticks: Option<Duration>,
    /// Which stored values are kept; `None` keeps all. The events of removed values, with all metadata, stay.
    pub values: Option<KeptValues>,
}

/// Which values of an asset, or of one of its partitions, are kept: either is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptValues {
    /// The number of the newest to keep, at least 1.
    pub newest: u32,
    /// Those that are younger than this.
    pub younger: Duration,
}

/// The duration of `days` days of 24 hours.
pub fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

impl Retention {
    /// A policy without rules: everything is kept.
    pub fn new() -> Self {
        Self::default()
    }

    /// Log lines and progress go at this age.
    #[must_use]
    pub fn logs(self, age: Duration) -> Self {
        Self { logs: Some(age), ..self }
    }

    /// Finished runs go at this age, with their events.
    #[must_use]
    pub fn runs(self, age: Duration) -> Self {
        Self { runs: Some(age), ..self }
    }

    /// Ticks go at this age.
    #[must_use]
    pub fn ticks(self, age: Duration) -> Self {
        Self { ticks: Some(age), ..self }
    }

    /// Stored values go that are neither among the `newest` of their asset or partition nor younger than `younger`.
    #[must_use]
    pub fn values(self, newest: u32, younger: Duration) -> Self {
        Self { values: Some(KeptValues { newest: newest.max(1), younger }), ..self }
    }

    /// The moment before which things of this age lie.
    pub fn before(now: Timestamp, age: Duration) -> Timestamp {
        now.saturating_sub(age).unwrap_or(Timestamp::MIN)
    }
}
