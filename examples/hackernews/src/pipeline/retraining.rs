//! When the models are trained again: the condition of the job `train`; and when the model in use gives way to the one before.

use std::time::Duration;

use millwork::{AutomationCondition as Condition, Watch};

const DAY: Duration = Duration::from_secs(86_400);

/// Any of decay, drift, 5,000 new stories and age; at most every second day, three times a week, and not while people are asked about a version.
///
/// The deviance of a day is often half as large again by chance alone, as a few stories get most of the comments. So decay is more than that.
pub(super) fn training_is_due() -> Condition {
    let decay = Condition::metric("live_performance", "Poisson deviance");
    let is_due = Condition::any_of([
        decay.coverage(0.8).worse_than_at_promotion(0.5),
        Condition::metric("story_drift", "drifted columns").above(0.0),
        Condition::metric("hackernews_stories", "new stories").adds_up_to(5_000.0),
        Condition::older_than("comments_model", 30 * DAY),
    ]);
    is_due.cooldown(2 * DAY).budget(3, 7 * DAY).unless_verdict_pending()
}

/// A new version that predicts twice as badly as the one before did gives way to it, in the first week. What comes later is more likely the world's
/// doing than the version's, and asks for a training.
pub(super) fn comments_model_is_watched() -> Watch {
    let deviance = Condition::metric("live_performance", "Poisson deviance");
    Watch::new("comments_model")
        .rollback_if(deviance.coverage(0.8).worse_than_before_promotion(1.0))
        .within(7 * DAY)
}
