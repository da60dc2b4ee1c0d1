//! Requests for runs: as they are written ([`RunSpec`]), and as they are stored ([`RunRequest`]).
//!
//! [`RunSpec::resolve`] is the one way from the first to the second; it needs a pipeline, and is defined with it, in
//! `definitions/request.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{RunId, RunTag, tags};
use crate::asset::AssetKey;
use crate::partition::PartitionKey;

/// The most partitions of a request that are named in words.
const SHOWN_PARTITIONS: usize = 5;

/// The tag of runs that are left to a daemon; others are executed in the process that requested them.
pub const QUEUE_TAG: (&str, &str) = (RunTag::Queue.key(), "default");

/// What a run materializes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunTarget {
    /// The assets of a selection.
    Selection(String),
    /// What the job of this name selects, with its configuration and tags.
    Job(String),
}

impl fmt::Display for RunTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selection(selection) => f.write_str(selection),
            Self::Job(job) => write!(f, "job {job}"),
        }
    }
}

/// A run as a person, or the function of a schedule or sensor, asks for it.
///
/// ```
/// use millwork_core::run::RunSpec;
///
/// let run = RunSpec::of("+score").key("2026-11-23").tag("source", "uploads");
/// assert_eq!(run.key.as_deref(), Some("2026-11-23"));
/// let nightly = RunSpec::of_job("nightly").partition("2026-11-23");
/// assert_eq!(nightly.target.to_string(), "job nightly");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The job or selection that it materializes.
    #[serde(flatten)]
    pub target: RunTarget,
    /// A key that identifies its cause, such as a file; `None` for a run without one. Of the runs that a sensor or a schedule
    /// asks for with the same key, only the first is requested, whether one answer asks for both or several do, within the
    /// dedup window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The partition to make, as a text or as the key of an event; `None` for what [`partitions`](Self::partitions) says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionKey>,
    /// The set of partitions to make, as text, such as `2024-01-01..2024-01-31`; without either, every partition of a fixed list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitions: Option<String>,
    /// How many windows the one that is due is behind the latest, where it names no partition.
    #[serde(default, skip_serializing_if = "is_none_behind")]
    pub lag: u32,
    /// Its configuration, by step; over that of its job, if it has one.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    /// Its tags; over those of its job, if it has one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether only steps whose outputs are stale or missing are run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale_only: bool,
    /// Where it comes from: tags that only Millwork sets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) origin: BTreeMap<String, String>,
}

fn is_none_behind(lag: &u32) -> bool {
    *lag == 0
}

impl RunSpec {
    /// A run of what `selection` selects.
    pub fn of(selection: impl Into<String>) -> Self {
        Self::to(RunTarget::Selection(selection.into()))
    }

    /// A run of a job, by its name.
    pub fn of_job(name: impl Into<String>) -> Self {
        Self::to(RunTarget::Job(name.into()))
    }

    pub(crate) fn to(target: RunTarget) -> Self {
        Self {
            target,
            key: None,
            partition: None,
            partitions: None,
            lag: 0,
            config: Value::Object(Map::new()),
            tags: BTreeMap::new(),
            stale_only: false,
            origin: BTreeMap::new(),
        }
    }

    /// The run with a key.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The run of one partition.
    #[must_use]
    pub fn partition(self, partition: impl Into<PartitionKey>) -> Self {
        Self { partition: Some(partition.into()), ..self }
    }

    /// The run with a window in place of the latest, where it names no partition: `lag(1)` makes the one before it.
    #[must_use]
    pub fn lag(self, windows: u32) -> Self {
        Self { lag: windows, ..self }
    }

    /// The run of a set of partitions, as text: `2024-01-01..2024-01-31`, `de,fr`, or `2024-01-01|*` of several dimensions.
    #[must_use]
    pub fn partitions(self, partitions: impl Into<String>) -> Self {
        Self { partitions: Some(partitions.into()), ..self }
    }

    /// The run of what a person has written into a field for partitions: one, a set of them, or nothing.
    #[must_use]
    pub fn of_partitions(self, written: &str) -> Self {
        let written = Some(written.trim()).filter(|written| !written.is_empty());
        Self { partitions: written.map(str::to_owned), partition: None, ..self }
    }

    /// The run with a configuration.
    #[must_use]
    pub fn config(self, config: Value) -> Self {
        Self { config, ..self }
    }

