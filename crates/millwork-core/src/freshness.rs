//! Freshness: how old an asset's value may be, and what that means at a moment.
//!
//! A [`FreshnessPolicy`] is part of an asset's specification. [`FreshnessPolicy::state`] evaluates it at a moment; nothing
//! is stored, and nothing is run because of it.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::timetable::Timetable;

/// How old an asset's value may be.
///
/// ```
/// use std::time::Duration;
///
/// use millwork_core::freshness::{Freshness, FreshnessPolicy};
///
/// let hours = |hours: u64| Duration::from_secs(hours * 3600);
/// let policy = FreshnessPolicy::time_window(hours(24), Some(hours(12)));
/// let made = "2026-05-01T00:00:00Z".parse().unwrap();
/// assert_eq!(policy.state(Some(made), "2026-05-01T13:00:00Z".parse().unwrap()), Freshness::Warn);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "snake_case")]
pub enum FreshnessPolicy {
    /// The value may be so old.
    TimeWindow {
        /// An older one fails.
        fail: Duration,
        /// A value older than this has the state `Warn`; `None` for no warning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warn: Option<Duration>,
    },
    /// There has to be a new value by each deadline.
    Cron {
        /// When it is due, as a line of cron.
        deadline: String,
        /// The time zone of the line.
        zone: String,
        /// How long before the deadline a value may have been made and still count for it.
        lower_bound: Duration,
    },
}

impl FreshnessPolicy {
    /// A value fails once it is older than `fail`, and warns once it is older than `warn`.
    pub fn time_window(fail: Duration, warn: Option<Duration>) -> Self {
        Self::TimeWindow { fail, warn }
    }

    /// At each deadline, a line of cron in an IANA time zone, there has to be a value that was made within `lower_bound`
    /// before it. A late value passes from the moment it is there.
    pub fn cron(deadline: impl Into<String>, zone: impl Into<String>, lower_bound: Duration) -> Self {
        Self::Cron { deadline: deadline.into(), zone: zone.into(), lower_bound }
    }

    /// Checks that the policy is valid.
    ///
    /// # Errors
    ///
    /// When the deadline is not understood or never comes, there is no such zone, or a warning would come too late.
    pub fn check(&self) -> Result<(), Problem> {
        match self {
            Self::TimeWindow { fail, warn: Some(warn) } if warn >= fail => {
                let problem =
                    Problem::new(format!("it would warn after {warn:?}, when it has failed after {fail:?}"));
                Err(problem.with_hint("the warning comes first"))
            }
            Self::TimeWindow { .. } => Ok(()),
            Self::Cron { deadline, zone, .. } => {
                Timetable::new([deadline.as_str()], zone).map(drop).map_err(|error| Problem::from(&error))
            }
        }
    }

    /// The state of an asset that was last materialized then. The state by a policy that [`check`](Self::check) refuses has no meaning.
    pub fn state(&self, last_materialized_at: Option<Timestamp>, now: Timestamp) -> Freshness {
        let Some(made) = last_materialized_at else { return Freshness::Unknown };
        if after(now, self.reach()).is_some_and(|latest| made > latest) {
            return Freshness::Unknown;
        }
        let failed = |at: Option<Timestamp>| at.is_some_and(|at| at < now);
        match self {
            Self::TimeWindow { fail, warn } => match (failed(after(made, *fail)), *warn) {
                (true, _) => Freshness::Fail,
                (false, Some(warn)) if failed(after(made, warn)) => Freshness::Warn,
                (false, _) => Freshness::Pass,
            },
            Self::Cron { deadline, zone, lower_bound } => {
                let Ok(timetable) = Timetable::new([deadline.as_str()], zone) else {
                    return Freshness::Unknown;
                };
                let missed = timetable.previous(now).filter(|tick| after(made, *lower_bound) < Some(*tick));
                if missed.is_some() { Freshness::Fail } else { Freshness::Pass }
            }
        }
    }

    /// How old a value may be at most that is fresh.
    fn reach(&self) -> Duration {
        match self {
            Self::TimeWindow { fail, .. } => *fail,
            Self::Cron { lower_bound, .. } => *lower_bound,
        }
    }

    /// Since when an asset is in the state that it has now, if that follows from the policy.
    pub fn since(&self, last_materialized_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let made = last_materialized_at?;
        match (self.state(Some(made), now), self) {
            (Freshness::Unknown, _) => None,
            (Freshness::Pass, _) => Some(made),
            (Freshness::Warn, Self::TimeWindow { warn, .. }) => after(made, (*warn)?),
            (_, Self::TimeWindow { fail, .. }) => after(made, *fail),
            (_, Self::Cron { deadline, zone, lower_bound }) => {
                let timetable = Timetable::new([deadline.as_str()], zone).ok()?;
                timetable.next(after(made, *lower_bound)?)
            }
        }
    }
}

/// The moment `duration` after `at`; `None` if it lies beyond the calendar.
fn after(at: Timestamp, duration: Duration) -> Option<Timestamp> {
    at.checked_add(SignedDuration::try_from(duration).ok()?).ok()
}

