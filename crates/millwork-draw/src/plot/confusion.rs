//! Confusion matrices: how often each class was predicted as each.

use millwork_core::asset::plot::Plot;

use super::frame::WIDTH;
use super::svg::{Anchor, SHADES, Svg};
use crate::markup::text_width;

/// The largest cell, unless a count needs more; and the height of the lowest row.
const CELL: f64 = 46.0;
const ROW: f64 = 14.0;
/// The narrowest column with a name above it.
const NAMED: f64 = 22.0;

pub(super) fn confusion(plot: &Plot, labels: &[String], counts: &[Vec<u64>]) -> Option<Svg> {
    let widest = |texts: &mut dyn Iterator<Item = String>| {
        texts.map(|text| text_width(&text, 11.0)).fold(0.0, f64::max)
    };
    labels.first()?;
    let corner = format!("{} ↓", plot.y_label());
    let left = (widest(&mut labels.iter().chain([&corner]).cloned()) + 12.0).clamp(36.0, 110.0);
    let number = widest(&mut counts.iter().flatten().map(u64::to_string)) + 4.0;
    let width = ((WIDTH - left - 8.0) / labels.len() as f64).min(CELL.max(number + 4.0));
    let height = width.clamp(ROW, CELL);
    let mut svg = Svg::new(WIDTH, 36.0 + height * labels.len() as f64 + 8.0, plot.title());
    svg.text_within((left - 6.0, 12.0), Anchor::End, &corner, left - 10.0);
    svg.text_within((left, 12.0), Anchor::Start, &format!("{} →", plot.x_label()), WIDTH - left);
    for (column, label) in labels.iter().enumerate().filter(|_| width >= NAMED) {
        let x = left + width * (column as f64 + 0.5);
        svg.text_within((x, 28.0), Anchor::Middle, label, width - 2.0);
    }
    for (row, (label, counts)) in labels.iter().zip(counts).enumerate() {
        let middle = 34.0 + height * (row as f64 + 0.5);
        svg.text_within((left - 6.0, middle + 4.0), Anchor::End, label, left - 10.0);
        let all = counts.iter().fold(0, |all: u64, count| all.saturating_add(*count));
        for (column, (count, taken_for)) in counts.iter().zip(labels).enumerate() {
            let x = left + width * column as f64;
            let shade = shade(*count, all);
            let title = format!("{count} of {label}, {} {taken_for}", plot.x_label());
            let (at, size) = ((x + 1.0, middle - height / 2.0 + 1.0), (width - 2.0, height - 2.0));
            svg.bar(&format!("plot-cell s{shade}"), at, size, &title);
            if number < width {
                svg.text_on_shade((x + width / 2.0, middle + 4.0), shade, &count.to_string());
            }
        }
    }
    Some(svg)
}

/// The share of its row, upwards: one among many can be seen.
fn shade(count: u64, all: u64) -> u64 {
    (count as f64 / all.max(1) as f64 * SHADES as f64).ceil().min(SHADES as f64) as u64
}
