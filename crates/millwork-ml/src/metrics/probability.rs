//! Predicted probabilities of two and of several classes, and how likely or how near they make the targets.

use crate::metrics::rows::{BinaryRows, checked_weights, compensated, not_a_probability};
use crate::metrics::{Binary, Label, MetricError, Number, Targets};

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
    fn epsilon(&self) -> f64 {
        self.epsilon
    }

    /// The column of each target, and its row's weight.
    pub(super) fn columns_and_weights(
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
    pub(super) fn column(&self, label: &L) -> Option<usize> {
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

/// The logarithmic loss of predicted probabilities of the positive class, `−Σ wᵢ (yᵢ ln pᵢ + (1 − yᵢ) ln(1 − pᵢ)) / Σ
/// wᵢ`, in nats: 0 is perfect, and `ln 2` is always saying one half.
///
/// As scikit-learn's `log_loss` with `labels=[0, 1]`. Probabilities are kept at least ε away from 0 and 1, where ε is
/// that of their type (2⁻⁵² for `f64`, 2⁻²³ for `f32`), so that one wrong certainty costs much but not everything. The
/// sum is taken in double precision also for `f32`.
///
/// ```
/// use millwork_ml::metrics::log_loss;
///
/// assert_eq!(log_loss(&[true, false], &[0.5_f32, 0.5])?, 2_f64.ln());
/// # Ok::<(), millwork_ml::metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a prediction is not from 0 to 1, or a
/// [weight](crate::metrics::Weighted) is wrong.
pub fn log_loss<P: Probability>(
    targets: impl Targets<Target: Binary>,
    probabilities: &[P],
) -> Result<f64, MetricError> {
    let rows = BinaryRows::read_probabilities("log_loss", &targets, probabilities)?;
    Ok(rows.mean(|row| {
        let of_target = if row.positive { row.score } else { 1.0 - row.score };
        surprise(of_target, P::EPSILON)
    }))
}

/// The logarithmic loss of predicted probabilities of several classes, `−Σ wᵢ ln pᵢ(yᵢ) / Σ wᵢ`, in nats: 0 is perfect,
/// and `ln k` is always saying that `k` classes are equally likely.
///
/// As scikit-learn's `log_loss`, and with the same ε as [`log_loss`].
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target has no column, or a [weight](crate::metrics::Weighted) is wrong.
pub fn multiclass_log_loss<L: Label>(
    targets: impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
) -> Result<f64, MetricError> {
    let targets = probabilities.columns_and_weights("multiclass_log_loss", &targets)?;
    let loss = |((column, weight), row): (&(usize, f64), &[f64])| {
        weight * surprise(row[*column], probabilities.epsilon())
    };
    let total = compensated(targets.iter().zip(probabilities.rows()).map(loss));
    Ok(total / compensated(targets.iter().map(|&(_, weight)| weight)))
}

/// The loss of one row; adding 0 makes −0 of a perfect row 0.
fn surprise(probability: f64, epsilon: f64) -> f64 {
    -probability.clamp(epsilon, 1.0 - epsilon).ln() + 0.0
}

/// The Brier score of predicted probabilities of the positive class, `Σ wᵢ(pᵢ − yᵢ)² / Σ wᵢ`: 0 is perfect, and 0.25 is
/// always saying one half (Brier, "Verification of forecasts expressed in terms of probability", 1950).
///
/// As scikit-learn's `brier_score_loss`.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a prediction is not from 0 to 1, or a
/// [weight](crate::metrics::Weighted) is wrong.
pub fn brier_score(
    targets: impl Targets<Target: Binary>,
    probabilities: &[impl Number],
) -> Result<f64, MetricError> {
    let rows = BinaryRows::read_probabilities("brier_score", &targets, probabilities)?;
    Ok(rows.mean(|row| (row.score - f64::from(u8::from(row.positive))).powi(2)))
}

/// The Brier score of predicted probabilities of several classes, `Σ wᵢ Σₖ (pᵢₖ − [yᵢ = k])² / Σ wᵢ`: 0 is perfect, 2 the
/// worst.
///
/// As scikit-learn's `brier_score_loss` with `scale_by_half=False`, so for two classes it is twice [`brier_score`].
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target has no column, or a [weight](crate::metrics::Weighted) is wrong.
pub fn multiclass_brier_score<L: Label>(
    targets: impl Targets<Target = L>,
    probabilities: &ClassProbabilities<'_, L>,
) -> Result<f64, MetricError> {
    let targets = probabilities.columns_and_weights("multiclass_brier_score", &targets)?;
    let of_row = |((target, weight), row): (&(usize, f64), &[f64])| {
        let squares = row.iter().enumerate().map(|(column, &number)| {
            let expected = f64::from(u8::from(column == *target));
            (number - expected).powi(2)
        });
        weight * squares.sum::<f64>()
    };
    let total = compensated(targets.iter().zip(probabilities.rows()).map(of_row));
    Ok(total / compensated(targets.iter().map(|&(_, weight)| weight)))
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

    fn check_log_loss<P: Probability>(target: bool, probability: P, expected: f64) {
        let found = log_loss(&[target], &[probability]).expect("a value");
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }

    #[test]
    fn certainty_is_limited_by_the_type() {
        check_log_loss(true, 0.25, 4_f64.ln());
        check_log_loss(false, 0.75, 4_f64.ln());
        check_log_loss(true, 1.0, 0.0);
        check_log_loss(true, 0.0, 52.0 * 2_f64.ln());
        check_log_loss(false, 1.0, 52.0 * 2_f64.ln());
        check_log_loss(true, 0.0_f32, 23.0 * 2_f64.ln());
    }

    #[test]
    fn a_loss_of_no_probability_is_an_error() {
        let error = |targets: [u8; 2], predictions| {
            log_loss(&targets, predictions).expect_err("no value").to_string()
        };
        let text = "the prediction of row 1 is 1.5, and `log_loss` needs probabilities from 0 to 1";
        assert_eq!(error([0, 1], &[0.5, 1.5]), text);
        let text = "the target of row 0 is neither 0 nor 1";
        assert!(error([2, 1], &[0.5, 0.5]).starts_with(text));
    }

    #[test]
    fn targets_are_found_by_their_label() {
        let probabilities = ClassProbabilities::new(&['b', 'a'], &[0.25, 0.75, 0.5, 0.5]).expect("rows");
        assert_eq!(
            multiclass_log_loss(&['a', 'b'], &probabilities),
            Ok((-(0.75_f64.ln()) - 0.5_f64.ln()) / 2.0)
        );
        assert_eq!(multiclass_log_loss(&['a', 'c'], &probabilities), Err(MetricError::NoColumn { row: 1 }));
        let mismatch = MetricError::LengthMismatch { targets: 1, values: "predictions", count: 2 };
        assert_eq!(multiclass_log_loss(&['a'], &probabilities), Err(mismatch));
    }

    fn check_brier(targets: &[u8], probabilities: &[f64], expected: f64) {
        assert_eq!(brier_score(targets, probabilities), Ok(expected), "{targets:?} {probabilities:?}");
        let both: Vec<f64> = probabilities.iter().flat_map(|&number| [1.0 - number, number]).collect();
        let both = ClassProbabilities::new(&[0, 1], &both).expect("probabilities");
        assert_eq!(multiclass_brier_score(targets, &both), Ok(2.0 * expected));
    }

    #[test]
    fn squares_are_averaged() {
        check_brier(&[1, 0], &[1.0, 0.0], 0.0);
        check_brier(&[1, 0], &[0.5, 0.5], 0.25);
        check_brier(&[1, 0], &[0.0, 1.0], 1.0);
        check_brier(&[1, 1], &[0.75, 0.25], 0.3125);
    }
}
