//! How values are distributed.

use super::frame::{Axis, Frame};
use super::kind::Plot;
use super::lines::nothing;
use super::numbers::short_number;
use super::svg::Svg;

pub(super) fn histogram(plot: &Plot, (from, to): (f64, f64), counts: &[u64]) -> Svg {
    let most = counts.iter().copied().max().unwrap_or(0);
    if most == 0 || !from.is_finite() || !to.is_finite() || to <= from {
        return nothing(&plot.title);
    }
    let mut frame =
        Frame::new(&plot.title, plot.axis_labels(), (from, to), (0.0, most as f64), &Axis::Numbers);
    let step = (to - from) / counts.len() as f64;
    for (at, count) in counts.iter().enumerate() {
        let (low, high) = (from + step * at as f64, from + step * (at + 1) as f64);
        let ((x, top), (end, bottom)) = (frame.place((low, *count as f64)), frame.place((high, 0.0)));
        let title = format!("{count} from {} to {}", short_number(low), short_number(high));
        frame.svg.bar("plot-bar c0", (x + 0.5, top), (end - x - 1.0, bottom - top), &title);
    }
    frame.svg
}
