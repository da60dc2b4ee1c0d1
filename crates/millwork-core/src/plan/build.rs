//! From selected assets to the steps of a run.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use thiserror::Error;

use super::ReadyQueue;
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, AssetSet, StepIndex, StepKind, StepNode};
use crate::index::{IndexVec, typed_index};
use crate::param::{Absent, Input, InputMapping};
use crate::partition::{AssetPartition, PartitionKey, PartitionsDefinition, StepPartition};
use crate::problem::{Advice, ErrorClass};
use crate::run::StepKey;
use crate::version::ReadAs;

typed_index! {
    /// The position of a step in [`Plan::steps`].
    PlanIndex
}

/// The steps of a run and their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps in topological order: each is after all that it waits for.
    pub steps: IndexVec<PlanIndex, PlannedStep>,
}

/// One step of a run: a function, and the partition it is called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// The step in the graph.
    pub step: StepIndex,
    /// The partition; `None` for an unpartitioned step.
    pub partition: Option<PartitionKey>,
    /// The steps that it waits for, and can't do without: those that make its inputs, and the blocking checks of those.
    pub upstream: Vec<PlanIndex>,
    /// The steps that it waits for, however they end: the gates of the assets whose aliases it follows.
    pub after: Vec<PlanIndex>,
    /// Its inputs, in the order of its parameters.
    pub inputs: Vec<PlannedInput>,
}

/// An input of a planned step: which partitions of which asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedInput {
    /// The asset that is taken or waited for.
    pub asset: AssetIndex,
    /// Its partitions; one `None` for an asset without partitions.
    pub partitions: Vec<Option<PartitionKey>>,
    /// Whether they are handed over as a map by key.
    pub gathered: bool,
    /// Whether their values are loaded.
    pub loads: bool,
    /// Which version is read.
    pub read_as: ReadAs,
    /// What happens where an alias doesn't exist.
    pub absent: Absent,
}

/// The error of a request without a plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// A partition that a selected asset doesn't have.
    #[error("asset `{asset}` has no partition `{partition}`")]
    UnknownPartition {
        /// The key of the asset.
        asset: AssetKey,
        /// The partition key that it doesn't have.
        partition: PartitionKey,
        /// The keys there are.
        hint: String,
    },
    /// A partition, and no selected asset has any.
    #[error("a partition was given, but no selected asset has partitions")]
    NothingPartitioned,
    /// Nothing that Millwork can run is selected.
    #[error("no selected asset is made by Millwork")]
    NothingToRun,
}

impl Advice for PlanError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::UnknownPartition { hint, .. } => Cow::Borrowed(hint),
            Self::NothingPartitioned => "leave out the partition".into(),
            Self::NothingToRun => "`list assets` shows which assets are external".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl Plan {
    /// Plans to make the `selected` assets: one partition of those that have partitions, or all. The checks and gates of the
    /// selected assets are run with them.
    pub fn new(
        graph: &AssetGraph,
        selected: &AssetSet,
        partition: Option<&PartitionKey>,
    ) -> Result<Self, PlanError> {
        Ok(Builder::new(graph, partition).build(&Self::steps_of(graph, selected, partition)?))
    }

    /// The steps of such a plan, whatever the number of partitions: those that make the assets, and their checks and gates.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn steps_of(
        graph: &AssetGraph,
        selected: &AssetSet,
        partition: Option<&PartitionKey>,
    ) -> Result<Vec<StepIndex>, PlanError> {
        let steps: BTreeSet<StepIndex> =
            selected.iter().filter_map(|asset| graph.assets()[*asset].step).collect();
        if steps.is_empty() {
            return Err(PlanError::NothingToRun);
        }
        check_partition(graph, selected, partition)?;
        let mut made: BTreeSet<AssetIndex> = BTreeSet::new();
        for &step in &steps {
            if let StepKind::Assets { outputs, .. } = &graph.steps()[step].kind {
                made.extend(outputs);
            }
        }
        let checks = made.iter().flat_map(|asset| graph.assets()[*asset].checks.iter().copied());
        let gates = made.iter().filter_map(|asset| graph.assets()[*asset].gate);
        Ok(steps.iter().copied().chain(checks).chain(gates).collect())
    }

    /// The plan without the steps for which `keep` is false. Their dependents take the stored values.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(PlanIndex, &PlannedStep) -> bool) -> Self {
        let kept: IndexVec<PlanIndex, PlanIndex> =
            self.steps.indices().filter(|index| keep(*index, &self.steps[*index])).collect();
        let positions = self.new_positions(&kept);
        Self { steps: kept.iter().map(|old| self.steps[*old].clone().moved(&positions)).collect() }
    }

    /// The position of each step in a plan of the steps that `order` lists; `None` for those that it doesn't.
    fn new_positions(&self, order: &IndexVec<PlanIndex, PlanIndex>) -> NewPositions {
        let mut positions = self.steps.map(|_| None);
        for (new, old) in order.iter_enumerated() {
            positions[*old] = Some(new);
        }
        positions
    }

    /// The step's name, without its partition.
    pub fn step_key<'a>(&self, graph: &'a AssetGraph, position: PlanIndex) -> &'a StepKey {
        &graph.steps()[self.steps[position].step].key
    }

    /// A queue of the steps, in which each waits for those before it.
    pub fn queue(&self) -> ReadyQueue<PlanIndex> {
        let upstream = self.steps.map(|step| step.upstream.clone());
        ReadyQueue::with_after(&upstream, &self.steps.map(|step| step.after.clone()))
    }
}

