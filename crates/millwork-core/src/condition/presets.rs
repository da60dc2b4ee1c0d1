//! The conditions that most assets need, and the parts they are made of.

use super::AutomationCondition as Condition;
use super::tree::Quantifier;

impl Condition {
    /// The condition holds for any upstream asset.
    pub fn any_deps_match(condition: Self) -> Self {
        condition.deps(Quantifier::Any)
    }

    /// The condition holds for every upstream asset.
    pub fn all_deps_match(condition: Self) -> Self {
        condition.deps(Quantifier::All)
    }

    /// An upstream asset was updated, though not by a run that makes this asset as well, or will be requested.
    pub fn any_deps_updated() -> Self {
        let updated = Self::newly_updated() & !Self::executed_with_root_target();
        Self::any_deps_match(updated | Self::will_be_requested()).with_label("any_deps_updated")
    }

    /// An upstream asset has no value, and won't be requested.
    pub fn any_deps_missing() -> Self {
        Self::any_deps_match(Self::missing() & !Self::will_be_requested()).with_label("any_deps_missing")
    }

    /// An upstream asset is being made.
    pub fn any_deps_in_progress() -> Self {
        Self::any_deps_match(Self::in_progress()).with_label("any_deps_in_progress")
    }

    /// Every upstream asset has passed its blocking checks, or will be requested.
    pub fn all_deps_blocking_checks_passed() -> Self {
        let passed = Self::blocking_checks_passed() | Self::will_be_requested();
        Self::all_deps_match(passed).with_label("all_deps_blocking_checks_passed")
    }

    /// Every upstream asset was updated after the last tick of the schedule, or will be requested.
    pub fn all_deps_updated_since_cron(cron: &str, zone: &str) -> Self {
        let updated = Self::newly_updated().since(Self::cron_tick_passed(cron, zone));
        Self::all_deps_match(updated | Self::will_be_requested()).with_label("all_deps_updated_since_cron")
    }

    /// The asset has lost its value since the last evaluation.
    pub fn newly_missing() -> Self {
        Self::missing().newly_true().with_label("newly_missing")
    }

    /// The condition has held since the asset was last requested or updated, or first evaluated.
    #[must_use]
    pub fn since_last_handled(self) -> Self {
        let handled = Self::newly_requested() | Self::newly_updated() | Self::initial_evaluation();
        self.since(handled.with_label("handled"))
    }

    /// A tick has passed that no request has followed yet. An update doesn't count: the run of the last tick may well
    /// end after this one.
    fn tick_to_handle(cron: &str, zone: &str) -> Self {
        let requested = Self::newly_requested() | Self::initial_evaluation();
        Self::cron_tick_passed(cron, zone).since(requested.with_label("requested"))
    }

    /// Whenever something upstream is updated, or the value is lost: once nothing upstream is missing or in progress.
    pub fn eager() -> Self {
        let trigger = Self::newly_missing() | Self::any_deps_updated();
        let condition = trigger.since_last_handled()
            & !Self::any_deps_missing()
            & !Self::any_deps_in_progress()
            & !Self::in_progress();
        condition.with_label("eager")
    }

    /// Once for each tick, after everything upstream was updated since the tick. Ticks that pass while the asset waits,
    /// or between two evaluations, count as one.
    pub fn on_cron(cron: &str, zone: &str) -> Self {
        let condition = Self::tick_to_handle(cron, zone) & Self::all_deps_updated_since_cron(cron, zone);
        condition.with_label("on_cron")
    }

    /// Once when the value is missing, as soon as nothing upstream is.
    pub fn on_missing() -> Self {
        let condition = Self::newly_missing().since_last_handled() & !Self::any_deps_missing();
        condition.with_label("on_missing")
    }

    /// Once for each tick, with whatever upstream is current; only a missing upstream value is waited for.
    pub fn on_every_tick(cron: &str, zone: &str) -> Self {
        let condition = Self::tick_to_handle(cron, zone) & !Self::any_deps_missing();
        condition.with_label("on_every_tick")
    }
}
