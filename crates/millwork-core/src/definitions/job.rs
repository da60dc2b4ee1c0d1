//! A named selection of assets that is run together.

use std::collections::BTreeMap;

use serde_json::Value;

/// A selection with a name, configuration and tags.
///
/// ```
/// let job = millwork_core::Job::new("train", "+score").description("fit and score").tag("team", "ranking");
/// assert_eq!(job.selection, "+score");
/// ```
#[derive(Clone, Debug)]
pub struct Job {
    /// The name of the job.
    pub name: String,
    /// The purpose of the job, in Markdown; may be empty.
    pub description: String,
    /// Which assets it materializes, in the selection syntax.
    pub selection: String,
    /// The configuration of its runs, by step.
    pub config: Value,
    /// The tags of its runs.
    pub tags: BTreeMap<String, String>,
}

impl Job {
    /// A job that materializes what `selection` selects.
    pub fn new(name: impl Into<String>, selection: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            selection: selection.into(),
            config: Value::Object(serde_json::Map::new()),
            tags: BTreeMap::new(),
        }
    }

    /// The job with a description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The job with a configuration for its runs.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// The job with one more tag for its runs.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }
}
