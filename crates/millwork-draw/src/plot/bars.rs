//! Bars with names.

use millwork_core::asset::plot::{Plot, range, short_number};

use super::frame::WIDTH;
use super::svg::{Anchor, Svg, curve_class};
use crate::markup::text_width;

/// The height of a bar, and the room between two names.
const THICK: f64 = 12.0;
const GAP: f64 = 6.0;
/// The room for the numbers at the ends.
const NUMBER: f64 = 58.0;

pub(super) fn bars(plot: &Plot, names: &[String], series: &[(String, Vec<f64>)]) -> Option<Svg> {
    if names.is_empty() || series.is_empty() {
        return None;
    }
    let row = THICK * series.len() as f64 + GAP;
    let across = Across::new(names, series);
    let mut svg = Svg::new(WIDTH, row * names.len() as f64 + 8.0, plot.title());
    let bottom = svg.height - 2.0;
    for (at, name) in names.iter().enumerate() {
        let y = 4.0 + row * at as f64;
        let middle = y + (row - GAP) / 2.0 + 3.0;
        svg.text_within((across.names - 6.0, middle), Anchor::End, name, across.names - 10.0);
        for (number, (of, lengths)) in series.iter().enumerate() {
            let Some(length) = lengths.get(at) else { continue };
            let (y, text) = (y + THICK * number as f64, short_number(*length));
            let (from, to) = across.span(*length);
            let title = [name, of, text.as_str()].join(" ");
            svg.bar(&curve_class("plot-bar", number), (from, y), ((to - from).max(1.0), THICK - 2.0), &title);
            let (x, anchor) =
                if *length < 0.0 { (from - 4.0, Anchor::End) } else { (to + 4.0, Anchor::Start) };
            svg.text((x, y + THICK - 3.0), anchor, &text);
        }
    }
    svg.line("plot-axis", (across.zero, 2.0), (across.zero, bottom));
    label(&mut svg, plot.x_label(), across.names);
    if series.len() > 1 {
        let of: Vec<&str> = series.iter().map(|(name, _)| name.as_str()).collect();
        svg.legend(&of, "plot-key");
    }
    Some(svg)
}

/// What the bars measure.
fn label(svg: &mut Svg, label: &str, left: f64) {
    if !label.is_empty() {
        svg.height += 14.0;
        let below = svg.height - 5.0;
        svg.text_within((left, below), Anchor::Start, label, WIDTH - left - 8.0);
    }
}

/// What lies where from left to right.
struct Across {
    /// Where the names end.
    names: f64,
    /// The coordinate at which bars begin.
    zero: f64,
    low: f64,
    high: f64,
    /// The width of the longest bars, to both sides.
    room: f64,
}

impl Across {
    fn new(names: &[String], series: &[(String, Vec<f64>)]) -> Self {
        let widest = names.iter().map(|name| text_width(name, 11.0)).fold(0.0, f64::max);
        let names = (widest + 10.0).min(WIDTH * 0.45);
        let lengths = series.iter().flat_map(|(_, lengths)| lengths).copied();
        let (low, high) = range(lengths.chain([0.0]));
        let (low, high) = (low.min(0.0), high.max(0.0));
        let left = names + if low < 0.0 { NUMBER } else { 0.0 };
        let room = WIDTH - left - NUMBER;
        Self { names, zero: left + room * (-low / (high - low)), low, high, room }
    }

    /// From where to where a bar of this length goes.
    fn span(&self, length: f64) -> (f64, f64) {
        let end = self.zero + length.clamp(self.low, self.high) / (self.high - self.low) * self.room;
        (end.min(self.zero), end.max(self.zero))
    }
}
