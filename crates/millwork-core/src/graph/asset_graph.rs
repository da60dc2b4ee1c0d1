//! The graph of assets, steps and their dependencies.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::closest;
use super::cycle::{DependencyCycle, find_cycle};
use super::history::HistoryEdge;
use super::partitions::Mappings;
use crate::asset::{AssetDefinition, AssetKey, AssetSpec, CheckDefinition, Computation, GateDefinition};
use crate::id::StepKey;
use crate::index::{IndexVec, typed_index};
use crate::param::{Input, StandingConfig};
use crate::partition::PartitionsDefinition;
use crate::version::{AliasName, ReadAs};

typed_index! {
    /// The position of an asset in [`AssetGraph::assets`].
    AssetIndex
}

typed_index! {
    /// The position of a step in [`AssetGraph::steps`].
    StepIndex
}

/// The graph of a pipeline. It has no cycles; assets and steps stand in an order in which each comes after
/// everything it needs.
#[derive(Debug)]
pub struct AssetGraph {
    assets: IndexVec<AssetIndex, AssetNode>,
    pub(super) steps: IndexVec<StepIndex, StepNode>,
    asset_by_key: HashMap<AssetKey, AssetIndex>,
    step_by_key: HashMap<StepKey, StepIndex>,
}

/// An asset with its neighbours in the graph.
#[derive(Debug)]
pub struct AssetNode {
    /// The specification of the asset.
    pub spec: AssetSpec,
    /// The step that makes it; `None` for an external asset.
    pub step: Option<StepIndex>,
    /// The assets it is made from.
    pub upstream: Vec<AssetIndex>,
    /// Its partitions; `None` if it has none, or if they aren't known because it is external.
    pub partitions: Option<PartitionsDefinition>,
    /// The assets made from it.
    pub downstream: Vec<AssetIndex>,
    /// The assets that read its history, with those downstream of which it is.
    pub history_readers: Vec<AssetIndex>,
    /// The steps that test it.
    pub checks: Vec<StepIndex>,
    /// The step that judges its new versions; `None` if no gate does.
    pub gate: Option<StepIndex>,
}

/// A step with its neighbours in the graph: it makes assets, or tests or judges one.
#[derive(Debug)]
pub struct StepNode {
    /// The key of the step.
    pub key: StepKey,
    /// The assets it takes or waits for.
    pub upstream: Vec<AssetIndex>,
    /// The assets whose histories it reads.
    pub histories: Vec<HistoryEdge>,
    /// Which partitions of them it takes.
    pub mappings: Mappings,
    /// Whether it makes assets, or tests or judges one.
    pub kind: StepKind,
    /// Its standing configuration; `None` if its function takes none.
    pub config: Option<StandingConfig>,
}

/// The purpose of a step.
#[derive(Debug)]
pub enum StepKind {
    /// It materializes one or several assets.
    Assets {
        /// The definition of the assets and their function.
        definition: AssetDefinition,
        /// Which, in the order of the definition's outputs.
        outputs: Vec<AssetIndex>,
    },
    /// It tests an asset.
    Check {
        /// The definition of the check and its function.
        definition: CheckDefinition,
        /// The asset that it tests.
        asset: AssetIndex,
    },
    /// It judges the new versions of an asset.
    Gate {
        /// The definition of the gate and its function.
        definition: GateDefinition,
        /// The asset whose versions it judges.
        asset: AssetIndex,
    },
}

/// How an asset uses one of its upstream assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It takes or waits for the latest version.
    Latest,
    /// It follows an alias, and takes no notice of other versions.
    Alias(AliasName),
    /// It takes what a version of another asset was made from, and follows that asset's alias.
    InputOf,
}

impl StepNode {
    /// Whether it tests an asset.
    pub fn is_check(&self) -> bool {
        matches!(self.kind, StepKind::Check { .. })
    }

