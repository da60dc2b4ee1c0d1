//! Points.

use super::frame::{Axis, Frame};
use super::kind::Plot;
use super::lines::nothing;
use super::numbers::{range, short_number};
use super::svg::Svg;

/// Up to so many points say their numbers.
const TOLD: usize = 300;

pub(super) fn scatter(plot: &Plot, points: &[(f64, f64)], diagonal: bool) -> Svg {
    if points.is_empty() {
        return nothing(&plot.title);
    }
    let both = || points.iter().flat_map(|(x, y)| [*x, *y]);
    let (x, y) = match diagonal {
        true => (range(both()), range(both())),
        false => (range(points.iter().map(|point| point.0)), range(points.iter().map(|point| point.1))),
    };
    let mut frame = Frame::new(&plot.title, plot.axis_labels(), x, y, &Axis::Numbers);
    if diagonal {
        let (from, to) = (frame.place((x.0, x.0)), frame.place((x.1, x.1)));
        frame.svg.line("plot-diagonal", from, to);
    }
    for point in points {
        let title = if points.len() > TOLD {
            String::new()
        } else {
            format!("{}, {}", short_number(point.0), short_number(point.1))
        };
        let at = frame.place(*point);
        frame.svg.dot("plot-point", at, 2.5, &title);
    }
    frame.svg
}
