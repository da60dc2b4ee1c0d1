//! When the model is trained again: the condition of the job `train`.

use std::time::Duration;

use millwork::AutomationCondition as Condition;

const DAY: Duration = Duration::from_secs(86_400);

/// Enough new stories or an old model, at most once a day, and not while people are asked about a version.
pub(super) fn training_is_due() -> Condition {
    let is_due = Condition::new_rows("hackernews_stories", 5_000)
        | Condition::older_than("xgboost_comments_model", 30 * DAY);
    is_due.cooldown(DAY).unless_verdict_pending()
}
