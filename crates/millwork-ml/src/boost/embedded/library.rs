//! Rounds that the library trains.

use hessboost::config::TrainingParams;
use hessboost::data::DMatrix;
use hessboost::training::Trainer;

use crate::boost::BoostError;
use crate::boost::embedded::Model;
use crate::boost::embedded::matrix::{labelled_matrix, training_matrix};
use crate::boost::embedded::parameters::metrics;
use crate::boost::training::{Observe, Rounds};
use crate::features::LabelledFeatures;

/// What the library is asked for.
pub(super) const TRAIN: &str = "train the model";

/// A model that the library grows.
pub(super) struct LibraryRounds<'a> {
    parameters: TrainingParams,
    matrix: DMatrix,
    sets: Vec<(&'a str, DMatrix)>,
    metrics: Vec<String>,
    model: Option<Model>,
}

impl<'a> LibraryRounds<'a> {
    pub(super) fn new(
        parameters: TrainingParams,
        data: &LabelledFeatures,
        sets: &[(&'a str, &LabelledFeatures)],
        start: Option<&Model>,
    ) -> Result<Self, BoostError> {
        let metrics = metrics(&parameters)?.iter().map(|metric| metric.name().to_owned()).collect();
        let matrix = training_matrix(data)?;
        let labelled = |(set, data): &(&'a str, &LabelledFeatures)| Ok((*set, labelled_matrix(data)?));
        let sets = sets.iter().map(labelled).collect::<Result<_, BoostError>>()?;
        Ok(Self { parameters, matrix, sets, metrics, model: start.cloned() })
    }
}

impl Rounds for LibraryRounds<'_> {
    fn metrics(&self) -> Vec<String> {
        self.metrics.clone()
    }

    fn train(&mut self, rounds: usize, observe: &mut Observe<'_>) -> Result<(), BoostError> {
        let mut trainer = Trainer::new(&self.parameters, &self.matrix, rounds);
        for (set, matrix) in &self.sets {
            trainer = trainer.eval(matrix, set);
        }
        if let Some(model) = &self.model {
            trainer = trainer.init_model(model.library());
        }
        let result =
            trainer.on_round(|round| observe(round.values())).train().map_err(BoostError::library(TRAIN))?;
        self.model = Some(Model::new(result.model));
        Ok(())
    }

    fn model(&mut self) -> Result<Model, BoostError> {
        self.model.clone().ok_or(BoostError::Cancelled)
    }
}
