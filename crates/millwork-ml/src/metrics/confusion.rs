//! The confusion matrix, and how it is shown: as text, as a table of metadata and as a plot.

use std::fmt::{self, Display, Formatter};

use millwork_core::asset::plot::Plot;
use millwork_core::{Column, MetadataValue, Table};
use serde::{Deserialize, Serialize};

use crate::metrics::classification::{Numbered, Tally};
use crate::metrics::{Label, MetricError, Targets};

/// The classes that a confusion matrix may have: its cells take 128 MiB then.
const MOST_CLASSES: usize = 4_096;

/// How much weight (or how many rows) of each class is predicted to be of each class, as scikit-learn's
/// `confusion_matrix`: rows of the matrix are targets, columns are predictions, both in the order of the labels.
///
/// It prints as a table, is stored as JSON where it is an asset, and can be given to
/// `Output::metadata`, which shows it as a table.
///
/// ```
/// use millwork_ml::metrics::ConfusionMatrix;
///
/// let matrix = ConfusionMatrix::new(&["ask", "show", "show"], &["ask", "ask", "show"])?;
/// assert_eq!(matrix.get(&"show", &"ask"), 1.0);
///
/// let lines = [
///     r"target \ prediction    ask   show  recall",
///     r"ask                      1      0   1.000",
///     r"show                     1      1   0.500",
///     r"precision            0.500  1.000",
/// ];
/// assert_eq!(matrix.to_string(), lines.join("\n"));
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<L>")]
pub struct ConfusionMatrix<L> {
    labels: Vec<L>,
    cells: Vec<Vec<f64>>,
}

/// The numbers of one class against all others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassNumbers<L> {
    /// The label of the class.
    pub label: L,
    /// The share of the rows predicted as the class that belong to it, as [`precision`](crate::metrics::precision).
    pub precision: f64,
    /// The share of the rows of the class that are predicted as it, as [`recall`](crate::metrics::recall).
    pub recall: f64,
    /// The harmonic mean of both, as [`f1`](crate::metrics::f1).
    pub f1: f64,
    /// The weight (or number of rows) of its targets.
    pub support: f64,
}

impl<L: Label> ConfusionMatrix<L> {
    /// Counts the rows of each pair of classes.
    ///
    /// # Errors
    ///
    /// When the lengths differ, there are no rows, a [weight](crate::metrics::Weighted) is wrong, or there are more than
    /// 4,096 classes.
    pub fn new(targets: impl Targets<Target = L>, predictions: &[L]) -> Result<Self, MetricError> {
        let Numbered { labels, rows } = Numbered::read("confusion matrix", &targets, predictions)?;
        let classes = labels.len();
        if classes > MOST_CLASSES {
            return Err(MetricError::TooManyClasses { classes });
        }
        let mut cells = vec![vec![0.0; classes]; classes];
        for (target, prediction, weight) in rows {
            cells[target][prediction] += weight;
        }
        Ok(Self { labels, cells })
    }

    /// The weight (or number) of the rows of class `target` that are predicted to be of class `prediction`.
    pub fn get(&self, target: &L, prediction: &L) -> f64 {
        let number = |label| self.labels.iter().position(|own| own == label);
        match (number(target), number(prediction)) {
            (Some(target), Some(prediction)) => self.cells[target][prediction],
            _ => 0.0,
        }
    }
}

impl<L> ConfusionMatrix<L> {
    /// The labels, ascending.
    pub fn labels(&self) -> &[L] {
        &self.labels
    }

    /// The cells: a row per target's class, in it a column per predicted class, in the order of the labels.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.cells.iter().map(Vec::as_slice)
    }

    /// Precision, recall, F1 and support of each class, in the order of the labels.
    pub fn per_class(&self) -> impl ExactSizeIterator<Item = ClassNumbers<&L>> {
        let numbers = |(label, tally): (_, Tally)| ClassNumbers {
            label,
            precision: tally.precision(),
            recall: tally.recall(),
            f1: tally.f_beta(1.0),
            support: tally.actual,
        };
        self.labels.iter().zip(self.tallies()).map(numbers)
    }

    fn tallies(&self) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.labels.len()];
        for (target, row) in self.cells.iter().enumerate() {
            tallies[target].correct = row[target];
            tallies[target].actual = row.iter().sum();
            for (tally, weight) in tallies.iter_mut().zip(row) {
                tally.predicted += weight;
            }
        }
        tallies
    }
}

/// The stored form as read, before it is checked.
#[derive(Deserialize)]
struct Stored<L> {
    labels: Vec<L>,
    cells: Vec<Vec<f64>>,
}

impl<L> TryFrom<Stored<L>> for ConfusionMatrix<L> {
    type Error = String;

    fn try_from(Stored { labels, cells }: Stored<L>) -> Result<Self, String> {
        let classes = labels.len();
        if cells.len() == classes && cells.iter().all(|row| row.len() == classes) {
            Ok(Self { labels, cells })
        } else {
            Err(format!("a confusion matrix of {classes} labels has {classes} rows of {classes} cells"))
        }
    }
}

const CORNER: &str = "target \\ prediction";

/// Rows are targets, columns predictions; the recall of each class is beside its row, its precision below its column.
impl<L: Display> Display for ConfusionMatrix<L> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let rows = text(self);
        let columns = rows[0].len();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(formatter)?;
            }
            // Format strings take no width above 65,535, and a label may be any text.
            let space = |cell: &str, width: usize| " ".repeat(width - cell.chars().count());
            let mut line = row[0].clone() + &space(&row[0], widths[0]);
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                line += &format!("  {}{cell}", space(cell, *width));
            }
            formatter.write_str(line.trim_end())?;
        }
        Ok(())
    }
}

