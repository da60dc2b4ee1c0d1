//! Who is told what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Destination, Trigger};
use crate::graph::{AssetGraph, Selection};
use crate::problem::Problem;

/// Says on what, about what, and whom to tell.
///
/// ```
/// use std::time::Duration;
///
/// use millwork_core::alert::{AlertRule, Destination, Secret, Trigger};
///
/// let rule = AlertRule::new("model")
///     .when(Trigger::RunFailed)
///     .when(Trigger::metric_below("r_squared", 0.3))
///     .assets("group:model")
///     .cooldown(Duration::from_secs(3600))
///     .to(Destination::slack(Secret::env("SLACK_WEBHOOK")));
/// assert_eq!(rule.destinations[0].to_string(), "slack $SLACK_WEBHOOK");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRule {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// On what it tells: any of these.
    pub triggers: Vec<Trigger>,
    /// About which assets, in the selection syntax; about all without one.
    pub selection: Option<String>,
    /// Of runs with these tags only.
    pub tags: BTreeMap<String, String>,
    /// How long nothing more is told about the same after something was.
    pub cooldown: Duration,
    /// Whom it tells: all of these.
    pub destinations: Vec<Destination>,
}

impl AlertRule {
    /// A rule that says nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            triggers: Vec::new(),
            selection: None,
            tags: BTreeMap::new(),
            cooldown: Duration::ZERO,
            destinations: Vec::new(),
        }
    }

    /// The rule with a description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The rule with one more trigger.
    #[must_use]
    pub fn when(mut self, trigger: Trigger) -> Self {
        self.triggers.push(trigger);
        self
    }

    /// The rule for what happens to these assets, in the selection syntax, and in runs that make one of them.
    #[must_use]
    pub fn assets(mut self, selection: impl Into<String>) -> Self {
        self.selection = Some(selection.into());
        self
    }

    /// The rule for runs with this tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// The rule with a pause after each alert, during which nothing more is told about the same. What was held back is
    /// counted in the next alert; a state that lasts is told when the pause is over.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// The rule with one more destination.
    #[must_use]
    pub fn to(mut self, destination: Destination) -> Self {
        self.destinations.push(destination);
        self
    }

    /// The rule as JSON for people and programs: without secrets, which it doesn't hold.
    pub fn to_json(&self) -> Value {
        let words = |texts: &mut dyn Iterator<Item = String>| texts.collect::<Vec<_>>();
        json!({
            "rule": self.name,
            "description": self.description,
            "when": words(&mut self.triggers.iter().map(ToString::to_string)),
            "assets": self.selection,
            "tags": self.tags,
            "cooldown_seconds": self.cooldown.as_secs(),
            "destinations": words(&mut self.destinations.iter().map(ToString::to_string)),
        })
    }

    /// The destination of this [name in the store](Destination::stored_name).
    pub fn destination(&self, name: &str) -> Option<&Destination> {
        self.destinations.iter().find(|destination| destination.stored_name() == name)
    }

    /// Everything that is wrong with it.
    pub(crate) fn problems(&self, graph: &AssetGraph) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.triggers.is_empty() {
            problems.push(Problem::new("it has no trigger").with_hint("`.when(Trigger::RunFailed)`"));
        }
        if self.destinations.is_empty() {
            problems.push(Problem::new("it has no destination").with_hint("`.to(Destination::…)`"));
        }
        let names: BTreeSet<String> = self.destinations.iter().map(Destination::stored_name).collect();
        if names.len() < self.destinations.len() {
            problems.push(Problem::new("it names a destination twice"));
        }
        problems.extend(self.destinations.iter().filter_map(Destination::problem));
        for trigger in &self.triggers {
            problems.extend(trigger.problem());
            if self.selection.is_some() && !trigger.has_assets() {
                let problem = Problem::new(format!("`{trigger}` is about no asset"));
                problems.push(problem.with_hint("a rule of its own without `.assets`"));
            }
            if !self.tags.is_empty() && !trigger.has_tags() {
                let problem = Problem::new(format!("`{trigger}` is about no run"));
                problems.push(problem.with_hint("a rule of its own without `.tag`"));
            }
        }
        if let Some(selection) = &self.selection {
            let selected = Selection::parse(selection).and_then(|selection| selection.select(graph));
            problems
                .extend(selected.err().map(|error| Problem::from(&error).within("its selection is wrong")));
        }
        problems
    }
}