    /// How the step comes to its result. (Assets without a computation have no step.)
    pub fn computation(&self) -> &Computation {
        match &self.kind {
            StepKind::Assets { definition, .. } => {
                definition.computation.as_ref().expect("an asset without a computation has no step")
            }
            StepKind::Check { definition, .. } => &definition.computation,
            StepKind::Gate { definition, .. } => &definition.computation,
        }
    }
}

impl AssetGraph {
    /// Builds the graph of definitions whose names were found to be unique and complete; an error is a cycle.
    pub(crate) fn new(
        definitions: Vec<AssetDefinition>,
        checks: Vec<CheckDefinition>,
        gates: Vec<GateDefinition>,
    ) -> Result<Self, DependencyCycle> {
        let order = order(&definitions, &checks, &gates)?;
        let mut graph = Self {
            assets: IndexVec::default(),
            steps: IndexVec::with_capacity(definitions.len() + checks.len() + gates.len()),
            asset_by_key: HashMap::new(),
            step_by_key: HashMap::new(),
        };
        let mut definitions: Vec<_> = definitions.into_iter().map(Some).collect();
        for index in order {
            let definition = definitions[index].take().expect("an order names each definition once");
            graph.add_assets(definition);
        }
        for check in checks {
            graph.add_check(check);
        }
        for gate in gates {
            graph.add_gate(gate);
        }
        graph.add_histories();
        graph.add_mappings();
        Ok(graph)
    }

    fn add_assets(&mut self, definition: AssetDefinition) {
        let upstream = self.upstream(definition.computation.as_ref());
        let step = definition.computation.is_some().then(|| self.steps.next_index());
        let mut outputs = Vec::with_capacity(definition.outputs.len());
        for spec in &definition.outputs {
            let index = self.assets.next_index();
            outputs.push(index);
            self.asset_by_key.insert(spec.key.clone(), index);
            for &up in &upstream {
                self.assets[up].downstream.push(index);
            }
            let (spec, upstream) = (spec.clone(), upstream.clone());
            self.assets.push(AssetNode {
                spec,
                step,
                upstream,
                partitions: definition.partitions.clone(),
                downstream: Vec::new(),
                history_readers: Vec::new(),
                checks: Vec::new(),
                gate: None,
            });
        }
        if step.is_some() {
            let key = definition.step.clone();
            let kind = StepKind::Assets { definition, outputs };
            self.add_step(key, upstream, kind);
        }
    }

    fn add_check(&mut self, definition: CheckDefinition) {
        let asset = self.asset_by_key[&definition.asset];
        self.assets[asset].checks.push(self.steps.next_index());
        let mut upstream = self.upstream(Some(&definition.computation));
        if !upstream.contains(&asset) {
            upstream.push(asset);
        }
        let key = StepKey::of_check(&definition.asset, &definition.name);
        let kind = StepKind::Check { definition, asset };
        self.add_step(key, upstream, kind);
    }

    /// Gives each step its standing configuration: its entry in `config`, which is by step name, over the defaults of its types.
    pub(crate) fn configure(&mut self, config: &Value) {
        for step in self.steps.iter_mut() {
            let schemas = &step.computation().requirements.config;
            let standing = StandingConfig::new(schemas, config.get(step.key.as_str()).cloned());
            step.config = (!schemas.is_empty()).then_some(standing);
        }
    }

    fn add_gate(&mut self, definition: GateDefinition) {
        let asset = self.asset_by_key[&definition.asset];
        self.assets[asset].gate = Some(self.steps.next_index());
        let upstream = self.upstream(Some(&definition.computation));
        let key = StepKey::of_check(&definition.asset, &definition.name);
        let kind = StepKind::Gate { definition, asset };
        self.add_step(key, upstream, kind);
    }

