//! Draws a plot as an `svg` element.

use millwork_core::asset::plot::{Plot, PlotKind};

use super::frame::WIDTH;
use super::svg::{Anchor, Svg};
use super::{bars, confusion, heat_strip, histogram, lines, scatter};

/// What can be drawn as an `svg` element.
///
/// ```
/// use millwork_core::asset::plot::Plot;
/// use millwork_draw::plot::ToSvg as _;
///
/// let plot = Plot::bars("Gain by term", [("rust", 12.0), ("show hn", 7.5)]);
/// assert!(plot.to_svg().starts_with("<svg"));
/// ```
pub trait ToSvg {
    /// The drawing, an `svg` element. It has classes and no colours: the style sheet of the page around it gives it these.
    fn to_svg(&self) -> String;
}

impl ToSvg for Plot {
    fn to_svg(&self) -> String {
        let drawn = match self.kind() {
            PlotKind::Lines { curves, over_time } => lines::lines(self, curves, *over_time),
            PlotKind::Bars { names, series } => bars::bars(self, names, series),
            PlotKind::Scatter { points, diagonal } => scatter::scatter(self, points, *diagonal),
            PlotKind::Histogram { from, to, counts } => histogram::histogram(self, (*from, *to), counts),
            PlotKind::Confusion { labels, counts } => confusion::confusion(self, labels, counts),
            PlotKind::HeatStrip { cells } => heat_strip::heat_strip(self, cells),
        };
        let mut svg = drawn.unwrap_or_else(|| nothing(self.title()));
        svg.note(self.note_text());
        svg.finish()
    }
}

/// The placeholder of a plot without data.
fn nothing(title: &str) -> Svg {
    let mut svg = Svg::new(WIDTH, 60.0, title);
    svg.text((WIDTH / 2.0, 34.0), Anchor::Middle, "no data");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<script>\"'&\u{202e}\u{1b}";

    /// What every drawing has, whatever it is made from.
    fn check(plot: &Plot) {
        let svg = plot.to_svg();
        assert!(svg.starts_with("<svg class=\"plot\" viewBox=\"0 0 ") && svg.ends_with("</svg>"), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title>"), "{svg}");
        for bad in ["NaN", "inf\"", "<script", "style=", "\u{202e}", "\u{1b}"] {
            assert!(!svg.contains(bad), "{bad:?} in {svg}");
        }
        let longest = svg.split('"').map(str::len).max().unwrap_or(0);
        assert!(longest < 30_000, "{longest}");
    }

    #[test]
    fn nothing_says_so() {
        for plot in [
            Plot::lines::<&str, [(f64, f64); 0]>("a", []),
            Plot::lines("a", [("b", [(f64::NAN, 1.0), (1.0, f64::INFINITY)])]),
            Plot::bars("a", [("b", f64::NAN)]),
            Plot::grouped_bars::<&str, &str>("a", ["b"], []),
            Plot::scatter("a", []),
            Plot::histogram("a", [f64::NEG_INFINITY], 5),
            Plot::confusion::<&str>("a", [], vec![]),
            Plot::heat_strip("a", [("b", f64::NAN)]),
        ] {
            check(&plot);
            assert!(plot.to_svg().contains(">no data<"), "{plot:?}");
        }
    }

    #[test]
    fn odd_plots_stay_inside() {
        let names = || (0..40).map(|_| HOSTILE.repeat(50));
        let odd = [0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e300, -1.0, f64::NAN, f64::INFINITY];
        let points = || odd.into_iter().flat_map(|x| odd.map(|y| (x, y)));
        for plot in [
            Plot::lines(HOSTILE, names().map(|name| (name, points()))),
            Plot::lines(HOSTILE, [(HOSTILE, points())]).over_time(),
            Plot::lines(HOSTILE, [(HOSTILE, [(5.0, 5.0)])]),
            Plot::bars(HOSTILE, names().zip(odd)),
            Plot::grouped_bars(HOSTILE, names(), names().map(|name| (name, odd.to_vec())).take(9)),
            Plot::predicted_against_actual(HOSTILE, points()),
            Plot::histogram(HOSTILE, odd, 7),
            Plot::histogram(HOSTILE, [1e-300, 2e-300], 0),
            Plot::confusion(HOSTILE, names(), vec![vec![u64::MAX, u64::MAX, 0, 1]; 3]),
            Plot::heat_strip(HOSTILE, names().zip(odd)),
        ] {
            check(&plot.labels(HOSTILE.repeat(50), HOSTILE.repeat(50)).note(HOSTILE.repeat(50)));
        }
    }

    /// The kinds of which most is kept.
    #[test]
    fn large_plots_have_small_drawings() {
        let points = || (0..1_000_000).map(|x| (f64::from(x).cos(), f64::from(x).sin()));
        let named = || (0..1_000).map(|index| (format!("feature {index}"), f64::from(index)));
        let names = || named().map(|(name, _)| name);
        let matrix = (0..100).map(|row| (0..100).map(|column| row * column).collect()).collect();
        for (plot, note) in [
            (Plot::lines("curve", [("b", points())]), ""),
            (
                Plot::lines("curves", (0..100).map(|n| (format!("{n}"), points().take(9_999)))),
                "and 88 more curves",
            ),
            (Plot::lines("dots", (0..12).map(|n| (format!("{n}"), points().take(60)))), ""),
            (Plot::scatter("points", points()), "1999 of 1000000 points"),
            (Plot::bars("bars", named()), "and 976 others, together 475800"),
            (
                Plot::grouped_bars("groups", names(), [("then", vec![1.0]), ("now", vec![])]),
                "and 976 more names",
            ),
            (Plot::histogram("values", points().map(|(_, y)| y), 1_000_000), ""),
            (Plot::confusion("classes", names().take(100), matrix), "and 80 more classes"),
            (Plot::heat_strip("cells", named()), "the last 400 of 1000"),
        ] {
            let svg = plot.to_svg();
            assert!(svg.len() < 60_000 && svg.contains(note), "{}: {} bytes", plot.title(), svg.len());
        }
    }

    /// Another program may have written the stored plots.
    #[test]
    fn stored_plots_need_not_fit() {
        for kind in [
            r#""kind":"bars","names":["a","b"],"series":[["x",[1.0]],["y",[]]]"#,
            r#""kind":"bars","names":["a"],"series":[["x",[1.0,2.0]]]"#,
            r#""kind":"confusion","labels":["a"],"counts":[[1,2],[3]]"#,
            r#""kind":"confusion","labels":["a","b"],"counts":[]"#,
            r#""kind":"histogram","from":0.0,"to":1.0,"counts":[]"#,
            r#""kind":"histogram","from":5.0,"to":1.0,"counts":[1]"#,
            r#""kind":"lines","curves":[{"name":"a","points":[]},{"name":"b","points":[[1e308,-1e308],[-1e308,0]]}]"#,
            r#""kind":"heat_strip","cells":[["a",null],["b",-1e308],["c",1e308]]"#,
        ] {
            check(&serde_json::from_str(&format!(r#"{{"title":"t",{kind}}}"#)).expect("a plot"));
        }
    }
}
