//! Calibration: whether what is predicted with probability 0.7 happens in 70 of 100 cases.

use millwork_core::{MetadataValue, Series};
use serde::{Deserialize, Serialize};

use crate::metrics::rows::{BinaryRow, BinaryRows};
use crate::metrics::{Binary, MetricError, Number, Targets};

/// More bins than anyone can look at would only take memory.
const MOST_BINS: usize = 1_000_000;

/// How predicted probabilities are divided into bins. An edge belongs to the bin below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bins {
    /// A number of bins of equal width.
    Uniform(usize),
    /// A number of bins with about equally many rows each: the edges are quantiles of the predictions, of which
    /// [weights](crate::metrics::Weighted) make no difference.
    Quantile(usize),
}

/// A reliability diagram: for each bin that has rows, what was predicted and what happened. A calibrated model is
/// on the diagonal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationCurve {
    /// The bins that have rows, by ascending probability.
    pub bins: Vec<CalibrationBin>,
}

/// One bin of a [`CalibrationCurve`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The mean predicted probability, from 0 to 1.
    pub predicted: f64,
    /// The share of positive rows, from 0 to 1.
    pub observed: f64,
    /// The weight (or number) of the bin's rows.
    pub weight: f64,
}

/// The calibration curve of predicted probabilities of the positive class.
///
/// As scikit-learn's `calibration_curve`, whose `prob_true` is `observed` and whose `prob_pred` is `predicted`; that
/// takes no weights. Bins without weight are left out.
///
/// # Errors
///
/// When the lengths differ, there are no rows, a target is neither 0 nor 1, a prediction is not from 0 to 1, a
/// [weight](crate::metrics::Weighted) is wrong, or there are no bins or more than a million.
pub fn calibration_curve(
    targets: impl Targets<Target: Binary>,
    probabilities: &[impl Number],
    bins: Bins,
) -> Result<CalibrationCurve, MetricError> {
    let metric = "calibration_curve";
    let (Bins::Uniform(count) | Bins::Quantile(count)) = bins;
    if !(1..=MOST_BINS).contains(&count) {
        let (parameter, needed) = ("number of bins", "from 1 to 1,000,000");
        return Err(MetricError::Parameter { metric, parameter, number: count as f64, needed });
    }
    let mut rows = BinaryRows::read_probabilities(metric, &targets, probabilities)?.rows;
    rows.sort_by(|left, right| left.score.total_cmp(&right.score));
    let bins = divided(&rows, &inner_edges(&rows, bins)).filter_map(bin).collect();
    Ok(CalibrationCurve { bins })
}

/// The expected calibration error, `Σ_b w_b |observed_b − predicted_b| / Σ_b w_b` over the bins of the
/// [`calibration_curve`]: by how much probabilities are off on average, 0 where all bins are on the diagonal (Naeini,
/// Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015).
///
/// # Errors
///
/// As [`calibration_curve`].
pub fn expected_calibration_error(
    targets: impl Targets<Target: Binary>,
    probabilities: &[impl Number],
    bins: Bins,
) -> Result<f64, MetricError> {
    let bins = calibration_curve(targets, probabilities, bins)?.bins;
    let errors = bins.iter().map(|bin| bin.weight * (bin.observed - bin.predicted).abs());
    Ok(errors.sum::<f64>() / bins.iter().map(|bin| bin.weight).sum::<f64>())
}

fn inner_edges(ascending: &[BinaryRow], bins: Bins) -> Vec<f64> {
    let mut edges = match bins {
        Bins::Uniform(count) => equally_spaced(count),
        Bins::Quantile(count) => {
            let scores: Vec<f64> = ascending.iter().map(|row| row.score).collect();
            equally_spaced(count).into_iter().map(|share| quantile(&scores, share)).collect()
        }
    };
    edges.pop();
    edges.remove(0);
    edges
}

/// The rows up to each edge, and those after the last.
fn divided<'a>(ascending: &'a [BinaryRow], edges: &'a [f64]) -> impl Iterator<Item = &'a [BinaryRow]> {
    let mut rest = ascending;
    edges.iter().copied().chain([f64::INFINITY]).map(move |edge| {
        let (bin, above) = rest.split_at(rest.partition_point(|row| row.score <= edge));
        rest = above;
        bin
    })
}

fn bin(rows: &[BinaryRow]) -> Option<CalibrationBin> {
    let weight: f64 = rows.iter().map(|row| row.weight).sum();
    if weight == 0.0 {
        return None;
    }
    let predicted = rows.iter().map(|row| row.weight * row.score).sum::<f64>() / weight;
    let positive = rows.iter().filter(|row| row.positive);
    let observed = positive.map(|row| row.weight).sum::<f64>() / weight;
    Some(CalibrationBin { predicted, observed, weight })
}

