//! What a plot shows.

use serde::{Deserialize, Serialize};

use super::thin::thinned;

/// So many columns of points are kept of a line.
const COLUMNS: usize = 250;
/// So many points are kept of a scatter.
const POINTS: usize = 2_000;
/// So many bars are kept; the others are one bar together.
const BARS: usize = 25;
/// So many classes of a confusion matrix are kept.
const CLASSES: usize = 30;

/// A picture of numbers, to attach to an asset: `MetadataValue::plot(Plot::bars("Gain", gains))`.
///
/// Numbers that are not finite are left out.
///
/// ```
/// use millwork_core::plot::Plot;
///
/// let plot = Plot::bars("Gain by term", [("rust", 12.0), ("show hn", 7.5)]);
/// assert!(plot.to_svg().starts_with("<svg"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) x_label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) y_label: String,
    #[serde(flatten)]
    pub(super) kind: PlotKind,
}

/// The kinds of plots. Names are stored, and never change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlotKind {
    /// Curves over a common axis.
    Lines {
        /// The curves.
        curves: Vec<Curve>,
        /// Whether positions are microseconds since 1970.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        over_time: bool,
    },
    /// A length for each name, or several next to each other.
    Bars {
        /// The names, top to bottom.
        names: Vec<String>,
        /// What each kind of bar stands for, and its lengths in the order of the names.
        series: Vec<(String, Vec<f64>)>,
    },
    /// Points.
    Scatter {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Whether the line on which both are equal is drawn.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        diagonal: bool,
    },
    /// How many values lie in each of equally wide intervals.
    Histogram {
        /// Where the first interval begins.
        from: f64,
        /// Where the last one ends.
        to: f64,
        /// How many values each has.
        counts: Vec<u64>,
    },
    /// How often each class (a row) was taken for each (a column).
    Confusion {
        /// The classes.
        labels: Vec<String>,
        /// The rows.
        counts: Vec<Vec<u64>>,
    },
}

/// A curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Its name.
    pub(super) name: String,
    /// Its points, left to right.
    pub(super) points: Vec<(f64, f64)>,
}

impl Plot {
    fn of(title: impl Into<String>, kind: PlotKind) -> Self {
        Self { title: title.into(), x_label: String::new(), y_label: String::new(), kind }
    }

    /// Curves with their names: a loss by round, a metric by parameter.
    pub fn lines<N: Into<String>, P: IntoIterator<Item = (f64, f64)>>(
        title: impl Into<String>,
        curves: impl IntoIterator<Item = (N, P)>,
    ) -> Self {
        let curve = |(name, points): (N, P)| Curve {
            name: name.into(),
            points: thinned(&points.into_iter().collect::<Vec<_>>(), COLUMNS),
        };
        let curves = curves.into_iter().map(curve).collect();
        Self::of(title, PlotKind::Lines { curves, over_time: false })
    }

    /// The same over time, in microseconds since 1970.
    #[must_use]
    pub fn over_time(mut self) -> Self {
        if let PlotKind::Lines { over_time, .. } = &mut self.kind {
            *over_time = true;
        }
        self
    }

    /// A bar for each name, longest first: the importance of features. Of many the longest are kept, and the others summed.
    pub fn bars<N: Into<String>>(title: impl Into<String>, bars: impl IntoIterator<Item = (N, f64)>) -> Self {
        let mut bars: Vec<(String, f64)> = bars
            .into_iter()
            .map(|(name, length)| (name.into(), length))
            .filter(|bar| bar.1.is_finite())
            .collect();
        bars.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        if bars.len() > BARS {
            let others = bars.split_off(BARS - 1);
            let sum: f64 = others.iter().map(|(_, length)| length).sum();
            bars.push((format!("{} others", others.len()), if sum.is_finite() { sum } else { 0.0 }));
        }
        let (names, lengths) = bars.into_iter().unzip();
        Self::of(title, PlotKind::Bars { names, series: vec![(String::new(), lengths)] })
    }