    /// Adds a step without what is found once all are there: its histories, mappings and configuration.
    fn add_step(&mut self, key: StepKey, upstream: Vec<AssetIndex>, kind: StepKind) {
        let (histories, mappings) = (Vec::new(), Mappings::default());
        let step = StepNode { key: key.clone(), upstream, histories, mappings, kind, config: None };
        self.step_by_key.insert(key, self.steps.push(step));
    }

    /// Adds the edges of histories, which may lead from what comes later in the order, once all assets are there.
    fn add_histories(&mut self) {
        let mut reads: Vec<(StepIndex, AssetIndex)> = Vec::new();
        for (step, node) in self.steps.iter_enumerated() {
            let histories = &node.computation().requirements.histories;
            reads.extend(histories.iter().map(|input| (step, self.asset_by_key[&input.asset])));
        }
        for &(step, asset) in &reads {
            let outputs = self.outputs(step).to_vec();
            self.assets[asset].history_readers.extend(outputs);
        }
        for (step, asset) in reads {
            let is_circular = self.leads_to(step, asset);
            self.steps[step].histories.push(HistoryEdge { asset, is_circular });
        }
    }

    fn upstream(&self, computation: Option<&Computation>) -> Vec<AssetIndex> {
        let inputs = computation.into_iter().flat_map(|computation| &computation.requirements.inputs);
        let mut seen = BTreeSet::new();
        inputs.map(|input| self.asset_by_key[&input.asset]).filter(|asset| seen.insert(*asset)).collect()
    }

    /// All assets, each after everything it is made from.
    pub fn assets(&self) -> &IndexVec<AssetIndex, AssetNode> {
        &self.assets
    }

    /// All steps; checks come behind those that make assets, and gates last.
    pub fn steps(&self) -> &IndexVec<StepIndex, StepNode> {
        &self.steps
    }

    /// The position of an asset.
    pub fn index(&self, key: &str) -> Option<AssetIndex> {
        self.asset_by_key.get(key).copied()
    }

    /// An asset by key.
    pub fn asset(&self, key: &str) -> Option<&AssetNode> {
        self.index(key).map(|index| &self.assets[index])
    }

    /// The key of an asset.
    pub fn key(&self, asset: AssetIndex) -> &AssetKey {
        &self.assets[asset].spec.key
    }

    /// The position of a step.
    pub fn step_index(&self, key: &str) -> Option<StepIndex> {
        self.step_by_key.get(key).copied()
    }

    /// How the step of this name comes to its result.
    pub fn computation(&self, step: &str) -> Option<&Computation> {
        self.step_index(step).map(|index| self.steps[index].computation())
    }

    /// The assets that a step makes; empty for a check or a gate.
    pub fn outputs(&self, step: StepIndex) -> &[AssetIndex] {
        match &self.steps[step].kind {
            StepKind::Assets { outputs, .. } => outputs,
            StepKind::Check { .. } | StepKind::Gate { .. } => &[],
        }
    }

    /// The asset that a step tests, if it is a check.
    pub fn checked_asset(&self, step: StepIndex) -> Option<AssetIndex> {
        match &self.steps[step].kind {
            StepKind::Assets { .. } | StepKind::Gate { .. } => None,
            StepKind::Check { asset, .. } => Some(*asset),
        }
    }

    /// The gate of an asset; `None` if it has none.
    pub fn gate(&self, asset: AssetIndex) -> Option<&GateDefinition> {
        match &self.steps[self.assets[asset].gate?].kind {
            StepKind::Gate { definition, .. } => Some(definition),
            StepKind::Assets { .. } | StepKind::Check { .. } => None,
        }
    }

    /// The asset that a step tests or judges; `None` if it makes assets.
    pub fn examined_asset(&self, step: StepIndex) -> Option<AssetIndex> {
        match &self.steps[step].kind {
            StepKind::Assets { .. } => None,
            StepKind::Check { asset, .. } | StepKind::Gate { asset, .. } => Some(*asset),
        }
    }

