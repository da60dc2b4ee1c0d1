//! A named selection of assets that is run together, and the condition that requests a run of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::automation::{AutomationCondition, JobCondition};

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
    /// When a daemon requests a run of it; `None` if nothing but people, schedules and sensors do.
    pub automation: Option<AutomationCondition>,
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
            automation: None,
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

    /// The job with a condition: a daemon requests a run of it when that holds. A job is no asset, so the condition names the assets that it
    /// looks at.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use millwork_core::{AutomationCondition as Condition, Job};
    ///
    /// let days = |days: u64| Duration::from_secs(days * 86_400);
    /// let enough = Condition::new_rows("stories", 5_000) | Condition::older_than("model", days(30));
    /// let job = Job::new("train", "+model").automation(enough.cooldown(days(2)).budget(3, days(7)));
    /// # assert!(job.automation.is_some());
    /// ```
    #[must_use]
    pub fn automation(mut self, condition: AutomationCondition) -> Self {
        self.automation = Some(condition);
        self
    }

    /// The job with its condition, as automation sees it.
    pub fn condition(&self) -> JobCondition<'_> {
        JobCondition { name: &self.name, selection: &self.selection, condition: self.automation.as_ref() }
    }

    /// The job with one more tag for its runs.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }
}
