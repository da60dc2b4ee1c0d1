//! The models that are compared.

use std::ops::ControlFlow;

use millwork::ml::boost::{Booster, BoosterParams, Importance, Objective, Training};
use millwork::ml::features::LabelledFeatures;
use millwork::ml::text::TfidfVectorizer;
use millwork::{Config, Output, Plot, Result, StepLog, asset};
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::{reference_training, reference_validation};
use super::source::{comments, parts, reference_stories};
use crate::pipeline::model::{TrainingParams, curve};
use crate::pipeline::stories;

/// The parameters of training.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Patience {
    /// Maximum rounds.
    #[schemars(range(min = 1))]
    rounds: usize,
    /// The number of rounds without improvement on the validation stories after which training stops.
    #[schemars(range(min = 1))]
    patience: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self { rounds: 1_000, patience: 50 }
    }
}

/// The expected number of comments on a story: a model of the mean, by the likelihood of a Poisson distribution.
#[asset(group = "reference", kinds("xgboost"))]
pub fn expected_comments_model(
    reference_training: &LabelledFeatures,
    reference_validation: &LabelledFeatures,
    patience: Config<Patience>,
    log: StepLog,
) -> Result<Output<Booster>> {
    let params = BoosterParams { objective: Objective::Poisson, max_depth: 3, ..gentle() };
    train(&params, reference_training, reference_validation, &patience, &log)
}

/// The typical number of comments on a story: a model of the median, by the pinball loss.
#[asset(group = "reference", kinds("xgboost"))]
pub fn typical_comments_model(
    reference_training: &LabelledFeatures,
    reference_validation: &LabelledFeatures,
    patience: Config<Patience>,
    log: StepLog,
) -> Result<Output<Booster>> {
    let objective = Objective::Quantile { quantile_alpha: vec![0.5] };
    let params = BoosterParams { objective, max_depth: 5, ..gentle() };
    train(&params, reference_training, reference_validation, &patience, &log)
}

/// Small steps on parts of the data: one story has little information.
fn gentle() -> BoosterParams {
    BoosterParams {
        eta: 0.05,
        min_child_weight: 5.0,
        subsample: 0.8,
        colsample_bytree: 0.5,
        ..BoosterParams::default()
    }
}

fn train(
    params: &BoosterParams,
    training: &LabelledFeatures,
    validation: &LabelledFeatures,
    patience: &Patience,
    log: &StepLog,
) -> Result<Output<Booster>> {
    let trained = Training::new(params, patience.rounds, training)
        .evaluate("validation", validation)
        .early_stopping(patience.patience)
        .on_round(|round| {
            log.progress(round.index as u64 + 1, round.rounds as u64);
            ControlFlow::Continue(())
        })
        .cancel_when(|| log.is_canceled())
        .run()?;
    log.check_canceled()?;
    let names = training.features().names();
    let name = |column| names.and_then(|names| names.get(column)).unwrap_or("?").to_owned();
    let gains = trained.booster.importance(Importance::TotalGain).into_iter();
    let importance = Plot::bars("Total gain by feature", gains.map(|(column, gain)| (name(column), gain)));
    let rounds = trained.booster.rounds();
    Ok(Output::new(trained.booster)
        .metadata("rounds", rounds)
        .metadata("training curve", curve(&trained.history))
        .metadata("feature importance", importance))
}

/// The predictions of the guide's model, trained on all stories before the test stories, for those: TF-IDF of the titles and 20 rounds of
/// squared error.
#[asset(group = "reference", kinds("xgboost"))]
pub fn guide_predictions(reference_stories: &DataFrame) -> Result<Vec<f32>> {
    let parts = parts(reference_stories)?;
    let known = stories::rows(reference_stories, &[parts.train, parts.validation].concat())?;
    let test = stories::rows(reference_stories, &parts.test)?;
    let (vectorizer, features) = TfidfVectorizer::fit_transform(&stories::titles(&known)?)?;
    let known = LabelledFeatures::new(features, comments(&known)?)?;
    let TrainingParams { rounds, params, .. } = TrainingParams::default();
    let booster = Booster::train(&params, rounds, &known)?;
    Ok(booster.predict(&vectorizer.transform(&stories::titles(&test)?))?)
}
