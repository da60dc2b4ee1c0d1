//! A run as a schedule's or sensor's function asks for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{QUEUE_TAG, RunRequest};
use crate::graph::{AssetGraph, Selection, SelectionError};
use crate::partition::PartitionKey;
use crate::stored::{Unstorable, stored_json};

/// A run as a function asks for it.
///
/// ```
/// use millwork_core::run::RunSpec;
///
/// let run = RunSpec::of("+score").key("2026-11-23").tag("source", "uploads");
/// assert_eq!(run.key.as_deref(), Some("2026-11-23"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Which assets it materializes, in the selection syntax.
    pub selection: String,
    /// What it is about. Of the runs that a sensor or a schedule asks for with the same key, only the first is
    /// requested, whether one answer asks for both or several do, within the dedup window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The partition to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionKey>,
    /// Its configuration, by step.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub config: Value,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl RunSpec {
    /// A run of what `selection` selects.
    pub fn of(selection: impl Into<String>) -> Self {
        Self {
            selection: selection.into(),
            key: None,
            partition: None,
            config: Value::Object(serde_json::Map::new()),
            tags: BTreeMap::new(),
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

    /// The request that is left to a daemon.
    ///
    /// # Errors
    ///
    /// When the selection can't be read, or selects nothing, or when the request could not be stored.
    pub fn request(self, graph: &AssetGraph) -> Result<RunRequest, SelectionError> {
        let selected = Selection::parse(&self.selection)?.select(graph)?;
        let assets = selected.into_iter().map(|asset| graph.key(asset).clone()).collect();
        let Self { selection, partition, config, mut tags, .. } = self;
        tags.insert(QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned());
        let request = RunRequest { selection, assets, partition, config, tags, stale_only: false };
        let unstorable = |reason: Unstorable| SelectionError::Unstorable { reason: reason.to_string() };
        stored_json(&request).map_err(unstorable)?;
        Ok(request)
    }
}
