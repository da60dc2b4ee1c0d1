//! Which assets a condition is about, and from which conditions a change of an asset is seen.

use std::collections::BTreeMap;

use super::prepared_condition::{Counted, PreparedCondition};
use super::{Automation, NodeId, RunScope};
use crate::condition::Operator;
use crate::graph::{AssetIndex, AssetSet};

impl Automation {
    /// What the parts of a condition are about: it is watched, and counted by the parts above that count materializations.
    pub(super) fn add_reached(&mut self, index: AssetIndex, prepared: &PreparedCondition, counts: bool) {
        let subjects = self.subjects(index, prepared);
        for reached in subjects.values().flatten().filter(|reached| **reached != index) {
            self.watched_by.entry(*reached).or_default().insert(index);
        }
        if !counts {
            return;
        }
        for (counter, operator) in prepared.nodes.iter() {
            if !matches!(operator, Operator::ForEvaluations(_)) {
                continue;
            }
            for node in prepared.nodes.descendants(counter) {
                let named = prepared.named.of_nodes.get(&node);
                let is_operand = matches!(prepared.nodes.operator(node), Operator::Operand(_));
                let about: &[AssetIndex] = match (named, is_operand) {
                    (Some(named), true) => std::slice::from_ref(&named.asset),
                    (None, true) => &subjects[&prepared.below[node]],
                    (_, false) => &[],
                };
                for asset in about {
                    self.counting.entry(*asset).or_default().insert((index, counter));
                }
            }
        }
    }

    /// The assets that the nodes of a condition are about, sorted: those of a node below an operator about other assets stand under
    /// that operator.
    pub(super) fn subjects(
        &self,
        root: AssetIndex,
        prepared: &PreparedCondition,
    ) -> BTreeMap<Option<NodeId>, Vec<AssetIndex>> {
        let mut subjects = BTreeMap::from([(None, vec![root])]);
        for (&node, counted) in &prepared.deps {
            let others = match counted {
                Counted::Named(asset) => vec![*asset],
                Counted::All | Counted::Only(_) => {
                    let above = &subjects[&prepared.below[node]];
                    let upstream = above.iter().flat_map(|asset| &self.upstream[*asset]).copied();
                    let mut upstream: Vec<AssetIndex> =
                        upstream.filter(|asset| self.counts(counted, *asset)).collect();
                    upstream.sort_unstable();
                    upstream.dedup();
                    upstream
                }
            };
            subjects.insert(Some(node), others);
        }
        subjects
    }

    /// Whether an upstream asset counts; of an alias or a history, whether its asset does.
    pub(super) fn counts(&self, counted: &Counted, upstream: AssetIndex) -> bool {
        let of_alias = self.aliased.get(&upstream).map(|(asset, _)| asset);
        counted.includes(*of_alias.or_else(|| self.histories.get(&upstream)).unwrap_or(&upstream))
    }

    /// An asset and everything whose condition can see it: from downstream, or by its name.
    pub(super) fn seen_from(&self, asset: AssetIndex) -> AssetSet {
        let mut seen = self.seen_downstream(asset);
        seen.extend(self.watched_by.get(&asset).into_iter().flatten());
        seen
    }

    /// An asset and everything downstream that a condition can see it from.
    fn seen_downstream(&self, asset: AssetIndex) -> AssetSet {
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
            ..RunScope::default()
        }
    }
}
