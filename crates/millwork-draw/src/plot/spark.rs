//! Sparklines: the course of a number, as small as a word.

use std::fmt::Write as _;

use millwork_core::asset::plot::{range, short_number};

use super::svg::Svg;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// A line without axes. Empty where there are fewer than two finite values.
pub fn sparkline(values: &[f64]) -> Option<String> {
    let values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let ([first, .., last], (low, high)) = (values.as_slice(), range(values.iter().copied())) else {
        return None;
    };
    let title =
        format!("from {} to {} over {} values", short_number(*first), short_number(*last), values.len());
    let mut svg = Svg::new(WIDTH, HEIGHT, &title);
    let step = (WIDTH - 8.0) / (values.len() - 1) as f64;
    let place = |at: usize| {
        (4.0 + at as f64 * step, HEIGHT - 4.0 - (values[at] - low) / (high - low) * (HEIGHT - 8.0))
    };
    let mut points = String::new();
    for at in 0..values.len() {
        let (x, y) = place(at);
        let _ = write!(points, "{x:.1},{y:.1} ");
    }
    svg.polyline("plot-line c0", points.trim_end());
    svg.dot("plot-dot c0", place(values.len() - 1), 3.0, "");
    Some(svg.finish())
}
