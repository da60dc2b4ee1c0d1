//! A loss: what of its parts an objective uses.

use std::num::NonZeroUsize;

use rayon::prelude::*;

use super::link::Link;
use super::rank::{self, Measure, PAIRS};
use super::rowwise::{self, ROWS, RowLoss};
use super::smooth::{self, Surrogate};
use super::{classes, cox};
use crate::Canceled;
use crate::data::{Gradient, Labels};
use crate::params::{EvalMetric, Objective, Outputs, Ranking};

/// An objective with its parameters.
///
/// ```
/// use millwork_boost::data::{Gradient, Labels};
/// use millwork_boost::objective::Loss;
/// use millwork_boost::{BoosterParams, Objective};
///
/// let loss = Loss::new(&BoosterParams { objective: Objective::BinaryLogistic, ..BoosterParams::default() });
/// let labels = Labels { targets: vec![0.0, 1.0, 1.0, 1.0], ..Labels::default() };
/// let base_scores = loss.base_scores(&labels, &|| false).expect("labels of both classes");
/// assert_eq!(base_scores, Some(vec![0.75]));
/// let gradients = loss.gradients(&[0.0; 4], &labels, &|| false).expect("it is not canceled");
/// assert_eq!(gradients[0][0], Gradient { first: 0.5, second: 0.25 });
/// assert_eq!(loss.predictions(vec![0.0]), [0.5]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    pub(super) objective: Objective,
    /// How much more a row with label 1 weighs (`scale_pos_weight`).
    pub(super) positive: f32,
    /// What Poisson's second derivative is stretched by (`max_delta_step`).
    pub(super) step: f32,
    /// The intercept that is asked for, in the unit of predictions.
    pub(super) base_score: Option<f32>,
    /// How many targets a row has; several only in models that are read, and not where outputs are classes or quantiles.
    pub(super) targets: usize,
}

/// How the gradients of an objective are found.
enum Kind {
    /// Row by row, one loss for each output.
    Rows(Vec<RowLoss>),
    /// Row by row after a look at all of them, a surrogate for each output.
    Smooth(Vec<Surrogate>),
    /// From all classes of a row.
    Classes(usize),
    /// From the pairs of a group.
    Pairs(Measure, usize),
    /// From all rows.
    Cox,
}

impl Loss {
    /// The objective that the loss belongs to.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// XGBoost's name of the objective.
    pub fn name(&self) -> &str {
        self.objective.name()
    }

    /// How many margins a row has: 1, or one for each class or quantile.
    pub fn outputs(&self) -> usize {
        match self.objective.outputs() {
            Outputs::Classes(classes) => classes,
            Outputs::Quantiles(quantiles) => quantiles.len(),
            Outputs::Targets | Outputs::Score => self.targets,
        }
    }

    /// How many numbers are predicted for a row.
    pub fn width(&self) -> usize {
        if matches!(self.objective, Objective::Softmax { .. }) { 1 } else { self.outputs() }
    }

    /// The gradients of the loss by the margins (rows × outputs), for each output those of all rows. `labels` have passed
    /// [`check`](Self::check). `canceled` is polled where it takes long; once it returns true, there are none.
    pub fn gradients(
        &self,
        margins: &[f32],
        labels: &Labels,
        canceled: Canceled<'_>,
    ) -> Option<Vec<Vec<Gradient>>> {
        let gradients = match self.kind() {
            Kind::Rows(losses) => {
                let of = |(output, loss)| rowwise::gradients(loss, margins, self.outputs(), output, labels);
                losses.into_iter().enumerate().map(of).collect()
            }
            Kind::Smooth(surrogates) => {
                let of = |(output, surrogate)| {
                    smooth::gradients(surrogate, margins, self.outputs(), output, labels)
                };
                surrogates.into_iter().enumerate().map(of).collect()
            }
            Kind::Classes(classes) => classes::gradients(margins, classes, labels),
            Kind::Pairs(measure, pairs) => vec![rank::gradients(measure, pairs, margins, labels, canceled)?],
            Kind::Cox => vec![cox::gradients(margins, labels)],
        };
        Some(gradients)
    }

    /// The predictions for margins (rows × outputs): rows × [`width`](Self::width).
    pub fn predictions(&self, mut margins: Vec<f32>) -> Vec<f32> {
        if matches!(self.objective, Objective::Softmax { .. }) {
            return classes::largest(&margins, self.outputs());
        }
        self.evaluated(&mut margins);
        margins
    }

