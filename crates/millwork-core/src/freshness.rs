//! Freshness: how old an asset's value may be, and what that means at a moment.
//!
//! A [`FreshnessPolicy`] is part of an asset's specification. [`FreshnessPolicy::evaluate`] says what it means at a moment; nothing
//! is stored, and nothing is run because of it.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::partition::{Dimensions, KeySet, KeySpace, TimeWindow};
use crate::problem::Problem;
use crate::timetable::Timetable;

/// How old an asset's value may be, or how soon the value of a window of time has to be there.
///
/// ```
/// use std::time::Duration;
///
/// use millwork_core::freshness::FreshnessPolicy;
///
/// let hours = |hours: u64| Duration::from_secs(hours * 3600);
/// let policy = FreshnessPolicy::latest_window(hours(6), Some(hours(2)));
/// assert_eq!(policy.to_string(), "the latest window within 6h of its end, warns from 2h");
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
    /// The latest window of time has to have its values so long after its end.
    LatestWindow {
        /// Without one of them longer after its end, it fails.
        fail: Duration,
        /// Without one of them this long after its end, it has the state `Warn`; `None` for no warning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        warn: Option<Duration>,
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

    /// For an asset that is partitioned by windows of time: the last window that ended more than `fail` ago has to have a value, and fails
    /// without; the last that ended more than `warn` ago warns. Of windows crossed by other dimensions, every key of the window has to have one.
    pub fn latest_window(fail: Duration, warn: Option<Duration>) -> Self {
        Self::LatestWindow { fail, warn }
    }

    /// Checks that the policy is valid for an asset with dimensions, if it has any.
    ///
    /// # Errors
    ///
    /// When the deadline is not understood or never comes, there is no such zone, a warning would come too late, or there are no windows of
    /// which it could be the latest.
    pub fn check(&self, dimensions: Option<&Dimensions>) -> Result<(), Problem> {
        match self {
            Self::TimeWindow { fail, warn: Some(warn) } | Self::LatestWindow { fail, warn: Some(warn) }
                if warn >= fail =>
            {
                let problem =
                    Problem::new(format!("it would warn after {warn:?}, when it has failed after {fail:?}"));
                Err(problem.with_hint("the warning comes first"))
            }
            Self::LatestWindow { .. } if !dimensions.is_some_and(Dimensions::have_windows) => {
                let problem =
                    Problem::new("it is about the latest window, and the asset has no windows of time");
                Err(problem.with_hint("add `partitions = daily(…)`, or use `FreshnessPolicy::time_window`"))
            }
            Self::TimeWindow { .. } | Self::LatestWindow { .. } => Ok(()),
            Self::Cron { deadline, zone, .. } => {
                Timetable::new([deadline.as_str()], zone).map(drop).map_err(|error| Problem::from(&error))
            }
        }
    }

    /// How fresh an asset is. What it says by a policy that [`check`](Self::check) refuses has no meaning.
    pub fn evaluate(&self, made: &Made<'_>, now: Timestamp) -> AssetFreshness {
        match self {
            Self::TimeWindow { fail, warn } => {
                let of_age = |last_at| by_age(last_at, *fail, *warn, now);
                of_recent(made.last_at, *fail, now).map_or(AssetFreshness::UNKNOWN, of_age)
            }
            Self::Cron { deadline, zone, lower_bound } => {
                let by_deadline = |last_at| {
                    let timetable = Timetable::new([deadline.as_str()], zone).ok()?;
                    Some(by_deadline(last_at, &timetable, *lower_bound, now))
                };
                let recent = of_recent(made.last_at, *lower_bound, now);
                recent.and_then(by_deadline).unwrap_or(AssetFreshness::UNKNOWN)
            }
            Self::LatestWindow { fail, warn } => by_window(made, *fail, *warn, now),
        }
    }
}