impl PlannedStep {
    /// The step by its key.
    pub fn by_key(&self, graph: &AssetGraph) -> StepPartition {
        StepPartition::new(graph.steps()[self.step].key.clone(), self.partition.clone())
    }

    /// An asset at the partition that the step is called for: what it makes or tests of it.
    pub fn at_partition(&self, asset: AssetIndex) -> AssetPartition<AssetIndex> {
        AssetPartition::new(asset, self.partition.clone())
    }

    /// What the step takes or waits for, in the order of its parameters.
    pub fn input_partitions(&self) -> impl Iterator<Item = AssetPartition<AssetIndex>> {
        self.inputs.iter().flat_map(PlannedInput::asset_partitions)
    }
}

impl PlannedInput {
    /// The asset at each of the partitions.
    pub fn asset_partitions(&self) -> impl Iterator<Item = AssetPartition<AssetIndex>> {
        self.partitions.iter().map(|partition| AssetPartition::new(self.asset, partition.clone()))
    }
}

fn check_partition(
    graph: &AssetGraph,
    selected: &AssetSet,
    partition: Option<&PartitionKey>,
) -> Result<(), PlanError> {
    let Some(partition) = partition else { return Ok(()) };
    let mut any = false;
    for &asset in selected {
        let Some(definition) = graph.definition(asset) else { continue };
        let Some(partitions) = &definition.partitions else { continue };
        any = true;
        if !partitions.contains(partition) {
            let asset = graph.key(asset).clone();
            let hint = partitions.keys_hint();
            return Err(PlanError::UnknownPartition { asset, partition: partition.clone(), hint });
        }
    }
    if any { Ok(()) } else { Err(PlanError::NothingPartitioned) }
}

struct Builder<'a> {
    graph: &'a AssetGraph,
    partition: Option<&'a PartitionKey>,
    steps: IndexVec<PlanIndex, PlannedStep>,
    /// The steps that make an asset's partition.
    makers: Positions,
    /// The blocking checks of an asset's partition.
    blocking_checks: Positions,
    /// The gate of an asset's partition.
    gates: Positions,
}

/// Steps by asset and partition, so that a step with thousands of partitions finds each at once.
type Positions = HashMap<AssetPartition<AssetIndex>, Vec<PlanIndex>>;

impl<'a> Builder<'a> {
    fn new(graph: &'a AssetGraph, partition: Option<&'a PartitionKey>) -> Self {
        Self {
            graph,
            partition,
            steps: IndexVec::default(),
            makers: HashMap::new(),
            blocking_checks: HashMap::new(),
            gates: HashMap::new(),
        }
    }

    fn build(mut self, all: &[StepIndex]) -> Plan {
        for &step in all {
            for partition in self.partitions(step) {
                self.add(step, partition);
            }
        }
        let before: Vec<_> =
            self.steps.indices().map(|position| (self.waits_for(position), self.after(position))).collect();
        for (step, (upstream, after)) in self.steps.iter_mut().zip(before) {
            (step.upstream, step.after) = (upstream, after);
        }
        Plan { steps: self.steps }.in_order()
    }

    /// The partitions for which a step is called.
    fn partitions(&self, step: StepIndex) -> Vec<Option<PartitionKey>> {
        let of_asset = |asset: AssetIndex| self.graph.definition(asset)?.partitions.as_ref();
        let definition = match &self.graph.steps()[step].kind {
            StepKind::Assets { definition, .. } => definition.partitions.as_ref(),
            StepKind::Check { asset, .. } | StepKind::Gate { asset, .. } => of_asset(*asset),
        };
        match (definition, self.partition) {
            (None, _) => vec![None],
            (Some(_), Some(one)) => vec![Some(one.clone())],
            (Some(all), None) => all.keys().iter().cloned().map(Some).collect(),
        }
    }

