//! The evaluation of conditions: which assets are requested now.
//!
//! [`Automation::evaluate`] takes in what has changed, and collects the assets for which the outcome can be another than last time:
//! those that changed and those that see them, those whose schedule ticked or whose pause is over, and those of which something was true
//! for one evaluation only. It evaluates them upstream first, as a request affects those downstream in the same evaluation.
//!
//! An [`Evaluator`] decides about one asset or job. A due one is requested, unless its runs keep failing, or the run is in progress that was
//! requested when the same held. Of an asset with partitions, all of this is so for each of them (`keyed_requests.rs`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::evaluator::{Evaluator, Finding};
use super::keyed_requests::Decision;
use super::partitions::KeysAtEvaluation;
use super::prepared_condition::PreparedCondition;
use super::standing::Standing;
use super::{AssetMemory, AssetState, AtPromotion, Automation, AutomationState, Change, Hold, NodeId, Ticks};
use crate::asset::AssetKey;
use crate::graph::{AssetIndex, AssetSet};
use crate::partition::{KeySet, PartitionKey};

/// What an evaluation decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The runs to request, upstream first: all assets without partitions share one, and so do those that are partitioned alike and are
    /// requested with the same partitions.
    pub runs: Vec<RequestedRun>,
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

/// A run that an evaluation requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedRun {
    /// Its assets, upstream first. A step makes all of its assets.
    pub assets: Vec<AssetKey>,
    /// The partitions that it makes of each, in their order; none for assets without partitions.
    pub partitions: Vec<PartitionKey>,
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
#[derive(Debug)]
pub(super) struct EvaluationContext {
    /// The keys of assets.
    pub(super) keys: KeysAtEvaluation,

    /// The assets materialized since the last evaluation, and when.
    pub(super) updated: BTreeMap<AssetIndex, Timestamp>,
    /// The partitions materialized since, and when.
    pub(super) updated_keys: BTreeMap<AssetIndex, Vec<(Timestamp, KeySet)>>,
    /// The partitions with other data since, and when.
    pub(super) altered_keys: BTreeMap<AssetIndex, Vec<(Timestamp, KeySet)>>,
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
    /// Which of their partitions.
    pub(super) requested_keys: BTreeMap<AssetIndex, KeySet>,
    /// The parts of conditions that count materializations, with what has the condition, of which there was one since they last counted.
    pub(super) to_count: BTreeSet<(AssetIndex, NodeId)>,
    /// The assets that remain to be evaluated.
    pub(super) dirty: AssetSet,
}

