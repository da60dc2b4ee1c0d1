//! The evaluation of conditions: which assets are requested now.
//!
//! [`Automation::evaluate`] takes in what has changed, and collects the assets for which the outcome can be another than last time:
//! those that changed and those that see them, those whose schedule ticked or whose pause is over, and those of which something was true
//! for one evaluation only. It evaluates them upstream first, as a request affects those downstream in the same evaluation.
//!
//! An [`Evaluator`] decides about one asset or job. A due one is requested, unless its runs keep failing, or the run is in progress that was
//! requested when the same held.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::evaluator::{Evaluator, Finding};
use super::prepared_condition::PreparedCondition;
use super::standing::Standing;
use super::{AssetMemory, AssetState, AtPromotion, Automation, AutomationState, Change, Hold, NodeId, Ticks};
use crate::asset::AssetKey;
use crate::graph::{AssetIndex, AssetSet};

/// What an evaluation decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The runs to request: for each its assets, upstream first. Assets that depend on each other share a run, a step
    /// makes all of its assets, and all assets without partitions share one.
    pub runs: Vec<Vec<AssetKey>>,
    /// The jobs of which a run is to be requested, by their [keys](super::job_key).
    pub jobs: Vec<AssetKey>,
    /// The watches whose condition holds, by their [keys](super::watch_key). A watch is among them at each evaluation at which it holds.
    pub watches: Vec<AssetKey>,
    /// The assets and jobs that a cooldown or a budget holds back since this evaluation.
    pub held_back: Vec<AssetKey>,
    /// The outcome for each evaluated asset and job.
    pub outcomes: BTreeMap<AssetKey, Outcome>,
    /// By how much the clock was set back since the last evaluation, if it was.
    pub set_back: Option<SignedDuration>,
}

/// Clocks are set right by seconds all the time. So little is waited for.
const SET_RIGHT: SignedDuration = SignedDuration::from_secs(60);

/// The outcome of the evaluation of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is requested; of a watch: its condition holds.
    Requested,
    /// Its condition doesn't hold.
    NotDue,
    /// Its condition has held since before the run that is making it was requested.
    Underway,
    /// Its condition holds, but its runs fail.
    Held(Hold),
    /// Its condition holds, but the last run was requested a short time ago.
    Cooldown {
        /// When the next run may be requested.
        until: Timestamp,
    },
    /// Its condition holds, but its budget of runs is spent.
    BudgetSpent {
        /// The number of runs that were requested within the budget's span.
        runs: u32,
        /// When the next run may be requested.
        until: Timestamp,
    },
}

impl Outcome {
    /// Whether a cooldown or a budget holds a run back.
    pub fn is_held_back(self) -> bool {
        match self {
            Self::Cooldown { .. } | Self::BudgetSpent { .. } => true,
            Self::Requested | Self::NotDue | Self::Underway | Self::Held(_) => false,
        }
    }
}

/// The changes of one evaluation, what it has requested so far, and the assets to evaluate.
#[derive(Debug, Default)]
pub(super) struct EvaluationContext {
    /// The assets materialized since the last evaluation, and when.
    pub(super) updated: BTreeMap<AssetIndex, Timestamp>,
    /// The assets with other data since, and when.
    pub(super) altered: BTreeMap<AssetIndex, Timestamp>,
    /// The assets whose code has changed since, and when.
    pub(super) recoded: BTreeMap<AssetIndex, Timestamp>,
    /// The schedules that have ticked since, by line of cron and time zone.
    pub(super) ticks: BTreeMap<(String, String), Timestamp>,
    /// The assets that the last evaluation requested.
    pub(super) requested_before: AssetSet,
    /// The assets that this evaluation has requested so far.
    pub(super) requested_now: AssetSet,
    /// The parts of conditions that count materializations, with what has the condition, of which there was one since they last counted.
    pub(super) to_count: BTreeSet<(AssetIndex, NodeId)>,
    /// The assets that remain to be evaluated.
    dirty: AssetSet,
}

impl Automation {
    /// Takes in `changes`, everything that has happened since the last evaluation, in order, and decides what to request
    /// at `now`. Evaluates only assets for which the outcome can be another than last time.
    pub fn evaluate(
        &self,
        state: &mut AutomationState,
        changes: &[Change],
        now: Timestamp,
        ticks: &dyn Ticks,
    ) -> Evaluation {
        self.evaluate_with(state, changes, now, ticks, &AssetSet::new())
    }

