//! What the steps of an execution read from outside of the run.
//!
//! What a step decided has the versions of its inputs. Previous values, and values that were kept, aren't part of it: they are what was
//! last materialized before the execution, as the engine pins them.

use std::collections::{BTreeMap, BTreeSet};

use millwork_core::event::{Event, EventBody, EventKind, InputVersion};
use millwork_core::graph::AssetGraph;
use millwork_core::plan::{Plan, PlannedStep};
use millwork_core::run::RunId;
use millwork_core::version::ReadAs;
use millwork_core::{AssetPartition, DataVersion};
use millwork_storage::{EventQuery, Order, Store, input_event};

use super::ReproduceError;
use super::original::{Execution, made_from};

/// A materialization that is to be found, and whether its value is needed.
#[derive(Clone, Debug)]
pub(super) struct Read<'a> {
    which: Which<'a>,
    /// Whether its value is loaded; otherwise a step only waits for it.
    pub(super) loads: bool,
}

/// Which materialization was read.
#[derive(Clone, Debug)]
enum Which<'a> {
    /// The one that a decision has recorded as its input.
    Recorded(&'a Event, &'a InputVersion),
    /// The last one before this sequence number.
    LastBefore(u64),
}

/// What the steps of `plan`, which `execution` has completed, read of assets that the run hasn't made: `own` are the outputs of the run.
/// What is read by an alias is left out.
pub(super) fn reads<'a>(
    graph: &AssetGraph,
    plan: &Plan,
    execution: &'a Execution,
    own: &BTreeSet<AssetPartition>,
    without_previous: bool,
) -> BTreeMap<AssetPartition, Read<'a>> {
    let mut reads: BTreeMap<AssetPartition, Read<'a>> = BTreeMap::new();
    let mut add = |asset: AssetPartition, read: Read<'a>| {
        let known = reads.entry(asset).or_insert_with(|| read.clone());
        known.loads |= read.loads;
        if let (Which::LastBefore(_), Which::Recorded(..)) = (&known.which, &read.which) {
            known.which = read.which;
        }
    };
    for step in &plan.steps {
        let decisions = execution.steps.get(&step.by_key(graph)).map_or(&[][..], Vec::as_slice);
        for input in step.inputs.iter().filter(|input| input.read_as == ReadAs::Latest) {
            for asset in input.asset_partitions().map(|input| input.by_key(graph)) {
                if own.contains(&asset) {
                    continue;
                }
                let which = match recorded(decisions, &asset) {
                    Some((decision, input)) if input.data_version.is_some() => {
                        Which::Recorded(decision, input)
                    }
                    // It had no value.
                    Some(_) => continue,
                    // The step didn't have this input: its code was another one.
                    None => Which::LastBefore(execution.began),
                };
                add(asset, Read { which, loads: input.loads });
            }
        }
        let last = Read { which: Which::LastBefore(execution.began), loads: true };
        if !without_previous {
            previous(graph, step).for_each(|asset| add(asset, last.clone()));
        }
        let kept = decisions.iter().filter(|event| matches!(event.body, EventBody::Kept { .. }));
        kept.filter_map(Event::asset_partition).for_each(|asset| add(asset, last.clone()));
    }
    reads
}

/// What the decisions of a step have recorded of an input.
fn recorded<'a>(decisions: &'a [Event], asset: &AssetPartition) -> Option<(&'a Event, &'a InputVersion)> {
    let decision = decisions.first()?;
    let is_meant = |input: &&InputVersion| input.upstream == *asset && input.read_as == ReadAs::Latest;
    Some((decision, made_from(decision)?.inputs.iter().find(is_meant)?))
}

/// The assets whose previous values a step takes.
fn previous(graph: &AssetGraph, step: &PlannedStep) -> impl Iterator<Item = AssetPartition> {
    let wanted = &graph.steps()[step.step].computation().requirements.previous;
    wanted.iter().filter_map(|key| {
        let partitions = graph.partitions(graph.index(key.as_str())?);
        Some(AssetPartition::new(key.clone(), partitions.and(step.partition.clone())))
    })
}

impl Read<'_> {
    /// The materialization that was read; `None` if there was none. Those of the run itself are no previous values.
    pub(super) async fn find(
        &self,
        store: &dyn Store,
        run: RunId,
        asset: &AssetPartition,
    ) -> Result<Option<Event>, ReproduceError> {
        match self.which {
            Which::Recorded(decision, input) => match input_event(store, decision, input).await? {
                Some(event) => Ok(Some(event)),
                None => Err(gone(asset, input.data_version.clone())),
            },
            Which::LastBefore(before) => {
                let query = EventQuery {
                    asset: Some(asset.asset.clone()),
                    partition: Some(asset.partition.clone()),
                    not_run: Some(run),
                    kinds: Some(EventKind::Materialized.into()),
                    before: Some(before),
                    order: Order::NewestFirst,
                    limit: Some(1),
                    ..EventQuery::default()
                };
                Ok(store.events(query).await?.pop())
            }
        }
    }
}

/// The error of a version that isn't in the log any more.
pub(super) fn gone(asset: &AssetPartition, data_version: Option<DataVersion>) -> ReproduceError {
    let data_version = data_version.map_or_else(String::new, |version| format!(" ({version})"));
    ReproduceError::InputIsGone { asset: asset.clone(), data_version }
}
