//! Everything that the reference job declares, in one list, and the better models beside it in another.

use millwork::{AlertRule, Definitions, Destination, Job, Misfire, Schedule, Secret, Severity, Trigger};

use super::checks::{predictions_are_finite, r_squared_is_not_worse, stories_are_unique};
use super::expected::drift::{stories_have_not_drifted, story_drift};
use super::expected::model::comments_model;
use super::expected::promotion::better_comments;
use super::features::{tfidf_features, transformed_test_data};
use super::ingest::{hackernews_stories, training_test_data};
use super::live::{self, later_comments, live_performance};
use super::model::{comments_model_test_set_r_squared, xgboost_comments_model};
use super::promotion::better_comments_model;
use super::reference::comparison::model_comparison;
use super::reference::features::reference_features;
use super::reference::models::{expected_comments_model, guide_predictions, typical_comments_model};
use super::reference::source::reference_stories;
use super::retraining::{comments_model_is_watched, training_is_due};
use super::serving::{latest_stories, latest_story_comment_predictions};
use crate::HackerNews;

/// The newest stories, predictions for them, what came of earlier ones, and how far off those were.
const PREDICT: &str = "latest_stories or latest_story_comment_predictions or awaited_stories or comments_that_came or live_performance";
/// Both models and the guide's score, with everything that they are made from.
const TRAIN: &str = "+comments_model or +comments_model_test_set_r_squared";

/// When the job does what by itself; times are lines of cron in UTC.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    /// When stories are fetched, and compared with those that the model in use has learned from.
    pub(crate) stories: String,
    /// When models are trained, whatever has happened.
    pub(crate) training: String,
    /// When predictions are made.
    pub(crate) predictions: String,
    /// Whether models are trained as well when something has happened.
    pub(crate) retrains: bool,
}

impl Default for Pace {
    fn default() -> Self {
        let [stories, training, predictions] = ["@hourly", "0 4 * * mon", "*/10 * * * *"].map(str::to_owned);
        Self { stories, training, predictions, retrains: true }
    }
}

/// Everything that the reference job declares.
pub fn definitions() -> Definitions {
    definitions_at(&Pace::default()).resource_with(HackerNews::from_env)
}

/// The same at another pace, without the source of the stories.
pub(crate) fn definitions_at(pace: &Pace) -> Definitions {
    millwork::advice::register::<crate::hacker_news::HackerNewsError>();
    let destination = || Destination::webhook(Secret::env("HACKER_NEWS_ALERTS")).optional();
    let train = Job::new("train", TRAIN).description("Fetch stories, fit and judge the models");
    let train = if pace.retrains { train.automation(training_is_due()) } else { train };
    millwork::definitions![
        hackernews_stories,
        training_test_data,
        tfidf_features,
        transformed_test_data,
        xgboost_comments_model,
        better_comments_model,
        comments_model_test_set_r_squared,
        comments_model,
        better_comments,
        latest_stories,
        latest_story_comment_predictions,
        later_comments,
        live_performance,
        story_drift,
        stories_are_unique,
        r_squared_is_not_worse,
        predictions_are_finite,
        stories_have_not_drifted,
    ]
    .config(live::settings())
    .job(train)
    .watch(comments_model_is_watched())
    .job(
        Job::new("predict", PREDICT)
            .description("Predict for the newest stories with the model there is, and measure what came"),
    )
    .alert(AlertRule::new("runs_fail").when(Trigger::RunFailed).to(destination()))
    .alert(
        AlertRule::new("r_squared_falls")
            .description("The guide's model explains less than the last one did")
            .when(Trigger::CheckFailed(Severity::Warn))
            .assets("comments_model_test_set_r_squared")
            .to(destination()),
    )
    .alert(
        AlertRule::new("predictions_are_guesses")
            .description("What was predicted hardly ranks the stories of a day")
            .when(Trigger::metric_below("Spearman", 0.1))
            .assets("live_performance")
            .to(destination()),
    )
    .alert(
        AlertRule::new("predictions_get_worse")
            .description("The model in use predicts worse than when it came into use")
            .when(Trigger::metric_worse_than_at_promotion("Poisson deviance", 0.5))
            .assets("live_performance")
            .to(destination()),
    )
    .alert(
        AlertRule::new("training_is_held_back")
            .description("The models would be trained again, and have been so often enough")
            .when(Trigger::BudgetSpent)
            .to(destination()),
    )
    .alert(
        AlertRule::new("comments_are_missing")
            .description("Of too many predictions it isn't known what came")
            .when(Trigger::coverage_below(0.8))
            .assets("live_performance")
            .to(destination()),
    )
    .alert(
        AlertRule::new("stories_drift")
            .description("The newest stories aren't like those that the model in use has learned from")
            .when(Trigger::CheckFailed(Severity::Warn))
            .assets("story_drift")
            .to(destination()),
    )
    .alert(
        AlertRule::new("model_in_use_changes")
            .description("Another version of the model makes the predictions")
            .when(Trigger::Promoted)
            .when(Trigger::RolledBack)
            .assets("comments_model")
            .to(destination()),
    )
    .schedule(
        Schedule::new("hourly_stories", [pace.stories.as_str()], "hackernews_stories or story_drift")
            .description("Fetch the newest stories, and compare them with those that were learned from"),
    )
    .schedule(
        Schedule::of_job("weekly_training", [pace.training.as_str()], "train")
            .description("Fetch stories, fit and judge the models"),
    )
    .schedule(
        Schedule::of_job("frequent_predictions", [pace.predictions.as_str()], "predict")
            .misfire(Misfire::Skip)
            .description("Predict for the newest stories with the model there is, and measure what came"),
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
        ])
        .job(
            Job::new("compare", "group:reference")
                .description("Compare better models with the guide's on the newest stories"),
        )
}
