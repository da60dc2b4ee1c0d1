//! The objectives and labels that a metric is defined for.

use thiserror::Error;

use crate::data::Labels;
use crate::objective::{Loss, is_binary, is_grade};
use crate::params::{EvalMetric, Objective};

/// Why a metric is undefined for predictions of an objective, or for rows with these labels. Rows are counted from 0.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum MetricError {
    /// The metric compares classes, and the objective predicts none.
    #[error("`{metric}` compares the probabilities of several classes, which `{objective}` does not predict")]
    NoClasses {
        /// The metric that is undefined.
        metric: EvalMetric,
        /// XGBoost's name of the objective.
        objective: &'static str,
    },
    /// The metric compares quantiles, and the objective predicts none.
    #[error("`{metric}` compares quantiles, which `{objective}` does not predict")]
    NoQuantiles {
        /// The metric that is undefined.
        metric: EvalMetric,
        /// XGBoost's name of the objective.
        objective: &'static str,
    },
    /// The metric compares one number for a row, and the objective predicts several.
    #[error("`{metric}` compares one number for each row, and `{objective}` predicts {outputs}")]
    SeveralOutputs {
        /// The metric that is undefined.
        metric: EvalMetric,
        /// XGBoost's name of the objective.
        objective: &'static str,
        /// How many numbers it predicts.
        outputs: usize,
    },
    /// The variance power is none of a Tweedie distribution between Poisson's and gamma.
    #[error("the variance power of `{metric}` must lie between 1 and 2")]
    Power {
        /// The metric that is undefined.
        metric: EvalMetric,
    },
    /// A label is outside the range of the metric.
    #[error("`{metric}` is not defined: label {value} of row {row} must {range}")]
    Label {
        /// The metric that is undefined.
        metric: EvalMetric,
        /// The first such row.
        row: usize,
        /// The label of the row.
        value: f32,
        /// What it must do, such as `lie from 0 to 1`.
        range: &'static str,
    },
}

impl MetricError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoClasses { .. } => {
                "measure `logloss` or `error` of two classes, and `rmse` or `mae` of a quantity"
            }
            Self::NoQuantiles { .. } => "measure `rmse` or `mae`, or set `objective` to `reg:quantileerror`",
            Self::SeveralOutputs { .. } => {
                "several classes are measured by `mlogloss`, `merror`, `auc` and `aucpr`, quantiles by `quantile`"
            }
            Self::Power { .. } => "name it as `tweedie-nloglik@1.5`",
            Self::Label { .. } => "let `eval_metric` name metrics that suit the labels",
        }
    }
}