    /// As [`evaluate`](Self::evaluate), for every asset with a condition. The decisions are the same.
    pub fn evaluate_all(
        &self,
        state: &mut AutomationState,
        changes: &[Change],
        now: Timestamp,
        ticks: &dyn Ticks,
    ) -> Evaluation {
        self.evaluate_with(state, changes, now, ticks, &self.conditions.keys().copied().collect())
    }

    fn evaluate_with(
        &self,
        state: &mut AutomationState,
        changes: &[Change],
        now: Timestamp,
        ticks: &dyn Ticks,
        also: &AssetSet,
    ) -> Evaluation {
        let ahead = state.evaluated_at.map(|before| before.duration_since(now));
        let set_back = ahead.filter(|ahead| *ahead > SET_RIGHT);
        if set_back.is_some() {
            state.set_back(now);
        }
        let now = state.evaluated_at.map_or(now, |before| before.max(now));
        self.prune(state);
        let mut context = self.take_in(state, changes, now, ticks);
        context.dirty.extend(also);
        if set_back.is_some() {
            // All that was to be evaluated by the old time.
            context.dirty.extend(self.conditions.keys());
        }
        let mut evaluation = Evaluation { set_back, ..Evaluation::default() };
        while let Some(asset) = context.dirty.pop_first() {
            let Some(prepared) = self.conditions.get(&asset) else { continue };
            let before = state.asset(&self.keys[asset]).and_then(|row| row.memory.as_ref());
            let was_held_back = before.map(|memory| std::mem::discriminant(&memory.outcome));
            let outcome = self.evaluate_asset(state, &context, asset, prepared, now);
            if outcome.is_held_back() && was_held_back != Some(std::mem::discriminant(&outcome)) {
                evaluation.held_back.push(self.keys[asset].clone());
            }
            if outcome == Outcome::Requested && self.watches.contains_key(&asset) {
                evaluation.watches.push(self.keys[asset].clone());
            } else if outcome == Outcome::Requested {
                context.requested_now.extend(&self.together[asset]);
                let below = self.together[asset].iter().flat_map(|made| self.seen_from(*made));
                // Assets of one step stand beside each other, upstream of everything made from them.
                // What stands before it sees the request in the next evaluation.
                context
                    .dirty
                    .extend(below.filter(|below| *below > asset && !self.together[asset].contains(below)));
            }
            evaluation.outcomes.insert(self.keys[asset].clone(), outcome);
        }
        let jobs = context.requested_now.intersection(&self.jobs);
        evaluation.jobs = jobs.map(|job| self.keys[*job].clone()).collect();
        evaluation.runs = self.runs(&(&context.requested_now - &self.jobs));
        for &asset in context.requested_before.symmetric_difference(&context.requested_now) {
            let requested = context.requested_now.contains(&asset);
            state.change(&self.keys[asset], |row| row.requested = requested);
        }
        state.evaluated_at = Some(now);
        evaluation
    }

    /// Removes the state of conditions and assets that are no longer defined.
    fn prune(&self, state: &mut AutomationState) {
        if state.conditions == self.identity {
            return;
        }
        let keys: Vec<AssetKey> = state.assets.keys().cloned().collect();
        for key in keys {
            match self.index.get(&key) {
                None if self.off.contains(&key) => {
                    state.change(&key, |row| (row.memory, row.unsettled) = (None, false));
                }
                None => state.remove(&key),
                Some(index) if self.conditions.contains_key(index) => {}
                Some(_) if state.assets[&key].memory.is_none() => {}
                Some(_) => state.change(&key, |row| (row.memory, row.unsettled) = (None, false)),
            }
        }
        self.forget_numbers(state);
    }

