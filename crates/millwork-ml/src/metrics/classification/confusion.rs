//! The confusion matrix.

use serde::{Deserialize, Serialize};

use crate::metrics::classification::tally::{Numbered, Tally};
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
    /// The class.
    pub label: L,
    /// As [`precision`](crate::metrics::precision).
    pub precision: f64,
    /// As [`recall`](crate::metrics::recall).
    pub recall: f64,
    /// As [`f1`](crate::metrics::f1).
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

/// What is read from a file, before it is checked.
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
}