/// What happened by what was predicted.
impl From<&CalibrationCurve> for MetadataValue {
    fn from(curve: &CalibrationCurve) -> Self {
        let numbers = |number: fn(&CalibrationBin) -> f64| curve.bins.iter().map(number).collect();
        Self::Series(Series {
            x_label: "predicted".to_owned(),
            x: numbers(|bin| bin.predicted),
            y: [("observed".to_owned(), numbers(|bin| bin.observed))].into(),
        })
    }
}

/// `parts + 1` equally spaced numbers from 0 to 1, as NumPy's `linspace`.
fn equally_spaced(parts: usize) -> Vec<f64> {
    let step = 1.0 / parts as f64;
    (0..=parts).map(|part| if part == parts { 1.0 } else { part as f64 * step }).collect()
}

/// The quantile at a share from 0 to 1 of ascending numbers, interpolated linearly (definition 7 of Hyndman and Fan,
/// "Sample quantiles in statistical packages", 1996).
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let last = ascending.len() - 1;
    // There, shares become percentages and shares again.
    let place = last as f64 * ((share * 100.0) / 100.0);
    let before = place.floor();
    if before as usize >= last {
        return ascending[last];
    }
    let (low, high, part) = (ascending[before as usize], ascending[before as usize + 1], place - before);
    // From the nearer side, so that the ends are met exactly.
    if part >= 0.5 { high - (high - low) * (1.0 - part) } else { low + (high - low) * part }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Weighted;

    fn check(targets: impl Targets<Target = u8>, probabilities: &[f64], bins: Bins, expected: &[[f64; 3]]) {
        let curve = calibration_curve(&targets, probabilities, bins).expect("a curve");
        let found: Vec<_> = curve.bins.iter().map(|bin| [bin.predicted, bin.observed, bin.weight]).collect();
        assert_eq!(found, expected, "{:?} {probabilities:?} {bins:?}", targets.targets());
    }

    #[test]
    fn bins_without_rows_are_left_out_and_edges_belong_to_the_bin_below() {
        check(&[0, 1, 1], &[0.0, 0.25, 1.0], Bins::Uniform(4), &[[0.125, 0.5, 2.0], [1.0, 1.0, 1.0]]);
        check(&[0, 1], &[0.25, 0.75], Bins::Uniform(1), &[[0.5, 0.5, 2.0]]);
        check(
            &[0, 1, 1, 0],
            &[0.25, 0.5, 0.75, 1.0],
            Bins::Quantile(2),
            &[[0.375, 0.5, 2.0], [0.875, 0.5, 2.0]],
        );
        check(&[0, 1, 1], &[0.5, 0.5, 0.5], Bins::Quantile(3), &[[0.5, 2.0 / 3.0, 3.0]]);
    }

    #[test]
    fn weights_count() {
        let targets = Weighted::new(&[0, 1, 1], &[3.0, 1.0, 0.0]);
        check(targets, &[0.25, 0.25, 0.75], Bins::Uniform(2), &[[0.25, 0.25, 4.0]]);
    }

    #[test]
    fn errors_are_averaged_over_rows() {
        let error = expected_calibration_error(&[0, 0, 0, 1], &[0.25, 0.25, 0.25, 0.75], Bins::Uniform(2));
        assert_eq!(error, Ok(0.25));
        let error = expected_calibration_error(&[0], &[0.5], Bins::Quantile(0)).expect_err("no bins");
        assert_eq!(
            error.to_string(),
            "the number of bins of `calibration_curve` is 0, and must be from 1 to 1,000,000"
        );
    }

    #[test]
    fn it_is_a_series_of_metadata() {
        let curve = calibration_curve(&[0, 1], &[0.25, 0.75], Bins::Uniform(2)).expect("a curve");
        let MetadataValue::Series(series) = MetadataValue::from(&curve) else { panic!("no series") };
        assert_eq!((series.x, series.y["observed"].as_slice()), (vec![0.25, 0.75], [0.0, 1.0].as_slice()));
    }

    #[test]
    fn quantiles_lie_between_numbers() {
        let numbers = [1.0, 2.0, 4.0];
        let found = [0.0, 0.25, 0.5, 0.75, 0.875, 1.0].map(|share| quantile(&numbers, share));
        assert_eq!(found, [1.0, 1.5, 2.0, 3.0, 3.5, 4.0]);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
        assert_eq!(equally_spaced(3), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    }
}
