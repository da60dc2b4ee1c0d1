//! Measures an evaluation set.

use super::auc::{self, Curve};
use super::rowwise::RowMetric;
use super::{classes, cox, rank, rowwise};
use crate::data::Labels;
use crate::objective::Loss;
use crate::params::{EvalMetric, Objective};

/// A metric of `predictions` (rows × outputs, as [`Loss::evaluated`] gives them) of rows whose `labels` are known. `loss` is what the
/// model was trained with: it has the quantiles and the slope that some metrics need. NaN if the metric isn't defined: there are no
/// rows, the predictions have another number of outputs than it compares, or the labels are outside its range.
///
/// ```
/// use millwork_boost::data::Labels;
/// use millwork_boost::metric::measure;
/// use millwork_boost::objective::Loss;
/// use millwork_boost::{BoosterParams, EvalMetric};
///
/// let labels = Labels { targets: vec![0.0, 1.0, 1.0], ..Labels::default() };
/// let loss = Loss::new(&BoosterParams::default());
/// assert_eq!(measure(EvalMetric::Auc, &loss, &[0.2, 0.4, 0.9], &labels), 1.0);
/// assert_eq!(measure(EvalMetric::Error(None), &loss, &[0.2, 0.4, 0.9], &labels), 1.0 / 3.0);
/// ```
pub fn measure(metric: EvalMetric, loss: &Loss, predictions: &[f32], labels: &Labels) -> f64 {
    let rows = labels.targets.len();
    if rows == 0 || predictions.len() < rows || !predictions.len().is_multiple_of(rows) {
        return f64::NAN;
    }
    let row_metric = match metric {
        EvalMetric::Rmse => RowMetric::SquaredError,
        EvalMetric::Rmsle => RowMetric::SquaredLogError,
        EvalMetric::Mae => RowMetric::AbsoluteError,
        EvalMetric::Mape => RowMetric::AbsoluteShare,
        EvalMetric::Mphe => RowMetric::PseudoHuber { slope: slope(loss) },
        EvalMetric::LogLoss => RowMetric::LogLoss,
        EvalMetric::Error(threshold) => RowMetric::Error { threshold: threshold.unwrap_or(0.5) as f32 },
        EvalMetric::PoissonNLogLik => RowMetric::Poisson,
        EvalMetric::GammaNLogLik => RowMetric::Gamma,
        EvalMetric::GammaDeviance => RowMetric::GammaDeviance,
        EvalMetric::TweedieNLogLik(power) => RowMetric::Tweedie { power: power as f32 },
        EvalMetric::Quantile => return quantile(loss, predictions, labels),
        EvalMetric::MLogLoss => return classes::log_loss(predictions, labels),
        EvalMetric::MError => return classes::error(predictions, labels),
        EvalMetric::Auc => return auc::area(Curve::Roc, predictions, labels),
        EvalMetric::AucPr => return auc::area(Curve::PrecisionRecall, predictions, labels),
        EvalMetric::Ndcg(first) => return rank::ndcg(first, predictions, labels),
        EvalMetric::Map(first) => return rank::mean_average_precision(first, predictions, labels),
        EvalMetric::Pre(first) => return rank::precision(first, predictions, labels),
        EvalMetric::CoxNLogLik => return cox::log_likelihood(predictions, labels),
    };
    if predictions.len() == rows { rowwise::mean(row_metric, predictions, labels) } else { f64::NAN }
}

/// The mean pinball loss of all quantiles; of the median for the absolute error.
fn quantile(loss: &Loss, predictions: &[f32], labels: &Labels) -> f64 {
    let alphas = loss.quantiles();
    if alphas.is_empty() || predictions.len() != alphas.len() * labels.targets.len() {
        return f64::NAN;
    }
    rowwise::mean_pinball(&alphas, predictions, labels)
}

