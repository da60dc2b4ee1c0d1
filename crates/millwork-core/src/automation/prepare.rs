//! The conditions of a pipeline, made ready to be evaluated.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::parts::{checks, narrow, own_checks, schedules, tags};
use super::{AutomationCondition, Damping, RunScope};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, AssetNode, AssetSet, SelectionError};
use crate::index::IndexVec;
use crate::problem::{Advice, ErrorClass};
use crate::schedule::{ScheduleError, Timetable};

/// The conditions of a pipeline, ready to be evaluated.
#[derive(Debug)]
pub struct Automation {
    pub(super) keys: IndexVec<AssetIndex, AssetKey>,
    pub(super) index: BTreeMap<AssetKey, AssetIndex>,
    pub(super) upstream: IndexVec<AssetIndex, Vec<AssetIndex>>,
    pub(super) downstream: IndexVec<AssetIndex, Vec<AssetIndex>>,
    /// The assets of the same step, the asset itself included.
    pub(super) together: IndexVec<AssetIndex, Vec<AssetIndex>>,
    pub(super) blocking_checks: IndexVec<AssetIndex, Vec<String>>,
    /// Whether something else makes it.
    pub(super) external: IndexVec<AssetIndex, bool>,
    pub(super) partitioned: IndexVec<AssetIndex, bool>,
    pub(super) conditions: BTreeMap<AssetIndex, Prepared>,
    pub(super) schedules: BTreeMap<(String, String), AssetSet>,
    pub(super) identity: String,
    pub(super) damping: Damping,
    depth: usize,
    tags: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) condition: AutomationCondition,
    pub(super) identity: String,
    /// The upstream assets that count, by part.
    pub(super) narrowed: BTreeMap<usize, AssetSet>,
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// What `allow` or `ignore` selects can't be read, or names an unknown asset.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A schedule that it waits for can't be kept.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// It asks for a check that the asset doesn't have.
    #[error("`{asset}` has no check `{check}`")]
    Check {
        /// The asset.
        asset: AssetKey,
        /// The check.
        check: String,
    },
}

impl Advice for ConditionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Selection(error) => return error.hint(),
            Self::Schedule(error) => return error.hint(),
            Self::Check { .. } => "`list checks` shows what there is".into(),
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
    /// A selection in `allow` or `ignore` that can't be read or names an unknown asset.
    pub fn new(
        graph: &AssetGraph,
        conditions: impl IntoIterator<Item = (AssetKey, AutomationCondition)>,
        damping: Damping,
    ) -> Result<Self, ConditionError> {
        let nodes = graph.assets();
        let keys = nodes.map(|node| node.spec.key.clone());
        let together = |(asset, node): (AssetIndex, &AssetNode)| match node.step {
            Some(step) => graph.outputs(step).to_vec(),
            None => vec![asset],
        };
        let is_partitioned =
            |asset| graph.definition(asset).is_some_and(|definition| definition.partitions.is_some());
        let mut automation = Self {
            index: keys.iter_enumerated().map(|(asset, key)| (key.clone(), asset)).collect(),
            keys,
            upstream: nodes.map(|node| node.upstream.clone()),
            downstream: nodes.map(|node| node.downstream.clone()),
            together: nodes.iter_enumerated().map(together).collect(),
            blocking_checks: nodes.indices().map(|asset| checks(graph, asset, true)).collect(),
            external: nodes.map(|node| node.step.is_none()),
            partitioned: nodes.indices().map(is_partitioned).collect(),
            conditions: BTreeMap::new(),
            schedules: BTreeMap::new(),
            identity: String::new(),
            damping,
            depth: 0,
            tags: BTreeSet::new(),
        };
        for (key, condition) in conditions {
            if let Some(index) = graph.index(key.as_str()) {
                automation.add(graph, index, condition)?;
            }
        }
        let parts = automation.conditions.iter();
        let parts: String =
            parts.map(|(index, one)| format!("{}={};", automation.keys[*index], one.identity)).collect();
        automation.identity = identity(parts.as_bytes());
        Ok(automation)
    }

    /// Prepares the conditions that the assets of a graph are defined with.
    ///
    /// # Errors
    ///
    /// As [`Automation::new`]; a resolved pipeline's conditions have been checked.
    pub fn of_graph(graph: &AssetGraph, damping: Damping) -> Result<Self, ConditionError> {
        let conditions = graph.assets().iter().filter_map(|node| {
            let condition = node.spec.automation.clone()?;
            Some((node.spec.key.clone(), condition))
        });
        Self::new(graph, conditions, damping)
    }

    /// Whether the condition makes sense for an asset of the graph.
    ///
    /// # Errors
    ///
    /// A selection that can't be read or names an unknown asset, a schedule that can't be kept, a check that the asset
    /// doesn't have.
    pub fn check(
        graph: &AssetGraph,
        asset: AssetIndex,
        condition: &AutomationCondition,
    ) -> Result<(), ConditionError> {
        narrow(graph, condition, 0, &mut BTreeMap::new())?;
        for (cron, zone) in schedules(condition) {
            Timetable::new([cron.as_str()], &zone)?;
        }
        let known = checks(graph, asset, false);
        match own_checks(condition).into_iter().find(|check| !known.contains(check)) {
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
        let mut narrowed = BTreeMap::new();
        narrow(graph, &condition, 0, &mut narrowed)?;
        for schedule in schedules(&condition) {
            self.schedules.entry(schedule).or_default().insert(index);
        }
        self.depth = self.depth.max(condition.depth());
        self.tags.extend(tags(&condition));
        let written = serde_json::to_vec(&condition).expect("a condition is plain data");
        let identity = identity(&written);
        self.conditions.insert(index, Prepared { condition, identity, narrowed });
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

    /// What is worth keeping of the scope of a run that made an asset.
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

/// Short, because each asset's row holds it.
fn identity(written: &[u8]) -> String {
    blake3::hash(written).to_hex().as_str()[..16].to_owned()
}
