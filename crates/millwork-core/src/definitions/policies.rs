//! How a daemon treats the runs of a pipeline, and what it forgets.

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
    /// Takes over what `other` says.
    pub(super) fn take_over(&mut self, other: Self) {
        self.queue = other.queue.or(self.queue.take());
        self.retries = other.retries.or(self.retries.take());
        self.limits = other.limits.or(self.limits.take());
        self.retention = other.retention.or(self.retention.take());
    }
}
