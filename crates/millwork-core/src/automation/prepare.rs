//! The conditions of a pipeline, made ready to be evaluated.
//!
//! What each [`PreparedCondition`] asks for (schedules, tags, checks, how far upstream it reaches) is gathered here for all of them. So an
//! evaluation knows from which assets a change is seen, and what of a
//! run is worth keeping.
//!
//! An asset that follows an alias of another one doesn't see that asset, but the alias, which is an asset of its own here, named
//! `model@champion`: it is updated when it moves, and missing while it doesn't exist. In the same way the history of an asset, which is read
//! without waiting for the asset, is an asset named `asset@*` here: it is updated with the asset, and neither missing nor in progress nor
//! requested.

use std::collections::{BTreeMap, BTreeSet};

use super::numbers::WantedNumbers;
use super::partitions::{Partitionings, history_mappings, input_mappings};
use super::prepared_condition::{Counted, PreparedCondition, Subject};
use super::subject::{alias_key, history_key, job_key, watch_key};
use super::{AutomationCondition, ConditionError, FailureBackoff, NodeId};
use crate::asset::{AssetKey, CheckDefinition};
use crate::condition::{ComparedWith, Operand, Operator};
use crate::graph::{AssetGraph, AssetIndex, AssetNode, AssetSet, Edge, Selection, StepKind};
use crate::index::IndexVec;
use crate::timetable::Timetable;
use crate::version::AliasName;

/// The conditions of a pipeline, ready to be evaluated.
#[derive(Debug)]
pub struct Automation {
    /// The keys of the graph's assets, and behind them those of aliases, histories, jobs and watches.
    pub(super) keys: IndexVec<AssetIndex, AssetKey>,
    pub(super) index: BTreeMap<AssetKey, AssetIndex>,
    pub(super) upstream: IndexVec<AssetIndex, Vec<AssetIndex>>,
    pub(super) downstream: IndexVec<AssetIndex, Vec<AssetIndex>>,
    /// The assets of the same step, the asset itself included.
    pub(super) together: IndexVec<AssetIndex, Vec<AssetIndex>>,
    pub(super) blocking_checks: IndexVec<AssetIndex, Vec<String>>,
    /// Whether it is external.
    pub(super) external: IndexVec<AssetIndex, bool>,
    pub(super) partitionings: Partitionings,
    /// Whether a condition asks whether data has changed.
    pub(super) asks_for_data: bool,
    /// The asset of each alias, and the alias.
    pub(super) aliased: BTreeMap<AssetIndex, (AssetIndex, AliasName)>,
    /// The asset of each history.
    pub(super) histories: BTreeMap<AssetIndex, AssetIndex>,
    pub(super) conditions: BTreeMap<AssetIndex, PreparedCondition>,
    pub(super) schedules: BTreeMap<(String, String), AssetSet>,
    pub(super) identity: String,
    pub(super) backoff: FailureBackoff,
    /// How many levels of upstream assets the conditions reach.
    pub(super) depth: usize,
    pub(super) tags: BTreeSet<String>,
    /// The assets and jobs whose conditions name an asset, or see it from one that they name.
    pub(super) watched_by: BTreeMap<AssetIndex, AssetSet>,
    /// The numbers of each asset that conditions ask for.
    pub(super) wanted: BTreeMap<AssetIndex, WantedNumbers>,
    /// The assets whose numbers are compared with those at a promotion, by the alias that names the version in use.
    pub(super) compared: BTreeMap<AssetIndex, AssetSet>,
    /// The parts of conditions that add up numbers of an asset, each with the asset or job that has the condition.
    pub(super) adding: BTreeMap<AssetIndex, BTreeSet<(AssetIndex, NodeId)>>,
    /// The parts of conditions that count materializations of an asset, in the same way.
    pub(super) counting: BTreeMap<AssetIndex, BTreeSet<(AssetIndex, NodeId)>>,
    /// The jobs that have a condition.
    pub(super) jobs: AssetSet,
    /// The watches, each with the alias of the version that it watches.
    pub(super) watches: BTreeMap<AssetIndex, AssetIndex>,
    /// The jobs whose condition is switched off: what is known of their runs stays.
    pub(super) off: BTreeSet<AssetKey>,
}

/// A job that has a condition.
#[derive(Clone, Copy, Debug)]
pub struct JobCondition<'a> {
    /// The name of the job.
    pub name: &'a str,
    /// The assets that it makes, in the selection syntax.
    pub selection: &'a str,
    /// Its condition; `None` if that is switched off.
    pub condition: Option<&'a AutomationCondition>,
}

/// A watch over a model.
#[derive(Clone, Copy, Debug)]
pub struct WatchCondition<'a> {
    /// The key of the model.
    pub model: &'a AssetKey,
    /// Its condition.
    pub condition: &'a AutomationCondition,
}

