//! The pages of backfills: all of them, one, and the form that starts one.

mod create;
mod list;
mod one;

use askama::Template;
pub(super) use create::{show as show_form, submit};
pub(super) use list::show;
use millwork_api::PartitionCountsView;
pub(super) use one::{operate, show as show_one};

/// The partitions of a backfill, or of one of its stages, as a bar with a text.
#[derive(Template)]
#[template(path = "backfill_counts.html")]
struct Counts {
    /// The names of what has become of some, with their numbers.
    parts: Vec<(&'static str, u64)>,
    total: u64,
    done: u64,
}

impl Counts {
    fn new(counts: &PartitionCountsView) -> Self {
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
