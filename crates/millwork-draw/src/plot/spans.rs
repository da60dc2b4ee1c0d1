//! Rows of spans: what held from when to when, such as the version that an alias pointed at.

use super::svg::{Anchor, Svg};
use crate::markup::text_width;

const WIDTH: f64 = 980.0;
const ROW: f64 = 28.0;
/// The widest column of names.
const NAMES: f64 = 200.0;
/// The least width of a span, so that its label fits.
const NARROWEST: f64 = 26.0;
/// The room that a moment takes below the rows.
const MOMENT: f64 = 110.0;

/// A row: a name, and what held when.
#[derive(Clone, Debug)]
pub struct SpanRow {
    /// The name of the row.
    pub name: String,
    /// What held, in the order of time.
    pub spans: Vec<Span>,
}

/// A time in which one thing held.
#[derive(Clone, Debug)]
pub struct Span {
    /// When it began, in microseconds since 1970.
    pub from: i64,
    /// When it ended, in microseconds since 1970.
    pub to: i64,
    /// What held, in a few characters.
    pub label: String,
    /// Its tooltip.
    pub title: String,
    /// Whether it holds until now.
    pub is_open: bool,
}

/// Rows over the time that their spans cover. The order in time is exact, the lengths aren't: a short time is as wide as a label needs, and
/// longer ones share what is left. Empty where there are no spans.
pub fn spans(title: &str, rows: &[SpanRow]) -> String {
    let all = || rows.iter().flat_map(|row| &row.spans);
    let mut moments: Vec<i64> = all().flat_map(|span| [span.from, span.to]).collect();
    moments.sort_unstable();
    moments.dedup();
    let Some(last) = moments.len().checked_sub(1) else { return String::new() };
    let widest = rows.iter().map(|row| text_width(&row.name, 11.0)).fold(40.0, f64::max);
    let names = (widest + 14.0).min(NAMES);
    let places = places(&moments, names, WIDTH - 12.0 - names);
    let place = |moment: i64| moments.binary_search(&moment).map_or(names, |at| places[at]);
    let mut svg = Svg::new(WIDTH, ROW * rows.len() as f64 + 26.0, title);
    let bottom = ROW * rows.len() as f64 + 4.0;
    for (at, row) in rows.iter().enumerate() {
        let y = 2.0 + ROW * at as f64;
        svg.text_within((names - 8.0, y + 16.0), Anchor::End, &row.name, names - 14.0);
        for span in &row.spans {
            let (x, end) = (place(span.from), place(span.to));
            let class = if span.is_open { "plot-span open" } else { "plot-span" };
            let width = (end - x - 1.0).max(2.0);
            svg.bar(class, (x, y), (width, ROW - 6.0), &format!("{}: {}", row.name, span.title));
            svg.text_within((x + width / 2.0, y + 15.0), Anchor::Middle, &span.label, width - 2.0);
        }
    }
    svg.line("plot-axis", (names, bottom), (WIDTH - 12.0, bottom));
    let mut free = f64::NEG_INFINITY;
    for (moment, x) in moments.iter().zip(&places).take(last.max(1)) {
        if *x >= free && (*x + 2.0 * MOMENT <= WIDTH || *x == names) {
            svg.line("plot-axis", (*x, bottom), (*x, bottom + 4.0));
            svg.moment((*x, bottom + 16.0), Anchor::Start, *moment as f64);
            free = x + MOMENT;
        }
    }
    if last > 0 {
        svg.moment((WIDTH - 12.0, bottom + 16.0), Anchor::End, moments[last] as f64);
    }
    svg.finish()
}

/// The place of each moment: every time between two of them has the least width, or an equal part if that doesn't fit, and a part of the
/// rest by its length.
fn places(moments: &[i64], from: f64, room: f64) -> Vec<f64> {
    let count = (moments.len().max(2) - 1) as f64;
    let least = NARROWEST.min(room / count);
    let span = (moments[moments.len() - 1] - moments[0]).max(1) as f64;
    let rest = room - least * count;
    let place =
        |(at, moment): (usize, &i64)| from + least * at as f64 + (moment - moments[0]) as f64 / span * rest;
    moments.iter().enumerate().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, spans: &[(i64, i64)]) -> SpanRow {
        let span = |(from, to): &(i64, i64)| Span {
            from: *from,
            to: *to,
            label: from.to_string(),
            title: "<b>".to_owned(),
            is_open: false,
        };
        SpanRow { name: name.to_owned(), spans: spans.iter().map(span).collect() }
    }

    #[test]
    fn short_times_have_room_and_the_order_is_that_of_time() {
        let places = places(&[0, 1, 2, 1_000_000], 0.0, 500.0);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= NARROWEST), "{places:?}");
        assert!((places[3] - 500.0).abs() < 1e-6);
        let many: Vec<i64> = (0..1_000).collect();
        let many = super::places(&many, 0.0, 500.0);
        assert!(many.windows(2).all(|pair| pair[0] < pair[1]) && many[999] <= 500.1);
    }

    #[test]
    fn odd_rows_stay_inside() {
        assert_eq!(spans("none", &[row("a", &[])]), "");
        for rows in
            [vec![row("<script>", &[(5, 5)])], vec![row("a", &[(0, 9)]), row("b", &[(3, 3), (3, i64::MAX)])]]
        {
            let svg = spans("\"<&", &rows);
            assert!(!svg.contains("<script>") && !svg.contains("<b>") && !svg.contains("NaN"), "{svg}");
        }
    }
}
