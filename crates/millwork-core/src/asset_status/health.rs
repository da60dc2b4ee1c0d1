//! The health of an asset, and of its partitions.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::fold::StepProgress;
use super::sets::PartitionSets;
use crate::asset::AssetStatus;
use crate::freshness::AssetFreshness;
use crate::id::PartitionKey;
use crate::outcome::Failure;
use crate::plan::{Cause, Staleness};

/// The health of an asset: its status, the reasons, and other problems. What it says of partitions it says of sets of them;
/// [`AssetStatuses::partitions`](super::AssetStatuses::partitions) has some in detail.
#[derive(Clone, Debug)]
pub struct AssetHealth {
    /// The worst status of its partitions.
    pub status: AssetStatus,
    /// When any of its partitions was last materialized; `None` if never.
    pub last_materialized_at: Option<Timestamp>,
    /// Its freshness by its policy, and since when; `None` without one. The policy is about the asset as a whole: one that has a new
    /// partition every day isn't late because of the first.
    pub freshness: Option<AssetFreshness>,
    /// Its partitions by what is known of them. Of an external asset, those that were reported.
    pub partitions: PartitionSets,
    pub(super) progress: Option<StepProgress>,
    pub(super) failing_checks: BTreeSet<String>,
    pub(super) reasons: Vec<String>,
}

/// How an asset without partitions is, or one partition of an asset.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionHealth {
    /// The partition; `None` if the asset has no partitions.
    pub partition: Option<PartitionKey>,
    /// The status of the partition.
    pub status: AssetStatus,
    /// Whether its value is what running its function now would be based on, whatever runs or has failed. An external one is fresh.
    pub staleness: Staleness,
    /// Why the last attempt to make it failed; `None` if something was made since.
    pub failure: Option<Failure>,
    /// The progress of its step; `None` if it isn't running.
    pub progress: Option<StepProgress>,
    /// When it was last materialized; `None` if never.
    pub last_materialized_at: Option<Timestamp>,
    /// The checks that failed the last time that they were evaluated, by name.
    pub failing_checks: Vec<String>,
}

impl AssetHealth {
    /// Whether its value is older than its freshness policy wants, or its latest window isn't there.
    pub fn is_late(&self) -> bool {
        self.freshness.as_ref().is_some_and(AssetFreshness::is_late)
    }

    /// Whether any of its partitions is stale or missing, whatever runs or has failed: a run of stale assets makes those.
    pub fn is_behind(&self) -> bool {
        !self.partitions.behind().is_empty()
    }

    /// The progress of its step, or of the step of one of its partitions; `None` if none is running.
    pub fn progress(&self) -> Option<StepProgress> {
        self.progress
    }

    /// The checks that failed the last time, of any partition, each once.
    pub fn failing_checks(&self) -> &BTreeSet<String> {
        &self.failing_checks
    }

    /// Why it isn't fresh, each reason in a sentence and once: those of its first partitions that have failed or are stale.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }
}

impl PartitionHealth {
    /// Whether it is stale or missing, whatever runs or has failed.
    pub fn is_behind(&self) -> bool {
        self.staleness != Staleness::Fresh
    }

    /// Why it is stale, whatever runs or has failed; empty if it isn't.
    pub fn causes(&self) -> &[Cause] {
        match &self.staleness {
            Staleness::Stale(causes) => causes,
            Staleness::Fresh | Staleness::Missing => &[],
        }
    }

    /// Why it isn't fresh, each in a sentence: how it failed, then what has changed.
    pub fn reasons(&self) -> impl Iterator<Item = String> + '_ {
        self.failure_in_words()
            .chain(self.causes().iter().map(|cause| cause.in_words(self.partition.as_ref())))
    }

    /// The same beside those of other partitions, so that also inputs of the same partition name it.
    pub(crate) fn reasons_of_many(&self) -> impl Iterator<Item = String> + '_ {
        self.failure_in_words().chain(self.causes().iter().map(|cause| cause.in_words(None)))
    }

    fn failure_in_words(&self) -> impl Iterator<Item = String> + '_ {
        self.failure.iter().map(|failure| format!("its last run failed: {failure}"))
    }
}
