//! Curves over a common axis.

use jiff::Timestamp;
use millwork_core::asset::plot::{Curve, Plot, range, short_number};

use super::frame::{Axis, Frame};
use super::svg::{Svg, curve_class};

/// The most points of a curve, and of all curves, that are drawn as dots with their numbers as titles.
const DOTS: (usize, usize) = (60, 200);

pub(super) fn lines(plot: &Plot, curves: &[Curve], over_time: bool) -> Option<Svg> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    points().next()?;
    let numbers = || points().map(|(x, _)| *x);
    let x = if over_time { range_of_moments(numbers()) } else { range(numbers()) };
    let y = range(points().map(|(_, y)| *y));
    let is_whole = points().all(|(x, _)| x.fract() == 0.0);
    let axis = match (over_time, is_whole) {
        (true, _) => Axis::Moments,
        (false, true) => Axis::WholeNumbers,
        (false, false) => Axis::Numbers,
    };
    let mut frame = Frame::new(plot, x, y, &axis);
    let are_dots = points().count() <= DOTS.1;
    for (number, curve) in curves.iter().enumerate() {
        frame.path(number, &curve.points);
        let last = curve.points.len().saturating_sub(1);
        for (place, point) in curve.points.iter().enumerate() {
            if place == last || (are_dots && last < DOTS.0) {
                let radius = if place == last { 3.5 } else { 2.5 };
                let (at, title) = (frame.place(*point), point_title(plot, &curve.name, *point, over_time));
                frame.svg.dot(&curve_class("plot-dot", number), at, radius, &title);
            }
        }
    }
    if curves.len() > 1 {
        let names: Vec<&str> = curves.iter().map(|curve| curve.name.as_str()).collect();
        frame.svg.legend(&names, "plot-line");
    }
    Some(frame.svg)
}

/// The range of some moments in microseconds, a second wide at least: nearly equal numbers would be spread by a part of themselves, which is
/// years.
fn range_of_moments(moments: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    const SECOND: f64 = 1e6;
    let low = moments.clone().fold(f64::INFINITY, f64::min);
    let high = moments.clone().fold(f64::NEG_INFINITY, f64::max);
    let span = high - low;
    if (0.0..SECOND).contains(&span) && low.abs() < 1e18 {
        let middle = low + span / 2.0;
        return (middle - SECOND / 2.0, middle + SECOND / 2.0);
    }
    range(moments)
}

/// A point in words: `loss 0.5 at round 3`.
fn point_title(plot: &Plot, name: &str, (x, y): (f64, f64), over_time: bool) -> String {
    let moment = Timestamp::from_microsecond(x as i64).ok().filter(|_| over_time);
    let where_at = moment.map_or_else(
        || format!("{} {}", plot.x_label(), short_number(x)),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    );
    format!("{name} {} at {}", short_number(y), where_at.trim_start())
}

#[cfg(test)]
mod tests {
    use super::range_of_moments;

    #[test]
    fn moments_that_are_near_are_a_second_apart() {
        let at = 1_780_000_000_000_000.0;
        assert_eq!(range_of_moments([at, at + 80.0].into_iter()), (at + 40.0 - 5e5, at + 40.0 + 5e5));
        assert_eq!(range_of_moments([at].into_iter()), (at - 5e5, at + 5e5));
        assert_eq!(range_of_moments([at + 2e6, at].into_iter()), (at, at + 2e6));
    }
}
