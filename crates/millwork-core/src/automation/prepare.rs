//! The conditions of a pipeline, made ready to be evaluated.
//!
//! A condition's nodes are numbered, its selections of upstream assets are resolved, and what it asks for (schedules, tags, checks, how far
//! upstream it reaches) is gathered, all by loops over its nodes. So an evaluation knows from which assets a change is seen, and what of a
//! run is worth keeping.
//!
//! An asset that follows an alias of another one doesn't see that asset, but the alias, which is an asset of its own here, named
//! `model@champion`: it is updated when it moves, and missing while it doesn't exist. In the same way the history of an asset, which is read
//! without waiting for the asset, is an asset named `asset@*` here: it is updated with the asset, and neither missing nor in progress nor
//! requested.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{AutomationCondition, FailureBackoff, NodeId, RunScope};
use crate::asset::{AssetKey, CheckDefinition};
use crate::condition::{Nodes, Operand, Operator};
use crate::graph::{AssetGraph, AssetIndex, AssetNode, AssetSet, Edge, Selection, SelectionError, StepKind};
use crate::index::IndexVec;
use crate::problem::{Advice, ErrorClass};
use crate::schedule::{ScheduleError, Timetable};
use crate::version::AliasName;

/// The conditions of a pipeline, ready to be evaluated.
#[derive(Debug)]
pub struct Automation {
    /// The keys of the graph's assets, and behind them those of aliases and histories.
    pub(super) keys: IndexVec<AssetIndex, AssetKey>,
    pub(super) index: BTreeMap<AssetKey, AssetIndex>,
    pub(super) upstream: IndexVec<AssetIndex, Vec<AssetIndex>>,
    pub(super) downstream: IndexVec<AssetIndex, Vec<AssetIndex>>,
    /// The assets of the same step, the asset itself included.
    pub(super) together: IndexVec<AssetIndex, Vec<AssetIndex>>,
    pub(super) blocking_checks: IndexVec<AssetIndex, Vec<String>>,
    /// Whether it is external.
    pub(super) external: IndexVec<AssetIndex, bool>,
    pub(super) partitioned: IndexVec<AssetIndex, bool>,
    /// The asset of each alias, and the alias.
    aliased: BTreeMap<AssetIndex, (AssetIndex, AliasName)>,
    /// The asset of each history.
    histories: BTreeMap<AssetIndex, AssetIndex>,
    pub(super) conditions: BTreeMap<AssetIndex, PreparedCondition>,
    pub(super) schedules: BTreeMap<(String, String), AssetSet>,
    pub(super) identity: String,
    pub(super) backoff: FailureBackoff,
    /// How many levels of upstream assets the conditions reach.
    depth: usize,
    tags: BTreeSet<String>,
}

/// A condition that has been numbered and analysed.
#[derive(Debug)]
pub(super) struct PreparedCondition {
    pub(super) condition: AutomationCondition,
    pub(super) identity: String,
    pub(super) nodes: Nodes,
    /// The innermost operator about upstream assets above each node; `None` for nodes about the asset itself.
    pub(super) below: IndexVec<NodeId, Option<NodeId>>,
    /// The operators about upstream assets, and which of those count.
    pub(super) deps: BTreeMap<NodeId, Counted>,
    asked: Asked,
}

/// What a condition's operands ask for that a pipeline has to have, or an evaluation to keep.
#[derive(Debug, Default)]
struct Asked {
    /// The schedules: a line of cron and a time zone each.
    schedules: BTreeSet<(String, String)>,
    /// The tags of runs.
    tags: BTreeSet<String>,
    /// The checks of the asset that has the condition.
    own_checks: Vec<String>,
}

/// Whom an operand is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// The asset that has the condition.
    Own,
    /// An upstream asset.
    Upstream,
}

impl Asked {
    fn add(&mut self, operand: &Operand, subject: Subject) {
        match operand {
            Operand::CronTickPassed { cron, zone } => {
                self.schedules.insert((cron.clone(), zone.clone()));
            }
            Operand::ExecutedWithTag { tag, .. } => {
                self.tags.insert(tag.clone());
            }
            Operand::CheckPassed(check) | Operand::CheckFailed(check) => match subject {
                Subject::Own => self.own_checks.push(check.clone()),
                Subject::Upstream => {}
            },
            Operand::Missing
            | Operand::InProgress
            | Operand::ExecutionFailed
            | Operand::NewlyUpdated
            | Operand::NewlyRequested
            | Operand::WillBeRequested
            | Operand::ExecutedWithRootTarget
            | Operand::CodeVersionChanged
            | Operand::DataVersionChanged
            | Operand::InitialEvaluation
            | Operand::AnyCheckFailed
            | Operand::BlockingChecksPassed => {}
        }
    }
}

