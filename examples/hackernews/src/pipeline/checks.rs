//! Checks of the stories, the score and the predictions.

use millwork::monitor::Predictions;
use millwork::polars::FrameCheck;
use millwork::{CheckResult, Previous, asset_check};
use polars::prelude::DataFrame;

use super::ingest::hackernews_stories;
use super::model::comments_model_test_set_r_squared;
use super::serving::latest_story_comment_predictions;

/// The decrease of R² from one model to the next that is tolerated.
const TOLERANCE: f64 = 0.05;

/// No story is there twice: it would be learned from and scored with at once.
#[asset_check(blocking)]
pub fn stories_are_unique(hackernews_stories: &DataFrame) -> CheckResult {
    FrameCheck::of(hackernews_stories).no_nulls(["id"]).unique(["id"]).result()
}

/// The model explains as much as the last one did.
#[asset_check(severity = "warn")]
pub fn r_squared_is_not_worse(
    comments_model_test_set_r_squared: &f64,
    previous: Previous<comments_model_test_set_r_squared>,
) -> CheckResult {
    let Some(before) = previous.value() else { return CheckResult::pass() };
    let change = comments_model_test_set_r_squared - before;
    let verdict = if change >= -TOLERANCE {
        CheckResult::pass()
    } else {
        CheckResult::fail(format!("R² fell from {before:.3} to {comments_model_test_set_r_squared:.3}"))
    };
    verdict.metadata("change", change)
}

/// Every prediction is a number, and none is below zero.
#[asset_check]
pub fn predictions_are_finite(latest_story_comment_predictions: &Predictions<i64, f64>) -> bool {
    latest_story_comment_predictions.values().iter().all(|comments| comments.is_finite() && *comments >= 0.0)
}
