//! Predicted probabilities of several classes.

use crate::metrics::probability::rows::not_a_probability;
use crate::metrics::rows::checked_weights;
use crate::metrics::{Label, MetricError, Number, Targets};

/// How far from 1 the probabilities of a row may add up, as scikit-learn's `roc_auc_score` takes it: softmax in single
/// precision stays well within.
const TOLERANCE: f64 = 1e-5;

/// A number that probabilities are given in: `f32` or `f64`.
pub trait Probability: Number {
    /// The distance of 1 to the next larger number: the least probability that [`log_loss`](crate::metrics::log_loss)
    /// takes at its word.
    const EPSILON: f64;
}

impl Probability for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;
}

impl Probability for f64 {
    const EPSILON: f64 = f64::EPSILON;
}

/// Predicted probabilities: a matrix of rows × classes, row by row, and the labels of its columns.
///
/// ```
/// use millwork_ml::metrics::{Average, ClassProbabilities, multiclass_log_loss, roc_auc_one_vs_rest};
///
/// let kinds = ["show", "ask", "job", "ask"];
/// #[rustfmt::skip]
/// let predictions = [
///     0.2, 0.1, 0.7,
///     0.8, 0.1, 0.1,
///     0.3, 0.6, 0.1,
///     0.4, 0.3, 0.3,
/// ];
/// let probabilities = ClassProbabilities::new(&["ask", "job", "show"], &predictions)?;
/// assert_eq!(probabilities.most_likely(), ["show", "ask", "job", "ask"]);
/// assert_eq!(roc_auc_one_vs_rest(&kinds, &probabilities, Average::Macro)?, 1.0);
/// assert!(multiclass_log_loss(&kinds, &probabilities)? < 0.6);
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClassProbabilities<'a, L> {
    labels: &'a [L],
    /// The columns in the order of their labels.
    by_label: Vec<usize>,
    numbers: Vec<f64>,
    epsilon: f64,
}

impl<'a, L: Label> ClassProbabilities<'a, L> {
    /// Joins the labels of the columns with the probabilities, row by row. Targets needn't have every label.
    ///
    /// # Errors
    ///
    /// When there are fewer than two labels or one twice, the last row is not full, a probability is not from 0 to 1,
    /// or those of a row don't add up to 1 (to within 10⁻⁵).
    pub fn new<P: Probability>(labels: &'a [L], probabilities: &[P]) -> Result<Self, MetricError> {
        let mut by_label: Vec<usize> = (0..labels.len()).collect();
        by_label.sort_by_key(|&column| &labels[column]);
        if labels.len() < 2 || by_label.windows(2).any(|pair| labels[pair[0]] == labels[pair[1]]) {
            return Err(MetricError::ColumnLabels);
        }
        let (count, columns) = (probabilities.len(), labels.len());
        if count % columns != 0 {
            return Err(MetricError::IncompleteRow { count, columns });
        }
        let numbers: Vec<f64> = probabilities.iter().map(|&number| number.into()).collect();
        for (row, numbers) in numbers.chunks_exact(columns).enumerate() {
            check_row(row, numbers)?;
        }
        Ok(Self { labels, by_label, numbers, epsilon: P::EPSILON })
    }

    /// The labels of the columns.
    pub fn labels(&self) -> &'a [L] {
        self.labels
    }

    /// The probabilities of each row, in the order of the labels.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.numbers.chunks_exact(self.labels.len())
    }

    /// The most likely label of each row, of equally likely ones the first: what [`accuracy`](crate::metrics::accuracy)
    /// and [`f1`](crate::metrics::f1) compare with the targets.
    pub fn most_likely(&self) -> Vec<L> {
        let most_likely = |row: &[f64]| {
            let largest = row.iter().copied().fold(0.0, f64::max);
            row.iter().position(|&number| number == largest).unwrap_or(0)
        };
        self.rows().map(|row| self.labels[most_likely(row)].clone()).collect()
    }

    /// The least probability that a logarithm is taken of.
    pub(super) fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// The column of each target, and its row's weight.
    pub(in crate::metrics) fn columns_and_weights(
        &self,
        metric: &'static str,
        targets: &impl Targets<Target = L>,
    ) -> Result<Vec<(usize, f64)>, MetricError> {
        let weights = checked_weights(metric, 1, targets, self.rows().len())?;
        let rows = targets.targets().iter().zip(weights).enumerate();
        let column = |(row, (target, weight))| match self.column(target) {
            Some(column) => Ok((column, weight)),
            None => Err(MetricError::NoColumn { row }),
        };
        rows.map(column).collect()
    }

    /// The column of a label.
    pub(in crate::metrics) fn column(&self, label: &L) -> Option<usize> {
        let found = self.by_label.binary_search_by(|&column| self.labels[column].cmp(label));
        found.ok().map(|place| self.by_label[place])
    }
}

fn check_row(row: usize, numbers: &[f64]) -> Result<(), MetricError> {
    if numbers.iter().any(|number| !number.is_finite()) {
        return Err(MetricError::NotFinite { value: "prediction", row });
    }
    if let Some(&number) = numbers.iter().find(|number| !(0.0..=1.0).contains(*number)) {
        return Err(not_a_probability("ClassProbabilities", row, number));
    }
    let sum: f64 = numbers.iter().sum();
    if (sum - 1.0).abs() <= TOLERANCE { Ok(()) } else { Err(MetricError::RowSum { row, sum }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[u8], probabilities: &[f64], expected: Result<&[u8], &str>) {
        let found = ClassProbabilities::new(labels, probabilities).map(|classes| classes.most_likely());
        let found = found.map_err(|error| error.to_string());
        assert_eq!(
            found.as_deref().map_err(|text| text.split(';').next().unwrap_or_default()),
            expected,
            "{labels:?} {probabilities:?}"
        );
    }

    #[test]
    fn the_most_likely_label_is_the_first_of_the_largest() {
        check(&[7, 3], &[0.25, 0.75, 0.5, 0.5, 1.0, 0.0], Ok(&[3, 7, 7]));
        check(&[1, 2, 3], &[0.0, 0.999_999, 0.0], Ok(&[2]));
        check(&[1, 2], &[], Ok(&[]));
    }

    #[test]
    fn what_is_no_probability_is_an_error() {
        check(&[1], &[1.0], Err("probabilities need two or more labels, each once"));
        check(&[2, 1, 2], &[1.0, 0.0, 0.0], Err("probabilities need two or more labels, each once"));
        check(&[1, 2], &[1.0, 0.0, 0.5], Err("3 probabilities do not fill rows of 2 columns"));
        check(&[1, 2], &[1.0, 0.0, f64::NAN, 0.5], Err("the prediction of row 1 is not finite"));
        check(&[1, 2], &[1.0, 0.0, 0.5, 0.25], Err("the probabilities of row 1 add up to 0.75"));
        let text = "the prediction of row 0 is 1.5, and `ClassProbabilities` needs probabilities from 0 to 1";
        check(&[1, 2], &[1.5, -0.5], Err(text));
    }
}
