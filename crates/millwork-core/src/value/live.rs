//! Live performance as metadata: how good the versions of a model were in use, window by window.
//!
//! It is what a page, a command or a program needs to know of an asset that measures predictions, whatever type that asset has. It is
//! bounded, since each materialization has all of it.

use std::collections::BTreeSet;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Better;
use crate::id::AssetKey;
use crate::version::{AliasName, VersionNumber};

/// The most windows that are kept: the newest.
const WINDOWS: usize = 90;
/// The most measures of a window that are kept: those of the most predictions.
const MEASURES: usize = 8;

/// From this length on, windows are days: the shortest one in which clocks change.
const SHORTEST_DAY: SignedDuration = SignedDuration::from_hours(20);

/// The live performance of a model: one metric by window, version and role, as a [`MetadataValue`](super::MetadataValue).
///
/// Only the newest windows are kept; [`left_out`](Self::left_out) counts the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LivePerformance {
    /// The name of the metric.
    pub metric: String,
    /// Which of two values is better.
    pub better: Better,
    /// The model that made the predictions; `None` where it follows from the graph, as the one whose alias is read to predict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<AssetKey>,
    /// The names of what the metric is compared with, in the order of [`LiveMeasure::baselines`].
    pub baselines: Vec<String>,
    /// The windows, oldest first.
    pub windows: Vec<LiveWindow>,
    /// The number of older windows that aren't among them.
    #[serde(default)]
    pub left_out: u64,
}

/// A window of time, with the measures of the predictions that were made in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveWindow {
    /// When it begins.
    pub start: Timestamp,
    /// When the next one begins.
    pub end: Timestamp,
    /// Whether it is mature, so that its measures don't change any more. Those of an open window are unfinished.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The measures, by role and version.
    pub measures: Vec<LiveMeasure>,
}

/// The measure of one version in one role in a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveMeasure {
    /// The version that predicted.
    pub version: VersionNumber,
    /// The role in which it predicted: the name of the alias by which it was read, or `shadow`.
    pub role: AliasName,
    /// The metric of the predictions that have ground truth; `None` if it has no finite value for them.
    pub value: Option<f64>,
    /// The same of the baselines, for the same rows.
    pub baselines: Vec<Option<f64>>,
    /// The number of predictions.
    pub predictions: u64,
    /// The number of those that have ground truth.
    pub matched: u64,
}

impl LivePerformance {
    /// The performance by these windows, of which the newest 90 are kept, each with the eight measures of the most predictions.
    pub fn new(
        metric: impl Into<String>,
        better: Better,
        baselines: Vec<String>,
        windows: impl IntoIterator<Item = LiveWindow>,
    ) -> Self {
        let mut windows: Vec<LiveWindow> = windows.into_iter().collect();
        windows.sort_by_key(|window| (window.start, window.end));
        let left_out = windows.len().saturating_sub(WINDOWS);
        windows.drain(..left_out);
        for window in &mut windows {
            window.measures.sort_by_key(|measure| std::cmp::Reverse(measure.predictions));
            window.measures.truncate(MEASURES);
            window
                .measures
                .sort_by(|left, right| (&left.role, left.version).cmp(&(&right.role, right.version)));
        }
        Self { metric: metric.into(), better, model: None, baselines, windows, left_out: left_out as u64 }
    }

    /// What in it can't be, where it was made by hand or reported; `None` if nothing is.
    pub(super) fn problem(&self) -> Option<String> {
        if self.metric.is_empty() {
            return Some("its metric has no name".to_owned());
        }
        if self.windows.len() > WINDOWS {
            return Some(format!("it has {} windows, and {WINDOWS} are kept", self.windows.len()));
        }
        let disordered = self.windows.windows(2).position(|pair| pair[1].start <= pair[0].start);
        if let Some(place) = disordered {
            return Some(format!("window {} doesn't begin after the one in front of it", place + 2));
        }
        let mut numbered = (1..).zip(&self.windows);
        numbered.find_map(|(number, window)| Some(format!("window {number} {}", self.problem_of(window)?)))
    }