fn slope(loss: &Loss) -> f32 {
    if let Objective::PseudoHuber { huber_slope } = loss.objective() { *huber_slope as f32 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::BoosterParams;

    fn check(metric: &str, objective: Objective, predictions: &[f32], targets: &[f32], expected: f64) {
        let loss = Loss::new(&BoosterParams { objective, ..BoosterParams::default() });
        let labels = Labels { targets: targets.to_vec(), ..Labels::default() };
        let metric: EvalMetric = metric.parse().expect(metric);
        let found = measure(metric, &loss, predictions, &labels);
        let equal = (found - expected).abs() < 1e-6 || (found.is_nan() && expected.is_nan());
        assert!(equal, "{metric} of {predictions:?} and {targets:?}: {found}, not {expected}");
    }

    #[test]
    fn metrics_are_formulas() {
        let plain = Objective::SquaredError;
        check("rmse", plain.clone(), &[1.0, 2.0], &[2.0, 4.0], 2.5_f64.sqrt());
        check("rmsle", plain.clone(), &[0.0], &[1.0], 2_f64.ln());
        check("mae", plain.clone(), &[1.0, 2.0], &[2.0, 4.0], 1.5);
        check("mape", plain.clone(), &[1.0, 2.0], &[2.0, 4.0], 0.5);
        check("mphe", plain.clone(), &[0.0], &[3_f32.sqrt()], 1.0);
        let slope = Objective::PseudoHuber { huber_slope: 2.0 };
        check("mphe", slope, &[0.0], &[12_f32.sqrt()], 4.0);
        check("logloss", plain.clone(), &[0.25, 0.25], &[0.0, 1.0], -(0.75_f64.ln() + 0.25_f64.ln()) / 2.0);
        check("error", plain.clone(), &[0.5, 0.6], &[1.0, 1.0], 0.5);
        check("error@0.7", plain.clone(), &[0.5, 0.6], &[1.0, 1.0], 1.0);
        check("poisson-nloglik", plain.clone(), &[2.0], &[3.0], 6_f64.ln() + 2.0 - 3.0 * 2_f64.ln());
        check("gamma-nloglik", plain.clone(), &[2.0], &[3.0], 1.5 + 2_f64.ln());
        check("gamma-deviance", plain.clone(), &[2.0], &[3.0], 2.0 * ((2.0 / 3.0_f64).ln() + 0.5));
        check("tweedie-nloglik@1.5", plain.clone(), &[4.0], &[3.0], 3.0 / 2.0 / 0.5 + 2.0 / 0.5);
        let quantiles = Objective::Quantile { quantile_alpha: vec![0.1, 0.9] };
        check("quantile", quantiles.clone(), &[1.0, 4.0], &[2.0], (0.1 + 0.2) / 2.0);
        check("mlogloss", plain.clone(), &[0.25, 0.75], &[1.0], -0.75_f64.ln());
        check("merror", plain, &[0.25, 0.75, 0.5, 0.5], &[1.0, 1.0], 0.5);
    }

    #[test]
    fn metrics_that_are_not_defined_are_nan() {
        let plain = Objective::SquaredError;
        check("rmse", plain.clone(), &[], &[], f64::NAN);
        check("rmse", plain.clone(), &[1.0, 2.0], &[1.0], f64::NAN);
        check("rmse", plain.clone(), &[1.0], &[1.0, 2.0], f64::NAN);
        check("quantile", plain.clone(), &[1.0], &[1.0], f64::NAN);
        check("merror", plain.clone(), &[0.5, 0.5], &[2.0], f64::NAN);
        check("auc", plain.clone(), &[0.5, 0.6], &[1.0, 1.0], f64::NAN);
        check("aucpr", plain.clone(), &[0.5, 0.6], &[0.0, 0.0], f64::NAN);
        check("map", plain.clone(), &[0.5, 0.6], &[0.0, 2.0], f64::NAN);
        check("ndcg", plain.clone(), &[0.5, 0.6], &[0.0, 0.5], f64::NAN);
        check("cox-nloglik", plain, &[0.5, 0.6], &[-1.0, -2.0], f64::NAN);
    }
}