    /// Turns margins (rows × outputs) into what metrics compare with labels: predictions, but probabilities for `multi:softmax`.
    pub fn evaluated(&self, margins: &mut [f32]) {
        match self.objective.outputs() {
            Outputs::Classes(classes) => classes::softmax(margins, classes),
            Outputs::Quantiles(quantiles) if !quantiles.is_empty() => {
                margins.chunks_mut(quantiles.len()).for_each(|row| row.sort_by(f32::total_cmp));
            }
            Outputs::Quantiles(_) | Outputs::Targets | Outputs::Score => {
                let link = self.link();
                let each = margins.par_iter_mut().with_min_len(ROWS);
                each.for_each(|margin| *margin = link.prediction(*margin));
            }
        }
    }

    /// The metric if the parameters name none, as in XGBoost 3.x.
    pub fn default_metric(&self) -> EvalMetric {
        match &self.objective {
            Objective::SquaredError | Objective::Logistic => EvalMetric::Rmse,
            Objective::SquaredLogError => EvalMetric::Rmsle,
            Objective::PseudoHuber { .. } => EvalMetric::Mphe,
            Objective::AbsoluteError => EvalMetric::Mae,
            Objective::Quantile { .. } => EvalMetric::Quantile,
            Objective::Poisson => EvalMetric::PoissonNLogLik,
            Objective::Gamma => EvalMetric::GammaDeviance,
            Objective::Tweedie { tweedie_variance_power } => {
                EvalMetric::TweedieNLogLik(*tweedie_variance_power)
            }
            Objective::BinaryLogistic | Objective::BinaryLogitRaw => EvalMetric::LogLoss,
            Objective::BinaryHinge => EvalMetric::Error(None),
            Objective::Softmax { .. } | Objective::Softprob { .. } => EvalMetric::MLogLoss,
            Objective::RankNdcg(ranking) | Objective::RankPairwise(ranking) => {
                EvalMetric::Ndcg(NonZeroUsize::new(pairs(ranking)))
            }
            Objective::RankMap(ranking) => EvalMetric::Map(NonZeroUsize::new(pairs(ranking))),
            Objective::Cox => EvalMetric::CoxNLogLik,
        }
    }

    /// The quantile of each output that the loss is about; empty for other losses.
    pub(crate) fn quantiles(&self) -> Vec<f32> {
        if self.objective == Objective::AbsoluteError {
            return vec![0.5];
        }
        match self.objective.outputs() {
            Outputs::Quantiles(quantiles) => quantiles.iter().map(|&quantile| quantile as f32).collect(),
            Outputs::Classes(_) | Outputs::Targets | Outputs::Score => Vec::new(),
        }
    }

    pub(super) fn link(&self) -> Link {
        Link::of(self.name()).expect("every objective has a link")
    }

    fn kind(&self) -> Kind {
        let positive = self.positive;
        let row = match &self.objective {
            Objective::SquaredError => RowLoss::Squared { positive },
            Objective::SquaredLogError => RowLoss::SquaredLog,
            Objective::PseudoHuber { huber_slope } => RowLoss::PseudoHuber { slope: *huber_slope as f32 },
            Objective::AbsoluteError => return Kind::Smooth(vec![Surrogate::Absolute]),
            Objective::Quantile { .. } => {
                let surrogate = |alpha| Surrogate::Quantile { alpha };
                return Kind::Smooth(self.quantiles().into_iter().map(surrogate).collect());
            }
            Objective::Logistic | Objective::BinaryLogistic | Objective::BinaryLogitRaw => {
                RowLoss::Logistic { positive }
            }
            Objective::Poisson => RowLoss::Poisson { step: self.step },
            Objective::Gamma => RowLoss::Gamma { positive },
            Objective::Tweedie { tweedie_variance_power } => {
                RowLoss::Tweedie { power: *tweedie_variance_power as f32 }
            }
            Objective::BinaryHinge => RowLoss::Hinge,
            Objective::Softmax { num_class } | Objective::Softprob { num_class } => {
                return Kind::Classes(*num_class);
            }
            Objective::RankNdcg(ranking) => return Kind::Pairs(Measure::Ndcg, pairs(ranking)),
            Objective::RankMap(ranking) => return Kind::Pairs(Measure::Map, pairs(ranking)),
            Objective::RankPairwise(ranking) => return Kind::Pairs(Measure::None, pairs(ranking)),
            Objective::Cox => return Kind::Cox,
        };
        Kind::Rows(vec![row])
    }
}

/// How many of the rows that are ranked highest form pairs.
fn pairs(ranking: &Ranking) -> usize {
    ranking.lambdarank_num_pair_per_sample.unwrap_or(PAIRS).max(1)
}
