//! Everything that the reference job declares, in one list, and the better models beside it in another.

use millwork::{AlertRule, Definitions, Destination, Job, Misfire, Schedule, Secret, Severity, Trigger};

use super::checks::{predictions_are_finite, r_squared_is_not_worse, stories_are_unique};
use super::features::{tfidf_features, transformed_test_data};
use super::ingest::{hackernews_stories, training_test_data};
use super::model::{comments_model_test_set_r_squared, xgboost_comments_model};
use super::promotion::better_comments_model;
use super::reference::comparison::model_comparison;
use super::reference::drift::{stories_have_not_drifted, story_drift, story_profile};
use super::reference::features::reference_features;
use super::reference::models::{expected_comments_model, guide_predictions, typical_comments_model};
use super::reference::source::reference_stories;
use super::retraining::training_is_due;
use super::serving::latest_story_comment_predictions;
use crate::HackerNews;

/// Everything that the reference job declares.
pub fn definitions() -> Definitions {
    millwork::advice::register::<crate::hacker_news::HackerNewsError>();
    millwork::definitions![
        hackernews_stories,
        training_test_data,
        tfidf_features,
        transformed_test_data,
        xgboost_comments_model,
        better_comments_model,
        comments_model_test_set_r_squared,
        latest_story_comment_predictions,
        stories_are_unique,
        r_squared_is_not_worse,
        predictions_are_finite,
    ]
    .resource_with(HackerNews::from_env)
    .job(
        Job::new("train", "+comments_model_test_set_r_squared")
            .description("Fetch stories, fit and score the model")
            .automation(training_is_due()),
    )
    .job(
        Job::new("predict", "latest_story_comment_predictions")
            .description("Predict for the newest stories with the model there is"),
    )
    .alert(
        AlertRule::new("runs_fail")
            .when(Trigger::RunFailed)
            .to(Destination::webhook(Secret::env("HACKER_NEWS_ALERTS")).optional()),
    )
    .alert(
        AlertRule::new("r_squared_falls")
            .description("The model explains less than the last one did")
            .when(Trigger::CheckFailed(Severity::Warn))
            .assets("comments_model_test_set_r_squared")
            .to(Destination::webhook(Secret::env("HACKER_NEWS_ALERTS")).optional()),
    )
    .schedule(
        Schedule::new("hourly_stories", ["@hourly"], "hackernews_stories")
            .description("Fetch the newest stories"),
    )
    .schedule(
        Schedule::new("weekly_training", ["0 4 * * mon"], "+comments_model_test_set_r_squared")
            .description("Fetch stories, fit and score the model"),
    )
    .schedule(
        Schedule::new("frequent_predictions", ["*/10 * * * *"], "latest_story_comment_predictions")
            .misfire(Misfire::Skip)
            .description("Predict for the newest stories with the model there is"),
    )
}

/// The reference job and, beside it, better models and their comparison with the guide's.
pub fn definitions_with_reference() -> Definitions {
    definitions()
        .merge(millwork::definitions![
            reference_stories,
            reference_features,
            guide_predictions,
            expected_comments_model,
            typical_comments_model,
            model_comparison,
            story_profile,
            story_drift,
            stories_have_not_drifted,
        ])
        .job(
            Job::new("compare", "group:reference")
                .description("Compare better models with the guide's on the newest stories"),
        )
}
