//! Intercepts: the predictions before the first tree.
//!
//! | objective | intercept |
//! |---|---|
//! | squared error, logistic, Poisson, gamma, Tweedie | the mean of the labels |
//! | absolute error | one Newton step of its surrogate (see `smooth`) from the mean of the labels |
//! | quantiles | the quantiles of the labels |
//! | classes | the logarithm of each class's share, less their mean |
//! | others, and those of the first row but Poisson and Tweedie with `scale_pos_weight` | one Newton step from a margin of 0 |
//!
//! These are XGBoost 3.4's estimates; before 3.1 there was one intercept for all outputs.

use thiserror::Error;

use super::link::{EPSILON, Link};
use super::loss::Loss;
use super::quantile::{quantile, weighted_quantile};
use crate::Canceled;
use crate::data::Labels;
use crate::params::Objective;

/// Why there is no intercept.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InterceptError {
    /// The parameter `base_score` is outside the range of predictions.
    #[error("`base_score` is {value} and must {range}")]
    Outside {
        /// The value of the parameter.
        value: f32,
        /// What it must do, such as `lie from 0 to 1`.
        range: &'static str,
    },
    /// The labels are so large that their estimate overflows.
    #[error("the intercept of output {output} is {value}: labels or weights are too large")]
    Overflow {
        /// Which output; the first is 0.
        output: usize,
        /// The estimated value.
        value: f32,
    },
}

impl InterceptError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Outside { .. } => None,
            Self::Overflow { .. } => Some("set `base_score`"),
        }
    }
}

impl Loss {
    /// The intercept of each output, in the unit of predictions (of margins for `multi:…` and `binary:logitraw`), as it stands in a
    /// model file: the parameter `base_score`, or estimated from the labels if that is absent. `labels` have passed
    /// [`check`](Self::check). `None` once `canceled` returns true.
    ///
    /// # Errors
    ///
    /// `base_score` can't be a prediction, or the estimate is not finite.
    pub fn base_scores(
        &self,
        labels: &Labels,
        canceled: Canceled<'_>,
    ) -> Result<Option<Vec<f32>>, InterceptError> {
        if let Some(value) = self.base_score {
            return match self.required_of(value) {
                Some(range) => Err(InterceptError::Outside { value, range }),
                None => Ok(Some(vec![value; self.outputs()])),
            };
        }
        let Some(estimated) = self.estimated(labels, canceled) else {
            return Ok(None);
        };
        match estimated.iter().position(|value| !value.is_finite()) {
            Some(output) => Err(InterceptError::Overflow { output, value: estimated[output] }),
            None => Ok(Some(estimated)),
        }
    }

    /// The condition that an intercept fails; `None` if it can be a prediction.
    fn required_of(&self, value: f32) -> Option<&'static str> {
        let (valid, range) = match (&self.objective, self.link()) {
            (_, Link::Logistic) => ((0.0..=1.0).contains(&value), "lie from 0 to 1"),
            (Objective::Gamma | Objective::Cox, _) => (value > 0.0, "be above 0"),
            (_, Link::Exponential) => (value >= 0.0, "be 0 or above"),
            (_, Link::Identity | Link::Step) => (true, ""),
        };
        let finite = if value.is_finite() { None } else { Some("be finite") };
        if valid { finite } else { Some(range) }
    }

    fn estimated(&self, labels: &Labels, canceled: Canceled<'_>) -> Option<Vec<f32>> {
        if labels.targets.is_empty() {
            return Some(vec![0.5; self.outputs()]);
        }
        let scaled = (self.positive - 1.0).abs() > EPSILON;
        let estimated = match &self.objective {
            Objective::Poisson | Objective::Tweedie { .. } => vec![mean(labels)],
            Objective::SquaredError
            | Objective::Logistic
            | Objective::BinaryLogistic
            | Objective::BinaryLogitRaw
            | Objective::Gamma
                if !scaled =>
            {
                vec![mean(labels)]
            }
            Objective::AbsoluteError => {
                let mean = mean(labels);
                vec![self.step_from(mean, labels, canceled)? + mean]
            }
            Objective::Quantile { .. } => {
                self.quantiles().into_iter().map(|alpha| label_quantile(labels, f64::from(alpha))).collect()
            }
            Objective::Softmax { num_class } | Objective::Softprob { num_class } => {
                log_shares(labels, *num_class)
            }
            // The prediction of a tree without splits and penalties, from margins of 0.
            Objective::SquaredError
            | Objective::SquaredLogError
            | Objective::PseudoHuber { .. }
            | Objective::Logistic
            | Objective::Gamma
            | Objective::BinaryLogistic
            | Objective::BinaryLogitRaw
            | Objective::BinaryHinge
            | Objective::RankNdcg(_)
            | Objective::RankMap(_)
            | Objective::RankPairwise(_)
            | Objective::Cox => vec![self.link().prediction(self.step_from(0.0, labels, canceled)?)],
        };
        Some(estimated)
    }

    /// The leaf of a tree without splits and penalties.
    fn step_from(&self, margin: f32, labels: &Labels, canceled: Canceled<'_>) -> Option<f32> {
        let gradients = self.gradients(&vec![margin; labels.targets.len()], labels, canceled)?;
        let (mut first, mut second) = (0.0, 0.0);
        for gradient in gradients.iter().flatten() {
            first += f64::from(gradient.first);
            second += f64::from(gradient.second);
        }
        Some((-first / f64::max(second, f64::from(EPSILON))) as f32)
    }
}

