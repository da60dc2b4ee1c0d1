//! Cells in rows, darker where the number is larger.

use millwork_core::asset::plot::{Plot, range, short_number};

use super::frame::WIDTH;
use super::svg::{Anchor, SHADES, Svg};
use crate::markup::text_width;

const SIDE: f64 = 8.0;
/// The smallest and the largest cell, with the gap to the next.
const CELL: (f64, f64) = (12.0, 34.0);
/// What the cells fill, if they can.
const AREA: f64 = (WIDTH - 2.0 * SIDE) * 110.0;

pub(super) fn heat_strip(plot: &Plot, cells: &[(String, Option<f64>)]) -> Option<Svg> {
    let numbers = || cells.iter().filter_map(|(_, number)| *number);
    numbers().next()?;
    let (low, high) = range(numbers());
    let fitting = (AREA / cells.len() as f64).sqrt().clamp(CELL.0, CELL.1);
    let columns = ((WIDTH - 2.0 * SIDE) / fitting).floor() as usize;
    let cell = (WIDTH - 2.0 * SIDE) / columns as f64;
    let rows = cells.len().div_ceil(columns);
    let widest = numbers().map(|number| text_width(&short_number(number), 11.0)).fold(0.0, f64::max);
    let mut svg = Svg::new(WIDTH, 4.0 + cell * rows as f64 + 20.0, plot.title());
    for (index, (name, number)) in cells.iter().enumerate() {
        let x = SIDE + cell * (index % columns) as f64;
        let y = 4.0 + cell * (index / columns) as f64;
        let (at, size) = ((x + 1.0, y + 1.0), (cell - 2.0, cell - 2.0));
        let Some(number) = number else {
            svg.bar("plot-gap", at, size, &format!("{name}: no number"));
            continue;
        };
        let (shade, text) = (shade(*number, low, high), short_number(*number));
        svg.bar(&format!("plot-cell s{shade}"), at, size, &format!("{name}: {text}"));
        if widest < cell - 4.0 {
            svg.text_on_shade((x + cell / 2.0, y + cell / 2.0 + 4.0), shade, &text);
        }
    }
    if let [(first, _), .., (last, _)] = cells {
        let below = (SIDE, svg.height - 5.0);
        svg.text_within(below, Anchor::Start, &format!("{first} to {last}"), WIDTH - 2.0 * SIDE);
    }
    scale(&mut svg, plot.x_label(), numbers());
    Some(svg)
}

/// A shade from 1 on, so that the lowest number differs from none.
fn shade(number: f64, low: f64, high: f64) -> u64 {
    1 + (((number - low) / (high - low)).clamp(0.0, 1.0) * (SHADES - 1) as f64).round() as u64
}

/// Which shade stands for how much.
fn scale(svg: &mut Svg, label: &str, numbers: impl Iterator<Item = f64>) {
    let (low, high) =
        numbers.fold((f64::MAX, f64::MIN), |(low, high), number| (low.min(number), high.max(number)));
    if low == high {
        return;
    }
    let (low, high, y) = (short_number(low), short_number(high), svg.height + 12.0);
    let mut x = SIDE + text_width(&low, 11.0) + 4.0;
    svg.text((SIDE, y), Anchor::Start, &low);
    for shade in 1..=SHADES {
        svg.bar(&format!("plot-cell s{shade}"), (x, y - 9.0), (10.0, 10.0), "");
        x += 11.0;
    }
    svg.text((x + 4.0, y), Anchor::Start, &high);
    let right = x + 12.0 + text_width(&high, 11.0);
    svg.text_within((right, y), Anchor::Start, label, WIDTH - right - SIDE);
    svg.height += 18.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_numbers_are_darker() {
        for (number, expected) in [(0.0, 1), (0.5, 6), (1.0, 10)] {
            assert_eq!(shade(number, 0.0, 1.0), expected);
        }
    }
}
