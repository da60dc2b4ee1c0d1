//! The model and its score.

use std::ops::ControlFlow;

use millwork::ml::boost::{Booster, BoosterParams, Ending, EvalMetric, History, Importance, Training};
use millwork::ml::features::LabelledFeatures;
use millwork::ml::metrics;
use millwork::ml::text::TfidfVectorizer;
use millwork::{AutomationCondition, Config, Output, Plot, Result, Series, StepLog, asset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::{tfidf_vectorizer, transformed_test_data, transformed_training_data};

/// The parameters of training.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingParams {
    /// The number of trees.
    #[schemars(range(min = 1))]
    pub(super) rounds: usize,
    /// XGBoost's parameters.
    pub(super) params: BoosterParams,
}

impl Default for TrainingParams {
    fn default() -> Self {
        let eval_metric = vec![EvalMetric::Rmse, EvalMetric::Mae];
        Self { rounds: 20, params: BoosterParams { eval_metric, ..BoosterParams::default() } }
    }
}

/// Boosted trees that predict a story's number of comments from its title.
#[asset(group = "model", kinds("xgboost"))]
pub fn xgboost_comments_model(
    transformed_training_data: &LabelledFeatures,
    tfidf_vectorizer: &TfidfVectorizer,
    training: Config<TrainingParams>,
    log: StepLog,
) -> Result<Output<Booster>> {
    let trained = Training::new(&training.params, training.rounds, transformed_training_data)
        .evaluate("train", transformed_training_data)
        .on_round(|round| {
            log.progress(round.index as u64 + 1, round.rounds as u64);
            if log.is_canceled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run()?;
    if trained.ending == Ending::Interrupted {
        log.check_canceled()?;
    }
    let importance = importance(&trained.booster, tfidf_vectorizer);
    let rounds = trained.booster.rounds();
    Ok(Output::new(trained.booster)
        .metadata("rounds", rounds)
        .metadata("training curve", curve(&trained.history))
        .metadata("feature importance", importance))
}

pub(super) fn curve(history: &History) -> Series {
    let curves = history.series().iter();
    Series::by_index(
        "round",
        curves.map(|curve| (format!("{} {}", curve.set, curve.metric), curve.values.clone())),
    )
}

/// The terms that reduce the loss most.
fn importance(booster: &Booster, vectorizer: &TfidfVectorizer) -> Plot {
    let term = |column: usize| vectorizer.terms().get(column).map_or("?", String::as_str);
    let gains = booster.importance(Importance::TotalGain).into_iter();
    Plot::bars("Total gain by term", gains.map(|(column, gain)| (term(column), gain)))
}

/// The share of the variance of the test stories' comments that the model explains (R²), with other measures of its
/// error, and those of guessing the same for every story. A model that is trained by itself is scored as well.
#[asset(group = "model", kinds("score"), metric = "R²", automation = AutomationCondition::eager())]
pub fn comments_model_test_set_r_squared(
    transformed_test_data: &LabelledFeatures,
    transformed_training_data: &LabelledFeatures,
    xgboost_comments_model: &Booster,
) -> Result<Output<f64>> {
    let targets = transformed_test_data.targets();
    let predictions = xgboost_comments_model.predict(transformed_test_data.features())?;
    let r_squared = metrics::r_squared(targets, &predictions)?;
    let on_training = xgboost_comments_model.predict(transformed_training_data.features())?;
    let pairs = targets.iter().zip(&predictions).map(|(target, predicted)| (*target, f64::from(*predicted)));
    let plot = Plot::predicted_against_actual("Comments of the test stories", pairs);
    let guess = vec![median(transformed_training_data.targets()); targets.len()];
    Ok(Output::new(r_squared)
        .metadata("R²", r_squared)
        .metadata(
            "R² on the training stories",
            metrics::r_squared(transformed_training_data.targets(), &on_training)?,
        )
        .metadata("MAE", metrics::mean_absolute_error(targets, &predictions)?)
        .metadata("MAE of guessing the median", metrics::mean_absolute_error(targets, &guess)?)
        .metadata("RMSE", metrics::root_mean_squared_error(targets, &predictions)?)
        .metadata("predicted against actual", plot)
        .metadata("stories", targets.len()))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