fn mean(labels: &Labels) -> f32 {
    let mean: f64 = match &labels.weights {
        None => {
            let rows = labels.targets.len() as f64;
            labels.targets.iter().map(|&target| f64::from(target) / rows).sum()
        }
        Some(weights) => {
            let all: f64 = weights.iter().copied().map(f64::from).sum();
            let part = |(&target, &weight): (&f32, &f32)| f64::from(target) / all * f64::from(weight);
            labels.targets.iter().zip(weights).map(part).sum()
        }
    };
    mean as f32
}

fn label_quantile(labels: &Labels, alpha: f64) -> f32 {
    let found = match &labels.weights {
        None => quantile(labels.targets.clone(), alpha),
        Some(weights) => {
            weighted_quantile(labels.targets.iter().copied().zip(weights.iter().copied()).collect(), alpha)
        }
    };
    found.expect("no intercept is estimated without labels")
}

/// The logarithm of each class's share of the weights, less the mean of these.
fn log_shares(labels: &Labels, classes: usize) -> Vec<f32> {
    let mut shares = vec![0.0_f32; classes];
    let mut all = 0.0;
    for (row, &target) in labels.targets.iter().enumerate() {
        shares[target as usize] += labels.weight(row);
        all += f64::from(labels.weight(row));
    }
    let mut mean = 0.0;
    for share in &mut shares {
        *share = (f64::from(*share) * (1.0 / all)) as f32;
        *share = (*share + EPSILON).ln();
        mean += *share / classes as f32;
    }
    shares.iter().map(|share| share - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::BoosterParams;

    fn check(objective: Objective, base_score: Option<f64>, targets: &[f32], expected: Result<&[f32], &str>) {
        let loss = Loss::new(&BoosterParams { objective, base_score, ..BoosterParams::default() });
        let labels = Labels { targets: targets.to_vec(), ..Labels::default() };
        let found = loss.base_scores(&labels, &|| false).map_err(|error| error.to_string());
        let found = found.as_ref().map(|scores| scores.as_deref().expect("it is not canceled"));
        assert_eq!(found.map_err(String::as_str), expected, "{}", loss.name());
    }

    #[test]
    fn intercepts_are_means_quantiles_or_steps() {
        check(Objective::SquaredError, None, &[1.0, 2.0, 6.0], Ok(&[3.0]));
        check(Objective::AbsoluteError, None, &[1.0, 2.0, 6.0], Ok(&[2.689_633_4]));
        let quantile_alpha = vec![0.25, 0.75];
        check(Objective::Quantile { quantile_alpha }, None, &[1.0, 2.0, 6.0], Ok(&[1.0, 6.0]));
        check(Objective::Poisson, None, &[0.0, 0.0], Ok(&[0.0]));
        check(Objective::Softprob { num_class: 2 }, None, &[0.0, 1.0], Ok(&[0.0, 0.0]));
        check(Objective::BinaryHinge, None, &[1.0, 1.0, 0.0], Ok(&[1.0]));
        check(Objective::SquaredError, None, &[], Ok(&[0.5]));
        check(Objective::SquaredError, Some(7.0), &[1.0], Ok(&[7.0]));
        check(Objective::Softprob { num_class: 2 }, Some(0.5), &[0.0], Ok(&[0.5, 0.5]));
    }

    #[test]
    fn intercepts_that_are_no_predictions_are_errors() {
        let outside = "`base_score` is 2 and must lie from 0 to 1";
        check(Objective::BinaryLogistic, Some(2.0), &[1.0], Err(outside));
        check(Objective::Gamma, Some(0.0), &[1.0], Err("`base_score` is 0 and must be above 0"));
        check(Objective::Poisson, Some(-1.0), &[1.0], Err("`base_score` is -1 and must be 0 or above"));
    }

    #[test]
    fn rows_of_class_1_can_weigh_more() {
        let params = BoosterParams {
            objective: Objective::BinaryLogistic,
            scale_pos_weight: Some(3.0),
            ..BoosterParams::default()
        };
        let labels = Labels { targets: vec![1.0, 0.0, 0.0, 0.0], ..Labels::default() };
        assert_eq!(Loss::new(&params).base_scores(&labels, &|| false), Ok(Some(vec![0.5])));
    }
}
