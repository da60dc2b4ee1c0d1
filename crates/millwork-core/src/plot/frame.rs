//! Axes with round numbers, and what lies between them.

use std::fmt::Write as _;

use super::numbers::{short_number, ticks};
use super::svg::{Anchor, Svg};
use crate::markup::text_width;

pub(super) const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 190.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;

/// The area of a plot, with its axes drawn.
pub(super) struct Frame {
    pub(super) svg: Svg,
    x: (f64, f64),
    y: (f64, f64),
    left: f64,
    bottom: f64,
}

/// How an axis is labelled.
pub(super) enum Axis {
    /// With round numbers.
    Numbers,
    /// With the first and the last moment, in microseconds.
    Moments,
}

impl Frame {
    /// Axes wide enough for these ranges.
    pub(super) fn new(
        title: &str,
        labels: (&str, &str),
        (x_low, x_high): (f64, f64),
        (y_low, y_high): (f64, f64),
        axis: &Axis,
    ) -> Self {
        let y_ticks = ticks(y_low, y_high, 4);
        let y = (y_ticks[0], y_ticks[y_ticks.len() - 1]);
        let widest = y_ticks.iter().map(|tick| text_width(&short_number(*tick), 11.0)).fold(0.0, f64::max);
        let left = (widest + 12.0).min(90.0);
        let has_words = !labels.0.is_empty() || !labels.1.is_empty();
        let (above, below) =
            (if labels.1.is_empty() { 0.0 } else { 14.0 }, if has_words { 34.0 } else { 22.0 });
        let mut svg = Svg::new(WIDTH, HEIGHT + above + if has_words { 12.0 } else { 0.0 }, title);
        let bottom = svg.height - below;
        let mut frame = Self { svg, x: (x_low, x_high), y, left, bottom };
        frame.svg.top = TOP + above;
        for tick in &y_ticks {
            let (_, at) = frame.place((x_low, *tick));
            frame.svg.line("plot-grid", (left, at), (WIDTH - RIGHT, at));
            frame.svg.text((left - 6.0, at + 4.0), Anchor::End, &short_number(*tick));
        }
        if !labels.1.is_empty() {
            frame.svg.text((4.0, 12.0), Anchor::Start, labels.1);
        }
        svg = frame.svg;
        frame = Self { svg, ..frame };
        frame.x_axis(axis);
        if !labels.0.is_empty() {
            let middle = (left + WIDTH - RIGHT) / 2.0;
            let height = frame.svg.height;
            frame.svg.text((middle, height - 4.0), Anchor::Middle, labels.0);
        }
        frame
    }

    fn x_axis(&mut self, axis: &Axis) {
        let at = self.bottom + 15.0;
        match axis {
            Axis::Numbers => {
                let (low, high) = self.x;
                let inside = |tick: &f64| *tick >= low - 1e-9 && *tick <= high + (high - low) * 1e-9;
                for tick in ticks(low, high, 5).into_iter().filter(inside) {
                    let (x, _) = self.place((tick, self.y.0));
                    self.svg.line("plot-axis", (x, self.bottom), (x, self.bottom + 3.0));
                    self.svg.text((x, at), Anchor::Middle, &short_number(tick));
                }
            }
            Axis::Moments => {
                let (first, last) = self.x;
                self.svg.moment((self.left, at), Anchor::Start, first);
                self.svg.moment((WIDTH - RIGHT, at), Anchor::End, last);
            }
        }
        let (left, bottom) = (self.left, self.bottom);
        self.svg.line("plot-axis", (left, bottom), (WIDTH - RIGHT, bottom));
    }

    /// Where a point lies.
    pub(super) fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let across = (x - self.x.0) / (self.x.1 - self.x.0);
        let up = (y - self.y.0) / (self.y.1 - self.y.0);
        (self.left + across * (WIDTH - RIGHT - self.left), self.bottom - up * (self.bottom - self.svg.top))
    }

    /// A line through points, in the look of the curve with this number.
    pub(super) fn path(&mut self, number: usize, points: &[(f64, f64)]) {
        let mut path = String::new();
        for point in points {
            let (x, y) = self.place(*point);
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        self.svg.polyline(&format!("plot-line c{}", number % 6), path.trim_end());
    }
}
