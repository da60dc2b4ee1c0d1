//! Curves, bars, points, counts: how a plot is drawn.

use jiff::Timestamp;

use super::frame::{Axis, Frame, WIDTH};
use super::kind::{Curve, Plot, PlotKind};
use super::numbers::{range, short_number};
use super::svg::{Anchor, Svg};
use super::{bars, confusion, histogram, scatter};

/// Up to so many points of a curve are dots of their own.
const DOTS: usize = 60;

impl Plot {
    /// The drawing, an `svg` element.
    pub fn to_svg(&self) -> String {
        let svg = match &self.kind {
            PlotKind::Lines { curves, over_time } => lines(self, curves, *over_time),
            PlotKind::Bars { names, series } => bars::bars(self, names, series),
            PlotKind::Scatter { points, diagonal } => scatter::scatter(self, points, *diagonal),
            PlotKind::Histogram { from, to, counts } => histogram::histogram(self, (*from, *to), counts),
            PlotKind::Confusion { labels, counts } => confusion::confusion(self, labels, counts),
        };
        svg.finish()
    }

    pub(super) fn axis_labels(&self) -> (&str, &str) {
        (&self.x_label, &self.y_label)
    }
}

/// What is drawn where there is nothing to draw.
pub(super) fn nothing(title: &str) -> Svg {
    let mut svg = Svg::new(WIDTH, 60.0, title);
    svg.text((WIDTH / 2.0, 34.0), Anchor::Middle, "no data");
    svg
}

fn lines(plot: &Plot, curves: &[Curve], over_time: bool) -> Svg {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    if points().next().is_none() {
        return nothing(&plot.title);
    }
    let x = range(points().map(|(x, _)| *x));
    let y = range(points().map(|(_, y)| *y));
    let axis = if over_time { Axis::Moments } else { Axis::Numbers };
    let mut frame = Frame::new(&plot.title, plot.axis_labels(), x, y, &axis);
    for (number, curve) in curves.iter().enumerate() {
        frame.path(number, &curve.points);
        let last = curve.points.len().saturating_sub(1);
        for (place, (x, y)) in curve.points.iter().enumerate() {
            if curve.points.len() > DOTS && place != last {
                continue;
            }
            let at = frame.place((*x, *y));
            let moment = Timestamp::from_microsecond(*x as i64).ok().filter(|_| over_time);
            let where_at = moment
                .map_or_else(|| short_number(*x), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
            let title = format!("{} {} at {where_at}", curve.name, short_number(*y));
            let radius = if place == last { 3.5 } else { 2.5 };
            frame.svg.dot(&format!("plot-dot c{}", number % 6), at, radius, &title);
        }
    }
    let names: Vec<&str> = curves.iter().map(|curve| curve.name.as_str()).collect();
    if names.len() > 1 {
        frame.svg.legend(&names, "plot-line");
    }
    frame.svg
}
