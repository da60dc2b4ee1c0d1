//! Whether a condition holds, for one asset at one evaluation.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::evaluation::Moment;
use super::{AssetFacts, Automation, AutomationCondition, AutomationState, Operand, Quantifier, Truth};
use crate::graph::{AssetIndex, AssetSet};

/// What an evaluation knows, apart from the asset it looks at.
pub(super) struct World<'a> {
    pub(super) automation: &'a Automation,
    pub(super) state: &'a AutomationState,
    pub(super) moment: &'a Moment,
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
            let key = &self.world.automation.keys[asset];
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
                let moments: Vec<_> = world.automation.upstream[asset]
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
        let wanted = (node, &self.world.automation.keys[asset]);
        let found = self.before.binary_search_by(|truth| (truth.node, &truth.asset).cmp(&wanted));
        found.ok().map(|index| self.before[index].since)
    }

    fn operand(&mut self, operand: &Operand, asset: AssetIndex) -> Option<Timestamp> {
        match self.pulse(operand, asset) {
            Some(pulse) => {
                self.fleeting |= pulse.is_some();
                pulse
            }
            None => self.level(operand, asset).then_some(self.world.now),
        }
    }

    /// Since when an operand holds that does so at one evaluation only; nothing if it is of another kind.
    fn pulse(&self, operand: &Operand, asset: AssetIndex) -> Option<Option<Timestamp>> {
        let World { state, moment, now, .. } = self.world;
        Some(match operand {
            Operand::NewlyUpdated => moment.updated.get(&asset).copied(),
            Operand::DataVersionChanged => moment.altered.get(&asset).copied(),
            Operand::CodeVersionChanged => moment.recoded.get(&asset).copied(),
            Operand::NewlyRequested => {
                state.evaluated_at.filter(|_| moment.requested_before.contains(&asset))
            }
            Operand::WillBeRequested => moment.requested_now.contains(&asset).then_some(*now),
            Operand::InitialEvaluation => self.initial.then_some(*now),
            Operand::CronTickPassed { cron, zone } => {
                let tick = moment.ticks.get(&(cron.clone(), zone.clone())).copied();
                tick.filter(|_| !self.initial)
            }
            _ => return None,
        })
    }

    /// Whether an operand holds that stays true or false until something happens.
    fn level(&self, operand: &Operand, asset: AssetIndex) -> bool {
        let automation = self.world.automation;
        let unknown = AssetFacts::default();
        let facts = self.world.state.asset(&automation.keys[asset]).map_or(&unknown, |row| &row.facts);
        let verdict = |check: &String| facts.checks.get(check).copied();
        match operand {
            // What something else makes is there without anybody telling.
            Operand::Missing => facts.updated_at.is_none() && !automation.external[asset],
            Operand::InProgress => !facts.runs.is_empty(),
            Operand::ExecutionFailed => facts.failures > 0,
            Operand::ExecutedWithRootTarget => facts.targets.contains(&automation.keys[self.root]),
            Operand::ExecutedWithTag { tag, value } => facts.tags.get(tag) == Some(value),
            Operand::CheckPassed(check) => verdict(check) == Some(true),
            Operand::CheckFailed(check) => verdict(check) == Some(false),
            Operand::AnyCheckFailed => facts.checks.values().any(|passed| !passed),
            Operand::BlockingChecksPassed => {
                automation.blocking_checks[asset].iter().all(|check| verdict(check) == Some(true))
            }
            _ => false,
        }
    }
}
