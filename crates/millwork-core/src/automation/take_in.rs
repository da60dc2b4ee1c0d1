//! What the numbers of a change mean to conditions: they are compared, counted and added up, change by change, so that it makes no
//! difference how many changes one evaluation takes in.

use jiff::Timestamp;

use super::evaluate::EvaluationContext;
use super::{Automation, AutomationState, Change, ChangeKind, Measurement, Updated};
use crate::condition::{Operand, Operator};
use crate::graph::AssetIndex;
use crate::stored::Number;
use crate::version::VersionNumber;

impl Automation {
    /// Takes in the numbers of a change: those that are asked for, what they are at a promotion, and that they are to be counted.
    pub(super) fn take_in_numbers(
        &self,
        state: &mut AutomationState,
        context: &mut EvaluationContext,
        asset: AssetIndex,
        change: &Change,
        now: Timestamp,
    ) {
        let numbers = match &change.kind {
            ChangeKind::Updated(Updated { version, numbers, measured_until, .. }) => {
                self.begin_promotion(state, context, asset, *version);
                if self.is_measured_anew(state, asset, *measured_until) {
                    self.begin_count(state, context, asset, now);
                }
                numbers
            }
            ChangeKind::Wiped => return self.end_promotion(state, context, asset),
            ChangeKind::Earlier(earlier) if !earlier.numbers.is_empty() => &earlier.numbers,
            ChangeKind::Started
            | ChangeKind::StartedFor(_)
            | ChangeKind::Observed { .. }
            | ChangeKind::Kept
            | ChangeKind::Failed
            | ChangeKind::Ended
            | ChangeKind::Code(_)
            | ChangeKind::Check { .. }
            | ChangeKind::Asked(_)
            | ChangeKind::Tried(_)
            | ChangeKind::Decided(_)
            | ChangeKind::InUse(_)
            | ChangeKind::Earlier(_) => return,
        };
        let Some(wanted) = self.wanted.get(&asset) else { return };
        let is_news = matches!(change.kind, ChangeKind::Updated(_));
        state.change(&self.keys[asset], |row| {
            row.facts.numbers = wanted.of(numbers);
            for (alias, comparisons) in wanted.at_promotion.iter().filter(|_| is_news) {
                if let Some(at_promotion) = row.facts.at_promotion.get_mut(&self.keys[*alias]) {
                    at_promotion.take(comparisons, numbers);
                }
            }
        });
    }

    /// An alias points at another version: what is compared with its promotion begins anew, and so does a watch.
    fn begin_promotion(
        &self,
        state: &mut AutomationState,
        context: &mut EvaluationContext,
        alias: AssetIndex,
        version: Option<VersionNumber>,
    ) {
        for compared in self.compared.get(&alias).into_iter().flatten() {
            let key = &self.keys[alias];
            state.change(&self.keys[*compared], |row| {
                let known = row.facts.at_promotion.remove(key).unwrap_or_default();
                row.facts.at_promotion.insert(key.clone(), known.followed_by(version));
            });
        }
        self.begin_watches(state, context, alias);
    }

    /// An alias was removed.
    fn end_promotion(&self, state: &mut AutomationState, context: &mut EvaluationContext, alias: AssetIndex) {
        for compared in self.compared.get(&alias).into_iter().flatten() {
            state.change(&self.keys[*compared], |row| row.facts.at_promotion.remove(&self.keys[alias]));
        }
        self.begin_watches(state, context, alias);
    }

