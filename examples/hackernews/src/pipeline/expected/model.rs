//! Training the model of expected comments.

use std::ops::ControlFlow;

use millwork::ml::boost::{BoosterParams, Importance, Objective, Training};
use millwork::ml::features::LabelledFeatures;
use millwork::{Config, Output, Plot, Problem, Result, StepLog, asset};
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fitted::{CommentsModel, Encoding};
use crate::pipeline::ingest::training_data;
use crate::pipeline::model::curve;
use crate::pipeline::reference::source::Row;

/// The share of the newest training stories that training is stopped by.
const VALIDATION_SHARE: f64 = 0.15;

/// The parameters of training.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExpectedCommentsParams {
    /// Maximum rounds.
    #[schemars(range(min = 1))]
    rounds: usize,
    /// The number of rounds without improvement on the newest training stories after which training stops.
    #[schemars(range(min = 1))]
    patience: usize,
    /// The size of a step.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
    eta: f64,
}

impl Default for ExpectedCommentsParams {
    fn default() -> Self {
        Self { rounds: 400, patience: 20, eta: 0.1 }
    }
}

/// The expected number of comments on a story, by the likelihood of a Poisson distribution, from its title, kind, domain, author and time.
/// Each one is a version, which `better_comments` judges. The guide's model, `xgboost_comments_model`, is beside it.
#[asset(group = "model", kinds("xgboost"))]
pub fn comments_model(
    training_data: &DataFrame,
    training: Config<ExpectedCommentsParams>,
    log: StepLog,
) -> Result<Output<CommentsModel>> {
    let rows = Row::in_order_of_time(training_data)?;
    let held_back = (rows.len() as f64 * VALIDATION_SHARE).ceil() as usize;
    if rows.len() < 2 {
        let problem = Problem::new(format!("too few stories to learn from: {}", rows.len()));
        return Err(problem.with_hint("fetch more with `--set hackernews_stories.items=…`").into());
    }
    let (known, newest) = rows.split_at(rows.len() - held_back);
    let (encoding, features) = Encoding::fit(known)?;
    let labelled = |features, rows: &[Row]| -> Result<LabelledFeatures> {
        let labelled = LabelledFeatures::new(features, rows.iter().map(|row| row.comments).collect())?;
        Ok(labelled.with_row_keys(rows.iter().map(|row| row.id))?)
    };
    let validation = labelled(encoding.of_newer(newest)?, newest)?;
    let learned = labelled(features, known)?;
    let params = BoosterParams {
        objective: Objective::Poisson,
        max_depth: 3,
        eta: training.eta,
        min_child_weight: 5.0,
        subsample: 0.8,
        colsample_bytree: 0.5,
        ..BoosterParams::default()
    };
    let trained = Training::new(&params, training.rounds, &learned)
        .evaluate("newest", &validation)
        .early_stopping(training.patience)
        .on_round(|round| {
            log.progress(round.index as u64 + 1, round.rounds as u64);
            ControlFlow::Continue(())
        })
        .cancel_when(|| log.is_canceled())
        .run()?;
    log.check_canceled()?;
    let names = learned.features().names();
    let name = |column| names.and_then(|names| names.get(column)).unwrap_or("?").to_owned();
    let gains = trained.booster.importance(Importance::TotalGain).into_iter();
    let importance = Plot::bars("Total gain by feature", gains.map(|(column, gain)| (name(column), gain)));
    let (rounds, curve) = (trained.booster.rounds(), curve(&trained.history));
    let model = CommentsModel::new(encoding, trained.booster, known, newest)?;
    Ok(Output::new(model)
        .metadata("rounds", rounds)
        .metadata("stories", rows.len())
        .metadata("training curve", curve)
        .metadata("feature importance", importance))
}
