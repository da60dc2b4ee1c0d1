//! Losses and metrics of the user's own as the library's.

use std::sync::Arc;

use hessboost::config::TrainingParams;
use hessboost::metric::{CustomMetric, EvalMetric, Metric};
use hessboost::model::BoostedModel;
use hessboost::objective::{GradPair, Loss, Objective};

use crate::boost::BoostError;
use crate::boost::embedded::model::{native_document, of_native_document};
use crate::boost::embedded::parameters::unsupported;
use crate::boost::training::{self, Custom, CustomLoss};

/// What the library calls a loss of the user's own; it must be no built-in one's name.
const NAME: &str = "millwork:custom";

/// The parts of the library's document of a model that say what it has learned.
const OBJECTIVE: [&str; 2] = ["objective", "objective_params"];

/// The parameters with the custom loss, if there is one, in place of the objective's own.
pub(super) fn with_custom_loss(
    parameters: &TrainingParams,
    custom: &Custom,
) -> Result<TrainingParams, BoostError> {
    let mut parameters = parameters.clone();
    if let Some(loss) = &custom.loss {
        let objective = parameters.loss(1).map_err(unsupported)?;
        parameters.objective = Objective::custom(Derived { objective, loss: loss.clone() });
    }
    Ok(parameters)
}

/// The custom metric as the library's.
pub(super) fn library_metric(metric: &training::CustomMetric) -> Box<dyn Metric> {
    let own = metric.clone();
    let measure = move |predictions: &[f32], targets: &[f32], weights: Option<&[f32]>| {
        own.measure(predictions, targets, weights)
    };
    Box::new(CustomMetric::new(metric.name.clone(), metric.maximizes, measure))
}

/// The trees of `model` under the objective of `template`, so that it is a model of XGBoost's, or one that the library
/// trains on with the custom loss.
pub(super) fn with_objective_of(
    model: &BoostedModel,
    template: &BoostedModel,
) -> Result<BoostedModel, BoostError> {
    let mut document = native_document(model)?;
    let mut template = native_document(template)?;
    for part in OBJECTIVE {
        document[part] = template[part].take();
    }
    of_native_document(&document)
}

/// A custom loss with the outputs and predictions of an objective.
struct Derived {
    objective: Arc<dyn Loss>,
    loss: CustomLoss,
}

impl Loss for Derived {
    fn name(&self) -> &'static str {
        NAME
    }

    fn n_outputs(&self) -> usize {
        self.objective.n_outputs()
    }

    fn gradient(&self, margins: &[f32], targets: &[f32], weights: Option<&[f32]>, pairs: &mut [GradPair]) {
        let derivatives = self.loss.derivatives(margins, targets, weights);
        for (pair, derivatives) in pairs.iter_mut().zip(derivatives) {
            *pair = GradPair::new(derivatives.first, derivatives.second);
        }
    }

    fn pred_transform(&self, margins: &mut [f32]) {
        self.objective.pred_transform(margins);
    }

    fn eval_transform(&self, margins: &mut [f32]) {
        self.objective.eval_transform(margins);
    }

    fn probs_to_margins(&self, predictions: &mut [f32]) {
        self.objective.probs_to_margins(predictions);
    }

    fn margins_to_probs(&self, margins: &mut [f32]) {
        self.objective.margins_to_probs(margins);
    }

    fn default_metric(&self) -> EvalMetric {
        self.objective.default_metric()
    }
}