    fn problem_of(&self, window: &LiveWindow) -> Option<String> {
        if window.end < window.start {
            return Some("ends before it begins".to_owned());
        }
        if window.measures.len() > MEASURES {
            return Some(format!("has {} measures, and {MEASURES} are kept", window.measures.len()));
        }
        let mut seen = BTreeSet::new();
        window.measures.iter().find_map(|measure| {
            let LiveMeasure { version, role, baselines, predictions, matched, .. } = measure;
            if !seen.insert((role, version)) {
                return Some(format!("has version {version} as {role} twice"));
            }
            if baselines.len() != self.baselines.len() {
                return Some(format!(
                    "has {} baselines, and {} are named",
                    baselines.len(),
                    self.baselines.len()
                ));
            }
            (matched > predictions)
                .then(|| format!("has {predictions} predictions, and ground truth of {matched}"))
        })
    }

    /// The newest window that is final.
    pub fn newest_final(&self) -> Option<&LiveWindow> {
        self.windows.iter().rev().find(|window| window.is_final)
    }

    /// The measures of a version, oldest first, each with its window.
    pub fn of(&self, version: VersionNumber) -> impl DoubleEndedIterator<Item = (&LiveWindow, &LiveMeasure)> {
        self.measures().filter(move |(_, measure)| measure.version == version)
    }

    /// The measure of a version in the newest window that is final for it. A version that predicted in several roles is meant as what is in
    /// use, if it ever was.
    pub fn newest_of(
        &self,
        version: VersionNumber,
        in_use: &AliasName,
    ) -> Option<(&LiveWindow, &LiveMeasure)> {
        let finals = || self.of(version).rev().filter(|(window, _)| window.is_final);
        finals().find(|(_, measure)| measure.role == *in_use).or_else(|| finals().next())
    }

    /// All measures, oldest first, each with its window.
    pub fn measures(&self) -> impl DoubleEndedIterator<Item = (&LiveWindow, &LiveMeasure)> {
        self.windows.iter().flat_map(|window| window.measures.iter().map(move |measure| (window, measure)))
    }
}

impl LiveWindow {
    /// Whether it is a day or longer. The clocks may change in it.
    pub fn lasts_days(&self) -> bool {
        self.end.duration_since(self.start) >= SHORTEST_DAY
    }

    /// Where it begins in the calendar: the date where it lasts days, in whichever time zone; otherwise the time in UTC.
    pub fn begins(&self) -> DateTime {
        // A day of any time zone has its noon on the same date of UTC.
        let at = match self.lasts_days() {
            true => self.start.saturating_add(SignedDuration::from_hours(12)).unwrap_or(self.start),
            false => self.start,
        };
        let begins = at.to_zoned(TimeZone::UTC).datetime();
        if self.lasts_days() { begins.date().to_datetime(Time::midnight()) } else { begins }
    }