    fn add(&mut self, step: StepIndex, partition: Option<PartitionKey>) {
        let position = self.steps.next_index();
        let node = &self.graph.steps()[step];
        match &node.kind {
            StepKind::Assets { outputs, .. } => {
                for &output in outputs {
                    let made = AssetPartition::new(output, partition.clone());
                    self.makers.entry(made).or_default().push(position);
                }
            }
            StepKind::Check { definition, asset } if definition.blocking => {
                let checked = AssetPartition::new(*asset, partition.clone());
                self.blocking_checks.entry(checked).or_default().push(position);
            }
            StepKind::Check { .. } => {}
            StepKind::Gate { asset, .. } => {
                let judged = AssetPartition::new(*asset, partition.clone());
                self.gates.entry(judged).or_default().push(position);
            }
        }
        let inputs = self.inputs(node, partition.as_ref());
        self.steps.push(PlannedStep { step, partition, upstream: Vec::new(), after: Vec::new(), inputs });
    }

    fn inputs(&self, node: &StepNode, partition: Option<&PartitionKey>) -> Vec<PlannedInput> {
        let mut inputs: Vec<_> =
            node.computation().requirements.inputs.iter().map(|input| self.input(input, partition)).collect();
        if let StepKind::Check { asset, .. } = node.kind
            && !inputs.iter().any(|input| input.asset == asset)
        {
            let partitions = vec![partition.cloned()];
            let (read_as, absent) = (ReadAs::Latest, Absent::SkipsTheStep);
            inputs.push(PlannedInput { asset, partitions, gathered: false, loads: false, read_as, absent });
        }
        inputs
    }

    fn input(&self, input: &Input, partition: Option<&PartitionKey>) -> PlannedInput {
        let asset = self.graph.index(input.asset.as_str()).expect("definitions were resolved");
        let upstream = self.graph.definition(asset).and_then(|definition| definition.partitions.as_ref());
        let all = |keys: &PartitionsDefinition| keys.keys().iter().cloned().map(Some).collect();
        let partitions = match (upstream, input.mapping) {
            (None, _) => vec![None],
            (Some(keys), InputMapping::AllPartitions) => all(keys),
            (Some(_), InputMapping::Identity) if partition.is_some() => vec![partition.cloned()],
            (Some(keys), InputMapping::Identity) => all(keys),
        };
        let gathered = input.mapping == InputMapping::AllPartitions;
        let (read_as, absent) = (input.read_as.clone(), input.absent);
        PlannedInput { asset, partitions, gathered, loads: input.loads.is_some(), read_as, absent }
    }

    /// The steps that make the inputs of a step, and the blocking checks of these inputs.
    fn waits_for(&self, position: PlanIndex) -> Vec<PlanIndex> {
        let step = &self.steps[position];
        let waits_for_checks = !self.graph.steps()[step.step].is_check();
        let mut upstream = BTreeSet::new();
        let latest = step.inputs.iter().filter(|input| input.read_as == ReadAs::Latest);
        for input in latest.flat_map(PlannedInput::asset_partitions) {
            upstream.extend(self.makers.get(&input).into_iter().flatten());
            let checks = self.blocking_checks.get(&input).filter(|_| waits_for_checks);
            upstream.extend(checks.into_iter().flatten());
        }
        upstream.remove(&position);
        upstream.into_iter().collect()
    }

    /// The gates that may move an alias which a step follows.
    fn after(&self, position: PlanIndex) -> Vec<PlanIndex> {
        let step = &self.steps[position];
        let followed = step.inputs.iter().flat_map(|input| {
            let asset = match &input.read_as {
                ReadAs::Latest
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. }
                | ReadAs::InputOfChallenger { .. } => None,
                ReadAs::Alias(_) => Some(input.asset),
                ReadAs::InputOf { model, .. } => self.graph.index(model.as_str()),
            };
            let partitions = input.partitions.iter();
            partitions.filter_map(move |partition| Some(AssetPartition::new(asset?, partition.clone())))
        });
        let gates: BTreeSet<PlanIndex> =
            followed.filter_map(|asset| self.gates.get(&asset)).flatten().copied().collect();
        gates.into_iter().filter(|gate| *gate != position).collect()
    }
}

/// The new position of each step of a plan whose steps move; `None` for those that leave it.
type NewPositions = IndexVec<PlanIndex, Option<PlanIndex>>;

impl PlannedStep {
    /// The step where what it waits for has other positions.
    fn moved(self, positions: &NewPositions) -> Self {
        let moved = |before: &[PlanIndex]| before.iter().filter_map(|old| positions[*old]).collect();
        Self { upstream: moved(&self.upstream), after: moved(&self.after), ..self }
    }
}

impl Plan {
    /// The same plan with each step after everything that it waits for: blocking checks are planned after all assets,
    /// and run before some of them.
    fn in_order(self) -> Self {
        let mut queue = self.queue();
        let mut order = IndexVec::with_capacity(self.steps.len());
        while let Some(position) = queue.pop() {
            queue.finish(position);
            order.push(position);
        }
        let positions = self.new_positions(&order);
        let mut steps: IndexVec<PlanIndex, _> = self.steps.into_iter().map(Some).collect();
        let steps = order
            .iter()
            .map(|old| steps[*old].take().expect("an order names each step once").moved(&positions));
        Self { steps: steps.collect() }
    }
}