/// Checks that a metric is defined for predictions of `loss` and rows with these labels. XGBoost fails in some of the cases that are
/// refused, and measures nonsense in others. One class only, which leaves a curve without an area, is not an error: a set that is drawn
/// at random may be so.
///
/// ```
/// use millwork_boost::data::Labels;
/// use millwork_boost::metric::suits;
/// use millwork_boost::objective::Loss;
/// use millwork_boost::{BoosterParams, EvalMetric};
///
/// let labels = Labels { targets: vec![0.0, 2.0], ..Labels::default() };
/// let loss = Loss::new(&BoosterParams::default());
/// assert!(suits(EvalMetric::Rmse, &loss, &labels).is_ok());
/// let error = suits(EvalMetric::LogLoss, &loss, &labels).expect_err("2 is not a probability");
/// assert_eq!(error.to_string(), "`logloss` is not defined: label 2 of row 1 must lie from 0 to 1");
/// ```
///
/// # Errors
///
/// The objective predicts another quantity than the metric compares, or a label is outside the metric's range: the first one.
pub fn suits(metric: EvalMetric, loss: &Loss, labels: &Labels) -> Result<(), MetricError> {
    let (objective, outputs) = (loss.objective().name(), loss.outputs());
    let has_classes = matches!(loss.objective(), Objective::Softmax { .. } | Objective::Softprob { .. });
    match metric {
        EvalMetric::MLogLoss | EvalMetric::MError if has_classes => return Ok(()),
        EvalMetric::MLogLoss | EvalMetric::MError => {
            return Err(MetricError::NoClasses { metric, objective });
        }
        EvalMetric::Quantile if loss.quantiles().is_empty() => {
            return Err(MetricError::NoQuantiles { metric, objective });
        }
        EvalMetric::Quantile => return Ok(()),
        // One class against the rest.
        EvalMetric::Auc | EvalMetric::AucPr if has_classes && labels.group_offsets.is_none() => return Ok(()),
        EvalMetric::Rmse
        | EvalMetric::Rmsle
        | EvalMetric::Mae
        | EvalMetric::Mape
        | EvalMetric::Mphe
        | EvalMetric::LogLoss
        | EvalMetric::Error(_)
        | EvalMetric::Auc
        | EvalMetric::AucPr
        | EvalMetric::PoissonNLogLik
        | EvalMetric::GammaNLogLik
        | EvalMetric::GammaDeviance
        | EvalMetric::TweedieNLogLik(_)
        | EvalMetric::Ndcg(_)
        | EvalMetric::Map(_)
        | EvalMetric::Pre(_)
        | EvalMetric::CoxNLogLik => {}
    }
    if outputs > 1 {
        return Err(MetricError::SeveralOutputs { metric, objective, outputs });
    }
    if let EvalMetric::TweedieNLogLik(power) = metric
        && !(power > 1.0 && power < 2.0)
    {
        return Err(MetricError::Power { metric });
    }
    let Some(Rule { range, is_valid }) = rule(metric, labels) else { return Ok(()) };
    match labels.targets.iter().position(|label| !is_valid(*label)) {
        Some(row) => Err(MetricError::Label { metric, row, value: labels.targets[row], range }),
        None => Ok(()),
    }
}

/// Which labels are valid, and the message for others.
struct Rule {
    range: &'static str,
    is_valid: fn(f32) -> bool,
}