    /// Bars next to each other for each name: the shares of categories then and now. Missing lengths are 0.
    pub fn grouped_bars<N: Into<String>, S: Into<String>>(
        title: impl Into<String>,
        names: impl IntoIterator<Item = N>,
        series: impl IntoIterator<Item = (S, Vec<f64>)>,
    ) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).take(BARS).collect();
        let of_names = |mut lengths: Vec<f64>| {
            lengths.resize(names.len(), 0.0);
            lengths.iter_mut().filter(|length| !length.is_finite()).for_each(|length| *length = 0.0);
            lengths
        };
        let series = series.into_iter().map(|(name, lengths)| (name.into(), of_names(lengths))).collect();
        Self::of(title, PlotKind::Bars { names, series })
    }

    /// Points: residuals, two scores against each other.
    pub fn scatter(title: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let finite = |point: &(f64, f64)| point.0.is_finite() && point.1.is_finite();
        let points: Vec<(f64, f64)> = points.into_iter().filter(finite).collect();
        // Every so manieth: which are kept depends on nothing but their number.
        let step = points.len().div_ceil(POINTS).max(1);
        let points = points.into_iter().step_by(step).collect();
        Self::of(title, PlotKind::Scatter { points, diagonal: false })
    }

    /// What was predicted against what came, with the line of perfect predictions.
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

    /// How values are distributed over so many equally wide intervals.
    pub fn histogram(
        title: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        intervals: usize,
    ) -> Self {
        let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        let (from, to) = super::numbers::range(values.iter().copied());
        let intervals = intervals.clamp(1, 200);
        let mut counts = vec![0; intervals];
        for value in values {
            let at = ((value - from) / (to - from) * intervals as f64) as usize;
            counts[at.min(intervals - 1)] += 1;
        }
        Self::of(title, PlotKind::Histogram { from, to, counts })
    }

    /// How often each class (a row) was taken for each (a column). Of many classes the first are kept.
    pub fn confusion<L: Into<String>>(
        title: impl Into<String>,
        labels: impl IntoIterator<Item = L>,
        counts: Vec<Vec<u64>>,
    ) -> Self {
        let labels: Vec<String> = labels.into_iter().map(Into::into).take(CLASSES).collect();
        let row = |mut row: Vec<u64>| {
            row.resize(labels.len(), 0);
            row
        };
        let mut counts: Vec<Vec<u64>> = counts.into_iter().take(labels.len()).map(row).collect();
        counts.resize(labels.len(), vec![0; labels.len()]);
        Self::of(title, PlotKind::Confusion { labels, counts }).labels("taken for", "is")
    }

    /// What is along the axes.
    #[must_use]
    pub fn labels(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.x_label, self.y_label) = (x.into(), y.into());
        self
    }

    /// What it shows, in a line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is made of.
    pub fn kind(&self) -> &PlotKind {
        &self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(plot: &Plot, json: &str) {
        assert_eq!(serde_json::to_string(plot).expect("JSON"), json);
        assert_eq!(&serde_json::from_str::<Plot>(json).expect("a plot"), plot);
    }

    /// These are on people's disks.
    #[test]
    fn stored_form() {
        check(
            &Plot::lines("loss", [("train", vec![(0.0, 1.0), (1.0, f64::NAN)])]).labels("round", "RMSE"),
            r#"{"title":"loss","x_label":"round","y_label":"RMSE","kind":"lines","curves":[{"name":"train","points":[[0.0,1.0]]}]}"#,
        );
        check(
            &Plot::bars("gain", [("a", 1.0), ("b", 2.0), ("c", f64::INFINITY)]),
            r#"{"title":"gain","kind":"bars","names":["b","a"],"series":[["",[2.0,1.0]]]}"#,
        );
        check(
            &Plot::histogram("x", [0.0, 0.0, 1.0, f64::NAN], 2),
            r#"{"title":"x","kind":"histogram","from":0.0,"to":1.0,"counts":[2,1]}"#,
        );
        check(
            &Plot::confusion("c", ["a", "b"], vec![vec![1]]),
            r#"{"title":"c","x_label":"taken for","y_label":"is","kind":"confusion","labels":["a","b"],"counts":[[1,0],[0,0]]}"#,
        );
    }

    #[test]
    fn much_is_thinned() {
        let points = || (0..1_000_000).map(|x| (f64::from(x), f64::from(x).sin()));
        let named = || (0..1_000).map(|index| (format!("feature {index}"), f64::from(index)));
        for plot in [
            Plot::lines("a", [("b", points())]),
            Plot::scatter("a", points()),
            Plot::bars("a", named()),
            Plot::histogram("a", points().map(|(_, y)| y), 1_000_000),
        ] {
            let (json, svg) = (serde_json::to_string(&plot).expect("JSON"), plot.to_svg());
            assert!(json.len() < 100_000 && svg.len() < 120_000, "{} {}", json.len(), svg.len());
        }
        let PlotKind::Bars { names, series } = Plot::bars("a", named()).kind else { panic!("bars") };
        assert_eq!((names.len(), names[24].as_str(), series[0].1[0]), (25, "976 others", 999.0));
    }
}