    /// How an asset uses one of its upstream assets. What is taken in several ways is at least taken as the latest.
    pub fn edge(&self, asset: AssetIndex, upstream: AssetIndex) -> Edge {
        let key = self.key(upstream);
        let computation = self.definition(asset).and_then(|definition| definition.computation.as_ref());
        let inputs = computation.into_iter().flat_map(|computation| &computation.requirements.inputs);
        let mut edge = Edge::InputOf;
        for input in inputs.filter(|input| input.asset == *key) {
            match &input.read_as {
                ReadAs::Latest => return Edge::Latest,
                ReadAs::Alias(alias) => edge = Edge::Alias(alias.clone()),
                ReadAs::History { .. }
                | ReadAs::Shadow { .. }
                | ReadAs::InputOf { .. }
                | ReadAs::InputOfChallenger { .. } => {}
            }
        }
        edge
    }

    /// The definition that makes an asset; `None` for an external asset.
    pub fn definition(&self, asset: AssetIndex) -> Option<&AssetDefinition> {
        match &self.steps[self.assets[asset].step?].kind {
            StepKind::Assets { definition, .. } => Some(definition),
            StepKind::Check { .. } | StepKind::Gate { .. } => None,
        }
    }

    /// The asset that had a key before; `None` if none had.
    pub fn renamed_from(&self, key: &str) -> Option<AssetIndex> {
        let had = |asset: &AssetNode| asset.spec.renamed_from.iter().any(|former| former.as_str() == key);
        self.assets.iter_enumerated().find(|(_, asset)| had(asset)).map(|(index, _)| index)
    }

    /// The asset that has a key, or had it before; `None` if none had.
    pub fn index_of_past(&self, key: &str) -> Option<AssetIndex> {
        self.index(key).or_else(|| self.renamed_from(key))
    }

    /// The step that makes the asset that has a key, or had it before; `None` if none does.
    pub fn step_of_past(&self, key: &str) -> Option<StepIndex> {
        self.assets[self.index_of_past(key)?].step
    }

    /// What to write instead of an asset key that doesn't exist.
    pub fn asset_hint(&self, key: &str) -> String {
        if let Some(renamed) = self.renamed_from(key) {
            return format!("it is called `{}` now", self.key(renamed));
        }
        hint(key, self.assets.iter().map(|asset| asset.spec.key.as_str()), "`list assets` lists all assets")
    }

    /// What to write instead of a step name that doesn't exist.
    pub fn step_hint(&self, step: &str) -> String {
        let known = || self.steps.iter().map(|known| known.key.as_str());
        // Checks and gates are known by their own names, and their steps by the asset's as well.
        let of_asset = known().find(|known| known.split_once(':').is_some_and(|(_, name)| name == step));
        match of_asset {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => hint(step, known(), "`graph` shows all assets and steps"),
        }
    }
}

fn hint<'a>(written: &str, known: impl Iterator<Item = &'a str>, overview: &str) -> String {
    match closest(written, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => overview.to_owned(),
    }
}