/// Which upstream assets count.
#[derive(Debug)]
pub(super) enum Counted {
    /// All upstream assets.
    All,
    /// Only these upstream assets.
    Only(AssetSet),
}

impl Counted {
    fn includes(&self, asset: AssetIndex) -> bool {
        match self {
            Self::All => true,
            Self::Only(assets) => assets.contains(&asset),
        }
    }
}

/// The error of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConditionError {
    /// What `allow` or `ignore` selects can't be read, or names an unknown asset.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A schedule that it waits for can't be kept.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// It is nested too deep.
    #[error("a condition is nested {levels} levels deep, and may be {}", AutomationCondition::MOST_LEVELS)]
    TooDeep {
        /// How many operators and operands lie one below the other.
        levels: usize,
    },
    /// It asks for a check that the asset doesn't have.
    #[error("`{asset}` has no check `{check}`")]
    Check {
        /// The asset with the condition.
        asset: AssetKey,
        /// The name of the check.
        check: String,
    },
}

impl Advice for ConditionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Selection(error) => return error.hint(),
            Self::Schedule(error) => return error.hint(),
            Self::TooDeep { .. } => "`&` and `|` join any number of conditions on one level".into(),
            Self::Check { .. } => "`list checks` lists all checks".into(),
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Definitions
    }
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
        let is_partitioned =
            |asset| graph.definition(asset).is_some_and(|definition| definition.partitions.is_some());
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
            partitioned: nodes.indices().map(is_partitioned).collect(),
            aliased: BTreeMap::new(),
            histories: BTreeMap::new(),
            conditions: BTreeMap::new(),
            schedules: BTreeMap::new(),
            identity: String::new(),
            backoff,
            depth: 0,
            tags: BTreeSet::new(),
        };
        automation.add_aliases(graph);
        automation.add_histories(graph);
        for (key, condition) in conditions {
            if let Some(index) = graph.index(key.as_str()) {
                automation.add(graph, index, condition)?;
            }
        }
        let parts = automation.conditions.iter();
        let parts: String =
            parts.map(|(index, one)| format!("{}={};", automation.keys[*index], one.identity)).collect();
        automation.identity = identity(&parts);
        Ok(automation)
    }

    /// Puts the aliases that assets follow between them and the assets that the aliases belong to.
    fn add_aliases(&mut self, graph: &AssetGraph) {
        let mut aliases: BTreeMap<AssetKey, AssetIndex> = BTreeMap::new();
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
                let key = alias_key(graph.key(upstream), &name);
                let alias = *aliases.entry(key).or_insert_with_key(|key| {
                    let alias = self.add_upstream(key.clone(), upstream, false);
                    self.aliased.insert(alias, (upstream, name));
                    alias
                });
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
                    let history = self.add_upstream(history_key(graph.key(edge.asset)), edge.asset, true);
                    self.histories.insert(history, edge.asset);
                    history
                });
                self.upstream[asset].push(history);
                self.downstream[history].push(asset);
            }
        }
    }

    /// Adds an upstream asset that isn't one of the graph, but stands for `of` in some way.
    fn add_upstream(&mut self, key: AssetKey, of: AssetIndex, is_external: bool) -> AssetIndex {
        let added = self.keys.push(key.clone());
        self.index.insert(key, added);
        self.upstream.push(Vec::new());
        self.downstream.push(Vec::new());
        self.together.push(vec![added]);
        self.blocking_checks.push(Vec::new());
        self.external.push(is_external);
        self.partitioned.push(self.partitioned[of]);
        added
    }

    /// Whether an upstream asset counts; of an alias or a history, whether its asset does.
    pub(super) fn counts(&self, counted: &Counted, upstream: AssetIndex) -> bool {
        let of_alias = self.aliased.get(&upstream).map(|(asset, _)| asset);
        counted.includes(*of_alias.or_else(|| self.histories.get(&upstream)).unwrap_or(&upstream))
    }

    /// The aliases that assets follow, with the keys under which conditions see them.
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
    /// doesn't have, or too many levels.
    pub fn check(
        graph: &AssetGraph,
        asset: AssetIndex,
        condition: &AutomationCondition,
    ) -> Result<(), ConditionError> {
        let prepared = PreparedCondition::new(graph, condition.clone())?;
        for (cron, zone) in &prepared.asked.schedules {
            Timetable::new([cron.as_str()], zone)?;
        }
        let known: Vec<&String> = checks(graph, asset).map(|check| &check.name).collect();
        let unknown = prepared.asked.own_checks.into_iter().find(|check| !known.contains(&check));
        match unknown {
            Some(check) => Err(ConditionError::Check { asset: graph.key(asset).clone(), check }),
            None => Ok(()),
        }
    }

    fn add(
        &mut self,
        graph: &AssetGraph,
        index: AssetIndex,
        condition: AutomationCondition,
    ) -> Result<(), ConditionError> {
        let prepared = PreparedCondition::new(graph, condition)?;
        for schedule in &prepared.asked.schedules {
            self.schedules.entry(schedule.clone()).or_default().insert(index);
        }
        self.depth = self.depth.max(prepared.upstream_levels());
        self.tags.extend(prepared.asked.tags.iter().cloned());
        self.conditions.insert(index, prepared);
        Ok(())
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

    /// All assets that a run of `keys` makes: a step makes all of its assets. In the order of the graph.
    pub fn made_with<'a>(&self, keys: impl IntoIterator<Item = &'a AssetKey>) -> BTreeSet<AssetKey> {
        let known = keys.into_iter().filter_map(|key| self.index.get(key));
        known.flat_map(|index| &self.together[*index]).map(|index| self.keys[*index].clone()).collect()
    }

    /// An asset and everything downstream that a condition can see it from.
    pub(super) fn seen_from(&self, asset: AssetIndex) -> AssetSet {
        let mut seen = AssetSet::from([asset]);
        let mut level = seen.clone();
        for _ in 0..self.depth {
            level = level.iter().flat_map(|asset| self.downstream[*asset].iter().copied()).collect();
            seen.extend(&level);
        }
        seen
    }

    /// The part of a run's scope that conditions about an asset ask for.
    pub(super) fn narrowed(&self, seen_from: &AssetSet, by: &RunScope) -> RunScope {
        let roots = seen_from.iter().filter(|asset| self.conditions.contains_key(asset));
        let targets = roots.map(|asset| &self.keys[*asset]).filter(|key| by.targets.contains(*key));
        let tags = by.tags.iter().filter(|(tag, _)| self.tags.contains(*tag));
        RunScope {
            targets: targets.cloned().collect(),
            tags: tags.map(|(tag, value)| (tag.clone(), value.clone())).collect(),
        }
    }
}

