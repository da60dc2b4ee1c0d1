//! Everything that the reference job declares, in one list.

use millwork::{Definitions, Job, definitions};

use super::checks::{predictions_are_finite, r_squared_is_not_worse, stories_are_unique};
use super::features::{tfidf_features, transformed_test_data};
use super::ingest::{hackernews_stories, training_test_data};
use super::model::{comments_model_test_set_r_squared, xgboost_comments_model};
use super::serving::latest_story_comment_predictions;
use crate::HackerNews;

/// Everything that the reference job declares.
pub fn definitions() -> Definitions {
    definitions![
        hackernews_stories,
        training_test_data,
        tfidf_features,
        transformed_test_data,
        xgboost_comments_model,
        comments_model_test_set_r_squared,
        latest_story_comment_predictions,
        stories_are_unique,
        r_squared_is_not_worse,
        predictions_are_finite,
    ]
    .resource_with(HackerNews::from_env)
    .job(
        Job::new("train", "+comments_model_test_set_r_squared")
            .description("Fetch stories, fit and score the model"),
    )
    .job(
        Job::new("predict", "latest_story_comment_predictions")
            .description("Predict for the newest stories with the model there is"),
    )
}
