//! From selected assets to the steps of a run.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use thiserror::Error;

use super::ReadyQueue;
use super::mapped_step::MappedStep;
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, AssetSet, PartitionError, StepIndex, StepKind};
use crate::index::{IndexVec, typed_index};
use crate::param::Absent;
use crate::partition::{AssetPartition, KeyMoment, PartitionKey, PartitionsDefinition, StepPartition};
use crate::problem::{Advice, ErrorClass};
use crate::run::StepKey;
use crate::version::ReadAs;

typed_index! {
    /// The position of a step in [`Plan::steps`].
    PlanIndex
}

/// The maximum number of inputs that the steps of a run have together.
const MOST_INPUTS: u64 = 1_000_000;

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
    /// The steps that it waits for, however they end: the gates of the assets whose aliases it follows, and those that make inputs without
    /// which it does.
    pub after: Vec<PlanIndex>,
    /// Its inputs, in the order of its parameters.
    pub inputs: Vec<PlannedInput>,
    /// The assets and partitions whose histories it reads, in the order of the step's.
    pub histories: Vec<AssetPartition<AssetIndex>>,
    /// The assets and partitions of which it reads what was made in shadow, in the order of its requirements.
    pub shadows: Vec<AssetPartition<AssetIndex>>,
}

/// An input of a planned step: which partitions of which asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedInput {
    /// The asset that is taken or waited for.
    pub asset: AssetIndex,
    /// Its partitions; one `None` for an asset without partitions.
    /// Shared by the steps that take the same.
    pub partitions: Arc<[Option<PartitionKey>]>,
    /// Whether they are handed over as a map by key.
    pub gathered: bool,
    /// Whether their values are loaded.
    pub loads: bool,
    /// Whether the step does without those that have no value.
    pub tolerates_missing: bool,
    /// Which version is read.
    pub read_as: ReadAs,
    /// The partition of the model through whose version it is read; `None` for other inputs, and for models without partitions.
    pub through: Option<PartitionKey>,
    /// What happens where an alias doesn't exist.
    pub absent: Absent,
}

