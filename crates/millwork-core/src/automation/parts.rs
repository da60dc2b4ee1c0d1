//! What a condition asks for: schedules, tags, checks, and which upstream assets.

use std::collections::BTreeMap;

use super::{AutomationCondition, Operand};
use crate::graph::{AssetGraph, AssetIndex, AssetSet, Selection, SelectionError, StepKind};

/// The names of an asset's checks.
pub(super) fn checks(graph: &AssetGraph, asset: AssetIndex, only_blocking: bool) -> Vec<String> {
    let steps = graph.assets()[asset].checks.iter();
    let definitions = steps.filter_map(|step| match &graph.steps()[*step].kind {
        StepKind::Check { definition, .. } => Some(definition),
        StepKind::Assets { .. } => None,
    });
    let wanted = definitions.filter(|check| check.blocking || !only_blocking);
    wanted.map(|check| check.name.clone()).collect()
}

/// The checks of the asset itself that the condition asks for.
pub(super) fn own_checks(condition: &AutomationCondition) -> Vec<String> {
    match condition {
        AutomationCondition::Operand(Operand::CheckPassed(check) | Operand::CheckFailed(check)) => {
            vec![check.clone()]
        }
        AutomationCondition::Deps { .. } => Vec::new(),
        _ => condition.children().into_iter().flat_map(own_checks).collect(),
    }
}

/// The tags that the condition asks for.
pub(super) fn tags(condition: &AutomationCondition) -> Vec<String> {
    match condition {
        AutomationCondition::Operand(Operand::ExecutedWithTag { tag, .. }) => vec![tag.clone()],
        _ => condition.children().into_iter().flat_map(tags).collect(),
    }
}

/// The schedules that the condition waits for: a line of cron and a time zone each.
pub(super) fn schedules(condition: &AutomationCondition) -> Vec<(String, String)> {
    match condition {
        AutomationCondition::Operand(Operand::CronTickPassed { cron, zone }) => {
            vec![(cron.clone(), zone.clone())]
        }
        _ => condition.children().into_iter().flat_map(schedules).collect(),
    }
}

/// Finds the upstream assets that count, for each part that says so.
pub(super) fn narrow(
    graph: &AssetGraph,
    condition: &AutomationCondition,
    node: usize,
    narrowed: &mut BTreeMap<usize, AssetSet>,
) -> Result<(), SelectionError> {
    if let AutomationCondition::Deps { allow, ignore, .. } = condition
        && (allow.is_some() || ignore.is_some())
    {
        let select = |text: &String| match Selection::parse(text)?.select(graph) {
            Err(SelectionError::Empty) => Ok(AssetSet::new()),
            other => other,
        };
        let all = || Ok(graph.assets().indices().collect());
        let allowed = allow.as_ref().map_or_else(all, select)?;
        let ignored = ignore.as_ref().map_or(Ok(AssetSet::new()), select)?;
        narrowed.insert(node, &allowed - &ignored);
    }
    let mut next = node + 1;
    for child in condition.children() {
        narrow(graph, child, next, narrowed)?;
        next += child.size();
    }
    Ok(())
}
