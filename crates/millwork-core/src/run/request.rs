//! What a run is asked to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::asset::AssetKey;
use crate::partition::PartitionKey;

/// The tag of runs that are left to a daemon; others are executed by whoever requested them.
pub const QUEUE_TAG: (&str, &str) = ("millwork/queue", "default");

/// The tag of runs whose steps look back at nothing: every `Previous` is none. It is the way out where a value that a step
/// looks back at is damaged or gone.
pub const WITHOUT_PREVIOUS_TAG: (&str, &str) = ("millwork/previous", "none");

/// Asks for a run: which assets, which partition, with which configuration and tags. It is stored with the run, so
/// that the run can be resumed and repeated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRequest {
    /// The selection as it was written.
    pub selection: String,
    /// The assets it selected then.
    pub assets: Vec<AssetKey>,
    /// The partition to make; without one, every partition of the selected assets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionKey>,
    /// Configuration by step.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether only steps whose outputs are stale or missing are run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale_only: bool,
}

impl RunRequest {
    /// Whether its steps look back at nothing.
    pub fn is_without_previous(&self) -> bool {
        let (tag, value) = WITHOUT_PREVIOUS_TAG;
        self.tags.get(tag).is_some_and(|given| given == value)
    }

    /// What asked for the run, such as "schedule `hourly`"; nothing if somebody did.
    pub fn origin(&self) -> Option<String> {
        let of_tag = |kind: &str| Some(format!("{kind} `{}`", self.tags.get(&format!("millwork/{kind}"))?));
        ["schedule", "sensor", "automation", "job"].into_iter().find_map(of_tag)
    }
}