    /// Forgets the numbers that no condition asks for any more, as when it is switched off: they aren't kept up to date, and are read from the
    /// log if one asks again.
    fn forget_numbers(&self, state: &mut AutomationState) {
        let changed = state.assets.iter().filter_map(|(key, AssetState { facts, .. })| {
            let wanted = self.index.get(key).and_then(|asset| self.wanted.get(asset));
            let numbers = wanted.map(|wanted| wanted.of(&facts.numbers)).unwrap_or_default();
            let of_alias = |(alias, known): (&AssetKey, &AtPromotion)| {
                let comparisons = wanted?.at_promotion.get(self.index.get(alias)?)?;
                Some((alias.clone(), known.of(comparisons)))
            };
            let at_promotion: BTreeMap<_, _> = facts.at_promotion.iter().filter_map(of_alias).collect();
            let is_same = numbers == facts.numbers && at_promotion == facts.at_promotion;
            (!is_same).then(|| (key.clone(), numbers, at_promotion))
        });
        for (key, numbers, at_promotion) in changed.collect::<Vec<_>>() {
            state.change(&key, |row| {
                (row.facts.numbers, row.facts.at_promotion) = (numbers, at_promotion);
            });
        }
    }

    fn take_in(
        &self,
        state: &mut AutomationState,
        changes: &[Change],
        now: Timestamp,
        ticks: &dyn Ticks,
    ) -> EvaluationContext {
        let mut context = EvaluationContext::default();
        for requested in state.requested.clone() {
            if let Some(root) = self.index.get(&requested) {
                self.begin_sums(state, *root);
            }
        }
        for change in changes {
            let Some(&asset) = self.index.get(&change.asset) else { continue };
            let seen_from = self.seen_from(asset);
            // A change is never later than now, whatever the clock showed then.
            let change = match change.at > now {
                true => Cow::Owned(Change { at: now, ..change.clone() }),
                false => Cow::Borrowed(change),
            };
            let change = &*change;
            let apply = |row: &mut AssetState| row.facts.apply(change, |by| self.narrowed(&seen_from, by));
            let news = state.change(&change.asset, apply);
            self.take_in_numbers(state, &mut context, asset, change, now);
            if news.started {
                self.begin_sums(state, asset);
                if self.conditions.get(&asset).is_some_and(PreparedCondition::cools_down) {
                    state.change(&change.asset, |row| row.facts.started_at = Some(change.at));
                }
            }
            if news.made {
                self.add_up(state, asset, change);
            }
            for (is_news, moments) in [
                (news.updated, &mut context.updated),
                (news.other_data, &mut context.altered),
                (news.other_code, &mut context.recoded),
            ] {
                if is_news {
                    moments.insert(asset, change.at);
                }
            }
            context.dirty.extend(seen_from);
        }
        let position = |key: &AssetKey| self.index.get(key).copied();
        context.requested_before = state.requested.iter().filter_map(position).collect();
        context.dirty.extend(context.requested_before.iter().flat_map(|asset| self.seen_from(*asset)));
        context.dirty.extend(state.unsettled.iter().filter_map(position));
        let over = state.held.iter().filter(|(_, until)| **until <= now).map(|(key, _)| key);
        context.dirty.extend(over.filter_map(position));
        if state.conditions != self.identity {
            context.dirty.extend(self.conditions.keys());
            state.conditions.clone_from(&self.identity);
            let used =
                |cron: &str, zone: &str| self.schedules.contains_key(&(cron.to_owned(), zone.to_owned()));
            state.taken.retain(used);
        }
        for (schedule, assets) in &self.schedules {
            let Some(after) = state.evaluated_at else { break };
            let tick = ticks.latest(&schedule.0, &schedule.1, after, now);
            if let Some(tick) = tick.filter(|tick| state.taken.take(schedule, *tick, ticks)) {
                context.ticks.insert(schedule.clone(), tick);
                context.dirty.extend(assets);
            }
        }
        context
    }

