//! Bars with names.

use super::frame::WIDTH;
use super::kind::Plot;
use super::lines::nothing;
use super::numbers::short_number;
use super::svg::{Anchor, Svg};
use crate::markup::{shortened, text_width};

/// The height of a bar, and the room between two names.
const THICK: f64 = 12.0;
const GAP: f64 = 6.0;
/// The room for the numbers at the ends.
const NUMBER: f64 = 58.0;

pub(super) fn bars(plot: &Plot, names: &[String], series: &[(String, Vec<f64>)]) -> Svg {
    if names.is_empty() || series.is_empty() {
        return nothing(&plot.title);
    }
    let row = THICK * series.len() as f64 + GAP;
    let widest = names.iter().map(|name| text_width(name, 11.0)).fold(0.0, f64::max);
    let names_end = (widest + 10.0).min(WIDTH * 0.45);
    let mut svg = Svg::new(WIDTH, row * names.len() as f64 + 8.0, &plot.title);
    let lengths = || series.iter().flat_map(|(_, lengths)| lengths).copied();
    let (low, high) = (lengths().fold(0.0, f64::min), lengths().fold(0.0, f64::max));
    let room = WIDTH - names_end - NUMBER - if low < 0.0 { NUMBER } else { 0.0 };
    let scale = if high > low { room / (high - low) } else { 0.0 };
    let zero = names_end + if low < 0.0 { NUMBER } else { 0.0 } - low * scale;
    for (at, name) in names.iter().enumerate() {
        let y = 4.0 + row * at as f64;
        let middle = y + (row - GAP) / 2.0 + 4.0;
        svg.text((names_end - 6.0, middle), Anchor::End, &shortened(name, names_end - 10.0, 11.0));
        for (number, (of, lengths)) in series.iter().enumerate() {
            let (length, y) = (lengths[at], y + THICK * number as f64);
            let title = format!("{name} {of} {}", short_number(length));
            let (x, width) =
                if length < 0.0 { (zero + length * scale, -length * scale) } else { (zero, length * scale) };
            svg.bar(&format!("plot-bar c{}", number % 6), (x, y), (width.max(1.0), THICK - 2.0), &title);
            let (x, anchor) =
                if length < 0.0 { (x - 4.0, Anchor::End) } else { (x + width + 4.0, Anchor::Start) };
            svg.text((x, y + THICK - 3.0), anchor, &short_number(length));
        }
    }
    svg.line("plot-axis", (zero, 2.0), (zero, svg.height - 2.0));
    let of: Vec<&str> = series.iter().map(|(name, _)| name.as_str()).collect();
    if of.len() > 1 {
        svg.legend(&of, "plot-key");
    }
    svg
}
