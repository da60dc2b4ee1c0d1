//! The live performance of a model over time: the metric of each version, what was in use when, and how much ground truth there is.
//!
//! From top to bottom: a ribbon with the version in use, whose borders are the promotions and rollbacks; the metric, with a colour and a
//! shape for each version, dashed where a version predicted beside the one in use, and quiet lines for what it is compared with; and the
//! coverage of each window. Windows that aren't mature are pale.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use millwork_core::asset::plot::{range, short_number};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{LiveMeasure, LivePerformance, LiveWindow};

use super::marker::Marker;
use super::svg::{Anchor, LOOKS, Svg};
use super::ticks::ticks;
use crate::markup::text_width;

const RIGHT: f64 = 10.0;
const RIBBON: f64 = 20.0;
/// The room between ribbon and metric, for the signs of promotions and rollbacks.
const SIGNS: f64 = 16.0;
const METRIC: f64 = 190.0;
const STRIP: f64 = 34.0;
const GAP: f64 = 12.0;
/// The room that a date takes along the axis.
const DATE: f64 = 58.0;
/// The most versions that the legend has.
const NAMED: usize = 12;

/// A time in which a version was in use.
#[derive(Clone, Debug)]
pub struct UseSpan {
    /// When it came into use, in microseconds since 1970.
    pub from: i64,
    /// When another one did, or now, in microseconds since 1970.
    pub to: i64,
    /// The version.
    pub version: VersionNumber,
    /// Whether it came into use by going back to it.
    pub went_back: bool,
    /// Its tooltip: who brought it into use, and why.
    pub title: String,
}

/// A point of a curve: the position of its window, the value, and what it is a measure of.
type PointOfCurve<'a> = (usize, f64, &'a LiveMeasure);

/// How wide a drawing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveWidth {
    /// For a page.
    Wide,
    /// For a phone.
    Narrow,
}

/// The drawing of a live performance. `role` is the role of what is in use, `uses` are the times of the versions in use, oldest first; both
/// parts that they are drawn as are left out where there are none. Empty where no window has a measure.
pub fn live(performance: &LivePerformance, role: &AliasName, uses: &[UseSpan], width: LiveWidth) -> String {
    let (Some(first), Some(last)) = (performance.windows.first(), performance.windows.last()) else {
        return String::new();
    };
    let time = (first.start.as_microsecond(), last.end.as_microsecond());
    let numbers = |(_, measure): (&LiveWindow, &LiveMeasure)| {
        measure.value.into_iter().chain(measure.baselines.iter().copied().flatten()).collect::<Vec<_>>()
    };
    let mut values = performance.measures().flat_map(numbers).filter(|value| value.is_finite()).peekable();
    if values.peek().is_none() {
        return String::new();
    }
    let low_high = range(values);
    let ticks = ticks(low_high.0, low_high.1, 4);
    let uses: Vec<&UseSpan> = uses.iter().filter(|span| span.to > time.0 && span.from < time.1).collect();
    let versions: BTreeSet<VersionNumber> = performance.measures().map(|(_, one)| one.version).collect();
    let ribbon = if uses.is_empty() { 4.0 } else { RIBBON + SIGNS };
    let widest = ticks.iter().map(|tick| text_width(&short_number(*tick), 11.0)).fold(0.0, f64::max);
    let mut drawing = LiveDrawing {
        performance,
        role,
        versions: versions.into_iter().collect(),
        time,
        value: (ticks[0], ticks[ticks.len() - 1]),
        left: (widest + 12.0).clamp(60.0, 90.0),
        right: match width {
            LiveWidth::Wide => 980.0,
            LiveWidth::Narrow => 344.0,
        } - RIGHT,
        top: ribbon + 6.0,
        svg: Svg::new(0.0, 0.0, ""),
    };
    let title = format!("{} by window, by version in use", performance.metric);
    drawing.svg = Svg::new(drawing.right + RIGHT, drawing.strip() + STRIP + 22.0, &title);
    drawing.unfinished();
    drawing.axes(&ticks);
    drawing.uses(&uses);
    drawing.baselines();
    drawing.curves();
    drawing.coverage();
    drawing.legend();
    drawing.svg.finish()
}

struct LiveDrawing<'p> {
    performance: &'p LivePerformance,
    role: &'p AliasName,
    /// The versions that are drawn; their places are the numbers of their looks.
    versions: Vec<VersionNumber>,
    time: (i64, i64),
    value: (f64, f64),
    left: f64,
    right: f64,
    top: f64,
    svg: Svg,
}

