//! Predictions for the newest stories, made more often than the model.

use millwork::polars::preview;
use millwork::{Champion, Config, InputOf, Output, Plot, Resource, Result, Retry, StepLog, asset};
use polars::prelude::{Column, DataFrame};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::features::tfidf_vectorizer;
use super::model::xgboost_comments_model;
use super::stories;
use crate::HackerNews;

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

/// How many comments the newest stories will get, as the model in use sees it, through the words that it was fitted with. No new title is
/// no error: there is nothing to predict then, and the frame has no rows.
#[asset(group = "serving", kinds("polars", "http"), retry = Retry::exponential(2), timeout = "5m")]
pub async fn latest_story_comment_predictions(
    model: Champion<xgboost_comments_model>,
    words: InputOf<tfidf_vectorizer, Champion<xgboost_comments_model>>,
    api: Resource<HackerNews>,
    range: Config<LatestRange>,
    log: StepLog,
) -> Result<Output<DataFrame>> {
    let latest = api.latest_stories(range.items, |done, of| log.progress(done as u64, of as u64)).await?;
    let mut frame = stories::frame(&latest.stories)?;
    let titles: Vec<&str> = latest.stories.iter().map(|story| story.title.as_str()).collect();
    let predictions = model.predict(&words.transform(&titles))?;
    let spread = Plot::histogram("Predicted comments", predictions.iter().map(|count| f64::from(*count)), 20);
    frame.with_column(Column::new("predicted_comments".into(), predictions))?;
    let preview = preview(&frame.select(["id", "title", "predicted_comments"])?, 10);
    let mut output = Output::new(frame);
    for (label, count) in stories::counts(&latest.counts) {
        output = output.metadata(label, count);
    }
    Ok(output
        .metadata("rows", latest.stories.len())
        .metadata("preview", preview)
        .metadata("predictions", spread))
}
