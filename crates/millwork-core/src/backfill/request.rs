//! What a backfill is asked to make, and how.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Serialize};

use super::StopRule;
use crate::id::AssetKey;
use crate::partition::KeySet;

/// A request to make partitions of an asset, and of those that depend on it or that it depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackfillRequest {
    /// The asset whose partitions are named.
    pub anchor: AssetKey,
    /// The partitions, in its key space.
    pub keys: KeySet,
    /// How they are made.
    #[serde(default)]
    pub options: BackfillOptions,
}

/// How the partitions of a backfill are made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackfillOptions {
    /// Whether partitions are made that are fresh already.
    pub all: bool,
    /// Which partitions are made first.
    pub order: RunOrder,
    /// The maximum number of runs at the same time.
    pub runs_at_a_time: NonZeroU32,
    /// The maximum number of partitions that a run makes; the policies of the assets may allow fewer. Without it they alone decide.
    pub partitions_per_run: Option<NonZeroU64>,
    /// The failures after which nothing new is started.
    pub stop: StopRule,
    /// The maximum number of runs of the whole plan; a larger plan is refused.
    pub most_runs: u64,
}

/// Which partitions of a stage are made first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOrder {
    /// Those with the lowest indexes.
    #[default]
    OldestFirst,
    /// Those with the highest indexes.
    NewestFirst,
}

/// As a person reads it: `oldest first`.
impl fmt::Display for RunOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OldestFirst => "oldest first",
            Self::NewestFirst => "newest first",
        })
    }
}

impl BackfillRequest {
    /// A request with the default options.
    pub fn new(anchor: impl Into<AssetKey>, keys: KeySet) -> Self {
        Self { anchor: anchor.into(), keys, options: BackfillOptions::default() }
    }
}

impl BackfillOptions {
    /// The maximum number of runs of a plan unless another one is given.
    pub const MOST_RUNS: u64 = 10_000;
}

impl Default for BackfillOptions {
    fn default() -> Self {
        Self {
            all: false,
            order: RunOrder::default(),
            runs_at_a_time: NonZeroU32::MIN,
            partitions_per_run: None,
            stop: StopRule::default(),
            most_runs: Self::MOST_RUNS,
        }
    }
}