impl LiveDrawing<'_> {
    fn bottom(&self) -> f64 {
        self.top + METRIC
    }

    /// The upper edge of the strip of coverage.
    fn strip(&self) -> f64 {
        self.bottom() + GAP
    }

    fn x(&self, at: i64) -> f64 {
        let share = at.saturating_sub(self.time.0) as f64 / (self.time.1 - self.time.0).max(1) as f64;
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        // Halves, so that the largest numbers have a difference.
        let share = (value / 2.0 - self.value.0 / 2.0) / (self.value.1 / 2.0 - self.value.0 / 2.0);
        self.bottom() - share.clamp(0.0, 1.0) * METRIC
    }

    /// The left and right edges of a window.
    fn edges(&self, window: &LiveWindow) -> (f64, f64) {
        (self.x(window.start.as_microsecond()), self.x(window.end.as_microsecond()))
    }

    fn middle(&self, window: &LiveWindow) -> f64 {
        let (from, to) = self.edges(window);
        (from + to) / 2.0
    }

    fn look(&self, version: VersionNumber) -> usize {
        self.versions.binary_search(&version).unwrap_or(0)
    }

    /// The windows that aren't mature lie on a band of their own.
    fn unfinished(&mut self) {
        let Some(open) = self.performance.windows.iter().find(|window| !window.is_final) else { return };
        let from = self.edges(open).0;
        let size = (self.right - from, self.strip() + STRIP - self.top);
        self.svg.bar("live-unfinished", (from, self.top), size, "");
    }

    fn axes(&mut self, ticks: &[f64]) {
        for tick in ticks {
            let y = self.y(*tick);
            self.svg.line("plot-grid", (self.left, y), (self.right, y));
            self.svg.text((self.left - 6.0, y + 4.0), Anchor::End, &short_number(*tick));
        }
        let below = self.strip() + STRIP;
        let (mut free, mut year) = (self.left, None);
        for window in &self.performance.windows {
            let x = self.edges(window).0;
            let (day, of_year) = (short_date(window), window.begins().year());
            let text = if year == Some(of_year) { day } else { format!("{day} {of_year}") };
            let room = DATE.max(text_width(&text, 11.0) + 14.0);
            if x >= free && x + room <= self.right + RIGHT {
                self.svg.line("plot-axis", (x, below), (x, below + 4.0));
                self.svg.text((x, below + 16.0), Anchor::Start, &text);
                (free, year) = (x + room, Some(of_year));
            }
        }
    }

    /// The ribbon of versions in use, and a line down from each promotion and each rollback.
    fn uses(&mut self, uses: &[&UseSpan]) {
        if uses.is_empty() {
            return;
        }
        self.svg.text((self.left - 6.0, 15.0), Anchor::End, "in use");
        for span in uses {
            let (from, to) = (self.x(span.from), self.x(span.to));
            let look = self.versions.binary_search(&span.version);
            let class = look.map_or_else(|_| "live-use".to_owned(), |at| format!("live-use c{}", at % LOOKS));
            let width = (to - from - 1.0).max(1.5);
            self.svg.bar(&class, (from, 1.0), (width, RIBBON), &span.title);
            let number = span.version.to_string();
            let wide = text_width(&number, 11.0);
            if width >= wide + 2.0 {
                let long = format!("version {number}");
                let label = if width >= text_width(&long, 11.0) + 8.0 { &long } else { &number };
                self.svg.label((from + width / 2.0, 15.0), label);
            }
            if span.from <= self.time.0 {
                continue;
            }
            // A rollback points back.
            let (class, sign) = match span.went_back {
                true => ("live-moved back", format!("M{:.1},29l8,-5v10z", from - 4.0)),
                false => ("live-moved", format!("M{from:.1},24l5,8.5h-10z")),
            };
            self.svg.line(class, (from, RIBBON + 1.0), (from, self.strip() + STRIP));
            self.svg.shape(&format!("{class} sign"), &sign, &span.title);
        }
    }

    /// What the metric is compared with: that of the version in use, over all windows.
    fn baselines(&mut self) {
        for at in 0..self.performance.baselines.len() {
            let mut points = String::new();
            for window in &self.performance.windows {
                let value = window.in_use(self.role).and_then(|one| one.baselines.get(at).copied()?);
                let Some(value) = value.filter(|value| value.is_finite()) else { continue };
                let _ = write!(points, "{:.1},{:.1} ", self.middle(window), self.y(value));
            }
            if !points.is_empty() {
                self.svg.polyline(&format!("live-baseline b{}", at % 3), points.trim_end());
            }
        }
    }

    /// A curve for each version in each role, which is interrupted where windows lack it.
    fn curves(&mut self) {
        let mut curves: BTreeMap<(bool, &AliasName, VersionNumber), Vec<PointOfCurve<'_>>> = BTreeMap::new();
        for (at, window) in self.performance.windows.iter().enumerate() {
            for measure in &window.measures {
                let Some(value) = measure.value.filter(|value| value.is_finite()) else { continue };
                let is_in_use = measure.role == *self.role;
                let curve = curves.entry((is_in_use, &measure.role, measure.version)).or_default();
                curve.push((at, value, measure));
            }
        }
        // What is in use comes last, above the others.
        for ((is_in_use, _, version), points) in curves {
            let look = self.look(version);
            let (class, marker) = match is_in_use {
                true => ("plot-line", Marker::Full),
                false => ("plot-line live-beside", Marker::Hollow),
            };
            for run in points.chunk_by(|left, right| left.0 + 1 == right.0) {
                // What leads to an open window is pale, as its point is.
                let finals = run.iter().take_while(|(at, ..)| self.performance.windows[*at].is_final).count();
                let (known, unfinished) = (&run[..finals], &run[finals.saturating_sub(1)..]);
                for (part, state) in [(known, ""), (unfinished, " open")] {
                    let mut line = String::new();
                    for (at, value, _) in part {
                        let x = self.middle(&self.performance.windows[*at]);
                        let _ = write!(line, "{x:.1},{:.1} ", self.y(*value));
                    }
                    if part.len() > 1 {
                        self.svg.polyline(&format!("{class} c{}{state}", look % LOOKS), line.trim_end());
                    }
                }
            }
            // Points that lie close to each other are smaller.
            let apart = (self.right - self.left) / self.performance.windows.len() as f64;
            let scale = (apart / 9.0).clamp(0.6, 1.0);
            for (at, value, measure) in &points {
                let window = &self.performance.windows[*at];
                let place = (self.middle(window), self.y(*value));
                let class = if window.is_final { "" } else { " open" };
                let title = self.words(window, measure);
                self.svg.marker((look, marker), class, (place, scale), &title);
            }
        }
    }

    /// How many predictions of each window have ground truth.
    fn coverage(&mut self) {
        let top = self.strip();
        self.svg.text((self.left - 6.0, top + STRIP / 2.0 + 4.0), Anchor::End, "coverage");
        for window in &self.performance.windows {
            let Some(measure) = window.in_use(self.role) else { continue };
            let (from, to) = self.edges(window);
            let gap = ((to - from) * 0.15).min(1.5);
            let (x, width) = (from + gap / 2.0, to - from - gap);
            let class = if window.is_final { "live-coverage" } else { "live-coverage open" };
            self.svg.bar("live-track", (x, top), (width, STRIP), "");
            let height = STRIP * measure.coverage();
            self.svg.bar(class, (x, top + STRIP - height), (width, height), &self.words(window, measure));
        }
    }

    /// A measure in words: `2026-03-01: version 4, MAE 2.1, 95 of 100 predictions have ground truth`.
    fn words(&self, window: &LiveWindow, measure: &LiveMeasure) -> String {
        let role = if measure.role == *self.role { String::new() } else { format!(" ({})", measure.role) };
        let value = measure.value.map_or_else(|| "none".to_owned(), short_number);
        let state = if window.is_final { "" } else { ", unfinished" };
        format!(
            "{}: version {}{role}, {} {value}, {} of {} predictions have ground truth{state}",
            window.label(),
            measure.version,
            self.performance.metric,
            measure.matched,
            measure.predictions
        )
    }

    fn legend(&mut self) {
        let (mut x, mut y) = (8.0, self.svg.height + 14.0);
        let mut place = |name: &str, right: f64| {
            let wide = text_width(name, 11.0) + 42.0;
            if x + wide > right && x > 8.0 {
                (x, y) = (8.0, y + 18.0);
            }
            let at = (x, y);
            x += wide;
            at
        };
        let right = self.right + RIGHT;
        for (number, version) in self.versions.iter().copied().enumerate().rev().take(NAMED) {
            let name = format!("version {version}");
            let (x, y) = place(&name, right);
            self.svg.line(&format!("plot-line c{}", number % LOOKS), (x, y - 4.0), (x + 22.0, y - 4.0));
            self.svg.marker((number, Marker::Full), "", ((x + 11.0, y - 4.0), 1.0), "");
            self.svg.text((x + 28.0, y), Anchor::Start, &name);
        }
        let beside: BTreeSet<&AliasName> =
            self.performance.measures().map(|(_, measure)| &measure.role).collect();
        for role in beside.into_iter().filter(|role| *role != self.role).take(NAMED) {
            let name = format!("as {role}");
            let (x, y) = place(&name, right);
            self.svg.line("plot-line live-beside live-role", (x, y - 4.0), (x + 22.0, y - 4.0));
            self.svg.text((x + 28.0, y), Anchor::Start, &name);
        }
        for (at, name) in self.performance.baselines.iter().enumerate() {
            let (x, y) = place(name, right);
            self.svg.line(&format!("live-baseline b{}", at % 3), (x, y - 4.0), (x + 22.0, y - 4.0));
            self.svg.text((x + 28.0, y), Anchor::Start, name);
        }
        if self.performance.windows.iter().any(|window| !window.is_final) {
            let (x, y) = place("unfinished", right);
            self.svg.bar("live-unfinished", (x, y - 10.0), (22.0, 12.0), "");
            self.svg.text((x + 28.0, y), Anchor::Start, "unfinished");
        }
        self.svg.height = y + 8.0;
    }
}

