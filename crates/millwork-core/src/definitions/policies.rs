//! How a daemon treats the runs of a pipeline, and what it forgets.

use std::time::Duration;

use crate::problem::Problem;
use crate::retention::Retention;
use crate::run::{QueueLimits, RunLimits, RunRetries};

/// What was said about how runs are treated; nothing for what is left to the defaults.
#[derive(Clone, Debug, Default)]
pub(super) struct RunPolicies {
    pub(super) queue: Option<QueueLimits>,
    pub(super) retries: Option<RunRetries>,
    pub(super) limits: Option<RunLimits>,
    pub(super) retention: Option<Retention>,
}

impl RunPolicies {
    /// Limits that let nothing pass.
    pub(super) fn problems(&self) -> impl Iterator<Item = Problem> {
        let queue = self.queue.as_ref().filter(|queue| queue.max_runs == 0);
        let queue = queue.map(|_| {
            Problem::new("the queue lets no run go on").with_hint("`QueueLimits::of(…)` takes one at least")
        });
        let limits = self.limits.as_ref().map(|limits| {
            [("start", Some(limits.start)), ("run", limits.runtime)].map(|(what, limit)| {
                (limit == Some(Duration::ZERO)).then(|| {
                    Problem::new(format!("a run has no time to {what}"))
                        .with_hint("`RunLimits` are above zero")
                })
            })
        });
        queue.into_iter().chain(limits.into_iter().flatten().flatten())
    }

    /// Takes over what `other` says.
    pub(super) fn take_over(&mut self, other: Self) {
        self.queue = other.queue.or(self.queue.take());
        self.retries = other.retries.or(self.retries.take());
        self.limits = other.limits.or(self.limits.take());
        self.retention = other.retention.or(self.retention.take());
    }
}
