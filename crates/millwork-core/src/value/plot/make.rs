//! Making plots: large data is reduced to what a drawing can show.

use super::kind::{Curve, Plot, PlotKind};
use super::numbers::{range, short_number};
use super::thin::{rounded, spread, thinned};

/// The most curves.
const CURVES: usize = 12;
/// The most columns of points of a curve, and of all curves together.
const COLUMNS: (usize, usize) = (250, 600);
/// The most points of a scatter.
const POINTS: usize = 2_000;
/// The most bars.
const BARS: usize = 24;
/// The most classes of a confusion matrix.
const CLASSES: usize = 20;
/// The most cells of a heat strip.
const CELLS: usize = 400;
/// The most characters of a name.
const NAME: usize = 200;

impl Plot {
    fn of(title: impl Into<String>, kind: PlotKind) -> Self {
        let [x_label, y_label, note] = <[String; 3]>::default();
        Self { title: title.into(), x_label, y_label, note, kind }
    }

    /// Curves with their names: a loss by round, a metric by parameter. Of many the first 12 are kept; of many points the
    /// highest and the lowest of each column that a screen has.
    pub fn lines<N: Into<String>, P: IntoIterator<Item = (f64, f64)>>(
        title: impl Into<String>,
        curves: impl IntoIterator<Item = (N, P)>,
    ) -> Self {
        let mut curves = curves.into_iter();
        let first: Vec<(N, P)> = curves.by_ref().take(CURVES).collect();
        let columns = COLUMNS.0.min(COLUMNS.1 / first.len().max(1));
        let curve = |(name, points): (N, P)| Curve {
            name: name_of(name),
            points: rounded(thinned(&points.into_iter().collect::<Vec<_>>(), columns)),
        };
        let kept = first.into_iter().map(curve).collect();
        Self::of(title, PlotKind::Lines { curves: kept, over_time: false }).and_more(curves.count(), "curves")
    }

    /// The same over time, in microseconds since 1970.
    #[must_use]
    pub fn over_time(mut self) -> Self {
        if let PlotKind::Lines { over_time, .. } = &mut self.kind {
            *over_time = true;
        }
        self
    }

    /// A bar for each name, longest first: the importance of features. Of many the 24 longest are kept, and the sum of the
    /// others is in the note.
    pub fn bars<N: Into<String>>(title: impl Into<String>, bars: impl IntoIterator<Item = (N, f64)>) -> Self {
        let mut bars: Vec<(String, f64)> = bars
            .into_iter()
            .map(|(name, length)| (name_of(name), length))
            .filter(|bar| bar.1.is_finite())
            .collect();
        bars.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        let others = bars.split_off(bars.len().min(BARS));
        let (names, lengths) = bars.into_iter().unzip();
        let plot = Self::of(title, PlotKind::Bars { names, series: vec![(String::new(), lengths)] });
        if others.is_empty() {
            return plot;
        }
        let sum: f64 = others.iter().map(|(_, length)| length).sum();
        plot.note(format!("and {} others, together {}", others.len(), short_number(sum)))
    }

    /// Bars next to each other for each name: the shares of categories then and now. Missing lengths are 0; the first 24
    /// names are kept.
    pub fn grouped_bars<N: Into<String>, S: Into<String>>(
        title: impl Into<String>,
        names: impl IntoIterator<Item = N>,
        series: impl IntoIterator<Item = (S, Vec<f64>)>,
    ) -> Self {
        let mut names = names.into_iter();
        let kept: Vec<String> = names.by_ref().map(name_of).take(BARS).collect();
        let of_names = |mut lengths: Vec<f64>| {
            lengths.resize(kept.len(), 0.0);
            lengths.iter_mut().filter(|length| !length.is_finite()).for_each(|length| *length = 0.0);
            lengths
        };
        let series = series.into_iter().map(|(name, lengths)| (name_of(name), of_names(lengths))).collect();
        Self::of(title, PlotKind::Bars { names: kept, series }).and_more(names.count(), "names")
    }