/// The day or the hour at which a window begins, for the axis.
fn short_date(window: &LiveWindow) -> String {
    let format = if window.lasts_days() { "%-d %b" } else { "%-d %b %H:%M" };
    window.begins().strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use millwork_core::Better;

    use super::*;

    fn measure(version: u32, role: &str, value: f64) -> LiveMeasure {
        LiveMeasure {
            version: VersionNumber::new(version).expect("a number"),
            role: role.parse().expect("a name"),
            value: Some(value),
            baselines: vec![Some(value * 2.0)],
            predictions: 10,
            matched: 9,
        }
    }

    fn window(day: i64, is_final: bool, measures: Vec<LiveMeasure>) -> LiveWindow {
        let at = |day: i64| Timestamp::from_second(day * 86_400).expect("a time");
        LiveWindow { start: at(day), end: at(day + 1), is_final, measures }
    }

    fn performance(windows: Vec<LiveWindow>) -> LivePerformance {
        LivePerformance::new("<b>", Better::Lower, vec!["<i>".to_owned()], windows)
    }

    fn span(day: i64, version: u32, went_back: bool) -> UseSpan {
        let microseconds = day * 86_400_000_000;
        UseSpan {
            from: microseconds,
            to: microseconds.saturating_add(86_400_000_000),
            version: VersionNumber::new(version).expect("a number"),
            went_back,
            title: "<script>".to_owned(),
        }
    }

    /// What every drawing has; returns it.
    #[track_caller]
    fn check(performance: &LivePerformance, uses: &[UseSpan], width: LiveWidth) -> String {
        let svg = live(performance, &AliasName::champion(), uses, width);
        assert!(svg.starts_with("<svg class=\"plot") && svg.ends_with("</svg>"), "{svg}");
        for bad in ["NaN", "inf\"", "<script", "<b>", "<i>", "style="] {
            assert!(!svg.contains(bad), "{bad:?} in {svg}");
        }
        svg
    }

    #[test]
    fn versions_marks_and_coverage_are_drawn() {
        let both = |day, is_final| {
            window(day, is_final, vec![measure(1, "champion", 2.0), measure(2, "shadow", 1.5)])
        };
        let windows = vec![both(1, true), both(2, true), window(3, false, vec![measure(2, "champion", 1.0)])];
        let uses = [span(0, 1, false), span(2, 2, false), span(3, 1, true)];
        for width in [LiveWidth::Wide, LiveWidth::Narrow] {
            let svg = check(&performance(windows.clone()), &uses, width);
            for (part, count) in [
                ("class=\"live-coverage\"", 2),
                ("class=\"live-coverage open\"", 1),
                ("class=\"live-moved sign\"", 1),
                ("class=\"live-moved back sign\"", 1),
                ("class=\"plot-line live-beside c1\" points", 1),
                (">as shadow<", 1),
                ("class=\"live-unfinished\"", 2),
                (">version 2<", 2),
            ] {
                assert_eq!(svg.matches(part).count(), count, "{part} in {svg}");
            }
        }
    }

    #[test]
    fn odd_performances_stay_inside() {
        let none = LiveMeasure { value: None, baselines: Vec::new(), ..measure(1, "champion", 0.0) };
        let nothing = performance(vec![window(1, true, vec![none.clone()])]);
        assert_eq!(live(&nothing, &AliasName::champion(), &[], LiveWidth::Wide), "");
        assert_eq!(live(&performance(Vec::new()), &AliasName::champion(), &[], LiveWidth::Wide), "");
        let odd = [f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, 1e-300, 0.0];
        let many = (1..=40).map(|version| measure(version, "champion", 1.0)).collect();
        for windows in [
            odd.iter()
                .zip(0..)
                .map(|(value, day)| window(day, true, vec![measure(1, "a", *value)]))
                .collect(),
            vec![window(0, false, vec![none, measure(1, "champion", 5.0)])],
            vec![window(-9_000, true, many), window(90_000, true, Vec::new())],
        ] {
            check(&performance(windows), &[span(i64::MAX / 100_000_000_000, 9, true)], LiveWidth::Narrow);
        }
    }
}
