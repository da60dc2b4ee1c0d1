//! Points.

use std::fmt::Write as _;

use millwork_core::asset::plot::{Plot, range, short_number};

use super::frame::{Axis, Frame};
use super::svg::Svg;

/// The most points that are drawn with their numbers as titles.
const MOST_TITLED: usize = 300;
/// The layers in which more points are drawn: dense places are darker, as with single points, in a tenth of the bytes.
const LAYERS: usize = 8;

pub(super) fn scatter(plot: &Plot, points: &[(f64, f64)], diagonal: bool) -> Option<Svg> {
    let both = || points.iter().flat_map(|(x, y)| [*x, *y]);
    both().next()?;
    let (x, y) = match diagonal {
        true => (range(both()), range(both())),
        false => (range(points.iter().map(|point| point.0)), range(points.iter().map(|point| point.1))),
    };
    let mut frame = Frame::new(plot, x, y, &Axis::Numbers);
    if diagonal {
        let (from, to) = (frame.place((x.0, x.0)), frame.place((x.1, x.1)));
        frame.svg.line("plot-diagonal", from, to);
    }
    if points.len() > MOST_TITLED {
        layers(&mut frame, points);
    } else {
        for point in points {
            let title = format!("{}, {}", short_number(point.0), short_number(point.1));
            let at = frame.place(*point);
            frame.svg.dot("plot-point", at, 2.5, &title);
        }
    }
    Some(frame.svg)
}

/// Points as lines without length, whose round ends are dots.
fn layers(frame: &mut Frame, points: &[(f64, f64)]) {
    for first in 0..LAYERS {
        let mut path = String::new();
        for point in points.iter().skip(first).step_by(LAYERS) {
            let (x, y) = frame.place(*point);
            let _ = write!(path, "M{x:.1} {y:.1}h0");
        }
        frame.svg.path("plot-points", &path);
    }
}
