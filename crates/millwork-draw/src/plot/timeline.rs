//! A timeline: bars in as many lanes as their overlaps need.

use super::svg::{Anchor, Svg};

const WIDTH: f64 = 980.0;
const LANE: f64 = 13.0;
/// The maximum number of lanes: where more bars overlap, they lie over each other in the last lane.
const LANES: usize = 12;
const SIDE: f64 = 8.0;

/// A bar: a span of time with a state.
#[derive(Clone, Debug)]
pub struct TimelineBar {
    /// When it began, in microseconds since 1970.
    pub from: i64,
    /// When it ended, in microseconds since 1970.
    pub to: i64,
    /// The state, a class of the style sheet.
    pub state: &'static str,
    /// Its tooltip.
    pub title: String,
    /// Where a click leads.
    pub link: String,
}

/// Bars over the time that they span. Empty where there are none.
pub fn timeline(title: &str, bars: &[TimelineBar]) -> String {
    let (Some(first), Some(last)) =
        (bars.iter().map(|bar| bar.from).min(), bars.iter().map(|bar| bar.to).max())
    else {
        return String::new();
    };
    let span = (last - first).max(1) as f64;
    let place = |at: i64| SIDE + (at - first) as f64 / span * (WIDTH - 2.0 * SIDE);
    let mut in_order: Vec<&TimelineBar> = bars.iter().collect();
    in_order.sort_by_key(|bar| bar.from);
    let mut ends: Vec<f64> = Vec::new();
    let mut placed = Vec::new();
    for bar in in_order {
        let (x, end) = (place(bar.from), place(bar.to).max(place(bar.from) + 4.0));
        let free = ends.iter().position(|taken| *taken < x);
        let lane = free.unwrap_or(ends.len()).min(LANES - 1);
        if lane == ends.len() {
            ends.push(end);
        } else {
            ends[lane] = ends[lane].max(end);
        }
        placed.push((bar, lane, x, end - x));
    }
    let mut svg = Svg::new(WIDTH, LANE * ends.len() as f64 + 26.0, title);
    let bottom = LANE * ends.len() as f64 + 6.0;
    for (bar, lane, x, width) in placed {
        let at = (x, 4.0 + LANE * lane as f64);
        svg.link(&bar.link, |svg| {
            svg.state(bar.state, at, (width, LANE - 3.0), &bar.title);
        });
    }
    svg.line("plot-axis", (SIDE, bottom), (WIDTH - SIDE, bottom));
    svg.moment((SIDE, bottom + 15.0), Anchor::Start, first as f64);
    svg.moment((WIDTH - SIDE, bottom + 15.0), Anchor::End, last as f64);
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_at_once_lies_in_lanes() {
        let bar = |from, to| TimelineBar {
            from,
            to,
            state: "running",
            title: "<b>".to_owned(),
            link: "/runs/1?a=\"".to_owned(),
        };
        assert_eq!(timeline("runs", &[]), "");
        let svg = timeline("runs", &[bar(0, 100), bar(50, 60), bar(200, 300)]);
        let lanes: Vec<&str> = svg
            .split("<rect")
            .skip(1)
            .map(|rect| rect.split(" y=\"").nth(1).unwrap_or("").split('"').next().unwrap_or(""))
            .collect();
        assert_eq!(lanes, ["4.0", "17.0", "4.0"]);
        assert!(!svg.contains("<b>") && svg.contains("&quot;") && svg.contains("role=\"group\""));
        let many: Vec<TimelineBar> = (0..5_000).map(|at| bar(at, 10_000)).collect();
        assert!(timeline("runs", &many).contains("y=\"147.0\""));
    }
}
