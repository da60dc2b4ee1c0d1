//! The model and its score.

use std::ops::ControlFlow;

use millwork::ml::boost::{
    Booster, BoosterParams, Ending, EvalMetric, History, Importance, Objective, Training,
};
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
    /// How the number of comments is learned.
    pub(super) learner: Learner,
    /// The number of trees of the guide's learner.
    #[schemars(range(min = 1))]
    pub(super) rounds: usize,
    /// XGBoost's parameters of the guide's learner.
    pub(super) params: BoosterParams,
}

/// How the number of comments is learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// As the guide does: 20 trees by squared error.
    #[default]
    Guide,
    /// The expected number of comments, by the likelihood of a Poisson distribution: 400 small steps on parts of the data.
    ExpectedComments,
}

impl Default for TrainingParams {
    fn default() -> Self {
        let eval_metric = vec![EvalMetric::Rmse, EvalMetric::Mae];
        let params = BoosterParams { eval_metric, ..BoosterParams::default() };
        Self { learner: Learner::default(), rounds: 20, params }
    }
}

impl TrainingParams {
    /// XGBoost's parameters of the chosen learner, and its number of trees.
    fn chosen(&self) -> (BoosterParams, usize) {
        match self.learner {
            Learner::Guide => (self.params.clone(), self.rounds),
            Learner::ExpectedComments => {
                let params = BoosterParams {
                    objective: Objective::Poisson,
                    eta: 0.05,
                    max_depth: 3,
                    min_child_weight: 5.0,
                    subsample: 0.8,
                    colsample_bytree: 0.5,
                    eval_metric: self.params.eval_metric.clone(),
                    ..BoosterParams::default()
                };
                (params, 400)
            }
        }
    }
}

/// Boosted trees that predict a story's number of comments from its title. Each one is a version, which `better_comments_model` judges.
#[asset(group = "model", kinds("xgboost"))]
pub fn xgboost_comments_model(
    transformed_training_data: &LabelledFeatures,
    tfidf_vectorizer: &TfidfVectorizer,
    training: Config<TrainingParams>,
    log: StepLog,
) -> Result<Output<Booster>> {
    let (params, rounds) = training.chosen();
    let trained = Training::new(&params, rounds, transformed_training_data)
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

pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
