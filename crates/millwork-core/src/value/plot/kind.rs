//! The kinds of plots and their data.

use serde::{Deserialize, Serialize};

use crate::stored::numbers;

/// A picture of numbers, to attach to an asset: `MetadataValue::plot(Plot::bars("Gain", gains))`.
///
/// Numbers that are not finite are left out. Of large data, a plot keeps what can be seen, and its note has what is left
/// out; so it stays small however much it is made from.
///
/// ```
/// use millwork_core::value::plot::{Plot, PlotKind};
///
/// let plot = Plot::bars("Gain by term", [("rust", 7.5), ("show hn", 12.0)]);
/// assert!(matches!(plot.kind(), PlotKind::Bars { names, .. } if *names == ["show hn", "rust"]));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    pub(super) title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) x_label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) y_label: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) note: String,
    #[serde(flatten)]
    pub(super) kind: PlotKind,
}

/// The kinds of plots. Names are stored, and never change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PlotKind {
    /// Curves over a common axis.
    Lines {
        /// The curves, in the order of the legend.
        curves: Vec<Curve>,
        /// Whether positions are microseconds since 1970.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        over_time: bool,
    },
    /// A length for each name, or several next to each other.
    Bars {
        /// The names, top to bottom.
        names: Vec<String>,
        /// The name of each series of bars, and its lengths in the order of the names.
        #[serde(with = "numbers")]
        series: Vec<(String, Vec<f64>)>,
    },
    /// A scatter plot.
    Scatter {
        /// The points as (x, y).
        #[serde(with = "numbers")]
        points: Vec<(f64, f64)>,
        /// Whether the line on which both are equal is drawn.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        diagonal: bool,
    },
    /// How many values lie in each of equally wide intervals.
    Histogram {
        /// Where the first interval begins.
        #[serde(with = "numbers")]
        from: f64,
        /// Where the last one ends.
        #[serde(with = "numbers")]
        to: f64,
        /// How many values each has.
        counts: Vec<u64>,
    },
    /// A confusion matrix: how often each actual class (row) was predicted as each class (column).
    Confusion {
        /// The names of the classes.
        labels: Vec<String>,
        /// Counts by actual class (row) and predicted class (column).
        counts: Vec<Vec<u64>>,
    },
    /// A cell for each name, in rows, darker where the number is larger.
    HeatStrip {
        /// The names and numbers, in their order; `None` for a missing number.
        cells: Vec<(String, Option<f64>)>,
    },
}

/// A curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The name of the curve in the legend.
    pub name: String,
    /// Its points, left to right.
    #[serde(with = "numbers")]
    pub points: Vec<(f64, f64)>,
}

impl Plot {
    /// The title, of one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The label of the horizontal axis; empty without a label.
    pub fn x_label(&self) -> &str {
        &self.x_label
    }

    /// The label of the vertical axis; empty without a label.
    pub fn y_label(&self) -> &str {
        &self.y_label
    }

    /// The line below the drawing: what is left out, or the author's note. Empty without a note.
    pub fn note_text(&self) -> &str {
        &self.note
    }

    /// The kind of plot, with its data.
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
        check(
            &Plot::scatter("s", [(0.0, 1.0), (f64::NAN, 2.0)]),
            r#"{"title":"s","kind":"scatter","points":[[0.0,1.0]]}"#,
        );
        check(
            &Plot::predicted_against_actual("p", [(1.0, 2.0)]).note("of the test rows"),
            r#"{"title":"p","x_label":"actual","y_label":"predicted","note":"of the test rows","kind":"scatter","points":[[1.0,2.0]],"diagonal":true}"#,
        );
        check(
            &Plot::heat_strip("h", [("mon", 1.0), ("tue", f64::NAN)]),
            r#"{"title":"h","kind":"heat_strip","cells":[["mon",1.0],["tue",null]]}"#,
        );
    }
}
