//! Numbers of partitions by what has become of them.

use askama::Template;
use millwork_api::PartitionCountsView;

/// The partitions of a backfill, or of one of its stages, as a bar with a text.
#[derive(Template)]
#[template(path = "backfill_counts.html")]
pub(super) struct Counts {
    /// The names of what has become of some, with their numbers.
    parts: Vec<(&'static str, u64)>,
    total: u64,
    done: u64,
}

impl Counts {
    pub(super) fn new(counts: &PartitionCountsView) -> Self {
        let PartitionCountsView { waiting, running, succeeded, failed, lost, skipped, canceled } = *counts;
        let parts = [
            ("succeeded", succeeded),
            ("running", running),
            ("waiting", waiting),
            ("failed", failed),
            ("lost", lost),
            ("skipped", skipped),
            ("canceled", canceled),
        ];
        let total = parts.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
        let parts = parts.into_iter().filter(|(_, count)| *count > 0).collect();
        Self { parts, total, done: total - waiting - running }
    }
}
