//! Predictions for the newest stories, made more often than the model.

use millwork::monitor::{MakePredictions as _, Predictions};
use millwork::polars::preview;
use millwork::{Champion, Config, Output, Plot, Resource, Result, Retry, StepLog, Table, asset};
use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expected::model::comments_model;
use super::reference::traits;
use super::stories;
use crate::HackerNews;

/// How many predictions are shown.
const SHOWN: usize = 10;

/// The stories to predict for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LatestRange {
    /// How many of the newest items to look at; not all of them are stories.
    items: usize,
}

impl Default for LatestRange {
    fn default() -> Self {
        Self { items: 100 }
    }
}

/// The newest stories. Predictions, what comes of them later and a model that is tried out beside the one in use see the same ones.
///
/// No new title is no error: the frame has no rows then.
#[asset(group = "serving", kinds("polars", "http"), retry = Retry::exponential(2), timeout = "5m")]
pub async fn latest_stories(
    api: Resource<HackerNews>,
    range: Config<LatestRange>,
    log: StepLog,
) -> Result<Output<DataFrame>> {
    let latest = api.latest_stories(range.items, |done, of| log.progress(done as u64, of as u64)).await?;
    let frame = stories::frame(&latest)?;
    let preview = preview(&frame, SHOWN);
    let mut output = Output::new(frame);
    for (label, count) in stories::counts(&latest.counts) {
        output = output.metadata(label, count);
    }
    Ok(output.metadata("rows", latest.stories.len()).metadata("preview", preview))
}

/// How many comments the newest stories will get, as the model in use sees it: a prediction for each story's ID, with the version that made
/// it. Stories are told apart by the kind of their title (Ask, Show, Tell, Launch HN or none of these).
#[asset(group = "serving", kinds("polars"))]
pub fn latest_story_comment_predictions(
    latest_stories: &DataFrame,
    model: Champion<comments_model>,
) -> Result<Output<Predictions<i64, f64>>> {
    let titles = stories::titles(latest_stories)?;
    let comments = model.predict(latest_stories)?;
    let spread = Plot::histogram("Predicted comments", comments.iter().copied(), 20);
    let table = Table::new([("title", "text"), ("predicted comments", "f64")]);
    let newest = titles.iter().zip(&comments).rev().take(SHOWN);
    let table =
        newest.fold(table, |table, (title, comments)| table.row([(*title).into(), (*comments).into()]));
    let ids = stories::numbers(latest_stories, "id")?.into_iter().map(Option::unwrap_or_default);
    let predictions = model
        .predictions(ids, comments.iter().copied())?
        .slice("kind", titles.iter().map(|title| traits::kind(title)))?;
    Ok(Output::new(predictions)
        .metadata("rows", titles.len())
        .metadata("newest", table)
        .metadata("predictions", spread))
}
