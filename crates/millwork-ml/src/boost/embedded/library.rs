//! Rounds that the library trains.

use std::ops::ControlFlow;

use hessboost::config::TrainingParams;
use hessboost::data::DMatrix;
use hessboost::model::BoostedModel;
use hessboost::training::Trainer;

use crate::boost::BoostError;
use crate::boost::embedded::Model;
use crate::boost::embedded::custom::{library_metric, with_custom_loss, with_objective_of};
use crate::boost::embedded::matrix::{labelled_matrix, training_matrix};
use crate::boost::embedded::parameters::metrics;
use crate::boost::training::{Custom, Observe, Rounds, Task};
use crate::features::LabelledFeatures;

/// What the library is asked for.
pub(super) const TRAIN: &str = "train the model";

/// A model that the library grows.
pub(super) struct LibraryRounds<'a> {
    parameters: TrainingParams,
    custom: &'a Custom,
    matrix: DMatrix,
    sets: Vec<(&'a str, DMatrix)>,
    metrics: Vec<String>,
    model: Option<Model>,
}

impl<'a> LibraryRounds<'a> {
    pub(super) fn new(task: &Task<'a>, parameters: TrainingParams) -> Result<Self, BoostError> {
        let metrics = metrics(&parameters, task.custom)?;
        let metrics = metrics.iter().map(|metric| metric.name().to_owned()).collect();
        let matrix = training_matrix(task.data)?;
        let labelled = |(set, data): &(&'a str, &LabelledFeatures)| Ok((*set, labelled_matrix(data)?));
        let sets = task.sets.iter().map(labelled).collect::<Result<_, BoostError>>()?;
        Ok(Self { parameters, custom: task.custom, matrix, sets, metrics, model: task.start.cloned() })
    }

    /// Trains with these parameters, on from a model if there is one.
    fn trained(
        &self,
        parameters: &TrainingParams,
        start: Option<&BoostedModel>,
        rounds: usize,
        observe: &mut Observe<'_>,
    ) -> Result<BoostedModel, BoostError> {
        let mut trainer = Trainer::new(parameters, &self.matrix, rounds);
        for (set, matrix) in &self.sets {
            trainer = trainer.eval(matrix, set);
        }
        if let Some(metric) = &self.custom.metric {
            trainer = trainer.custom_metric(library_metric(metric));
        }
        if let Some(start) = start {
            trainer = trainer.init_model(start);
        }
        let trained = trainer.on_round(|round| observe(round.values())).train();
        Ok(trained.map_err(BoostError::library(TRAIN))?.model)
    }

    /// Trains with the custom loss. The library does not write such a model as XGBoost's, so that before and after it
    /// is one of the parameters' objective.
    fn trained_with_custom_loss(
        &self,
        rounds: usize,
        observe: &mut Observe<'_>,
    ) -> Result<BoostedModel, BoostError> {
        let custom = with_custom_loss(&self.parameters, self.custom)?;
        let silent = &mut |_: &[f64]| ControlFlow::Continue(());
        let start = match &self.model {
            Some(model) => {
                let template = self.trained(&custom, None, 0, silent)?;
                Some(with_objective_of(model.library(), &template)?)
            }
            None => None,
        };
        let trained = self.trained(&custom, start.as_ref(), rounds, observe)?;
        with_objective_of(&trained, &self.trained(&self.parameters, None, 0, silent)?)
    }
}

impl Rounds for LibraryRounds<'_> {
    fn metrics(&self) -> Vec<String> {
        self.metrics.clone()
    }

    fn train(&mut self, rounds: usize, observe: &mut Observe<'_>) -> Result<(), BoostError> {
        let model = if self.custom.loss.is_some() {
            self.trained_with_custom_loss(rounds, observe)?
        } else {
            self.trained(&self.parameters, self.model.as_ref().map(Model::library), rounds, observe)?
        };
        self.model = Some(Model::new(model));
        Ok(())
    }

    fn model(&mut self) -> Result<Model, BoostError> {
        self.model.clone().ok_or(BoostError::Canceled)
    }
}
