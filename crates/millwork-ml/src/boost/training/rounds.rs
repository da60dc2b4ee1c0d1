//! The interface of a backend in a training.

use std::ops::ControlFlow;

use crate::boost::model::Model;
use crate::boost::training::custom::Custom;
use crate::boost::training::outcome::Canceled;
use crate::boost::{BoostError, BoosterParams};
use crate::features::LabelledFeatures;

/// The input of a training. The parameters and sets have been checked.
pub(in crate::boost) struct Task<'a> {
    pub(in crate::boost) params: &'a BoosterParams,
    pub(in crate::boost) data: &'a LabelledFeatures,
    pub(in crate::boost) sets: &'a [(&'a str, &'a LabelledFeatures)],
    pub(in crate::boost) start: Option<&'a Model>,
    pub(in crate::boost) custom: &'a Custom,
    pub(in crate::boost) canceled: &'a Canceled<'a>,
}

/// Receives the scores of each round: every metric of the first evaluation set, then of the next. `Break` ends the training.
pub(in crate::boost) type Observe<'a> = dyn FnMut(&[f64]) -> ControlFlow<()> + Send + 'a;

/// A model in training, one round at a time.
pub(in crate::boost) trait Rounds {
    /// The names of the metrics measured on each evaluation set.
    fn metrics(&self) -> Vec<String>;

    /// Trains `rounds` rounds more, or fewer if `observe` breaks off.
    fn train(&mut self, rounds: usize, observe: &mut Observe<'_>) -> Result<(), BoostError>;

    /// The model as it is now.
    fn model(&mut self) -> Result<Model, BoostError>;
}