/// An order of the definitions in which each comes after what it needs: as declared, where that is free. Upstream assets
/// that aren't among the definitions don't count.
pub(crate) fn order(
    definitions: &[AssetDefinition],
    checks: &[CheckDefinition],
    gates: &[GateDefinition],
) -> Result<Vec<usize>, DependencyCycle> {
    let mut producer: HashMap<&str, usize> = HashMap::new();
    for (index, definition) in definitions.iter().enumerate() {
        producer.extend(definition.outputs.iter().map(|output| (output.key.as_str(), index)));
    }
    let producer_of = |asset: &AssetKey| producer.get(asset.as_str()).copied();
    let inputs = |computation: Option<&Computation>| -> Vec<usize> {
        inputs_of(computation).filter_map(|input| producer_of(&input.asset)).collect()
    };
    let upstream: Vec<Vec<usize>> =
        definitions.iter().map(|definition| inputs(definition.computation.as_ref())).collect();
    let name = |index: usize| definitions[index].step.to_string();
    let order = find_cycle(&upstream).map_err(|cycle| DependencyCycle::of(cycle.into_iter().map(name)))?;

    // A blocking check stands between its asset and everything downstream of it, and a gate between its asset and what follows the alias.
    let between = between(checks, gates, producer_of);
    if !between.is_empty() {
        let mut gated = upstream;
        let nodes = |reads: &[&Input]| -> Vec<usize> {
            let numbered = between.iter().enumerate();
            let before = numbered.filter(|(_, (_, item))| reads.iter().any(|input| item.is_before(input)));
            before.map(|(index, _)| definitions.len() + index).collect()
        };
        for (inputs, definition) in gated.iter_mut().zip(definitions) {
            inputs.extend(nodes(&inputs_of(definition.computation.as_ref()).collect::<Vec<_>>()));
        }
        for (asset, item) in &between {
            let mut upstream = inputs(Some(item.computation()));
            upstream.push(*asset);
            if let Between::Gate(gate) = item {
                // It compares with the version in use, which it doesn't wait for.
                let reads: Vec<_> =
                    inputs_of(Some(&gate.computation)).filter(|input| !gate.compares(input)).collect();
                upstream.extend(nodes(&reads));
            }
            gated.push(upstream);
        }
        let name = |index: usize| match index.checked_sub(definitions.len()) {
            Some(index) => between[index].1.name(),
            None => name(index),
        };
        find_cycle(&gated).map_err(|cycle| DependencyCycle::of(cycle.into_iter().map(name)))?;
    }
    Ok(order)
}

fn inputs_of(computation: Option<&Computation>) -> impl Iterator<Item = &Input> {
    computation.into_iter().flat_map(|computation| &computation.requirements.inputs)
}

/// What stands between an asset and its readers.
#[derive(Clone, Copy)]
enum Between<'a> {
    /// A blocking check.
    Check(&'a CheckDefinition),
    /// A gate.
    Gate(&'a GateDefinition),
}

/// The blocking checks and the gates, each with the definition that makes its asset.
fn between<'a>(
    checks: &'a [CheckDefinition],
    gates: &'a [GateDefinition],
    producer_of: impl Fn(&AssetKey) -> Option<usize>,
) -> Vec<(usize, Between<'a>)> {
    let checks = checks.iter().filter(|check| check.blocking).map(Between::Check);
    let items = checks.chain(gates.iter().map(Between::Gate));
    items.filter_map(|item| Some((producer_of(item.asset())?, item))).collect()
}

impl Between<'_> {
    fn asset(&self) -> &AssetKey {
        match self {
            Self::Check(check) => &check.asset,
            Self::Gate(gate) => &gate.asset,
        }
    }

    fn computation(&self) -> &Computation {
        match self {
            Self::Check(check) => &check.computation,
            Self::Gate(gate) => &gate.computation,
        }
    }

    /// Whether what reads this has to wait for it.
    fn is_before(&self, input: &Input) -> bool {
        match (self, &input.read_as) {
            (Self::Check(check), ReadAs::Latest) => check.asset == input.asset,
            (Self::Gate(gate), ReadAs::Alias(_)) => gate.asset == input.asset,
            (Self::Gate(gate), ReadAs::InputOf { model, .. }) => gate.asset == *model,
            (
                Self::Check(_),
                ReadAs::Alias(_)
                | ReadAs::InputOf { .. }
                | ReadAs::InputOfChallenger { .. }
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. },
            )
            | (
                Self::Gate(_),
                ReadAs::Latest
                | ReadAs::InputOfChallenger { .. }
                | ReadAs::History { .. }
                | ReadAs::Shadow { .. },
            ) => false,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Check(check) => format!("check `{}`", check.name),
            Self::Gate(gate) => format!("gate `{}`", gate.name),
        }
    }
}