/// The last materialization, unless there is none, or it is dated further in the future than a policy reaches back.
fn of_recent(last_at: Option<Timestamp>, reach: Duration, now: Timestamp) -> Option<Timestamp> {
    last_at.filter(|last_at| after(now, reach).is_none_or(|latest| *last_at <= latest))
}

fn by_age(last_at: Timestamp, fail: Duration, warn: Option<Duration>, now: Timestamp) -> AssetFreshness {
    let exceeded = |age: Duration| after(last_at, age).filter(|at| *at < now);
    if let Some(since) = exceeded(fail) {
        return AssetFreshness::since(Freshness::Fail, since);
    }
    match warn.and_then(exceeded) {
        Some(since) => AssetFreshness::since(Freshness::Warn, since),
        None => AssetFreshness::since(Freshness::Pass, last_at),
    }
}

fn by_deadline(
    last_at: Timestamp,
    timetable: &Timetable,
    lower_bound: Duration,
    now: Timestamp,
) -> AssetFreshness {
    let counts_until = after(last_at, lower_bound);
    if timetable.previous(now).is_none_or(|tick| counts_until >= Some(tick)) {
        return AssetFreshness::since(Freshness::Pass, last_at);
    }
    let missed = counts_until.and_then(|at| timetable.next(at));
    AssetFreshness { state: Freshness::Fail, since: missed, late_window: None }
}

fn by_window(made: &Made<'_>, fail: Duration, warn: Option<Duration>, now: Timestamp) -> AssetFreshness {
    let mut is_any_due = false;
    for (state, within) in [(Freshness::Fail, Some(fail)), (Freshness::Warn, warn)] {
        let Some(within) = within else { continue };
        let Some((window, keys)) = before(now, within).and_then(|at| made.space.last_ended_before(at)) else {
            continue;
        };
        is_any_due = true;
        if !keys.difference(made.existing).is_empty() {
            let since = after(window.end(), within);
            return AssetFreshness { state, since, late_window: Some(window) };
        }
    }
    let state = if is_any_due { Freshness::Pass } else { Freshness::Unknown };
    AssetFreshness { state, ..AssetFreshness::UNKNOWN }
}

/// The moment `duration` after `at`; `None` if it lies beyond the calendar.
fn after(at: Timestamp, duration: Duration) -> Option<Timestamp> {
    at.checked_add(SignedDuration::try_from(duration).ok()?).ok()
}

/// The moment `duration` before `at`; `None` if it lies beyond the calendar.
fn before(at: Timestamp, duration: Duration) -> Option<Timestamp> {
    at.checked_sub(SignedDuration::try_from(duration).ok()?).ok()
}

impl fmt::Display for FreshnessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |duration: &Duration| {
            SignedDuration::try_from(*duration)
                .map_or_else(|_| "for ever".to_owned(), |duration| format!("{duration:#}"))
        };
        let warn = match self {
            Self::TimeWindow { fail, warn } => {
                write!(f, "at most {} old", words(fail))?;
                warn
            }
            Self::Cron { deadline, zone, lower_bound } => {
                return write!(f, "by `{deadline}` {zone}, made within {} before", words(lower_bound));
            }
            Self::LatestWindow { fail, warn } => {
                write!(f, "the latest window within {} of its end", words(fail))?;
                warn
            }
        };
        warn.as_ref().map_or(Ok(()), |warn| write!(f, ", warns from {}", words(warn)))
    }
}

/// What there is of an asset, by which its freshness is decided.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// When any of its partitions was last materialized; `None` if never.
    pub last_at: Option<Timestamp>,
    /// The keys that there are at the moment.
    pub space: &'a KeySpace,
    /// Those that have a value, or of which it was decided that they have none.
    pub existing: &'a KeySet,
}

/// How fresh an asset is by its policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetFreshness {
    /// Its state.
    pub state: Freshness,
    /// Since when it is in that state; `None` if it doesn't follow from the policy and from what there is.
    pub since: Option<Timestamp>,
    /// The window of time that isn't there, or not all of it; `None` unless it is late by a policy of its latest window.
    pub late_window: Option<TimeWindow>,
}

