//! Histograms of values.

use millwork_core::asset::plot::{Plot, short_number};

use super::frame::{Axis, Frame};
use super::svg::Svg;

pub(super) fn histogram(plot: &Plot, (from, to): (f64, f64), counts: &[u64]) -> Option<Svg> {
    let most = counts.iter().copied().max().filter(|most| *most > 0 && from < to)?;
    let mut frame = Frame::new(plot, (from, to), (0.0, most as f64), &Axis::Numbers);
    let step = (to - from) / counts.len() as f64;
    for (at, count) in counts.iter().enumerate() {
        let (low, high) = (from + step * at as f64, from + step * (at + 1) as f64);
        let ((x, top), (end, bottom)) = (frame.place((low, *count as f64)), frame.place((high, 0.0)));
        let gap = ((end - x) * 0.1).min(1.0);
        let title = format!("{count} from {} to {}", short_number(low), short_number(high));
        frame.svg.bar("plot-bar c0", (x + gap / 2.0, top), (end - x - gap, bottom - top), &title);
    }
    Some(frame.svg)
}