impl PreparedCondition {
    fn new(graph: &AssetGraph, condition: AutomationCondition) -> Result<Self, ConditionError> {
        let nodes = Nodes::of(&condition);
        let levels = nodes.levels();
        if levels > AutomationCondition::MOST_LEVELS {
            return Err(ConditionError::TooDeep { levels });
        }
        let mut below: IndexVec<NodeId, Option<NodeId>> = nodes.ids().map(|_| None).collect();
        let (mut deps, mut asked) = (BTreeMap::new(), Asked::default());
        for (node, operator) in nodes.iter() {
            if let Operator::Operand(operand) = operator {
                asked.add(operand, below[node].map_or(Subject::Own, |_| Subject::Upstream));
            }
            let inner = match operator {
                Operator::Deps { allow, ignore, .. } => {
                    deps.insert(node, counted(graph, allow.as_deref(), ignore.as_deref())?);
                    Some(node)
                }
                Operator::Operand(_)
                | Operator::And { .. }
                | Operator::Or { .. }
                | Operator::Not
                | Operator::Since
                | Operator::NewlyTrue
                | Operator::Labelled(_) => below[node],
            };
            nodes.children(node).for_each(|child| below[child] = inner);
        }
        Ok(Self { identity: nodes.identity(), condition, nodes, below, deps, asked })
    }

    /// How many levels of upstream assets the condition reaches.
    fn upstream_levels(&self) -> usize {
        let mut levels = BTreeMap::new();
        for node in self.deps.keys() {
            let above = self.below[*node].map_or(0, |above| levels[&above]);
            levels.insert(*node, above + 1_usize);
        }
        levels.into_values().max().unwrap_or(0)
    }
}

/// The upstream assets that count by these selections.
fn counted(graph: &AssetGraph, allow: Option<&str>, ignore: Option<&str>) -> Result<Counted, SelectionError> {
    if allow.is_none() && ignore.is_none() {
        return Ok(Counted::All);
    }
    let select = |text: &str| match Selection::parse(text)?.select(graph) {
        Err(SelectionError::Empty) => Ok(AssetSet::new()),
        other => other,
    };
    let all = || Ok(graph.assets().indices().collect());
    let allowed = allow.map_or_else(all, select)?;
    let ignored = ignore.map_or(Ok(AssetSet::new()), select)?;
    Ok(Counted::Only(&allowed - &ignored))
}

/// The key under which conditions see an alias of an asset: `model@champion`.
pub fn alias_key(asset: &AssetKey, alias: &AliasName) -> AssetKey {
    format!("{asset}@{alias}").into()
}

/// The key under which conditions see the history of an asset: `sales@*`.
pub fn history_key(asset: &AssetKey) -> AssetKey {
    format!("{asset}@*").into()
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
