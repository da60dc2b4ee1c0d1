//! Gantt charts: durations, row by row over a common time.

use super::svg::{Anchor, Svg};
use super::time_axis::round_times;
use crate::markup::text_width;

const WIDTH: f64 = 980.0;
const ROW: f64 = 20.0;
/// The widest column of names.
const NAMES: f64 = 360.0;
/// The most rows that are drawn.
const MOST: usize = 200;

/// A row: a name, and what happened when.
#[derive(Clone, Debug)]
pub struct GanttRow {
    /// The name of the row.
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
    /// The end of the bar.
    pub to: f64,
    /// Its tooltip.
    pub title: String,
}

/// Rows over a common time, which begins at 0: the first 200, and how many more there are. Next to its colour, a state that
/// matters has a sign.
pub fn gantt(title: &str, rows: &[GanttRow]) -> String {
    let shown = &rows[..rows.len().min(MOST)];
    let end = shown.iter().flat_map(|row| &row.segments).map(|segment| segment.to).fold(1e-3, f64::max);
    let widest = shown.iter().map(|row| text_width(&row.name, 11.0)).fold(40.0, f64::max);
    let names = (widest + 14.0).min(NAMES);
    let room = WIDTH - names - 40.0;
    let mut svg = Svg::new(WIDTH, ROW * shown.len() as f64 + 26.0, title);
    let bottom = svg.height - 20.0;
    for (time, label) in round_times(end) {
        let x = names + time / end * room;
        svg.line("plot-grid", (x, 2.0), (x, bottom));
        svg.text((x, svg.height - 5.0), Anchor::Middle, &label);
    }
    for (at, row) in shown.iter().enumerate() {
        let y = 2.0 + ROW * at as f64;
        svg.text_within((names - 8.0, y + 14.0), Anchor::End, &row.name, names - 14.0);
        for segment in &row.segments {
            let width = ((segment.to - segment.from) / end * room).max(2.0);
            let (at, title) =
                ((names + segment.from / end * room, y + 4.0), format!("{}: {}", row.name, segment.title));
            svg.state(segment.state, at, (width, ROW - 8.0), &title);
        }
    }
    if rows.len() > MOST {
        svg.note(&format!("and {} more", rows.len() - MOST));
    }
    svg.finish()
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
        let many = vec![row(vec![segment(0.0, 1.0)]); 1_000];
        assert!(gantt("many", &many).contains(">and 800 more<"));
    }
}
