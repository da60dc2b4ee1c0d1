//! What took how long, row by row over a common time.

use super::numbers::ticks;
use super::svg::{Anchor, Svg};
use crate::markup::{shortened, text_width};

const WIDTH: f64 = 980.0;
const ROW: f64 = 20.0;
/// The widest column of names.
const NAMES: f64 = 360.0;
/// So many rows are drawn.
const MOST: usize = 200;

/// A row: a name, and what happened when.
#[derive(Clone, Debug)]
pub struct GanttRow {
    /// The name.
    pub name: String,
    /// What happened, in the order of time.
    pub segments: Vec<Segment>,
}

/// A time with one state.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The state, a class of the style sheet.
    pub state: &'static str,
    /// When it begins, in seconds.
    pub from: f64,
    /// When it ends.
    pub to: f64,
    /// What is said of it.
    pub title: String,
}

/// Rows over a common time, which begins at 0; the first 200.
pub fn gantt(title: &str, rows: &[GanttRow]) -> String {
    let shown = &rows[..rows.len().min(MOST)];
    let end = shown.iter().flat_map(|row| &row.segments).map(|segment| segment.to).fold(1e-3, f64::max);
    let widest = shown.iter().map(|row| text_width(&row.name, 12.0)).fold(40.0, f64::max);
    let names = (widest + 14.0).min(NAMES);
    let room = WIDTH - names - 40.0;
    let mut svg = Svg::new(WIDTH, ROW * shown.len() as f64 + 26.0, title);
    let bottom = svg.height - 20.0;
    for tick in ticks(0.0, end, 6).into_iter().filter(|tick| *tick <= end * 1.0001) {
        let x = names + tick / end * room;
        svg.line("plot-grid", (x, 2.0), (x, bottom));
        svg.text((x, svg.height - 5.0), Anchor::Middle, &seconds(tick));
    }
    for (at, row) in shown.iter().enumerate() {
        let y = 2.0 + ROW * at as f64;
        svg.text((names - 8.0, y + 14.0), Anchor::End, &shortened(&row.name, names - 14.0, 12.0));
        for segment in &row.segments {
            let width = ((segment.to - segment.from) / end * room).max(2.0);
            let (x, class) = (names + segment.from / end * room, format!("bar-{}", segment.state));
            svg.bar(&class, (x, y + 4.0), (width, ROW - 8.0), &format!("{}: {}", row.name, segment.title));
        }
    }
    svg.finish()
}

fn seconds(seconds: f64) -> String {
    match seconds {
        _ if seconds == 0.0 => "0 s".to_owned(),
        _ if seconds < 1.0 => format!("{} ms", super::short_number(seconds * 1e3)),
        _ if seconds < 120.0 => format!("{} s", super::short_number(seconds)),
        _ if seconds < 7200.0 => format!("{} min", super::short_number((seconds / 6.0).round() / 10.0)),
        _ => format!("{} h", super::short_number((seconds / 360.0).round() / 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_rows_stay_inside() {
        let segment = |from, to| Segment { state: "failed", from, to, title: "<b>".to_owned() };
        let row = |segments| GanttRow { name: "<script>".repeat(100), segments };
        for rows in [vec![], vec![row(vec![])], vec![row(vec![segment(0.0, 0.0), segment(5.0, 9.0)])]] {
            let svg = gantt("\"<&", &rows);
            assert!(!svg.contains("<script>") && !svg.contains("<b>") && !svg.contains("NaN"), "{svg}");
        }
        for (time, text) in
            [(0.0, "0 s"), (0.05, "50 ms"), (90.0, "90 s"), (600.0, "10 min"), (86_400.0, "24 h")]
        {
            assert_eq!(seconds(time), text);
        }
    }
}