    /// The run with one more tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// The run with more tags.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item = (String, String)>) -> Self {
        self.tags.extend(tags);
        self
    }

    /// The run of those steps only whose outputs are stale or missing.
    #[must_use]
    pub fn stale_only(self) -> Self {
        Self { stale_only: true, ..self }
    }

    /// Adds a tag with the run's origin. The requesting schedule, sensor or other instigator sets these; [`tag`](Self::tag) is for
    /// other tags, and is checked.
    #[must_use]
    pub fn origin(mut self, tag: RunTag, value: impl Into<String>) -> Self {
        self.origin.insert(tag.key().to_owned(), value.into());
        self
    }
}

/// Asks for a run: which assets, which partition, with which configuration and tags. It is stored with the run, so
/// that the run can be resumed and repeated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunRequest {
    /// The selection as it was written.
    pub selection: String,
    /// The assets it selected then.
    pub assets: Vec<AssetKey>,
    /// The partitions to make; none for every partition of fixed lists.
    #[serde(flatten, with = "stored_partitions")]
    pub partitions: Vec<PartitionKey>,
    /// The configuration of its steps: an object by step name.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    /// The tags of the run, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "tags::read")]
    pub tags: BTreeMap<String, String>,
    /// Whether only steps whose outputs are stale or missing are run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale_only: bool,
}

impl RunRequest {
    /// Whether its steps don't look back at previous values.
    pub fn is_without_previous(&self) -> bool {
        RunTag::Previous.of(&self.tags) == Some("none")
    }

    /// How long the run may take, by its tag; `None` if it doesn't set it.
    pub fn max_runtime(&self) -> Option<Duration> {
        tags::max_runtime(&self.tags)
    }

    /// Asks for these assets.
    pub fn of_assets(assets: impl IntoIterator<Item = AssetKey>) -> Self {
        let assets: Vec<AssetKey> = assets.into_iter().collect();
        let named: Vec<&str> = assets.iter().map(AssetKey::as_str).collect();
        Self { selection: named.join(" or "), assets, ..Self::default() }
    }

    /// The same request with a tag that only Millwork sets.
    #[must_use]
    pub fn tagged(mut self, tag: RunTag, value: impl Into<String>) -> Self {
        self.tags.insert(tag.key().to_owned(), value.into());
        self
    }

    /// The same request, left to a daemon.
    #[must_use]
    pub fn queued(self) -> Self {
        self.tagged(RunTag::Queue, QUEUE_TAG.1)
    }

    /// The same request, executed in the process that requests it.
    #[must_use]
    pub fn unqueued(mut self) -> Self {
        self.tags.remove(RunTag::Queue.key());
        self
    }

    /// Whether the run is left to a daemon.
    pub fn is_queued(&self) -> bool {
        RunTag::Queue.of(&self.tags) == Some(QUEUE_TAG.1)
    }

    /// The request of a run that repeats the run `id`, which had this request, from scratch. A daemon's retries count
    /// anew.
    #[must_use]
    pub fn retry_of(&self, id: RunId) -> Self {
        let mut again = self.clone();
        again.tags.remove(RunTag::Retry.key());
        again.tagged(RunTag::RetryOf, id.to_string())
    }

    /// The partitions that were asked for, a few of many; empty for none.
    pub fn partitions_in_words(&self) -> String {
        let all = &self.partitions;
        let (listed, more) = all.split_at(all.len().min(SHOWN_PARTITIONS));
        let mut words = listed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if let Some(last) = more.last() {
            words = format!("{words} and {} more, up to {last}", more.len());
        }
        words
    }

    /// What asked for the run, such as "schedule `hourly`"; `None` for a person.
    pub fn origin(&self) -> Option<String> {
        tags::origin(&self.tags).map(|(kind, name)| format!("{kind} `{name}`"))
    }
}

/// The stored form of the partitions of a request: one as `partition`, as it always was, several as `partitions`.
mod stored_partitions {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::partition::PartitionKey;

    #[derive(Default, Serialize, Deserialize)]
    struct Stored {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partition: Option<PartitionKey>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        partitions: Vec<PartitionKey>,
    }

    pub(super) fn serialize<S: Serializer>(keys: &[PartitionKey], serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match keys {
            [] => Stored::default(),
            [one] => Stored { partition: Some(one.clone()), partitions: Vec::new() },
            several => Stored { partition: None, partitions: several.to_vec() },
        };
        stored.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PartitionKey>, D::Error> {
        let Stored { partition, partitions } = Stored::deserialize(deserializer)?;
        Ok(partition.into_iter().chain(partitions).collect())
    }
}
