//! Whether a condition holds, for one asset at one evaluation.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{AssetFacts, AutomationCondition, Operand, Quantifier, Truth};
use crate::asset::AssetKey;
use crate::graph::{AssetIndex, AssetSet};

/// What an evaluation knows, apart from the asset it looks at.
pub(super) struct World<'a> {
    pub(super) keys: &'a [AssetKey],
    pub(super) upstream: &'a [Vec<AssetIndex>],
    pub(super) facts: &'a BTreeMap<AssetKey, AssetFacts>,
    /// What was materialized since the last evaluation.
    pub(super) updated: &'a BTreeMap<AssetIndex, Timestamp>,
    /// Whose code has changed since.
    pub(super) recoded: &'a BTreeMap<AssetIndex, Timestamp>,
    /// What the last evaluation requested.
    pub(super) requested_before: &'a AssetSet,
    /// What this one has requested so far.
    pub(super) requested_now: &'a AssetSet,
    pub(super) ticks: &'a BTreeMap<(String, String), Timestamp>,
    pub(super) evaluated_before: Option<Timestamp>,
    pub(super) now: Timestamp,
}

/// One evaluation of one asset's condition. A condition that holds does so from a moment: the time of the event behind
/// it, or now. [`AutomationCondition::Since`] compares these moments.
pub(super) struct Truths<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) root: AssetIndex,
    pub(super) initial: bool,
    /// The upstream assets that count, by part.
    pub(super) narrowed: &'a BTreeMap<usize, AssetSet>,
    /// The parts that were true at the last evaluation.
    pub(super) before: &'a [Truth],
    /// Those that are now.
    pub(super) found: Vec<Truth>,
    /// Whether something is true that won't be at the next evaluation.
    pub(super) fleeting: bool,
}

impl Truths<'_> {
    /// Since when the condition, part `node` of its tree, holds for `asset`; nothing if it doesn't.
    pub(super) fn holds(
        &mut self,
        condition: &AutomationCondition,
        node: usize,
        asset: AssetIndex,
    ) -> Option<Timestamp> {
        let from = self.value(condition, node, asset);
        if from.is_some() {
            let key = &self.world.keys[asset];
            let since = self.was_true(node, asset).unwrap_or(self.world.now);
            self.found.push(Truth { node, asset: key.clone(), since });
        }
        from
    }

    fn value(
        &mut self,
        condition: &AutomationCondition,
        node: usize,
        asset: AssetIndex,
    ) -> Option<Timestamp> {
        let now = self.world.now;
        match condition {
            AutomationCondition::Operand(operand) => self.operand(operand, asset),
            AutomationCondition::And(children) => self
                .all(children, node, asset)
                .into_iter()
                .try_fold(Timestamp::MIN, |latest, moment| moment.map(|moment| latest.max(moment))),
            AutomationCondition::Or(children) => self.all(children, node, asset).into_iter().flatten().max(),
            AutomationCondition::Not(inner) => self.holds(inner, node + 1, asset).is_none().then_some(now),
            AutomationCondition::Labelled { condition, .. } => self.holds(condition, node + 1, asset),
            AutomationCondition::Since { trigger, reset } => {
                let was = self.was_true(node, asset);
                let triggered = self.holds(trigger, node + 1, asset);
                let reset = self.holds(reset, node + 1 + trigger.size(), asset);
                match (triggered, reset) {
                    (Some(triggered), Some(reset)) => (triggered > reset).then_some(triggered),
                    (None, Some(_)) => None,
                    (triggered, None) => triggered.or(was),
                }
            }
            AutomationCondition::NewlyTrue(inner) => {
                let was = self.was_true(node + 1, asset).is_some();
                let from = self.holds(inner, node + 1, asset).filter(|_| !was);
                self.fleeting |= from.is_some();
                from
            }
            AutomationCondition::Deps { quantifier, condition, .. } => {
                let world = self.world;
                let narrowed = self.narrowed.get(&node);
                let counts = |dep: &AssetIndex| narrowed.is_none_or(|set| set.contains(dep));
                let moments: Vec<_> = world.upstream[asset]
                    .iter()
                    .copied()
                    .filter(counts)
                    .map(|dep| self.holds(condition, node + 1, dep))
                    .collect();
                match quantifier {
                    Quantifier::Any => moments.into_iter().flatten().max(),
                    Quantifier::All if moments.is_empty() => Some(now),
                    Quantifier::All => moments.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max(),
                }
            }
        }
    }

    /// The children's moments. All are looked at: an operator among them remembers what it saw.
    fn all(
        &mut self,
        children: &[AutomationCondition],
        node: usize,
        asset: AssetIndex,
    ) -> Vec<Option<Timestamp>> {
        let mut next = node + 1;
        let mut moments = Vec::with_capacity(children.len());
        for child in children {
            moments.push(self.holds(child, next, asset));
            next += child.size();
        }
        moments
    }

    fn was_true(&self, node: usize, asset: AssetIndex) -> Option<Timestamp> {
        let wanted = (node, &self.world.keys[asset]);
        let found = self.before.binary_search_by(|truth| (truth.node, &truth.asset).cmp(&wanted));
        found.ok().map(|index| self.before[index].since)
    }

    fn operand(&mut self, operand: &Operand, asset: AssetIndex) -> Option<Timestamp> {
        let world = self.world;
        let facts = world.facts.get(&world.keys[asset]);
        let level = |holds: bool| holds.then_some(world.now);
        let check = |wanted: bool, name: &String| {
            level(facts.is_some_and(|facts| facts.checks.get(name) == Some(&wanted)))
        };
        let pulse = match operand {
            Operand::Missing => return level(facts.is_none_or(|facts| facts.updated_at.is_none())),
            Operand::InProgress => return level(facts.is_some_and(|facts| facts.in_progress)),
            Operand::ExecutionFailed => return level(facts.is_some_and(|facts| facts.failures > 0)),
            Operand::ExecutedWithRootTarget => {
                let root = &world.keys[self.root];
                return level(facts.is_some_and(|facts| facts.targets.contains(root)));
            }
            Operand::CheckPassed(name) => return check(true, name),
            Operand::CheckFailed(name) => return check(false, name),
            Operand::AnyCheckFailed => {
                return level(facts.is_some_and(|facts| facts.checks.values().any(|passed| !passed)));
            }
            Operand::NewlyUpdated => world.updated.get(&asset).copied(),
            Operand::CodeVersionChanged => world.recoded.get(&asset).copied(),
            Operand::NewlyRequested => {
                world.evaluated_before.filter(|_| world.requested_before.contains(&asset))
            }
            Operand::WillBeRequested => level(world.requested_now.contains(&asset)),
            Operand::InitialEvaluation => level(self.initial),
            Operand::CronTickPassed { cron, zone } => {
                let tick = world.ticks.get(&(cron.clone(), zone.clone())).copied();
                tick.filter(|_| !self.initial)
            }
        };
        self.fleeting |= pulse.is_some();
        pulse
    }
}
