//! Random runs: graphs of assets with gates, partitions, pools and retries, of which some are made and some are stored.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use millwork_core::event::InputVersion;
use millwork_core::graph::AssetIndex;
use millwork_core::plan::LatestEvaluation;
use millwork_core::{
    AssetPartition, AssetSpec, CheckDefinition, Computation, Definitions, PartitionsDefinition, PoolUse,
    Requirements, Retry, StepFunction, ValueType,
};
use proptest::prelude::*;

use super::planned::{asset, planned, provenance, stored};
use crate::runs::{PlannedRun, StoredInputs};

/// A random function and the assets that it makes.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Nodes whose assets it takes; those above it, and itself, don't count.
    inputs: BTreeSet<usize>,
    /// Whether each input is loaded, or only waited for.
    loads: bool,
    makes_two: bool,
    is_partitioned: bool,
    /// Whether one call makes its partitions, if it has some.
    is_batch: bool,
    has_gate: bool,
    retries: u32,
    pools: Vec<(&'static str, u32)>,
    place: Place,
    /// Whether its values were made from the stored values, in a run of stale steps.
    is_fresh: bool,
}

/// The source of a node's value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Run,
    Store,
    /// None: loading it fails.
    Missing,
}

/// The slots of each pool.
pub(super) const POOLS: [(&str, u32); 2] = [("api", 1), ("gpu", 3)];

pub(super) fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let pools = prop_oneof![
        5 => Just(vec![]),
        2 => Just(vec![("api", 1)]),
        1 => Just(vec![("gpu", 2)]),
        1 => Just(vec![("gpu", 1)]),
        1 => Just(vec![("api", 1), ("gpu", 1)]),
    ];
    let place = prop_oneof![8 => Just(Place::Run), 1 => Just(Place::Store), 1 => Just(Place::Missing)];
    let shape = (prop::collection::btree_set(0_usize..8, 0..4), prop::bool::weighted(0.8), any::<bool>());
    let kind = (prop::bool::weighted(0.3), any::<bool>(), prop::bool::weighted(0.2), 0_u32..3);
    let node = (shape, kind, pools, place, any::<bool>());
    let node = node.prop_map(|(shape, kind, pools, place, is_fresh)| {
        let ((inputs, loads, makes_two), (is_partitioned, is_batch, has_gate, retries)) = (shape, kind);
        let is_batch = is_batch && is_partitioned;
        Node { inputs, loads, makes_two, is_partitioned, is_batch, has_gate, retries, pools, place, is_fresh }
    });
    prop::collection::vec(node, 1..9)
}

fn key(node: usize, output: usize) -> String {
    format!("{}{node}", if output == 0 { "a" } else { "b" })
}

/// The definitions of the nodes, of which the last is always made by the run.
fn definitions(nodes: &[Node]) -> Definitions {
    let mut definitions =
        POOLS.into_iter().fold(Definitions::new(), |all, (pool, slots)| all.pool(pool, slots));
    for (index, node) in nodes.iter().enumerate() {
        let partitions = PartitionsDefinition::fixed(["x", "y"]);
        let mut definition = asset(&key(index, 0));
        if node.is_partitioned {
            definition = definition.partitions(partitions);
        }
        if node.makes_two {
            let mut second = AssetSpec::new(key(index, 1));
            second.value_type = Some(ValueType::of::<u64, _>());
            definition.outputs.push(second);
        }
        definition = definition.policy(|computation| {
            computation.retry = Retry::constant(node.retries, Duration::from_secs(1));
            computation.pools = node.pools.iter().map(|pool| PoolUse::from(*pool)).collect();
            let requirements = &mut computation.requirements;
            if node.is_batch {
                requirements.partition_keys::<String>();
                requirements.returns_batch::<String>();
            }
            for &input in node.inputs.range(..index) {
                let from = &nodes[input];
                let taken = key(input, usize::from(from.makes_two && index % 2 == 1));
                let gathers = from.is_partitioned && (!node.is_partitioned || node.is_batch);
                match (gathers, node.loads) {
                    (true, _) => requirements.partitions::<u64>(taken),
                    (false, true) => requirements.input::<u64>(taken),
                    (false, false) => requirements.after(taken),
                }
            }
        });
        definitions = definitions.asset(definition);
        if node.has_gate {
            let mut requirements = Requirements::default();
            requirements.input::<u64>(key(index, 0));
            let function = StepFunction::Blocking(Arc::new(|_| Err("not called".into())));
            let check = CheckDefinition::new("gate", key(index, 0), Computation::new(requirements, function));
            definitions = definitions.check(CheckDefinition { blocking: true, ..check });
        }
    }
    definitions
}

fn node_of(key: &str) -> usize {
    key[1..].parse().unwrap()
}

/// The run of such nodes; of stale steps only if `verdicts` are given.
pub(super) fn run_of(nodes: &[Node], stale_only: StaleOnly) -> PlannedRun {
    let place = |key: &str| match node_of(key) {
        last if last + 1 == nodes.len() => Place::Run,
        node => nodes[node].place,
    };
    let mut run = planned(definitions(nodes), |key| place(key) == Place::Run);
    let mut values = Vec::new();
    for (asset, node) in run.graph.assets().iter_enumerated() {
        let is_stored = match place(node.spec.key.as_str()) {
            Place::Run => stale_only == StaleOnly::Yes,
            Place::Store => true,
            Place::Missing => false,
        };
        let partitions = match nodes[node_of(node.spec.key.as_str())].is_partitioned {
            true => vec![Some("x".into()), Some("y".into())],
            false => vec![None],
        };
        let partitions = partitions.into_iter().filter(|_| is_stored);
        values.extend(partitions.map(|partition| stored(&run, &AssetPartition::new(asset, partition), "v0")));
    }
    run.stored = StoredInputs::of(values);
    if stale_only == StaleOnly::Yes {
        let mut verdicts = HashMap::new();
        for (position, step) in run.plan.steps.iter_enumerated() {
            for &asset in run.outputs(position) {
                let version = |input: AssetPartition<AssetIndex>| InputVersion {
                    version: None,
                    read_as: Default::default(),
                    upstream: input.by_key(&run.graph),
                    data_version: run.stored.get(&input).and_then(|stored| stored.data_version()).cloned(),
                };
                let mut made_from = provenance();
                made_from.inputs = step.input_partitions().map(version).collect();
                let is_fresh = nodes[node_of(run.graph.key(asset).as_str())].is_fresh;
                let verdict = LatestEvaluation {
                    data_version: Some("v0".into()),
                    provenance: is_fresh.then_some(made_from),
                    ..LatestEvaluation::default()
                };
                verdicts.insert(run.output(position, asset).by_key(&run.graph), verdict);
            }
        }
        run.verdicts = Some(verdicts);
    }
    run
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum StaleOnly {
    Yes,
    No,
}
