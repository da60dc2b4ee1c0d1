//! Axes with round numbers, and what lies between them.

use std::fmt::Write as _;

use millwork_core::asset::plot::{Plot, short_number};

use super::svg::{Anchor, Svg, curve_class};
use super::ticks::ticks;
use crate::markup::text_width;

pub(super) const WIDTH: f64 = 380.0;
/// The height of the area, with a little room above it.
const AREA: f64 = 168.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 14.0;
/// The height of a line of text.
const LINE: f64 = 14.0;

/// The area of a plot, with its axes drawn.
pub(super) struct Frame {
    pub(super) svg: Svg,
    x: (f64, f64),
    y: (f64, f64),
    left: f64,
    top: f64,
    bottom: f64,
}

/// How an axis is labelled.
pub(super) enum Axis {
    /// With round numbers.
    Numbers,
    /// With round numbers that are whole: of rounds or versions.
    WholeNumbers,
    /// With the first and the last moment, in microseconds.
    Moments,
}

impl Frame {
    /// Axes wide enough for these ranges, with the plot's labels.
    pub(super) fn new(plot: &Plot, x: (f64, f64), y: (f64, f64), axis: &Axis) -> Self {
        let y_ticks = ticks(y.0, y.1, 4);
        let widest = y_ticks.iter().map(|tick| text_width(&short_number(*tick), 11.0)).fold(0.0, f64::max);
        let left = (widest + 12.0).min(90.0);
        let above = if plot.y_label().is_empty() { 0.0 } else { LINE };
        let below = 22.0 + if plot.x_label().is_empty() { 0.0 } else { LINE };
        let svg = Svg::new(WIDTH, above + AREA + below, plot.title());
        let (top, bottom) = (above + TOP, above + AREA);
        let mut frame = Self { svg, x, y: (y_ticks[0], y_ticks[y_ticks.len() - 1]), left, top, bottom };
        frame.y_axis(&y_ticks, plot.y_label());
        frame.x_axis(axis, plot.x_label());
        frame
    }

    fn y_axis(&mut self, ticks: &[f64], label: &str) {
        for tick in ticks {
            let (_, at) = self.place((self.x.0, *tick));
            self.svg.line("plot-grid", (self.left, at), (WIDTH - RIGHT, at));
            self.svg.text((self.left - 6.0, at + 4.0), Anchor::End, &short_number(*tick));
        }
        self.svg.text_within((4.0, 12.0), Anchor::Start, label, WIDTH - RIGHT);
    }

    fn x_axis(&mut self, axis: &Axis, label: &str) {
        let (at, (low, high)) = (self.bottom + 15.0, self.x);
        match axis {
            Axis::Numbers | Axis::WholeNumbers => {
                let margin = (high - low) * 1e-9;
                let is_shown = |tick: &f64| match axis {
                    Axis::WholeNumbers => (tick - tick.round()).abs() < 1e-6,
                    Axis::Numbers | Axis::Moments => true,
                };
                let inside = |tick: &f64| (low - margin..=high + margin).contains(tick) && is_shown(tick);
                for tick in ticks(low, high, 5).into_iter().filter(inside) {
                    let (x, _) = self.place((tick, self.y.0));
                    self.svg.line("plot-axis", (x, self.bottom), (x, self.bottom + 3.0));
                    self.svg.text((x, at), Anchor::Middle, &short_number(tick));
                }
            }
            Axis::Moments => {
                self.svg.moment((self.left, at), Anchor::Start, low);
                self.svg.moment((WIDTH - RIGHT, at), Anchor::End, high);
            }
        }
        self.svg.line("plot-axis", (self.left, self.bottom), (WIDTH - RIGHT, self.bottom));
        let middle = (self.left + WIDTH - RIGHT) / 2.0;
        self.svg.text_within((middle, at + LINE), Anchor::Middle, label, WIDTH - RIGHT - self.left);
    }

    /// Where a point lies. What is too large for the axes lies at their ends.
    pub(super) fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let across = ((x - self.x.0) / (self.x.1 - self.x.0)).clamp(0.0, 1.0);
        let up = ((y - self.y.0) / (self.y.1 - self.y.0)).clamp(0.0, 1.0);
        (self.left + across * (WIDTH - RIGHT - self.left), self.bottom - up * (self.bottom - self.top))
    }

    /// A line through points, in the look of the curve with this number.
    pub(super) fn path(&mut self, number: usize, points: &[(f64, f64)]) {
        let mut path = String::new();
        for point in points {
            let (x, y) = self.place(*point);
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        self.svg.polyline(&curve_class("plot-line", number), path.trim_end());
    }
}
