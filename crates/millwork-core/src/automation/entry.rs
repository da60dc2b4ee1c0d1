//! What automation looks like from outside: a line for each asset that has a condition.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{AssetState, AutomationCondition, Outcome};
use crate::asset::AssetKey;
use crate::graph::AssetGraph;
use crate::instigator::Instigator;

/// An asset that has a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutomationEntry {
    /// The asset.
    pub asset: AssetKey,
    /// Whether its condition is evaluated, if automation as a whole is.
    pub on: bool,
    /// The condition: its name, or all of it.
    pub condition: String,
    /// What became of it at the last evaluation that looked at it; nothing if there was none.
    pub outcome: Option<Outcome>,
    /// When that was.
    pub evaluated_at: Option<Timestamp>,
    /// The last request.
    pub requested_at: Option<Timestamp>,
    /// The failures in a row.
    pub failures: u32,
}

/// The assets that have a condition, upstream first; `switched` says whether someone switched an instigator.
pub fn entries(
    graph: &AssetGraph,
    states: &BTreeMap<AssetKey, AssetState>,
    switched: impl Fn(&Instigator) -> Option<bool>,
) -> Vec<AutomationEntry> {
    let entry = |asset: &AssetKey, condition: &AutomationCondition| {
        let state = states.get(asset);
        let memory = state.and_then(|state| state.memory.as_ref());
        AutomationEntry {
            asset: asset.clone(),
            on: switched(&Instigator::Automation(Some(asset.clone()))).unwrap_or(true),
            condition: condition.title(),
            outcome: memory.map(|memory| memory.outcome),
            evaluated_at: memory.map(|memory| memory.evaluated_at),
            requested_at: memory.and_then(|memory| memory.requested_at),
            failures: state.map_or(0, |state| state.facts.failures),
        }
    };
    let nodes = graph.assets().iter();
    nodes.filter_map(|node| Some(entry(&node.spec.key, node.spec.automation.as_ref()?))).collect()
}
