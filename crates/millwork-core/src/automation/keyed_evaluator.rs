//! The evaluation of one condition, as far as it is about keys of assets with partitions: what operands answer for each of them, which keys of an
//! upstream asset belong to which of the asset, and what is remembered of sets of keys.

use std::time::Duration;

use jiff::Timestamp;

use super::evaluator::{Answer, Evaluator, Subjects};
use super::keyed::{Among, Keyed};
use super::partitions::Link;
use super::standing::Standing;
use super::{NodeId, PartitionFacts, Truth};
use crate::condition::{Operand, Quantifier};
use crate::graph::AssetIndex;
use crate::partition::KeySet;

impl<'a> Evaluator<'a> {
    /// The keys of an asset.
    pub(super) fn among(&self, asset: AssetIndex) -> Among<'a> {
        let context = self.context;
        Among { all: &context.keys.of(&self.automation.partitionings, asset).all, now: self.now }
    }

    fn has_partitions(&self, asset: AssetIndex) -> bool {
        self.automation.partitionings.of(asset).is_some()
    }

    /// How an operand stands by an answer.
    pub(super) fn keyed(&mut self, node: NodeId, asset: AssetIndex, answer: Answer) -> Keyed {
        match answer {
            Answer::Event(at) => {
                let keyed = Keyed::All(Standing::of(at));
                self.flee(node, asset, &keyed);
                keyed
            }
            Answer::EventOf(sets) => {
                let keyed = Keyed::of_keys(sets, self.among(asset));
                self.flee(node, asset, &keyed);
                keyed
            }
            Answer::State(holds) => Keyed::All(Standing::of(holds.then_some(self.now))),
            Answer::StateOf(keys, absent) => {
                let absent = Standing::of(absent.then_some(self.now));
                Keyed::of_keys([(self.now, keys)], self.among(asset)).with_absent(absent)
            }
            Answer::Unknown => Keyed::All(Standing::Unknown),
        }
    }

    /// What holds at this evaluation only.
    fn flee(&mut self, node: NodeId, asset: AssetIndex, keyed: &Keyed) {
        if keyed.is_anywhere(|standing| standing.moment().is_some()) {
            self.fleeting = true;
            if self.unsteady.is_some() {
                let keys = keyed.holding(self.among(asset));
                self.add_unsteady((self.prepared.below[node], asset), &keys);
            }
        }
    }

    fn add_unsteady(&mut self, of: (Option<NodeId>, AssetIndex), keys: &KeySet) {
        if let Some(unsteady) = self.unsteady.as_mut().filter(|_| !keys.is_empty()) {
            let known = unsteady.entry(of).or_insert_with(|| KeySet::empty(keys.dimensions()));
            *known = known.union(keys);
        }
    }

    /// What isn't steady of the keys that an operator about other assets looks at isn't of those that it is about.
    pub(super) fn pass_unsteady(&mut self, operator: NodeId, asset: AssetIndex, other: AssetIndex) {
        let known = self.unsteady.as_ref().and_then(|unsteady| unsteady.get(&(Some(operator), other)));
        if let Some(keys) = known {
            let partitionings = &self.automation.partitionings;
            let keys = self.context.keys.downstream(partitionings, (asset, other), keys);
            self.add_unsteady((self.prepared.below[operator], asset), &keys);
        }
    }

    /// Remembers for which keys a part holds.
    pub(super) fn remember(&mut self, node: NodeId, asset: AssetIndex, keyed: &Keyed) {
        let key = || self.automation.keys[asset].clone();
        let was = self.was_true(node, asset);
        if !self.has_partitions(asset) {
            let holds = keyed.single().moment().is_some();
            if holds {
                let since = was.map_or(self.now, |was| was.since);
                self.found.push(Truth { node, asset: key(), since, keys: None });
            }
            if self.unsteady.is_some() && holds != was.is_some() {
                let all = self.among(asset).all;
                self.add_unsteady((self.prepared.below[node], asset), all);
            }
            return;
        }
        let among = self.among(asset);
        let keys = keyed.holding(among);
        let before = was.map(|was| was.keys_of(among));
        if self.unsteady.is_some() && before.is_none_or(|before| *before != keys) {
            let none = among.none();
            let before = before.unwrap_or(&none);
            let changed = keys.difference(before).union(&before.difference(&keys));
            self.add_unsteady((self.prepared.below[node], asset), &changed);
        }
        if !keys.is_empty() {
            let is_old = |before: &KeySet| keys.difference(before).is_empty();
            let since = was.filter(|_| before.is_some_and(is_old)).map(|was| was.since);
            let since = since.unwrap_or(self.now);
            self.found.push(Truth { node, asset: key(), since, keys: Some(keys) });
        }
    }

    /// What has come more recently than a reset.
    pub(super) fn since(&self, node: NodeId, asset: AssetIndex, (trigger, reset): (&Keyed, &Keyed)) -> Keyed {
        let was = self.was_true(node, asset);
        if let (Keyed::All(trigger), Keyed::All(reset), false) = (trigger, reset, self.has_partitions(asset))
        {
            return Keyed::All(Standing::of(match (trigger.moment(), reset.moment()) {
                (Some(triggered), Some(reset)) => (triggered > reset).then_some(triggered),
                (None, Some(_)) => None,
                (triggered, None) => triggered.or_else(|| was.map(|was| was.since)),
            }));
        }
        let among = self.among(asset);
        let keys = was.map(|was| (was.since, was.keys_of(among)));
        trigger.since(reset, keys, among)
    }

    /// What holds and didn't at the last evaluation.
    pub(super) fn newly_true(&mut self, node: NodeId, asset: AssetIndex, child: &Keyed) -> Keyed {
        let (was, among) = (self.was_true(node.first_child(), asset), self.among(asset));
        let keyed = match child {
            Keyed::All(standing) if !self.has_partitions(asset) => {
                Keyed::All(Standing::of(standing.moment().filter(|_| was.is_none())))
            }
            Keyed::All(_) | Keyed::Each(_) => child.newly(was.map(|was| was.keys_of(among)), among),
        };
        self.flee(node, asset, &keyed);
        keyed
    }

    /// How a part about another asset stands for the keys of an asset: it holds for any, or all, of the keys that belong to each.
    pub(super) fn taken(
        &self,
        quantifier: Quantifier,
        (asset, other): (AssetIndex, AssetIndex),
        part: &Keyed,
    ) -> Keyed {
        let (own, others) = (self.has_partitions(asset), self.has_partitions(other));
        if !own && !others {
            return part.clone();
        }
        let (partitionings, keys) = (&self.automation.partitionings, &self.context.keys);
        let (among, of_other) = (self.among(asset), self.among(other));
        let levels = part.levels(of_other);
        let down = |set: &KeySet| keys.downstream(partitionings, (asset, other), set);
        let sets = levels.sets.iter().map(|(standing, set)| (*standing, down(set)));
        let mut sets: Vec<(Standing, KeySet)> = sets.collect();
        if levels.absent != Standing::Fails || quantifier == Quantifier::All {
            sets.push((levels.absent, keys.lacking(partitionings, (asset, other))));
        }
        let taken = match quantifier {
            Quantifier::Any => Keyed::of_sets(sets),
            Quantifier::All => {
                let known = levels.sets.iter().fold(of_other.none(), |all, (_, keys)| all.union(keys));
                sets.push((Standing::Fails, down(&of_other.all.difference(&known))));
                Keyed::of_least(sets, among)
            }
        };
        if own { taken } else { Keyed::All(taken.single()) }
    }

    /// The answer for each key of an asset with partitions.
    pub(super) fn answer_of_keys(
        &mut self,
        node: NodeId,
        operand: &Operand,
        asset: AssetIndex,
        subjects: &Subjects,
    ) -> Answer {
        let Self { automation, context, now, .. } = *self;
        let among = self.among(asset);
        let row = self.state.asset(&automation.keys[asset]);
        let facts = row.and_then(|row| row.partitions.as_ref());
        let none = || among.none();
        let of =
            |found: &dyn Fn(&PartitionFacts) -> Option<KeySet>| facts.and_then(found).unwrap_or_else(none);
        let state = |keys: KeySet| Answer::StateOf(keys, false);
        let shares_runs = || automation.partitionings.share_runs(self.root, asset);
        match operand {
            Operand::NewlyUpdated => {
                let mut sets = context.updated_keys.get(&asset).cloned().unwrap_or_default();
                if self.initial && self.prepared.remembered.contains(&node) {
                    sets.push((now, of(&|facts| Some(facts.present.clone()))));
                }
                Answer::EventOf(sets)
            }
            Operand::DataVersionChanged => {
                Answer::EventOf(context.altered_keys.get(&asset).cloned().unwrap_or_default())
            }
            Operand::NewlyRequested => {
                let requested = row.filter(|_| context.requested_before.contains(&asset));
                let keys = requested.and_then(|row| row.requested_keys.clone());
                Answer::EventOf(self.state.evaluated_at.zip(keys).into_iter().collect())
            }
            Operand::WillBeRequested => {
                let keys = context.requested_keys.get(&asset).filter(|_| shares_runs());
                Answer::EventOf(keys.map(|keys| (now, keys.clone())).into_iter().collect())
            }
            Operand::CronTickPassed { cron, zone } => {
                let tick = context.ticks.get(&(cron.clone(), zone.clone())).filter(|_| !self.initial);
                // A tick is about the windows that are the latest then.
                let latest = |at: &Timestamp| {
                    let keys = context.keys.of(&automation.partitionings, asset);
                    (*at, keys.latest(*at, Duration::ZERO))
                };
                Answer::EventOf(tick.map(latest).into_iter().collect())
            }
            Operand::Missing => {
                let is_made = !automation.external[asset] && !self.tolerates_missing(node, asset, subjects);
                let present = of(&|facts| Some(facts.present.clone()));
                match is_made {
                    true => Answer::StateOf(among.all.difference(&present), true),
                    false => Answer::State(false),
                }
            }
            Operand::InProgress => state(of(&|facts| Some(facts.in_progress()))),
            Operand::ExecutionFailed => {
                let failed = |facts: &PartitionFacts| {
                    facts
                        .failed
                        .values()
                        .map(|failed| failed.keys.clone())
                        .reduce(|all, keys| all.union(&keys))
                };
                state(of(&failed))
            }
            Operand::ExecutedWithRootTarget => {
                let targets =
                    |facts: &PartitionFacts| facts.targets.get(&automation.keys[self.root]).cloned();
                state(if shares_runs() { of(&targets) } else { none() })
            }
            Operand::ExecutedWithTag { tag, value } => {
                state(of(&|facts| facts.tags.get(tag)?.get(value).cloned()))
            }
            Operand::CheckPassed(check) => state(of(&|facts| Some(facts.checks.get(check)?.passed.clone()))),
            Operand::CheckFailed(check) => state(of(&|facts| Some(facts.checks.get(check)?.failed.clone()))),
            Operand::AnyCheckFailed => {
                let failed = |facts: &PartitionFacts| {
                    facts
                        .checks
                        .values()
                        .map(|check| check.failed.clone())
                        .reduce(|all, keys| all.union(&keys))
                };
                state(of(&failed))
            }
            Operand::BlockingChecksPassed => {
                let checks = &automation.blocking_checks[asset];
                if checks.is_empty() {
                    return Answer::State(true);
                }
                let passed =
                    checks.iter().map(|check| of(&|facts| Some(facts.checks.get(check)?.passed.clone())));
                state(passed.fold(among.all.clone(), |all, keys| all.intersection(&keys)))
            }
            Operand::InLatestTimeWindow { lookback } => {
                let keys = context.keys.of(&automation.partitionings, asset);
                state(keys.latest(now, lookback.unwrap_or_default()))
            }
            Operand::BackfillInProgress => {
                state(self.state.known.backfills.get(&automation.keys[asset]).cloned().unwrap_or_else(none))
            }
            Operand::OwnVerdictPending => self.asked_of_keys(asset),
            // What is known of the asset as a whole, or of a named one.
            Operand::CodeVersionChanged
            | Operand::InitialEvaluation
            | Operand::Metric(_)
            | Operand::OlderThan { .. }
            | Operand::VerdictPending(_) => self.answer(node, operand, asset),
        }
    }

    /// The keys of which a version waits for an answer.
    fn asked_of_keys(&mut self, asset: AssetIndex) -> Answer {
        let among = self.among(asset);
        let space = &self.context.keys.of(&self.automation.partitionings, asset).space;
        let mut pending = among.none();
        for model in &self.prepared.named.own_models {
            let facts = self.facts(*model);
            let asked = facts.questions.iter().map(|(partition, _)| partition);
            for partition in asked.chain(facts.in_shadow().into_keys()) {
                let keys = match partition {
                    Some(key) => KeySet::of(among.all.dimensions(), space.index_of(key)),
                    None => among.all.clone(),
                };
                pending = pending.union(&keys);
            }
        }
        Answer::StateOf(pending, false)
    }

    /// Whether all that the operator above a node is about go without partitions of an asset that are missing.
    fn tolerates_missing(&self, node: NodeId, asset: AssetIndex, subjects: &Subjects) -> bool {
        let Some(operator) = self.prepared.below[node] else { return false };
        let about = subjects[&self.prepared.below[operator]].iter();
        let mut links = about.filter_map(|down| self.automation.partitionings.get(*down, asset)).peekable();
        links.peek().is_some() && links.all(Link::tolerates_missing)
    }
}

impl Truth {
    /// The keys that it was of: all, where it was of the asset as a whole.
    fn keys_of<'t>(&'t self, among: Among<'t>) -> &'t KeySet {
        self.keys.as_ref().unwrap_or(among.all)
    }
}
