//! When the models are trained again: the condition of the job `train`.

use std::time::Duration;

use millwork::AutomationCondition as Condition;

const DAY: Duration = Duration::from_secs(86_400);

/// Any of decay, drift, many new stories and age; at most every other day and three times a week, and not while a verdict is pending.
pub(super) fn training_is_due() -> Condition {
    let is_due = Condition::any_of([
        Condition::metric("live_performance", "Poisson deviance").coverage(0.8).worse_than_at_promotion(0.25),
        Condition::metric("story_drift", "drifted columns").above(0.0).for_evaluations(2),
        Condition::metric("hackernews_stories", "new stories").adds_up_to(5_000.0),
        Condition::older_than("comments_model", 30 * DAY),
    ]);
    is_due.cooldown(2 * DAY).budget(3, 7 * DAY).unless_verdict_pending()
}