impl AssetFreshness {
    const UNKNOWN: Self = Self { state: Freshness::Unknown, since: None, late_window: None };

    fn since(state: Freshness, since: Timestamp) -> Self {
        Self { state, since: Some(since), late_window: None }
    }

    /// Whether it is in a worse state than the policy wants.
    pub fn is_late(&self) -> bool {
        match self.state {
            Freshness::Warn | Freshness::Fail => true,
            Freshness::Pass | Freshness::Unknown => false,
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
    /// It is older than its policy allows, or its latest window isn't there.
    Fail,
    /// It has never been materialized, or its last materialization is dated further in the future than its policy reaches
    /// back: then the clock was set back since, and how old it is isn't known. By a policy of its latest window: none is due so far.
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
    use crate::partition::{daily, fixed, hourly};

    fn instant(text: &str) -> Timestamp {
        format!("2026-05-{text}Z").parse().expect("an instant")
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3600)
    }

    /// `made` and `since` are empty for never.
    fn check(policy: &FreshnessPolicy, made: &str, now: &str, expected: Freshness, since: &str) {
        let optional = |text: &str| (!text.is_empty()).then(|| instant(text));
        let space = KeySpace::unpartitioned(instant(now));
        let last_at = optional(made);
        let found = policy.evaluate(&Made { last_at, space: &space, existing: &space.all() }, instant(now));
        let expected = AssetFreshness { state: expected, since: optional(since), late_window: None };
        assert_eq!(found, expected, "made {made}, now {now}");
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

    /// By the day of Berlin, where the clocks go forward on 29 March. `made` is a set of keys, empty for none; `late` is the window and since
    /// when.
    fn check_windows(dimensions: impl Into<Dimensions>, made: &str, now: &str, state: Freshness, late: &str) {
        let policy = FreshnessPolicy::latest_window(hours(6), Some(hours(2)));
        let now: Timestamp = now.parse().expect("an instant");
        let space = dimensions.into().space(now).expect("valid dimensions");
        let none = || KeySet::empty(space.names().count());
        let existing = if made.is_empty() { none() } else { space.set(made).expect("a set") };
        let found = policy.evaluate(&Made { last_at: Some(now), space: &space, existing: &existing }, now);
        let found_late = found.late_window.zip(found.since);
        let found_late =
            found_late.map(|(window, since)| format!("{window} since {since}")).unwrap_or_default();
        assert_eq!((found.state, found_late.as_str()), (state, late), "made {made}, now {now}");
    }

    #[test]
    fn latest_windows() {
        use Freshness::{Fail, Pass, Unknown, Warn};
        let days = || daily("Europe/Berlin").from("2026-03-28");
        // The first one ends at 23:00 UTC.
        check_windows(days(), "", "2026-03-28T23:00:00Z", Unknown, "");
        check_windows(days(), "", "2026-03-29T01:00:00Z", Unknown, "");
        let first = "2026-03-28 since 2026-03-29T01:00:00Z";
        check_windows(days(), "", "2026-03-29T01:00:01Z", Warn, first);
        check_windows(days(), "", "2026-03-29T05:00:00Z", Warn, first);
        let first = "2026-03-28 since 2026-03-29T05:00:00Z";
        check_windows(days(), "", "2026-03-29T05:00:01Z", Fail, first);
        // The day that has 23 hours ends at 22:00 UTC.
        check_windows(days(), "", "2026-03-30T04:00:00Z", Fail, first);
        check_windows(days(), "", "2026-03-30T04:00:01Z", Fail, "2026-03-29 since 2026-03-30T04:00:00Z");
        check_windows(days(), "2026-03-28", "2026-03-30T00:00:00Z", Pass, "");
        check_windows(
            days(),
            "2026-03-28",
            "2026-03-30T00:00:01Z",
            Warn,
            "2026-03-29 since 2026-03-30T00:00:00Z",
        );
        check_windows(
            days(),
            "2026-03-28",
            "2026-03-30T04:00:01Z",
            Fail,
            "2026-03-29 since 2026-03-30T04:00:00Z",
        );
        check_windows(days(), "2026-03-29", "2026-03-30T04:00:01Z", Pass, "");
        // A newer one doesn't stand for the one that is late.
        check_windows(days(), "2026-03-29", "2026-03-29T23:00:00Z", Fail, first);
    }

    #[test]
    fn latest_windows_as_the_definition_has_them() {
        use Freshness::{Fail, Pass, Unknown};
        let now = "2026-04-03T12:00:00Z";
        let days = || daily("UTC").from("2026-03-28");
        check_windows(days().except(["2026-04-02"]), "2026-04-01", now, Pass, "");
        check_windows(days().until("2026-03-31"), "2026-03-30", now, Pass, "");
        check_windows(days().until("2026-03-31"), "", now, Fail, "2026-03-30 since 2026-03-31T06:00:00Z");
        // One in progress isn't due, and one that is left out can't be made.
        check_windows(days().end_offset(1), "2026-04-02", now, Pass, "");
        check_windows(days().end_offset(-1), "2026-04-01", now, Pass, "");
        // Where the clocks go back, an hour repeats.
        let berlin = hourly("Europe/Berlin").from("2026-10-25");
        let late = "2026-10-25-02:00+02:00 since 2026-10-25T07:00:00Z";
        check_windows(berlin, "", "2026-10-25T07:30:00Z", Fail, late);
        // Of a dimension without windows, none is due.
        check_windows(fixed(["de"]), "", now, Unknown, "");
    }

    #[test]
    fn latest_windows_crossed_by_others() {
        use Freshness::{Fail, Pass, Warn};
        let now = "2026-04-03T12:00:00Z";
        let crossed = || daily("UTC").from("2026-03-28").by(fixed(["de", "fr"]).named("country"));
        let late = "2026-04-02 since 2026-04-03T06:00:00Z";
        check_windows(crossed(), "2026-04-02|de", now, Fail, late);
        check_windows(crossed(), "2026-04-02|de,fr", now, Pass, "");
        let two = || crossed().by(hourly("UTC").from("2026-04-01").named("seen"));
        let late = "2026-04-03-05:00 since 2026-04-03T12:00:00Z";
        let warns = "2026-04-03-09:00 since 2026-04-03T12:00:00Z";
        check_windows(two(), "2026-04-02|de|*", "2026-04-03T12:30:00Z", Fail, late);
        check_windows(two(), "2026-04-02|*|2026-04-03-05:00", "2026-04-03T12:30:00Z", Warn, warns);
    }

    #[test]
    fn mistakes_are_told() {
        assert!(FreshnessPolicy::cron("0 9 * *", "UTC", hours(1)).check(None).is_err());
        assert!(FreshnessPolicy::cron("0 9 * * *", "Europe/Atlantis", hours(1)).check(None).is_err());
        assert!(FreshnessPolicy::cron("@daily", "UTC", hours(1)).check(None).is_ok());
        let (days, texts) = (daily("UTC").from("2026-03-28").into(), fixed(["de"]).into());
        let latest = FreshnessPolicy::latest_window(hours(6), Some(hours(2)));
        assert!(latest.check(Some(&days)).is_ok());
        assert!(latest.check(Some(&texts)).is_err() && latest.check(None).is_err());
        assert!(FreshnessPolicy::latest_window(hours(2), Some(hours(2))).check(Some(&days)).is_err());
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
        assert_eq!(
            words(FreshnessPolicy::latest_window(hours(30), None)),
            "the latest window within 30h of its end"
        );
    }
}
