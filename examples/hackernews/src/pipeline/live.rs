//! What came of the predictions: comments are fetched again when a story is three days old, and compared with what was predicted.

use std::collections::BTreeMap;

use millwork::monitor::{GroundTruth, Performance, PerformanceConfig, Predictions};
use millwork::{
    Assets, Config, History, Output, Previous, Resource, Result, Retry, StepTime, asset, multi_asset,
};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::serving::{latest_stories, latest_story_comment_predictions};
use super::stories;
use crate::HackerNews;
use crate::hacker_news::SETTLED_AFTER;

/// A story whose comments are still coming.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    id: i64,
    /// When its comments will be all there, in seconds since 1970 by the clock of the source; `None` if it has no time.
    due: Option<i64>,
}

/// What came of stories, and what is still to come.
#[derive(Assets)]
pub struct LaterComments {
    /// The stories that are yet to be fetched again, by their IDs.
    awaited_stories: Output<Vec<Awaited>>,
    /// The numbers of comments of the stories that are three days old now.
    comments_that_came: Output<GroundTruth<i64, f64>>,
}

/// Fetches each of the newest stories again when it is three days old, for the number of its comments.
///
/// A story that was deleted meanwhile has no number, which the coverage of the live performance shows. One that can't be fetched is asked
/// for again the next time.
#[multi_asset(group = "monitoring", kinds("http"), retry = Retry::exponential(2), timeout = "30m")]
pub async fn later_comments(
    latest_stories: &DataFrame,
    before: Previous<awaited_stories>,
    api: Resource<HackerNews>,
    now: StepTime,
) -> Result<LaterComments> {
    let mut awaited: BTreeMap<i64, Option<i64>> =
        before.value().into_iter().flatten().map(|story| (story.id, story.due)).collect();
    let times = stories::numbers(latest_stories, "time")?;
    for (id, time) in stories::numbers(latest_stories, "id")?.into_iter().zip(times) {
        awaited.extend(id.map(|id| (id, time.map(|time| time.saturating_add(SETTLED_AFTER)))));
    }
    let time = api.time().await?;
    let is_due = |due: Option<i64>| due.zip(time).is_none_or(|(due, time)| due <= time);
    let due: Vec<u64> = awaited
        .iter()
        .filter(|(_, due)| is_due(**due))
        .filter_map(|(id, _)| u64::try_from(*id).ok())
        .collect();
    let again = api.again(&due).await;
    let failed = |id: i64| again.failed.iter().any(|failed| i64::try_from(*failed) == Ok(id));
    awaited.retain(|id, due| !is_due(*due) || failed(*id));
    let (ids, comments): (Vec<i64>, Vec<f64>) = again
        .stories
        .iter()
        .filter_map(|story| Some((i64::try_from(story.id).ok()?, f64::from(story.descendants?))))
        .unzip();
    let came = GroundTruth::timed(
        ids,
        comments,
        again.stories.iter().filter(|story| story.descendants.is_some()).map(|_| *now),
    )?;
    let (rows, waiting) = (came.len(), awaited.len());
    let awaited = awaited.into_iter().map(|(id, due)| Awaited { id, due }).collect();
    Ok(LaterComments {
        awaited_stories: Output::new(awaited).metadata("rows", waiting),
        comments_that_came: Output::new(came)
            .metadata("rows", rows)
            .metadata("gone", due.len() - again.stories.len() - again.failed.len())
            .metadata("failed", again.failed.len()),
    })
}

/// How far the predictions were from the comments that came, day by day, for each version of the model.
///
/// A model of the mean is measured by the Poisson deviance; beside it are the mean absolute error and the correlation of ranks, and guesses
/// of the same for every story of a day: its median and its mean. Predictions are read one by one, since the history of an older home has
/// data frames among them.
#[asset(
    group = "monitoring",
    kinds("score"),
    metric = "Poisson deviance" lower,
    deps(comments_that_came)
)]
pub fn live_performance(
    latest_story_comment_predictions: &Predictions<i64, f64>,
    comments_that_came: History<comments_that_came>,
    previous: Previous<live_performance>,
    settings: Config<PerformanceConfig>,
    now: StepTime,
) -> Result<Output<Performance<i64>>> {
    let performance = Performance::continued(previous.value(), &settings)?
        .predictions(latest_story_comment_predictions)?
        .ground_truth_of(&comments_that_came)?
        .evaluate(*now)?;
    Ok(performance.output())
}

/// The standing settings of `live_performance`. Days are final after four: three until the comments of the last story are all there, and one
/// for fetching them.
pub(super) fn settings() -> Value {
    json!({ "live_performance": {
        "matures": "4d",
        "metrics": ["mean_poisson_deviance", "mean_absolute_error", "spearman_correlation"],
        "baselines": ["median", "mean"],
        "slices": ["kind"],
    }})
}
