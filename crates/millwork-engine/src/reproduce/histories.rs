//! How the steps of an execution were executed: when they began, how far the histories went that they read, and what they read of what was
//! made in shadow.

use std::collections::BTreeMap;

use millwork_core::graph::AssetGraph;
use millwork_core::plan::{Plan, PlannedStep};
use millwork_core::version::ReadAs;
use millwork_core::{AssetPartition, StepPartition};
use millwork_storage::{Store, input_event};

use super::ReproduceError;
use super::original::{Execution, made_from};
use super::reads::gone;
use crate::runs::{OriginalHistory, OriginalShadow, OriginalStep};
use crate::values::newest_materialization;

/// The steps of `plan`, as `execution` has executed them.
pub(super) async fn original_steps(
    store: &dyn Store,
    graph: &AssetGraph,
    plan: &Plan,
    execution: &Execution,
) -> Result<BTreeMap<StepPartition, OriginalStep>, ReproduceError> {
    let mut steps = BTreeMap::new();
    for planned in &plan.steps {
        let key = planned.by_key(graph);
        let mut step =
            OriginalStep { started_at: execution.started_at.get(&key).copied(), ..OriginalStep::default() };
        for asset in &planned.histories {
            let asset = asset.by_key(graph);
            let history = history(store, execution, planned, graph, &asset).await?;
            step.histories.insert(asset, history);
        }
        for asset in &planned.shadows {
            let asset = asset.by_key(graph);
            let shadow = in_shadow(execution, planned, graph, &asset);
            step.shadows.insert(asset, shadow);
        }
        steps.insert(key, step);
    }
    Ok(steps)
}

/// What a step has read of a history, by what its decision records. A step whose code read none then is given what there was.
async fn history(
    store: &dyn Store,
    execution: &Execution,
    planned: &PlannedStep,
    graph: &AssetGraph,
    asset: &AssetPartition,
) -> Result<OriginalHistory, ReproduceError> {
    let decision = execution.steps.get(&planned.by_key(graph)).and_then(|decisions| decisions.first());
    let inputs = decision.and_then(made_from).into_iter().flat_map(|made_from| &made_from.inputs);
    for input in inputs.filter(|input| input.upstream == *asset) {
        let ReadAs::History { after } = input.read_as else { continue };
        let Some(decision) = decision.filter(|_| input.data_version.is_some()) else {
            return Ok(OriginalHistory { newest: None, after });
        };
        let newest = input_event(store, decision, input).await?;
        let newest = newest.ok_or_else(|| gone(asset, input.data_version.clone()))?;
        return Ok(OriginalHistory { newest: Some(newest), after });
    }
    let newest = newest_materialization(store, asset, Some(execution.began)).await?;
    Ok(OriginalHistory { newest, after: None })
}

/// What a step has read of what was made in shadow, by what its decision records. A step whose code read none then is given what there was.
fn in_shadow(
    execution: &Execution,
    planned: &PlannedStep,
    graph: &AssetGraph,
    asset: &AssetPartition,
) -> OriginalShadow {
    let decision = execution.steps.get(&planned.by_key(graph)).and_then(|decisions| decisions.first());
    let inputs = decision.and_then(made_from).into_iter().flat_map(|made_from| &made_from.inputs);
    for input in inputs.filter(|input| input.upstream == *asset) {
        if let ReadAs::Shadow { after, until } = input.read_as {
            return OriginalShadow { after, until };
        }
    }
    OriginalShadow { after: 0, until: execution.began }
}