    /// Its name for people: the date at which it begins, or the hour in UTC.
    pub fn label(&self) -> String {
        let format = if self.lasts_days() { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M UTC" };
        self.begins().strftime(format).to_string()
    }

    /// The measure of what was in use: of several versions in the role, the one with the most predictions.
    pub fn in_use(&self, role: &AliasName) -> Option<&LiveMeasure> {
        let of_role = self.measures.iter().filter(|measure| measure.role == *role);
        of_role.max_by_key(|measure| (measure.predictions, measure.version))
    }
}

impl LiveMeasure {
    /// The share of predictions that have ground truth, from 0 to 1.
    pub fn coverage(&self) -> f64 {
        if self.predictions == 0 { 0.0 } else { self.matched as f64 / self.predictions as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(version: u32, role: &str, value: f64, predictions: u64) -> LiveMeasure {
        LiveMeasure {
            version: VersionNumber::new(version).unwrap(),
            role: role.parse().unwrap(),
            value: Some(value),
            baselines: Vec::new(),
            predictions,
            matched: predictions / 2,
        }
    }

    fn window(day: i64, is_final: bool, measures: Vec<LiveMeasure>) -> LiveWindow {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        LiveWindow { start: at(day), end: at(day + 1), is_final, measures }
    }

    fn performance(windows: Vec<LiveWindow>) -> LivePerformance {
        LivePerformance::new("MAE", Better::Lower, Vec::new(), windows)
    }

    #[test]
    fn the_newest_windows_and_the_largest_measures_are_kept_in_their_order() {
        let many = (1..=20).map(|version| measure(version, "champion", 1.0, u64::from(version))).collect();
        let windows = (0..200).rev().map(|day| window(day, true, Vec::new()));
        let kept = performance(windows.chain([window(200, false, many)]).collect());
        assert_eq!((kept.windows.len(), kept.left_out), (WINDOWS, 111));
        assert!(kept.windows.windows(2).all(|pair| pair[0].start < pair[1].start));
        let versions: Vec<u32> = kept.windows[89].measures.iter().map(|one| one.version.get()).collect();
        assert_eq!(versions, (13..=20).collect::<Vec<_>>());
    }

    #[track_caller]
    fn check_newest(live: &LivePerformance, version: u32, expected: Option<f64>) {
        let version = VersionNumber::new(version).unwrap();
        let found = live.newest_of(version, &AliasName::champion());
        assert_eq!(found.and_then(|(_, measure)| measure.value), expected, "version {version}");
    }

    #[test]
    fn a_version_is_known_by_its_newest_final_window_in_use() {
        let live = performance(vec![
            window(1, true, vec![measure(1, "champion", 1.0, 4), measure(2, "shadow", 2.0, 4)]),
            window(2, true, vec![measure(2, "champion", 3.0, 4), measure(1, "shadow", 4.0, 4)]),
            window(3, true, vec![measure(3, "shadow", 5.0, 4)]),
            window(4, false, vec![measure(2, "champion", 6.0, 4), measure(4, "champion", 7.0, 4)]),
        ]);
        check_newest(&live, 1, Some(1.0));
        check_newest(&live, 2, Some(3.0));
        check_newest(&live, 3, Some(5.0));
        check_newest(&live, 4, None);
        assert_eq!(live.newest_final().map(|window| window.start.as_second() / 86_400), Some(3));
    }

    #[track_caller]
    fn check_problem(change: impl FnOnce(&mut LivePerformance), expected: Option<&str>) {
        let measured = |day| window(day, true, vec![measure(1, "champion", 1.0, 4)]);
        let mut live = performance(vec![measured(1), measured(2)]);
        change(&mut live);
        assert_eq!(live.problem().as_deref(), expected);
        let metadata = [("live performance".to_owned(), live.into())].into();
        let refused = crate::value::check_metadata(&metadata).err().map(|error| error.reason.to_string());
        assert_eq!(refused.as_deref(), expected);
    }

    #[test]
    fn what_was_made_by_hand_is_checked() {
        check_problem(|_| {}, None);
        check_problem(|live| live.metric.clear(), Some("its metric has no name"));
        check_problem(
            |live| live.windows.swap(0, 1),
            Some("window 2 doesn't begin after the one in front of it"),
        );
        check_problem(
            |live| live.windows[1].end = jiff::Timestamp::UNIX_EPOCH,
            Some("window 2 ends before it begins"),
        );
        check_problem(
            |live| live.windows = (0..91).map(|day| window(day, true, Vec::new())).collect(),
            Some("it has 91 windows, and 90 are kept"),
        );
        let in_shadow = |version| measure(version, "shadow", 2.0, 4);
        check_problem(
            |live| live.windows[0].measures = (1..10).map(in_shadow).collect(),
            Some("window 1 has 9 measures, and 8 are kept"),
        );
        check_problem(
            |live| live.windows[1].measures.push(measure(1, "champion", 2.0, 4)),
            Some("window 2 has version 1 as champion twice"),
        );
        check_problem(
            |live| live.baselines.push("mean".to_owned()),
            Some("window 1 has 0 baselines, and 1 are named"),
        );
        check_problem(
            |live| live.windows[0].measures[0].matched = 5,
            Some("window 1 has 4 predictions, and ground truth of 5"),
        );
    }

    #[track_caller]
    fn check_label(start: &str, end: &str, expected: &str) {
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        let window = LiveWindow { start, end, is_final: true, measures: Vec::new() };
        assert_eq!(window.label(), expected);
    }

    #[test]
    fn windows_are_called_by_the_date_of_their_zone() {
        check_label("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-01");
        check_label("2026-02-28T23:00:00Z", "2026-03-01T23:00:00Z", "2026-03-01");
        check_label("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-29");
        check_label("2026-03-01T08:00:00Z", "2026-03-02T08:00:00Z", "2026-03-01");
        check_label("2026-02-28T13:00:00Z", "2026-03-07T13:00:00Z", "2026-03-01");
        check_label("2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z", "2026-03-01 08:00 UTC");
    }

    #[test]
    fn coverage_is_the_share_that_is_matched() {
        assert_eq!(measure(1, "champion", 1.0, 4).coverage(), 0.5);
        assert_eq!(measure(1, "champion", 1.0, 0).coverage(), 0.0);
    }
}
