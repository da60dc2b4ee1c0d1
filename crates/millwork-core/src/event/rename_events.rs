//! What has another name: assets, and keys of partitions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::asset::AssetKey;
use crate::id::StepKey;
use crate::partition::PartitionKey;

/// An asset has another key. The event is about the asset by its new key, and what happened to it by the old one is its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetRenamed {
    /// The key that it had.
    pub from: AssetKey,
    /// The key that it has from now on.
    pub to: AssetKey,
    /// The steps that have another name with it, its own and those of its checks and its gate: from the old name to the new one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(StepKey, StepKey)>,
}

/// Keys of partitions are called otherwise, for all assets that one step makes. The event is about one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionsRenamed {
    /// The assets.
    pub assets: Vec<AssetKey>,
    /// The steps of these assets: the one that makes them, their checks and their gates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepKey>,
    /// The keys: what was made of the first of two is the history of the second from now on.
    pub keys: Vec<(PartitionKey, PartitionKey)>,
}

impl fmt::Display for AssetRenamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, steps: _ } = self;
        write!(f, "renamed from `{from}` to `{to}`")
    }
}

impl fmt::Display for PartitionsRenamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.keys[..] {
            [(from, to)] => write!(f, "partition `{from}` renamed to `{to}`"),
            keys => write!(f, "{} partitions renamed", keys.len()),
        }
    }
}