/// Which labels a metric is defined for; absent if for all.
fn rule(metric: EvalMetric, labels: &Labels) -> Option<Rule> {
    let rule = |range, is_valid| Some(Rule { range, is_valid });
    match metric {
        EvalMetric::Rmsle => rule("be above -1", |label| label > -1.0),
        EvalMetric::PoissonNLogLik
        | EvalMetric::TweedieNLogLik(_)
        | EvalMetric::GammaNLogLik
        | EvalMetric::GammaDeviance => rule("be 0 or above", |label| label >= 0.0),
        // The area of groups is the share of pairs in order, whatever the labels.
        EvalMetric::Auc if labels.group_offsets.is_some() => None,
        EvalMetric::LogLoss | EvalMetric::Error(_) | EvalMetric::Auc | EvalMetric::AucPr => {
            rule("lie from 0 to 1", |label| (0.0..=1.0).contains(&label))
        }
        EvalMetric::Ndcg(_) => rule("be a whole number from 0 to 31", is_grade),
        EvalMetric::Map(_) | EvalMetric::Pre(_) => rule("be 0 or 1", is_binary),
        EvalMetric::Rmse
        | EvalMetric::Mae
        | EvalMetric::Mape
        | EvalMetric::Mphe
        | EvalMetric::MLogLoss
        | EvalMetric::MError
        | EvalMetric::Quantile
        | EvalMetric::CoxNLogLik => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{BoosterParams, Ranking};

    fn check(objective: &Objective, targets: &[f32], groups: &[usize], metrics: &str, expected: &str) {
        let loss = Loss::new(&BoosterParams { objective: objective.clone(), ..BoosterParams::default() });
        let group_offsets = (!groups.is_empty()).then(|| groups.to_vec());
        let labels = Labels { targets: targets.to_vec(), weights: None, group_offsets };
        for name in metrics.split(' ') {
            let found = suits(name.parse().expect(name), &loss, &labels).err();
            let found = found.map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(found, expected.replace("{}", name), "{objective:?}");
        }
    }

    /// What is refused and what isn't was tried out by XGBoost 3.4, but for `quantile` of a median, which it refuses.
    #[test]
    fn a_metric_has_to_suit_the_objective() {
        let plain = Objective::SquaredError;
        let of_any = "rmse mae mape mphe cox-nloglik rmsle poisson-nloglik gamma-nloglik gamma-deviance tweedie-nloglik@1.5";
        check(&plain, &[0.0, 1.5, 7.0], &[], of_any, "");
        let of_two = "auc aucpr logloss error error@0.2 ndcg ndcg@1 map pre";
        check(&plain, &[0.0, 1.0], &[], of_two, "");
        check(&Objective::BinaryLogistic, &[0.0, 1.0], &[], of_two, "");
        let no_classes =
            "`{}` compares the probabilities of several classes, which `reg:squarederror` does not predict";
        check(&plain, &[0.0], &[], "mlogloss merror", no_classes);
        check(
            &plain,
            &[0.0],
            &[],
            "quantile",
            "`{}` compares quantiles, which `reg:squarederror` does not predict",
        );
        check(&Objective::AbsoluteError, &[0.0, 3.0], &[], "quantile mae", "");

        let classes = Objective::Softprob { num_class: 3 };
        check(&classes, &[0.0, 2.0], &[], "mlogloss merror auc aucpr", "");
        let several = "`{}` compares one number for each row, and `multi:softprob` predicts 3";
        check(&classes, &[0.0, 2.0], &[], &format!("{of_any} logloss error ndcg map pre"), several);
        check(&classes, &[0.0, 2.0], &[0, 2], "auc aucpr", several);

        let quantiles = Objective::Quantile { quantile_alpha: vec![0.1, 0.9] };
        check(&quantiles, &[0.0, 1.0], &[], "quantile", "");
        let several = "`{}` compares one number for each row, and `reg:quantileerror` predicts 2";
        check(&quantiles, &[0.0, 1.0], &[], "rmse auc mphe", several);
        let median = Objective::Quantile { quantile_alpha: vec![0.5] };
        check(&median, &[0.0, 3.0], &[], "quantile rmse mae", "");
        check(
            &plain,
            &[0.0],
            &[],
            "tweedie-nloglik@1 tweedie-nloglik@2.5",
            "the variance power of `{}` must lie between 1 and 2",
        );
    }

    #[test]
    fn a_metric_has_to_suit_the_labels() {
        let plain = Objective::SquaredError;
        let label = |rule: &str| format!("`{{}}` is not defined: label {rule}");
        check(&plain, &[0.0, 2.0], &[], "logloss error auc aucpr", &label("2 of row 1 must lie from 0 to 1"));
        check(&plain, &[2.0, 0.0], &[0, 2], "auc", "");
        check(&plain, &[2.0, 0.0], &[0, 2], "aucpr", &label("2 of row 0 must lie from 0 to 1"));
        check(&plain, &[0.0, -1.0], &[], "rmsle", &label("-1 of row 1 must be above -1"));
        let rates = "poisson-nloglik gamma-nloglik gamma-deviance tweedie-nloglik@1.5";
        check(&plain, &[0.0, -0.5], &[], rates, &label("-0.5 of row 1 must be 0 or above"));
        check(&plain, &[0.0, 2.0], &[], "map pre@3", &label("2 of row 1 must be 0 or 1"));
        check(&plain, &[0.5, 2.0], &[], "ndcg", &label("0.5 of row 0 must be a whole number from 0 to 31"));
        // Without groups, all rows are one, as in XGBoost.
        check(&Objective::RankNdcg(Ranking::default()), &[0.0, 2.0], &[], "ndcg", "");
    }
}