impl Automation {
    /// Prepares the conditions of a graph's assets; keys that the graph doesn't know are left out, and a schedule that
    /// [can't be kept](Self::check) never ticks.
    ///
    /// # Errors
    ///
    /// A selection in `allow` or `ignore` that can't be read or names an unknown asset; a condition that is nested too deep.
    pub fn new(
        graph: &AssetGraph,
        conditions: impl IntoIterator<Item = (AssetKey, AutomationCondition)>,
        backoff: FailureBackoff,
    ) -> Result<Self, ConditionError> {
        let nodes = graph.assets();
        let keys = nodes.map(|node| node.spec.key.clone());
        let together = |(asset, node): (AssetIndex, &AssetNode)| match node.step {
            Some(step) => graph.outputs(step).to_vec(),
            None => vec![asset],
        };
        let blocking_checks = |asset| {
            let blocking = checks(graph, asset).filter(|check| check.blocking);
            blocking.map(|check| check.name.clone()).collect()
        };
        let mut automation = Self {
            index: keys.iter_enumerated().map(|(asset, key)| (key.clone(), asset)).collect(),
            keys,
            upstream: nodes.map(|node| node.upstream.clone()),
            downstream: nodes.map(|node| node.downstream.clone()),
            together: nodes.iter_enumerated().map(together).collect(),
            blocking_checks: nodes.indices().map(blocking_checks).collect(),
            external: nodes.map(|node| node.step.is_none()),
            partitionings: Partitionings::new(graph),
            asks_for_data: false,
            aliased: BTreeMap::new(),
            histories: BTreeMap::new(),
            conditions: BTreeMap::new(),
            schedules: BTreeMap::new(),
            identity: String::new(),
            backoff,
            depth: 0,
            tags: BTreeSet::new(),
            watched_by: BTreeMap::new(),
            wanted: BTreeMap::new(),
            compared: BTreeMap::new(),
            adding: BTreeMap::new(),
            counting: BTreeMap::new(),
            jobs: AssetSet::new(),
            watches: BTreeMap::new(),
            off: BTreeSet::new(),
        };
        for (asset, node) in nodes.iter_enumerated() {
            for upstream in &node.upstream {
                let mappings = || input_mappings(graph, asset, *upstream);
                automation.partitionings.link((asset, *upstream), mappings);
            }
        }
        automation.add_aliases(graph);
        automation.add_histories(graph);
        for (key, condition) in conditions {
            if let Some(index) = graph.index(key.as_str()) {
                automation.add(index, PreparedCondition::new(graph, condition, Subject::Asset(index))?);
            }
        }
        automation.identify();
        Ok(automation)
    }