/// The error of a request without a plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlanError {
    /// A partition that a selected asset doesn't have.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// Partitions of assets that have different ones.
    #[error("`{asset}` has other partitions than `{other}`, and a run makes the same ones of all its assets")]
    OtherPartitions {
        /// The key of an asset without the partition.
        asset: AssetKey,
        /// The key of one that has it.
        other: AssetKey,
    },
    /// A partition that is made from one that there isn't.
    #[error("{} can't be made: `{upstream}` has {missing}", StepPartition::new(.step.clone(), .partition.clone()).quoted())]
    Lacking {
        /// The key of the step.
        step: StepKey,
        /// The partition that was asked for; `None` for a step without partitions.
        partition: Option<PartitionKey>,
        /// The key of the upstream asset.
        upstream: AssetKey,
        /// What it doesn't have, in words.
        missing: String,
    },
    /// Every partition, of an asset whose partitions are more with time, or more than a run makes unasked.
    #[error("asset `{asset}` has {count} partitions, and none was named")]
    NothingNamed {
        /// The key of the asset.
        asset: AssetKey,
        /// The number of partitions that it has now.
        count: u64,
        /// Some of them.
        hint: String,
    },
    /// Partitions that take more others than a run has memory for.
    #[error(
        "a run may have {MOST_INPUTS} inputs, and the partitions of `{step}`, with what is made before them, have more"
    )]
    TooManyInputs {
        /// The key of the step by which there are too many.
        step: StepKey,
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
            Self::Partition(error) => return error.hint(),
            Self::OtherPartitions { .. } => {
                "start a backfill, which makes those of all of them, or select them in runs of their own"
                    .into()
            }
            Self::Lacking { .. } => {
                "name another partition, or let the mapping tolerate that some are missing".into()
            }
            Self::NothingNamed { hint, .. } => Cow::Borrowed(hint),
            Self::TooManyInputs { .. } => {
                "name fewer partitions, and the others in further runs; or let each take fewer, such as `window(-6, 0)`".into()
            }
            Self::NothingPartitioned => "leave out the partition".into(),
            Self::NothingToRun => "`list assets` shows which assets are external".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

impl Plan {
    /// Plans to make the `selected` assets: some partitions of those that have partitions, or, if none are named, all of a fixed list. The
    /// checks and gates of the selected assets are run with them. `moment` is the one of the request, so that a run that is resumed has
    /// the same plan.
    ///
    /// # Errors
    ///
    /// When nothing selected is made here, or a partition can't be made.
    pub fn new(
        graph: &AssetGraph,
        selected: &AssetSet,
        partitions: &[PartitionKey],
        moment: &KeyMoment,
    ) -> Result<Self, PlanError> {
        let steps = Self::steps_of(graph, selected)?;
        check_partitions(graph, selected, partitions, moment)?;
        check_inputs(graph, &steps, partitions, moment)?;
        Ok(Builder::new(graph, partitions, moment).build(&steps))
    }

    /// Whether there is a plan, without making it: the assets have the partitions, and these lack none that they are made from.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn check(
        graph: &AssetGraph,
        selected: &AssetSet,
        partitions: &[PartitionKey],
        moment: &KeyMoment,
    ) -> Result<(), PlanError> {
        let steps = Self::steps_of(graph, selected)?;
        check_partitions(graph, selected, partitions, moment)?;
        check_inputs(graph, &steps, partitions, moment)?;
        let lacking = |step: &StepIndex| MappedStep::new(graph, *step, moment).lacking(partitions);
        steps.iter().find_map(lacking).map_or(Ok(()), Err)
    }

    /// Plans to make every partition that there is of all assets, also those that lack partitions which they are made from: what statuses are
    /// compared with.
    #[cfg(test)]
    pub(crate) fn of_everything(graph: &AssetGraph, moment: &KeyMoment) -> Self {
        let steps: Vec<StepIndex> = graph.steps().indices().collect();
        Builder::new(graph, &[], moment).build(&steps)
    }

    /// The steps of such a plan, whatever the partitions: those that make the assets, and their checks and gates.
    ///
    /// # Errors
    ///
    /// When nothing selected is made here.
    pub fn steps_of(graph: &AssetGraph, selected: &AssetSet) -> Result<Vec<StepIndex>, PlanError> {
        let steps: BTreeSet<StepIndex> =
            selected.iter().filter_map(|asset| graph.assets()[*asset].step).collect();
        if steps.is_empty() {
            return Err(PlanError::NothingToRun);
        }
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

/// The most partitions of a fixed list that are all meant where none is named: more are a product by mistake.
const MOST_LISTED: u64 = 100_000;

fn check_partitions(
    graph: &AssetGraph,
    selected: &AssetSet,
    keys: &[PartitionKey],
    moment: &KeyMoment,
) -> Result<(), PlanError> {
    let mut any = false;
    let mut checked: Vec<&PartitionsDefinition> = Vec::new();
    for &asset in selected.iter().filter(|asset| graph.assets()[**asset].step.is_some()) {
        let Some(partitions) = graph.partitions(asset) else { continue };
        any = true;
        if checked.contains(&partitions) {
            continue;
        }
        checked.push(partitions);
        let space = partitions.space(moment);
        let count = space.all().count();
        if keys.is_empty() && (!partitions.is_fixed() || count > MOST_LISTED) {
            let asset = graph.key(asset).clone();
            let hint = format!(
                "name one or a set of them (`--partition` and `--partitions` on the command line); {}",
                space.hint()
            );
            return Err(PlanError::NothingNamed { asset, count, hint });
        }
        let Some(key) = keys.iter().find(|key| !space.has(key)) else { continue };
        let has_it = |other: &&AssetIndex| {
            graph.partitions(**other).is_some_and(|partitions| partitions.space(moment).has(key))
        };
        if let Some(other) = selected.iter().find(has_it) {
            let (asset, other) = (graph.key(asset).clone(), graph.key(*other).clone());
            return Err(PlanError::OtherPartitions { asset, other });
        }
        // A text of definitions before is no key of these, although people write it like one.
        graph.find_partition(asset, Some(key), moment)?;
        let (asset, partition) = (graph.key(asset).clone(), key.clone());
        let (reason, hint) = (" any more".to_owned(), Some(space.hint()));
        return Err(PartitionError::Unknown { asset, partition, reason, hint }.into());
    }
    if any || keys.is_empty() { Ok(()) } else { Err(PlanError::NothingPartitioned) }
}

/// That the partitions of some steps don't take more others than there is memory for.
fn check_inputs(
    graph: &AssetGraph,
    steps: &[StepIndex],
    partitions: &[PartitionKey],
    moment: &KeyMoment,
) -> Result<(), PlanError> {
    let mut left = MOST_INPUTS;
    for step in steps {
        let count = MappedStep::new(graph, *step, moment).count_inputs(partitions, left);
        let too_many = || PlanError::TooManyInputs { step: graph.steps()[*step].key.clone() };
        left = left.checked_sub(count).ok_or_else(too_many)?;
    }
    Ok(())
}

struct Builder<'a> {
    graph: &'a AssetGraph,
    /// The partitions to make; none for all.
    partitions: &'a [PartitionKey],
    moment: &'a KeyMoment,
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
    fn new(graph: &'a AssetGraph, partitions: &'a [PartitionKey], moment: &'a KeyMoment) -> Self {
        Self {
            graph,
            partitions,
            moment,
            steps: IndexVec::default(),
            makers: HashMap::new(),
            blocking_checks: HashMap::new(),
            gates: HashMap::new(),
        }
    }

    fn build(mut self, all: &[StepIndex]) -> Plan {
        for &step in all {
            let mut mapped = MappedStep::new(self.graph, step, self.moment);
            for partition in self.step_partitions(step) {
                self.add(&mut mapped, partition);
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
    fn step_partitions(&self, step: StepIndex) -> Vec<Option<PartitionKey>> {
        match (self.graph.step_partitions(step), self.partitions) {
            (None, _) => vec![None],
            (Some(all), []) => all.keys(self.moment).into_iter().map(Some).collect(),
            (Some(_), named) => named.iter().cloned().map(Some).collect(),
        }
    }

    fn add(&mut self, mapped: &mut MappedStep<'_>, partition: Option<PartitionKey>) {
        let (position, step) = (self.steps.next_index(), mapped.step);
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
        let partition_ref = partition.as_ref();
        let mut inputs = mapped.inputs(partition_ref);
        if let StepKind::Check { asset, .. } = node.kind
            && !inputs.iter().any(|input| input.asset == asset)
        {
            let partitions = Arc::new([partition.clone()]);
            let (read_as, absent) = (ReadAs::Latest, Absent::SkipsTheStep);
            let (gathered, loads, tolerates_missing) = (false, false, false);
            inputs.push(PlannedInput {
                asset,
                partitions,
                gathered,
                loads,
                tolerates_missing,
                read_as,
                through: None,
                absent,
            });
        }
        let (histories, shadows) = (mapped.histories(partition_ref), mapped.shadows(partition_ref));
        let (upstream, after) = (Vec::new(), Vec::new());
        self.steps.push(PlannedStep { step, partition, upstream, after, inputs, histories, shadows });
    }

    /// The steps that make the inputs of a step, and the blocking checks of these inputs.
    fn waits_for(&self, position: PlanIndex) -> Vec<PlanIndex> {
        let step = &self.steps[position];
        let waits_for_checks = !self.graph.steps()[step.step].is_check();
        let mut upstream = BTreeSet::new();
        let needed = step.inputs.iter().filter(|input| !input.tolerates_missing);
        let latest = needed.filter(|input| input.read_as == ReadAs::Latest);
        for input in latest.flat_map(PlannedInput::asset_partitions) {
            upstream.extend(self.makers.get(&input).into_iter().flatten());
            let checks = self.blocking_checks.get(&input).filter(|_| waits_for_checks);
            upstream.extend(checks.into_iter().flatten());
        }
        upstream.remove(&position);
        upstream.into_iter().collect()
    }

    /// The steps that a step waits for without needing them: gates that may move an alias which it follows, and those that make what it can do
    /// without.
    fn after(&self, position: PlanIndex) -> Vec<PlanIndex> {
        let step = &self.steps[position];
        let followed = step.inputs.iter().flat_map(|input| match &input.read_as {
            ReadAs::Latest
            | ReadAs::History { .. }
            | ReadAs::Shadow { .. }
            | ReadAs::InputOfChallenger { .. } => Vec::new(),
            ReadAs::Alias(_) => input.asset_partitions().collect(),
            ReadAs::InputOf { model, .. } => {
                let model = self.graph.index(model.as_str());
                model.map(|model| AssetPartition::new(model, input.through.clone())).into_iter().collect()
            }
        });
        let gates = followed.filter_map(|asset| self.gates.get(&asset)).flatten().copied();
        let dispensable = step.inputs.iter().filter(|input| input.tolerates_missing);
        let dispensable = dispensable.flat_map(PlannedInput::asset_partitions);
        let makers = dispensable.flat_map(|input| {
            let steps = [self.makers.get(&input), self.blocking_checks.get(&input)];
            steps.into_iter().flatten().flatten().copied().collect::<Vec<_>>()
        });
        let after: BTreeSet<PlanIndex> = gates.chain(makers).collect();
        after.into_iter().filter(|before| *before != position).collect()
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