/// The table's cells, the heading first.
fn text<L: Display>(matrix: &ConfusionMatrix<L>) -> Vec<Vec<String>> {
    let labels = || matrix.labels().iter().map(ToString::to_string);
    let heading = [CORNER.to_owned()].into_iter().chain(labels()).chain(["recall".to_owned()]).collect();
    let mut rows = vec![heading];
    let classes = matrix.rows().zip(matrix.per_class());
    rows.extend(classes.zip(labels()).map(|((cells, numbers), label)| {
        let cells = cells.iter().map(ToString::to_string);
        [label].into_iter().chain(cells).chain([format!("{:.3}", numbers.recall)]).collect()
    }));
    let precisions = matrix.per_class().map(|numbers| format!("{:.3}", numbers.precision));
    rows.push(["precision".to_owned()].into_iter().chain(precisions).chain([String::new()]).collect());
    rows
}

/// A table with a record per target's class and a column per predicted class.
impl<L: Display> From<&ConfusionMatrix<L>> for MetadataValue {
    fn from(matrix: &ConfusionMatrix<L>) -> Self {
        let labels = || matrix.labels().iter().map(ToString::to_string);
        let column = |name, data_type: &str| Column { name, data_type: data_type.to_owned() };
        let first = column(CORNER.to_owned(), "string");
        let columns = [first].into_iter().chain(labels().map(|label| column(label, "f64"))).collect();
        let row = |(label, cells): (String, &[f64])| {
            [label.into()].into_iter().chain(cells.iter().map(|&cell| cell.into())).collect()
        };
        Self::Table(Table { columns, rows: labels().zip(matrix.rows()).map(row).collect() })
    }
}

/// The matrix as a drawing, with weights rounded to whole rows.
impl<L: Display> From<&ConfusionMatrix<L>> for Plot {
    fn from(matrix: &ConfusionMatrix<L>) -> Self {
        let row = |cells: &[f64]| cells.iter().map(|cell| cell.round() as u64).collect();
        let labels = matrix.labels().iter().map(ToString::to_string);
        Self::confusion("Confusion matrix", labels, matrix.rows().map(row).collect())
            .labels("prediction", "target")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    #[test]
    fn cells_are_weights_of_pairs() {
        let matrix = ConfusionMatrix::new(Weighted::new(&[2, 1, 2, 2], &[1.0, 2.0, 0.5, 0.0]), &[1, 1, 2, 3]);
        let matrix = matrix.expect("a matrix");
        assert_eq!(matrix.labels(), [1, 2, 3]);
        assert_eq!(matrix.rows().collect::<Vec<_>>(), [[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0; 3]]);
        assert_eq!((matrix.get(&2, &1), matrix.get(&1, &2), matrix.get(&9, &1)), (1.0, 0.0, 0.0));
        let second = matrix.per_class().nth(1).expect("a class");
        let expected = ClassNumbers { label: &2, precision: 1.0, recall: 1.0 / 3.0, f1: 0.5, support: 1.5 };
        assert_eq!(second, expected);
    }

    #[test]
    fn it_comes_back_from_json() {
        let matrix = ConfusionMatrix::new(&[true, false], &[true, true]).expect("a matrix");
        let json = serde_json::to_string(&matrix).expect("JSON");
        assert_eq!(json, r#"{"labels":[false,true],"cells":[[0.0,1.0],[0.0,1.0]]}"#);
        assert_eq!(serde_json::from_str::<ConfusionMatrix<bool>>(&json).expect("a matrix"), matrix);
        let error = serde_json::from_str::<ConfusionMatrix<u8>>(r#"{"labels":[1,2],"cells":[[0],[1]]}"#);
        let error = error.expect_err("rows that are too short").to_string();
        assert!(error.starts_with("a confusion matrix of 2 labels has 2 rows of 2 cells"), "{error}");
    }

    #[test]
    fn a_matrix_of_too_many_classes_is_refused() {
        let labels: Vec<u32> = (0..5_000).collect();
        let error = ConfusionMatrix::new(&labels, &labels).expect_err("too many classes");
        assert_eq!(error, MetricError::TooManyClasses { classes: 5_000 });
    }

    fn matrix() -> ConfusionMatrix<&'static str> {
        let targets = Weighted::new(&["ask", "show", "show"], &[1.0, 12.0, 0.5]);
        ConfusionMatrix::new(targets, &["ask", "ask", "show"]).expect("a matrix")
    }

    #[test]
    fn it_prints_as_a_table() {
        let expected = [
            "target \\ prediction    ask   show  recall",
            "ask                      1      0   1.000",
            "show                    12    0.5   0.040",
            "precision            0.077  1.000",
        ];
        assert_eq!(matrix().to_string().lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn it_is_a_table_of_metadata() {
        let MetadataValue::Table(table) = MetadataValue::from(&matrix()) else { panic!("no table") };
        let expected = Table::new([(CORNER, "string"), ("ask", "f64"), ("show", "f64")])
            .row(["ask".into(), 1.0.into(), 0.0.into()])
            .row(["show".into(), 12.0.into(), 0.5.into()]);
        assert_eq!(table, expected);
    }
}
