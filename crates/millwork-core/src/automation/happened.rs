//! Events as changes of assets.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Change, ChangeKind, RunScope};
use crate::asset::AssetKey;
use crate::event::{Event, EventBody, EventKind, KindSet};
use crate::graph::{AssetGraph, StepIndex};
use crate::run::RunRequest;

/// The kinds of events that change what conditions ask for. That a run was asked to stop changes nothing before it has.
pub const KINDS: KindSet = KindSet::RUN
    .without(KindSet::of(&[EventKind::RunCanceling]))
    .union(KindSet::ASSET)
    .union(KindSet::of(&[EventKind::StepFailed]));

/// What a requested run makes: its assets, and those that the same steps make.
pub fn scope(graph: &AssetGraph, request: &RunRequest) -> RunScope {
    let steps = request.assets.iter().filter_map(|key| graph.asset(key.as_str())?.step);
    let steps: BTreeSet<StepIndex> = steps.collect();
    let targets = steps.into_iter().flat_map(|step| graph.outputs(step));
    RunScope { targets: targets.map(|asset| graph.key(*asset).clone()).collect(), tags: request.tags.clone() }
}

/// What an event changes; `run` is the scope of its run.
pub fn changes(graph: &AssetGraph, event: &Event, run: Option<&Arc<RunScope>>) -> Vec<Change> {
    let change = |asset: &AssetKey, kind: ChangeKind| Change {
        asset: asset.clone(),
        partition: event.partition.clone(),
        at: event.at,
        run: event.run,
        kind,
    };
    let of_asset = |kind| event.asset.as_ref().map(|asset| change(asset, kind)).into_iter().collect();
    let of_targets = |kind: ChangeKind| {
        run.iter().flat_map(|run| &run.targets).map(|asset| change(asset, kind.clone())).collect()
    };
    match &event.body {
        EventBody::RunQueued | EventBody::RunRetrying { .. } | EventBody::RunStarted { .. } => {
            of_targets(ChangeKind::Started)
        }
        EventBody::RunFailed { .. } | EventBody::RunLost { .. } => of_targets(ChangeKind::Failed),
        EventBody::RunSucceeded | EventBody::RunCanceled => of_targets(ChangeKind::Ended),
        EventBody::StepFailed { .. } => {
            let step = event.step.as_ref().and_then(|step| graph.step_index(step.as_str()));
            let outputs = step.into_iter().flat_map(|step| graph.outputs(step));
            outputs.map(|asset| change(graph.key(*asset), ChangeKind::Failed)).collect()
        }
        EventBody::Materialized(materialization) => of_asset(ChangeKind::Updated {
            by: run.cloned().unwrap_or_default(),
            data_version: Some(materialization.data_version.clone()),
        }),
        EventBody::Kept { .. } | EventBody::NotMaterialized { .. } => of_asset(ChangeKind::Kept),
        EventBody::Observed { data_version, .. } => {
            of_asset(ChangeKind::Observed { data_version: data_version.clone() })
        }
        EventBody::CheckEvaluated(check) => {
            of_asset(ChangeKind::Check { name: check.check.clone(), passed: check.passed })
        }
        EventBody::RunCanceling
        | EventBody::StepStarted
        | EventBody::StepProgressed { .. }
        | EventBody::StepRetrying { .. }
        | EventBody::StepSucceeded { .. }
        | EventBody::StepSkipped { .. }
        | EventBody::StepCanceled
        | EventBody::Logged(_)
        | EventBody::Unreadable(_) => Vec::new(),
    }
}