    /// Points: residuals, two scores against each other. Of many, up to 2,000 are kept, the outermost among them.
    pub fn scatter(title: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let finite = |point: &(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let points: Vec<(f64, f64)> = points.into_iter().filter(finite).collect();
        let all = points.len();
        let points = rounded(spread(points, POINTS));
        let note =
            if points.len() < all { format!("{} of {all} points", points.len()) } else { String::new() };
        Self::of(title, PlotKind::Scatter { points, diagonal: false }).note(note)
    }

    /// Predicted against actual values, with the line of perfect predictions.
    pub fn predicted_against_actual(
        title: impl Into<String>,
        actual_and_predicted: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let mut plot = Self::scatter(title, actual_and_predicted).labels("actual", "predicted");
        if let PlotKind::Scatter { diagonal, .. } = &mut plot.kind {
            *diagonal = true;
        }
        plot
    }

    /// The distribution of values over `bins` equally wide intervals, at most 200.
    pub fn histogram(
        title: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        intervals: usize,
    ) -> Self {
        let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let (from, to) = range(values.iter().copied());
        let intervals = intervals.clamp(1, 200);
        let mut counts = vec![0; intervals];
        for value in values {
            let at = ((value - from) / (to - from) * intervals as f64) as usize;
            counts[at.min(intervals - 1)] += 1;
        }
        Self::of(title, PlotKind::Histogram { from, to, counts })
    }

    /// How often each class (a row) was taken for each (a column). Of many classes the first 20 are kept.
    pub fn confusion<L: Into<String>>(
        title: impl Into<String>,
        labels: impl IntoIterator<Item = L>,
        counts: Vec<Vec<u64>>,
    ) -> Self {
        let mut labels = labels.into_iter();
        let kept: Vec<String> = labels.by_ref().map(name_of).take(CLASSES).collect();
        let row = |mut row: Vec<u64>| {
            row.resize(kept.len(), 0);
            row
        };
        let mut counts: Vec<Vec<u64>> = counts.into_iter().take(kept.len()).map(row).collect();
        counts.resize(kept.len(), vec![0; kept.len()]);
        Self::of(title, PlotKind::Confusion { labels: kept, counts })
            .labels("taken for", "is")
            .and_more(labels.count(), "classes")
    }

    /// A cell for each name, darker where the number is larger: a score by day, a count by shard. A cell whose number isn't
    /// finite stays empty. Of many the last 400 are kept.
    pub fn heat_strip<N: Into<String>>(
        title: impl Into<String>,
        cells: impl IntoIterator<Item = (N, f64)>,
    ) -> Self {
        let cell =
            |(name, number): (N, f64)| (name_of(name), Some(number).filter(|number| number.is_finite()));
        let mut cells: Vec<(String, Option<f64>)> = cells.into_iter().map(cell).collect();
        let all = cells.len();
        cells.drain(..all.saturating_sub(CELLS));
        let note = if all > CELLS { format!("the last {CELLS} of {all}") } else { String::new() };
        Self::of(title, PlotKind::HeatStrip { cells }).note(note)
    }

    /// Sets the labels of the axes.
    #[must_use]
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.x_label, self.y_label) = (x.into(), y.into());
        self
    }

    /// A line below the drawing, in place of the one about what is left out.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn and_more(self, more: usize, of_these: &str) -> Self {
        if more == 0 { self } else { self.note(format!("and {more} more {of_these}")) }
    }
}

fn name_of(name: impl Into<String>) -> String {
    let mut name = name.into();
    if let Some((end, _)) = name.char_indices().nth(NAME) {
        name.truncate(end);
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the note of a plot of large data, and that its stored form is small.
    fn check(plot: &Plot, note: &str) {
        let json = serde_json::to_string(plot).expect("JSON");
        assert!(json.len() < 50_000, "{}: {}", plot.title, json.len());
        assert_eq!(plot.note, note);
    }

    #[test]
    fn much_is_thinned() {
        let points = || (0..1_000_000).map(|x| (f64::from(x).cos(), f64::from(x).sin()));
        let named = || (0..1_000).map(|index| (format!("feature {index}"), f64::from(index)));
        let names = || named().map(|(name, _)| name);
        let matrix = || (0..100).map(|row| (0..100).map(|column| row * column).collect()).collect();
        check(&Plot::lines("curve", [("b", points())]), "");
        check(
            &Plot::lines("curves", (0..100).map(|n| (format!("{n}"), points().take(9_999)))),
            "and 88 more curves",
        );
        check(&Plot::lines("dots", (0..12).map(|n| (format!("{n}"), points().take(60)))), "");
        check(&Plot::scatter("points", points()), "1999 of 1000000 points");
        check(&Plot::bars("bars", named()), "and 976 others, together 475800");
        check(
            &Plot::grouped_bars("groups", names(), [("then", vec![1.0]), ("now", vec![])]),
            "and 976 more names",
        );
        check(&Plot::histogram("values", points().map(|(_, y)| y), 1_000_000), "");
        check(&Plot::confusion("classes", names().take(100), matrix()), "and 80 more classes");
        check(&Plot::heat_strip("cells", named()), "the last 400 of 1000");
    }
}
