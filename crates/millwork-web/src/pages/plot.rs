//! Plots as SVG, coloured by the style sheet.

use std::fmt::Write as _;

use super::words::number;

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 130.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;

/// Curves with their names over common positions; what isn't finite is left out. `x_words` are the words below the first
/// and the last position.
pub(super) fn lines(title: &str, curves: &[(String, Vec<(f64, f64)>)], x_words: (&str, &str)) -> String {
    let points =
        || curves.iter().flat_map(|(_, points)| points).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (x_low, x_high) = range(points().map(|(x, _)| *x));
    let (y_low, y_high) = range(points().map(|(_, y)| *y));
    let place = |(x, y): (f64, f64)| {
        let across = LEFT + (x - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT);
        let up = HEIGHT - BOTTOM - (y - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM);
        (across, up)
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>",
        escaped(title)
    );
    for value in [y_low, y_high] {
        let (_, y) = place((x_low, value));
        let _ = write!(
            svg,
            "<line class=\"plot-axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"plot-text\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 4.0,
            y + 4.0,
            number(value)
        );
    }
    let _ = write!(
        svg,
        "<text class=\"plot-text\" x=\"{LEFT}\" y=\"{0}\">{1}</text>\
         <text class=\"plot-text\" x=\"{2}\" y=\"{0}\" text-anchor=\"end\">{3}</text>",
        HEIGHT - 5.0,
        escaped(x_words.0),
        WIDTH - RIGHT,
        escaped(x_words.1)
    );
    for (index, (name, points)) in curves.iter().enumerate() {
        let places: Vec<(f64, f64)> = points
            .iter()
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .map(|point| place(*point))
            .collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(
            svg,
            "<polyline class=\"plot-line c{}\" points=\"{}\"><title>{}</title></polyline>",
            index % 4,
            path.join(" "),
            escaped(name)
        );
        if let (Some((x, y)), true) = (places.last(), places.len() < 60) {
            let _ = write!(svg, "<circle class=\"plot-dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
        }
    }
    svg.push_str("</svg>");
    svg
}

/// A bar of a Gantt chart: its name, its state, and where it begins and ends, in seconds.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) state: &'static str,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Bars below each other over a common time, the first so many.
pub(super) fn gantt(bars: &[Bar]) -> String {
    const MOST: usize = 200;
    const ROW: f64 = 20.0;
    const NAMES: f64 = 330.0;
    const SPAN: f64 = 640.0;
    let shown = &bars[..bars.len().min(MOST)];
    let end = shown.iter().map(|bar| bar.to).fold(0.001, f64::max);
    let height = ROW * shown.len() as f64 + 20.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {height}\" role=\"img\" aria-label=\"When each step ran\"><title>When each step ran</title>",
        NAMES + SPAN + 8.0
    );
    for (row, bar) in shown.iter().enumerate() {
        let y = row as f64 * ROW + 4.0;
        let (x, width) = (NAMES + bar.from / end * SPAN, ((bar.to - bar.from) / end * SPAN).max(2.0));
        let short: String = bar.name.chars().take(54).collect();
        let _ = write!(
            svg,
            "<text class=\"plot-text\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"bar-{}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\"><title>{}: {} s</title></rect>",
            NAMES - 8.0,
            y + 11.0,
            escaped(&short),
            bar.state,
            ROW - 6.0,
            escaped(&bar.name),
            number(bar.to - bar.from)
        );
    }
    let _ = write!(
        svg,
        "<text class=\"plot-text\" x=\"{NAMES}\" y=\"{0}\">0 s</text>\
         <text class=\"plot-text\" x=\"{1}\" y=\"{0}\" text-anchor=\"end\">{2} s</text></svg>",
        height - 5.0,
        NAMES + SPAN,
        number(end)
    );
    svg
}

/// The lowest and the highest value, apart from each other.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    match (low.is_finite() && (high - low).is_finite(), high > low) {
        (false, _) => (0.0, 1.0),
        (true, true) => (low, high),
        (true, false) => (low - 0.5, high + 0.5),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            char if char.is_control() => escaped.push(' '),
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_values_stay_inside() {
        for points in
            [vec![], vec![(0.0, 1.0)], vec![(0.0, f64::NAN), (1.0, 3.0), (2.0, f64::INFINITY), (3.0, -3.0)]]
        {
            let svg = lines("<b>\"&", &[("a".to_owned(), points)], ("first", "last"));
            assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<b>"), "{svg}");
        }
        let bar = Bar { name: "<script>".to_owned(), state: "failed", from: 0.0, to: 0.0 };
        assert!(!gantt(&[bar]).contains("<script>"));
    }
}