impl fmt::Display for FreshnessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |duration: &Duration| {
            SignedDuration::try_from(*duration)
                .map_or_else(|_| "for ever".to_owned(), |duration| format!("{duration:#}"))
        };
        match self {
            Self::TimeWindow { fail, warn } => {
                write!(f, "at most {} old", words(fail))?;
                warn.as_ref().map_or(Ok(()), |warn| write!(f, ", warns from {}", words(warn)))
            }
            Self::Cron { deadline, zone, lower_bound } => {
                write!(f, "by `{deadline}` {zone}, made within {} before", words(lower_bound))
            }
        }
    }
}

/// Whether an asset is as fresh as its policy wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// It meets its policy.
    Pass,
    /// It soon won't be.
    Warn,
    /// It is older than its policy allows.
    Fail,
    /// It has never been materialized, or its last materialization is dated further in the future than its policy reaches
    /// back: then the clock was set back since, and how old it is isn't known.
    Unknown,
}

impl Freshness {
    /// The state as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        format!("2026-05-{text}Z").parse().expect("an instant")
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3600)
    }

    /// `made` and `since` are empty for never.
    fn check(policy: &FreshnessPolicy, made: &str, now: &str, expected: Freshness, since: &str) {
        let optional = |text: &str| (!text.is_empty()).then(|| instant(text));
        assert_eq!(policy.state(optional(made), instant(now)), expected, "made {made}, now {now}");
        assert_eq!(policy.since(optional(made), instant(now)), optional(since), "made {made}, now {now}");
    }

    #[test]
    fn time_windows() {
        let both = FreshnessPolicy::time_window(hours(24), Some(hours(12)));
        check(&both, "", "01T00:00:00", Freshness::Unknown, "");
        check(&both, "01T00:00:00", "01T12:00:00", Freshness::Pass, "01T00:00:00");
        check(&both, "01T00:00:00", "01T12:00:01", Freshness::Warn, "01T12:00:00");
        check(&both, "01T00:00:00", "02T00:00:00", Freshness::Warn, "01T12:00:00");
        check(&both, "01T00:00:00", "02T00:00:01", Freshness::Fail, "02T00:00:00");
        // The clock was set back.
        check(&both, "03T00:00:00", "02T00:00:00", Freshness::Pass, "03T00:00:00");
        check(&both, "03T00:00:01", "02T00:00:00", Freshness::Unknown, "");
        let one = FreshnessPolicy::time_window(hours(24), None);
        check(&one, "01T00:00:00", "01T23:00:00", Freshness::Pass, "01T00:00:00");
        let eternal = FreshnessPolicy::time_window(Duration::MAX, None);
        check(&eternal, "01T00:00:00", "09T00:00:00", Freshness::Pass, "01T00:00:00");
    }

    #[test]
    fn deadlines() {
        // By 9:00 in Berlin, which is 7:00 UTC, made since 8:00 there.
        let daily = FreshnessPolicy::cron("0 9 * * *", "Europe/Berlin", hours(1));
        check(&daily, "", "02T07:00:00", Freshness::Unknown, "");
        check(&daily, "01T06:30:00", "01T12:00:00", Freshness::Pass, "01T06:30:00");
        check(&daily, "01T06:30:00", "02T06:59:59", Freshness::Pass, "01T06:30:00");
        check(&daily, "01T06:30:00", "02T07:00:00", Freshness::Fail, "02T07:00:00");
        check(&daily, "02T06:00:00", "02T07:00:00", Freshness::Pass, "02T06:00:00");
        check(&daily, "02T05:59:59", "02T07:00:00", Freshness::Fail, "02T07:00:00");
        // Late, and there from then on.
        check(&daily, "02T11:00:00", "02T12:00:00", Freshness::Pass, "02T11:00:00");
        check(&daily, "01T06:30:00", "04T12:00:00", Freshness::Fail, "02T07:00:00");
        // The clock was set back.
        check(&daily, "02T08:00:00", "02T07:00:00", Freshness::Pass, "02T08:00:00");
        check(&daily, "02T08:00:01", "02T07:00:00", Freshness::Unknown, "");
    }

    #[test]
    fn mistakes_are_told() {
        assert!(FreshnessPolicy::cron("0 9 * *", "UTC", hours(1)).check().is_err());
        assert!(FreshnessPolicy::cron("0 9 * * *", "Europe/Atlantis", hours(1)).check().is_err());
        assert!(FreshnessPolicy::cron("@daily", "UTC", hours(1)).check().is_ok());
        let nonsense = FreshnessPolicy::cron("x", "UTC", hours(1));
        check(&nonsense, "01T00:00:00", "02T00:00:00", Freshness::Unknown, "");
    }

    #[test]
    fn in_words() {
        let words = |policy: FreshnessPolicy| policy.to_string();
        assert_eq!(
            words(FreshnessPolicy::time_window(hours(24), Some(hours(12)))),
            "at most 24h old, warns from 12h"
        );
        assert_eq!(
            words(FreshnessPolicy::cron("0 9 * * *", "UTC", hours(1))),
            "by `0 9 * * *` UTC, made within 1h before"
        );
    }
}
