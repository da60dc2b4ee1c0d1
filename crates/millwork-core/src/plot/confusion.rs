//! How often each class was taken for each.

use super::frame::WIDTH;
use super::kind::Plot;
use super::lines::nothing;
use super::svg::{Anchor, Svg};
use crate::markup::{shortened, text_width};

/// The largest cell.
const CELL: f64 = 46.0;

pub(super) fn confusion(plot: &Plot, labels: &[String], counts: &[Vec<u64>]) -> Svg {
    if labels.is_empty() {
        return nothing(&plot.title);
    }
    let widest = labels.iter().map(|label| text_width(label, 11.0)).fold(24.0, f64::max);
    let left = (widest + 12.0).min(110.0);
    let cell = ((WIDTH - left - 8.0) / labels.len() as f64).min(CELL);
    let mut svg = Svg::new(WIDTH, 36.0 + cell * labels.len() as f64 + 8.0, &plot.title);
    svg.text((left, 12.0), Anchor::Start, &format!("{} →", plot.x_label));
    svg.text((left - 6.0, 12.0), Anchor::End, &format!("{} ↓", plot.y_label));
    for (column, label) in labels.iter().enumerate() {
        let x = left + cell * (column as f64 + 0.5);
        svg.text((x, 28.0), Anchor::Middle, &shortened(label, cell - 2.0, 11.0));
    }
    for (row, (label, counts)) in labels.iter().zip(counts).enumerate() {
        let y = 34.0 + cell * row as f64;
        svg.text((left - 6.0, y + cell / 2.0 + 4.0), Anchor::End, &shortened(label, left - 10.0, 11.0));
        let all = counts.iter().sum::<u64>().max(1);
        for (column, count) in counts.iter().enumerate() {
            let x = left + cell * column as f64;
            // A tenth of its row is the least that makes a difference to the eye.
            let shade = (count * 10).div_ceil(all).min(10);
            let title = format!("{count} of {label}, {} {}", plot.x_label, labels[column]);
            svg.bar(&format!("plot-cell s{shade}"), (x + 1.0, y + 1.0), (cell - 2.0, cell - 2.0), &title);
            let text = count.to_string();
            if text_width(&text, 11.0) < cell - 4.0 {
                svg.number_in_cell((x + cell / 2.0, y + cell / 2.0 + 4.0), shade > 5, &text);
            }
        }
    }
    svg
}