impl EvaluationContext {
    fn new(keys: KeysAtEvaluation) -> Self {
        Self {
            keys,
            updated: BTreeMap::new(),
            updated_keys: BTreeMap::new(),
            altered_keys: BTreeMap::new(),
            altered: BTreeMap::new(),
            recoded: BTreeMap::new(),
            ticks: BTreeMap::new(),
            requested_before: AssetSet::new(),
            requested_now: AssetSet::new(),
            requested_keys: BTreeMap::new(),
            to_count: BTreeSet::new(),
            dirty: AssetSet::new(),
        }
    }
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
            state.opens_at = None;
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
            let (outcome, keys) = self.evaluate_asset(state, &context, asset, prepared, now);
            if outcome.is_held_back() && was_held_back != Some(std::mem::discriminant(&outcome)) {
                evaluation.held_back.push(self.keys[asset].clone());
            }
            if outcome == Outcome::Requested && self.watches.contains_key(&asset) {
                evaluation.watches.push(self.keys[asset].clone());
            } else if outcome == Outcome::Requested {
                context.requested_now.extend(&self.together[asset]);
                for made in keys.iter().flat_map(|_| &self.together[asset]) {
                    let known = context.requested_keys.remove(made);
                    let all = known.into_iter().chain(keys.clone()).reduce(|one, other| one.union(&other));
                    context.requested_keys.extend(all.map(|all| (*made, all)));
                }
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
        evaluation.runs = self.runs(&context);
        self.remember_requests(state, &context);
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
        let moment = state.known.moment.moved_to(now);
        let mut context = EvaluationContext::new(KeysAtEvaluation::new(&self.partitionings, moment));
        if state.conditions != self.identity {
            self.renew_partitions(state, &context);
        }
        for requested in state.requested.clone() {
            if let Some(root) = self.index.get(&requested) {
                self.begin_sums(state, *root);
            }
        }
        let mut of_partitions: BTreeMap<AssetIndex, Vec<&Change>> = BTreeMap::new();
        for changes in changes.chunk_by(|one, next| one.asset == next.asset) {
            let Some(&asset) = changes.first().and_then(|change| self.index.get(&change.asset)) else {
                continue;
            };
            let is_partitioned = self.partitionings.of(asset).is_some();
            if is_partitioned {
                of_partitions.entry(asset).or_default().extend(changes);
            }
            if !is_partitioned || self.asks_of_whole(asset) {
                let seen_from = self.seen_from(asset);
                for change in changes {
                    self.take_in_change(state, &mut context, (asset, &seen_from), change, now);
                }
                context.dirty.extend(seen_from);
            }
        }
        for (asset, changes) in of_partitions {
            self.take_in_partitions(state, &mut context, asset, &changes, now);
        }
        for asset in self.with_other_keys(state, now) {
            context.dirty.extend(self.seen_from(asset));
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

    /// Takes in a change of an asset as a whole.
    pub(super) fn take_in_change(
        &self,
        state: &mut AutomationState,
        context: &mut EvaluationContext,
        (asset, seen_from): (AssetIndex, &AssetSet),
        change: &Change,
        now: Timestamp,
    ) {
        // A change is never later than now, whatever the clock showed then.
        let change = match change.at > now {
            true => Cow::Owned(Change { at: now, ..change.clone() }),
            false => Cow::Borrowed(change),
        };
        let change = &*change;
        let apply = |row: &mut AssetState| row.facts.apply(change, |by| self.narrowed(seen_from, by));
        let news = state.change(&change.asset, apply);
        self.take_in_numbers(state, context, asset, change, now);
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
    }

    /// Decides about an asset, and stores the finding in its row. Returns which partitions are requested as well, if it has some.
    fn evaluate_asset(
        &self,
        state: &mut AutomationState,
        context: &EvaluationContext,
        asset: AssetIndex,
        prepared: &PreparedCondition,
        now: Timestamp,
    ) -> (Outcome, Option<KeySet>) {
        let key = &self.keys[asset];
        let finding = self.find(state, context, asset, prepared, now);
        let row = state.asset(key);
        let steady = finding.same && !finding.fleeting;
        let Decision { outcome, keys, again_at } = match self.partitionings.of(asset) {
            Some(_) => self.decide_keys(row, context, asset, &finding, now),
            None => {
                let outcome = self.decide(row, asset, &finding, now);
                Decision { outcome, keys: None, again_at: finding.again_at }
            }
        };
        let of_outcome = keys.clone();
        state.change(key, |row| {
            if self.partitionings.of(asset).is_some() {
                self.partition_facts(row, asset);
            }
            if outcome == Outcome::Requested {
                prepared.remember_request(&mut row.facts.requests, now);
            }
            let before = row.memory.take().and_then(|memory| memory.requested_at);
            let requested_at = if outcome == Outcome::Requested { Some(now) } else { before };
            let condition = prepared.identity.clone();
            let Finding { truths, measured, .. } = finding;
            let evaluated_at = now;
            row.memory = Some(AssetMemory {
                condition,
                truths,
                measured,
                evaluated_at,
                requested_at,
                outcome,
                keys: of_outcome,
                again_at,
            });
            // A condition that holds is due at every evaluation, until it doesn't. A watch waits for news.
            let is_due = outcome == Outcome::Requested && !self.watches.contains_key(&asset);
            row.unsettled = !steady || is_due;
        });
        (outcome, keys.filter(|_| outcome == Outcome::Requested))
    }

    /// The outcome for an asset without partitions, a job or a watch.
    fn decide(
        &self,
        row: Option<&AssetState>,
        asset: AssetIndex,
        finding: &Finding,
        now: Timestamp,
    ) -> Outcome {
        let standing = finding.standing.single();
        let hold = row.filter(|_| standing.moment().is_some()).and_then(|row| self.hold(row, now));
        let steady = finding.same && !finding.fleeting;
        let in_progress = row.is_some_and(|row| !row.facts.runs.is_empty());
        // A job makes the same whichever part of its condition holds.
        let underway = in_progress && (steady || (self.jobs.contains(&asset) && !finding.fleeting));
        match (standing, hold) {
            (Standing::Fails | Standing::Unknown, _) => Outcome::NotDue,
            (Standing::HeldBack(_), _) if in_progress => Outcome::Underway,
            (Standing::HeldBack(held_back), _) => held_back.outcome(),
            (Standing::Holds(_), Some(hold)) => Outcome::Held(hold),
            (Standing::Holds(_), None) if underway => Outcome::Underway,
            (Standing::Holds(_), None) => Outcome::Requested,
        }
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
            unsteady: self.partitionings.of(asset).map(|_| BTreeMap::new()),
        };
        evaluator.evaluate()
    }

    fn hold(&self, row: &AssetState, now: Timestamp) -> Option<Hold> {
        self.backoff.hold(row.facts.failures, row.facts.failed_at?, now)
    }
}