    /// The conditions with those of jobs.
    ///
    /// # Errors
    ///
    /// As [`Automation::new`]; a job's selection that can't be read.
    pub fn with_jobs<'a>(
        mut self,
        graph: &AssetGraph,
        jobs: impl IntoIterator<Item = JobCondition<'a>>,
    ) -> Result<Self, ConditionError> {
        for job in jobs {
            let Some(condition) = job.condition else {
                self.off.insert(job_key(job.name));
                continue;
            };
            let makes = Selection::parse(job.selection)?.select(graph)?;
            let prepared = PreparedCondition::new(graph, condition.clone(), Subject::Job(&makes))?;
            let index = self.push(job_key(job.name), None);
            self.jobs.insert(index);
            self.add(index, prepared);
        }
        self.identify();
        Ok(self)
    }

    /// The conditions with those of watches; models that the graph doesn't know are left out.
    ///
    /// # Errors
    ///
    /// As [`Automation::new`].
    pub fn with_watches<'a>(
        mut self,
        graph: &AssetGraph,
        watches: impl IntoIterator<Item = WatchCondition<'a>>,
    ) -> Result<Self, ConditionError> {
        for watch in watches {
            let Some(model) = graph.index(watch.model.as_str()) else { continue };
            let prepared = PreparedCondition::new(graph, watch.condition.clone(), Subject::Watch(model))?;
            let alias = self.alias(model, &graph.alias_in_use(model));
            let index = self.push(watch_key(watch.model), None);
            self.watches.insert(index, alias);
            self.watched_by.entry(alias).or_default().insert(index);
            self.add(index, prepared);
        }
        self.identify();
        Ok(self)
    }

    fn identify(&mut self) {
        let parts = self.conditions.iter();
        let conditions = parts.map(|(index, one)| format!("{}={};", self.keys[*index], one.identity));
        let partitioned = self.keys.iter_enumerated().filter_map(|(index, key)| {
            let partitioning = self.partitionings.of(index)?;
            Some(format!("{key} of {};", partitioning.identity))
        });
        self.identity = identity(&conditions.chain(partitioned).collect::<String>());
    }

    /// Adds what isn't an asset of the graph, and has nothing upstream; its partitions are those of an asset.
    fn push(&mut self, key: AssetKey, partitions_of: Option<AssetIndex>) -> AssetIndex {
        let index = self.keys.push(key.clone());
        self.index.insert(key, index);
        self.upstream.push(Vec::new());
        self.downstream.push(Vec::new());
        self.together.push(vec![index]);
        self.blocking_checks.push(Vec::new());
        self.external.push(false);
        self.partitionings.push_like(partitions_of);
        index
    }

    /// The alias of an asset, as conditions see it.
    fn alias(&mut self, asset: AssetIndex, name: &AliasName) -> AssetIndex {
        let key = alias_key(&self.keys[asset], name);
        if let Some(known) = self.index.get(&key) {
            return *known;
        }
        let alias = self.push(key, Some(asset));
        self.aliased.insert(alias, (asset, name.clone()));
        alias
    }

    /// Puts the aliases that assets follow between them and the assets that the aliases belong to.
    fn add_aliases(&mut self, graph: &AssetGraph) {
        for (asset, node) in graph.assets().iter_enumerated() {
            for &upstream in &node.upstream {
                let followed = match graph.edge(asset, upstream) {
                    Edge::Latest => continue,
                    Edge::Alias(alias) => Some(alias),
                    // What a version was made from changes with the version.
                    Edge::InputOf => None,
                };
                self.upstream[asset].retain(|other| *other != upstream);
                self.downstream[upstream].retain(|other| *other != asset);
                let Some(name) = followed else { continue };
                let alias = self.alias(upstream, &name);
                self.partitionings.link((asset, alias), || input_mappings(graph, asset, upstream));
                self.upstream[asset].push(alias);
                self.downstream[alias].push(asset);
            }
        }
    }

    /// Puts the histories that assets read between them and the assets that the histories are of. What an asset waits for as well is seen as
    /// such, and what is made from the asset itself isn't seen: each would have the other requested for ever.
    fn add_histories(&mut self, graph: &AssetGraph) {
        let mut histories: BTreeMap<AssetIndex, AssetIndex> = BTreeMap::new();
        for asset in graph.assets().indices() {
            for edge in graph.histories(asset).iter().filter(|edge| !edge.is_circular) {
                if self.upstream[asset].contains(&edge.asset) {
                    continue;
                }
                let history = *histories.entry(edge.asset).or_insert_with(|| {
                    // It counts as present, like an external asset that nothing was reported of.
                    let history = self.push(history_key(graph.key(edge.asset)), Some(edge.asset));
                    self.external[history] = true;
                    self.histories.insert(history, edge.asset);
                    history
                });
                let mappings = || history_mappings(graph, asset, edge.asset);
                self.partitionings.link((asset, history), mappings);
                self.upstream[asset].push(history);
                self.downstream[history].push(asset);
            }
        }
    }

    /// The aliases that assets follow or conditions ask for, with the keys under which conditions see them.
    pub fn aliases(&self) -> impl Iterator<Item = (&AssetKey, &AliasName, &AssetKey)> {
        let keys = &self.keys;
        self.aliased.iter().map(|(alias, (asset, name))| (&keys[*asset], name, &keys[*alias]))
    }

    /// Prepares the conditions that the assets of a graph are defined with.
    ///
    /// # Errors
    ///
    /// As [`Automation::new`]; a resolved pipeline's conditions have been checked.
    pub fn of_graph(graph: &AssetGraph, backoff: FailureBackoff) -> Result<Self, ConditionError> {
        let conditions = graph.assets().iter().filter_map(|node| {
            let condition = node.spec.automation.clone()?;
            Some((node.spec.key.clone(), condition))
        });
        Self::new(graph, conditions, backoff)
    }

    /// Whether the condition makes sense for an asset of the graph.
    ///
    /// # Errors
    ///
    /// A selection that can't be read or names an unknown asset, a schedule that can't be kept, a check that the asset
    /// doesn't have, an asset or a model that isn't there, a bound that nothing can be compared with, or too many levels; of an asset with
    /// partitions, a part that isn't known of each.
    pub fn check(
        graph: &AssetGraph,
        asset: AssetIndex,
        condition: &AutomationCondition,
    ) -> Result<(), ConditionError> {
        let prepared = PreparedCondition::new(graph, condition.clone(), Subject::Asset(asset))?;
        prepared.check_schedules()?;
        prepared.check_partitions(graph, asset)?;
        let known: Vec<&String> = checks(graph, asset).map(|check| &check.name).collect();
        let unknown = prepared.asked.own_checks.into_iter().find(|check| !known.contains(&check));
        match unknown {
            Some(check) => Err(ConditionError::Check { asset: graph.key(asset).clone(), check }),
            None => Ok(()),
        }
    }

    /// Whether the condition makes sense for a job that makes these assets.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); a part about the asset that has the condition, where none has.
    pub fn check_job(
        graph: &AssetGraph,
        makes: &AssetSet,
        condition: &AutomationCondition,
    ) -> Result<(), ConditionError> {
        PreparedCondition::new(graph, condition.clone(), Subject::Job(makes))?.check_schedules()
    }

    /// Whether the condition makes sense for a watch over a model.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check); a part about the asset that has the condition or its runs, a cooldown or a budget.
    pub fn check_watch(
        graph: &AssetGraph,
        model: AssetIndex,
        condition: &AutomationCondition,
    ) -> Result<(), ConditionError> {
        PreparedCondition::new(graph, condition.clone(), Subject::Watch(model))?.check_schedules()
    }

    fn add(&mut self, index: AssetIndex, mut prepared: PreparedCondition) {
        for schedule in &prepared.asked.schedules {
            self.schedules.entry(schedule.clone()).or_default().insert(index);
        }
        self.depth = self.depth.max(prepared.upstream_levels());
        self.asks_for_data |= prepared.asks_for_data();
        self.tags.extend(prepared.asked.tags.iter().cloned());
        for (node, named) in &mut prepared.named.of_nodes {
            let alias = named.model.as_ref().map(|(model, name)| self.alias(*model, name));
            named.alias = alias;
            if let Operator::Operand(Operand::Metric(comparison)) = prepared.nodes.operator(*node) {
                self.wanted.entry(named.asset).or_default().add(comparison, alias);
                match comparison.with {
                    ComparedWith::AddsUpTo(_) => {
                        self.adding.entry(named.asset).or_default().insert((index, *node));
                    }
                    ComparedWith::WorseThanAtPromotion { .. }
                    | ComparedWith::WorseThanBeforePromotion { .. }
                    | ComparedWith::Above(_)
                    | ComparedWith::Below(_) => {
                        if let Some(alias) = alias {
                            self.compared.entry(alias).or_default().insert(named.asset);
                        }
                    }
                }
            }
            for watched in [Some(named.asset), alias].into_iter().flatten() {
                self.watched_by.entry(watched).or_default().insert(index);
            }
        }
        for model in &prepared.named.own_models {
            self.watched_by.entry(*model).or_default().insert(index);
        }
        let counts =
            prepared.nodes.iter().any(|(_, operator)| matches!(operator, Operator::ForEvaluations(_)));
        let names = prepared.deps.values().any(|counted| matches!(counted, Counted::Named(_)));
        if counts || names || !prepared.named.of_nodes.is_empty() {
            self.add_reached(index, &prepared, counts);
        }
        self.conditions.insert(index, prepared);
    }

    /// The condition of an asset.
    pub fn condition(&self, key: &AssetKey) -> Option<&AutomationCondition> {
        self.conditions.get(self.index.get(key)?).map(|prepared| &prepared.condition)
    }

    /// The assets that have a condition, upstream first.
    pub fn keys(&self) -> impl Iterator<Item = &AssetKey> {
        self.conditions.keys().map(|index| &self.keys[*index])
    }

    /// The schedules that conditions wait for: a line of cron and a time zone each.
    pub fn schedules(&self) -> impl Iterator<Item = (&str, &str)> {
        self.schedules.keys().map(|(cron, zone)| (cron.as_str(), zone.as_str()))
    }

    /// When windows begin and end that assets have as partitions, each once.
    pub(super) fn windows(&self) -> impl Iterator<Item = &Timetable> {
        let mut known: Vec<&Timetable> = Vec::new();
        for calendar in self.partitionings.all.iter().flat_map(|partitioning| &partitioning.calendars) {
            if !known.contains(&calendar.timetable()) {
                known.push(calendar.timetable());
            }
        }
        known.into_iter()
    }

    /// All assets that a run of `keys` makes: a step makes all of its assets. In the order of the graph.
    pub fn made_with<'a>(&self, keys: impl IntoIterator<Item = &'a AssetKey>) -> BTreeSet<AssetKey> {
        let known = keys.into_iter().filter_map(|key| self.index.get(key));
        known.flat_map(|index| &self.together[*index]).map(|index| self.keys[*index].clone()).collect()
    }
}

/// The definitions of an asset's checks.
fn checks(graph: &AssetGraph, asset: AssetIndex) -> impl Iterator<Item = &CheckDefinition> {
    let steps = graph.assets()[asset].checks.iter();
    steps.filter_map(|step| match &graph.steps()[*step].kind {
        StepKind::Check { definition, .. } => Some(definition),
        StepKind::Assets { .. } | StepKind::Gate { .. } => None,
    })
}

/// Identifies a pipeline's conditions, as [`Nodes::identity`] identifies one condition.
fn identity(conditions: &str) -> String {
    blake3::hash(conditions.as_bytes()).to_hex().as_str()[..16].to_owned()
}