    /// What was true, counted and added up for a watch was so of another version.
    fn begin_watches(&self, state: &mut AutomationState, context: &mut EvaluationContext, alias: AssetIndex) {
        for (watch, _) in self.watches.iter().filter(|(_, watched)| **watched == alias) {
            context.to_count.retain(|(root, _)| root != watch);
            if state.asset(&self.keys[*watch]).is_none_or(|row| row.memory.is_none()) {
                continue;
            }
            state.change(&self.keys[*watch], |row| {
                let Some(memory) = &mut row.memory else { return };
                memory.truths.clear();
                for measured in &mut memory.measured {
                    match &mut measured.measurement {
                        Measurement::Evaluations(count) => *count = 0,
                        Measurement::Sum(sum) => *sum = Number(0.0),
                        Measurement::Number { .. }
                        | Measurement::SincePromotion { .. }
                        | Measurement::MadeAt(_)
                        | Measurement::Questions(_)
                        | Measurement::LastRun(_)
                        | Measurement::Runs(_) => {}
                    }
                }
            });
        }
    }

    /// Whether a materialization measures what the one before didn't. Live performance repeats the numbers of its newest final window until
    /// the next one is final.
    fn is_measured_anew(
        &self,
        state: &mut AutomationState,
        asset: AssetIndex,
        until: Option<Timestamp>,
    ) -> bool {
        let Some(until) = until.filter(|_| self.counting.contains_key(&asset)) else { return true };
        let key = &self.keys[asset];
        if state.asset(key).and_then(|row| row.facts.measured_until) == Some(until) {
            return false;
        }
        state.change(key, |row| row.facts.measured_until = Some(until));
        true
    }

    /// An asset was materialized: the parts that count that do so at the evaluation, or now, if there was another one since the last.
    fn begin_count(
        &self,
        state: &mut AutomationState,
        context: &mut EvaluationContext,
        asset: AssetIndex,
        now: Timestamp,
    ) {
        for (root, node) in self.counting.get(&asset).into_iter().flatten() {
            if context.to_count.contains(&(*root, *node)) {
                let finding = self.find(state, context, *root, &self.conditions[root], now);
                let counted = finding.measured.into_iter().find(|measured| measured.node == *node);
                state.change(&self.keys[*root], |row| {
                    let memory = row.memory.iter_mut().flat_map(|memory| &mut memory.measured);
                    let known = memory.into_iter().find(|measured| measured.node == *node);
                    if let (Some(known), Some(counted)) = (known, counted) {
                        *known = counted;
                    }
                });
            }
            context.to_count.insert((*root, *node));
        }
    }

    /// The sums of a condition begin anew, as a run was requested or started.
    pub(super) fn begin_sums(&self, state: &mut AutomationState, root: AssetIndex) {
        let Some(prepared) = self.conditions.get(&root).filter(|prepared| prepared.adds_up()) else { return };
        state.change(&self.keys[root], |row| {
            let memory = row.memory.as_mut().filter(|memory| memory.condition == prepared.identity);
            for measured in memory.into_iter().flat_map(|memory| &mut memory.measured) {
                if let Measurement::Sum(sum) = &mut measured.measurement {
                    *sum = Number(0.0);
                }
            }
        });
    }

    /// Adds the numbers of a materialization to the sums of conditions, except of those whose own run has made it.
    pub(super) fn add_up(&self, state: &mut AutomationState, asset: AssetIndex, change: &Change) {
        let ChangeKind::Updated(Updated { by, numbers, .. }) = &change.kind else { return };
        for (root, node) in self.adding.get(&asset).into_iter().flatten() {
            let prepared = &self.conditions[root];
            let Operator::Operand(Operand::Metric(comparison)) = prepared.nodes.operator(*node) else {
                continue;
            };
            let (number, coverage) = comparison.number(numbers, None);
            let Some(number) = number.and_then(Number::finite) else { continue };
            if by.targets.contains(&self.keys[*root]) || !comparison.is_covered(coverage) {
                continue;
            }
            state.change(&self.keys[*root], |row| {
                let memory = row.memory.as_mut().filter(|memory| memory.condition == prepared.identity);
                let mut measured = memory.into_iter().flat_map(|memory| &mut memory.measured);
                let known = measured.find(|measured| measured.node == *node);
                if let Some(Measurement::Sum(sum)) = known.map(|known| &mut known.measurement) {
                    sum.0 += number;
                }
            });
        }
    }
}