    /// Decides about an asset, and stores the finding in its row.
    fn evaluate_asset(
        &self,
        state: &mut AutomationState,
        context: &EvaluationContext,
        asset: AssetIndex,
        prepared: &PreparedCondition,
        now: Timestamp,
    ) -> Outcome {
        let key = &self.keys[asset];
        let finding = self.find(state, context, asset, prepared, now);
        let row = state.asset(key);
        let hold = row.filter(|_| finding.standing.moment().is_some()).and_then(|row| self.hold(row, now));
        let steady = finding.same && !finding.fleeting;
        let in_progress = row.is_some_and(|row| !row.facts.runs.is_empty());
        // A job makes the same whichever part of its condition holds.
        let underway = in_progress && (steady || (self.jobs.contains(&asset) && !finding.fleeting));
        let outcome = match (finding.standing, hold) {
            (Standing::Fails | Standing::Unknown, _) => Outcome::NotDue,
            (Standing::HeldBack(_), _) if in_progress => Outcome::Underway,
            (Standing::HeldBack(held_back), _) => held_back.outcome(),
            (Standing::Holds(_), Some(hold)) => Outcome::Held(hold),
            (Standing::Holds(_), None) if underway => Outcome::Underway,
            (Standing::Holds(_), None) => Outcome::Requested,
        };
        state.change(key, |row| {
            if outcome == Outcome::Requested {
                prepared.remember_request(&mut row.facts.requests, now);
            }
            let before = row.memory.take().and_then(|memory| memory.requested_at);
            let requested_at = if outcome == Outcome::Requested { Some(now) } else { before };
            let condition = prepared.identity.clone();
            let Finding { truths, measured, again_at, .. } = finding;
            let evaluated_at = now;
            row.memory = Some(AssetMemory {
                condition,
                truths,
                measured,
                evaluated_at,
                requested_at,
                outcome,
                again_at,
            });
            // A condition that holds is due at every evaluation, until it doesn't. A watch waits for news.
            let is_due = outcome == Outcome::Requested && !self.watches.contains_key(&asset);
            row.unsettled = !steady || is_due;
        });
        outcome
    }

    pub(super) fn find(
        &self,
        state: &AutomationState,
        context: &EvaluationContext,
        asset: AssetIndex,
        prepared: &PreparedCondition,
        now: Timestamp,
    ) -> Finding {
        let memory = state.asset(&self.keys[asset]).and_then(|row| row.memory.as_ref());
        // Node ids belong to one condition: the state of another condition is ignored.
        let old = memory.filter(|old| old.condition == prepared.identity);
        let before = old.map_or(&[][..], |old| &old.truths);
        let measured_before = old.map_or(&[][..], |old| &old.measured);
        let initial = old.is_none();
        let evaluator = Evaluator {
            automation: self,
            state,
            context,
            prepared,
            root: asset,
            now,
            initial,
            before,
            measured_before,
            found: Vec::new(),
            measured: Vec::new(),
            again_at: None,
            fleeting: initial,
        };
        evaluator.evaluate()
    }

    fn hold(&self, row: &AssetState, now: Timestamp) -> Option<Hold> {
        self.backoff.hold(row.facts.failures, row.facts.failed_at?, now)
    }

    /// The requested assets by run: those that are linked share one, and so do all without partitions. An unlinked asset with
    /// partitions has a run of its own, since a failed run reports a failure of all its partitioned assets.
    fn runs(&self, requested: &AssetSet) -> Vec<Vec<AssetKey>> {
        // Each asset leads to one before it in its run; the first leads to itself.
        let mut leads: BTreeMap<AssetIndex, AssetIndex> = BTreeMap::new();
        for &asset in requested {
            leads.insert(asset, asset);
            for link in self.upstream[asset].iter().chain(&self.together[asset]) {
                if leads.contains_key(link) {
                    let (one, other) = (first(&mut leads, *link), first(&mut leads, asset));
                    leads.insert(one.max(other), one.min(other));
                }
            }
        }
        let mut apart = AssetSet::new();
        for &asset in requested.iter().filter(|asset| self.partitioned[**asset]) {
            apart.insert(first(&mut leads, asset));
        }
        let mut runs: BTreeMap<Option<AssetIndex>, Vec<AssetKey>> = BTreeMap::new();
        for &asset in requested {
            let run = Some(first(&mut leads, asset)).filter(|first| apart.contains(first));
            runs.entry(run).or_default().push(self.keys[asset].clone());
        }
        runs.into_values().collect()
    }
}

/// The first asset of a run. The path there is shortened for later calls.
fn first(leads: &mut BTreeMap<AssetIndex, AssetIndex>, asset: AssetIndex) -> AssetIndex {
    let mut at = asset;
    while leads[&at] != at {
        let next = leads[&leads[&at]];
        leads.insert(at, next);
        at = next;
    }
    at
}
