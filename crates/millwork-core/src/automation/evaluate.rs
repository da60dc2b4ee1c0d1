//! The evaluation of conditions: which assets are requested now.
//!
//! [`Automation::evaluate`] takes in what has changed, and collects the assets for which the outcome can be another than last time:
//! those that changed and those that see them, those whose schedule ticked or whose pause is over, and those of which something was true
//! for one evaluation only. It evaluates them upstream first, as a request affects those downstream in the same evaluation.
//!
//! An [`Evaluator`] decides about one asset. It goes through the condition's nodes from below: what holds does so since a moment (the time
//! of the event behind it, or now), and each node makes its moment of its children's. Below an operator about upstream
//! assets, a node has a moment for each of them, so it is evaluated once for each asset however many paths lead there.
//! A due asset is requested, unless its runs keep failing, or the run is in progress that was requested when the same held.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::prepare::PreparedCondition;
use super::{
    AssetFacts, AssetMemory, AssetState, Automation, AutomationState, Change, Hold, NodeId, Ticks, Truth,
};
use crate::asset::AssetKey;
use crate::condition::{Operand, Operator, Quantifier};
use crate::graph::{AssetIndex, AssetSet};
use crate::index::IndexVec;

/// What an evaluation decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The runs to request: for each its assets, upstream first. Assets that depend on each other share a run, a step
    /// makes all of its assets, and all assets without partitions share one.
    pub runs: Vec<Vec<AssetKey>>,
    /// The outcome for each evaluated asset.
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
    /// It is requested.
    Requested,
    /// Its condition doesn't hold.
    NotDue,
    /// Its condition has held since before the run that is making it was requested.
    Underway,
    /// Its condition holds, but its runs fail.
    Held(Hold),
}

/// The changes of one evaluation, what it has requested so far, and the assets to evaluate.
#[derive(Debug, Default)]
struct EvaluationContext {
    /// The assets materialized since the last evaluation, and when.
    updated: BTreeMap<AssetIndex, Timestamp>,
    /// The assets with other data since, and when.
    altered: BTreeMap<AssetIndex, Timestamp>,
    /// The assets whose code has changed since, and when.
    recoded: BTreeMap<AssetIndex, Timestamp>,
    /// The schedules that have ticked since, by line of cron and time zone.
    ticks: BTreeMap<(String, String), Timestamp>,
    /// The assets that the last evaluation requested.
    requested_before: AssetSet,
    /// The assets that this evaluation has requested so far.
    requested_now: AssetSet,
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
            let outcome = self.evaluate_asset(state, &context, asset, prepared, now);
            if outcome == Outcome::Requested {
                context.requested_now.extend(&self.together[asset]);
                let below = self.together[asset].iter().flat_map(|made| self.seen_from(*made));
                // Assets of one step stand beside each other, upstream of everything made from them.
                context.dirty.extend(below.filter(|below| !self.together[asset].contains(below)));
            }
            evaluation.outcomes.insert(self.keys[asset].clone(), outcome);
        }
        evaluation.runs = self.runs(&context.requested_now);
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
                None => state.remove(&key),
                Some(index) if self.conditions.contains_key(index) => {}
                Some(_) if state.assets[&key].memory.is_none() => {}
                Some(_) => state.change(&key, |row| (row.memory, row.unsettled) = (None, false)),
            }
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
        for change in changes {
            let Some(&asset) = self.index.get(&change.asset) else { continue };
            let seen_from = self.seen_from(asset);
            // A change is never later than now, whatever the clock showed then.
            let change = &Change { at: change.at.min(now), ..change.clone() };
            let apply = |row: &mut AssetState| row.facts.apply(change, |by| self.narrowed(&seen_from, by));
            let news = state.change(&change.asset, apply);
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
        let hold = row.filter(|_| finding.due).and_then(|row| self.hold(row, now));
        let steady = finding.same && !finding.fleeting;
        let underway = steady && row.is_some_and(|row| !row.facts.runs.is_empty());
        let outcome = match (finding.due, hold) {
            (false, _) => Outcome::NotDue,
            (true, Some(hold)) => Outcome::Held(hold),
            (true, None) if underway => Outcome::Underway,
            (true, None) => Outcome::Requested,
        };
        state.change(key, |row| {
            let before = row.memory.take().and_then(|memory| memory.requested_at);
            let requested_at = if outcome == Outcome::Requested { Some(now) } else { before };
            let condition = prepared.identity.clone();
            let truths = finding.truths;
            row.memory = Some(AssetMemory { condition, truths, evaluated_at: now, requested_at, outcome });
            // A condition that holds is due at every evaluation, until it doesn't.
            row.unsettled = !steady || outcome == Outcome::Requested;
        });
        outcome
    }

    fn find(
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
            found: Vec::new(),
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

/// The finding of an evaluation about an asset.
struct Finding {
    due: bool,
    truths: Vec<Truth>,
    /// Whether something is true that won't be at the next evaluation.
    fleeting: bool,
    /// Whether everything is as it was.
    same: bool,
}

/// One evaluation of one asset's condition.
struct Evaluator<'a> {
    automation: &'a Automation,
    state: &'a AutomationState,
    context: &'a EvaluationContext,
    prepared: &'a PreparedCondition,
    /// The asset that has the condition.
    root: AssetIndex,
    now: Timestamp,
    /// Whether the condition is evaluated for the first time.
    initial: bool,
    /// The truths of the last evaluation, by node and asset.
    before: &'a [Truth],
    /// The truths found so far.
    found: Vec<Truth>,
    fleeting: bool,
}

/// The value of an operand for an asset.
enum Answer {
    /// Something happened, at this moment, or it didn't: true at one evaluation only.
    Event(Option<Timestamp>),
    /// Something is so, or isn't, until something happens.
    State(bool),
}

/// Since when each node holds for each asset that it is about.
struct Moments {
    /// Where those of each node begin.
    first: IndexVec<NodeId, usize>,
    since: Vec<Option<Timestamp>>,
}

impl Moments {
    fn of(&self, node: NodeId, place: usize) -> Option<Timestamp> {
        self.since[self.first[node] + place]
    }
}

/// The assets that nodes are about, sorted: those of a node below an operator about upstream assets stand under that operator.
type Subjects = BTreeMap<Option<NodeId>, Vec<AssetIndex>>;

impl Evaluator<'_> {
    fn evaluate(mut self) -> Finding {
        let prepared = self.prepared;
        let subjects = self.subjects();
        let mut all = 0;
        let first = prepared.below.iter().map(|below| {
            let first = all;
            all += subjects[below].len();
            first
        });
        let first: IndexVec<NodeId, usize> = first.collect();
        let mut moments = Moments { first, since: vec![None; all] };
        for node in prepared.nodes.ids().rev() {
            for (place, &asset) in subjects[&prepared.below[node]].iter().enumerate() {
                let moment = self.moment(node, place, asset, &subjects, &moments);
                if moment.is_some() {
                    let since = self.was_true(node, asset).unwrap_or(self.now);
                    self.found.push(Truth { node, asset: self.automation.keys[asset].clone(), since });
                }
                moments.since[moments.first[node] + place] = moment;
            }
        }
        self.found.sort_by(|a, b| (a.node, &a.asset).cmp(&(b.node, &b.asset)));
        let due = moments.of(NodeId::ROOT, 0).is_some();
        Finding { due, same: self.found == self.before, truths: self.found, fleeting: self.fleeting }
    }

    fn subjects(&self) -> Subjects {
        let mut subjects = Subjects::from([(None, vec![self.root])]);
        for (&node, counted) in &self.prepared.deps {
            let above = &subjects[&self.prepared.below[node]];
            let upstream = above.iter().flat_map(|asset| &self.automation.upstream[*asset]).copied();
            let mut upstream: Vec<AssetIndex> =
                upstream.filter(|asset| self.automation.counts(counted, *asset)).collect();
            upstream.sort_unstable();
            upstream.dedup();
            subjects.insert(Some(node), upstream);
        }
        subjects
    }

    /// Since when a node holds for an asset, the one at `place` of those that the node is about; `None` if it doesn't hold. The node's
    /// descendants have been evaluated: all of them, as an operator among them keeps state.
    fn moment(
        &mut self,
        node: NodeId,
        place: usize,
        asset: AssetIndex,
        subjects: &Subjects,
        moments: &Moments,
    ) -> Option<Timestamp> {
        let nodes = &self.prepared.nodes;
        let mut children = nodes.children(node).map(|child| moments.of(child, place));
        match nodes.operator(node) {
            Operator::Operand(operand) => match self.answer(operand, asset) {
                Answer::Event(at) => {
                    self.fleeting |= at.is_some();
                    at
                }
                Answer::State(holds) => holds.then_some(self.now),
            },
            Operator::And { .. } => {
                children.try_fold(Timestamp::MIN, |latest, moment| moment.map(|moment| latest.max(moment)))
            }
            Operator::Or { .. } => children.flatten().max(),
            Operator::Not => moments.of(node.first_child(), place).is_none().then_some(self.now),
            Operator::Labelled(_) => moments.of(node.first_child(), place),
            Operator::Since => match (children.next().flatten(), children.next().flatten()) {
                (Some(triggered), Some(reset)) => (triggered > reset).then_some(triggered),
                (None, Some(_)) => None,
                (triggered, None) => triggered.or_else(|| self.was_true(node, asset)),
            },
            Operator::NewlyTrue => {
                let was = self.was_true(node.first_child(), asset).is_some();
                let from = moments.of(node.first_child(), place).filter(|_| !was);
                self.fleeting |= from.is_some();
                from
            }
            Operator::Deps { quantifier, .. } => {
                let (below, counted) = (&subjects[&Some(node)], &self.prepared.deps[&node]);
                let upstream = self.automation.upstream[asset].iter();
                let upstream = upstream.filter(|asset| self.automation.counts(counted, **asset));
                let mut found = upstream.map(|asset| {
                    let place = below.binary_search(asset).expect("it is among the upstream assets of all");
                    moments.of(node.first_child(), place)
                });
                match quantifier {
                    Quantifier::Any => found.flatten().max(),
                    Quantifier::All => found
                        .try_fold(None, |latest, moment| moment.map(|moment| latest.max(Some(moment))))
                        .map(|latest| latest.unwrap_or(self.now)),
                }
            }
        }
    }

    fn was_true(&self, node: NodeId, asset: AssetIndex) -> Option<Timestamp> {
        let wanted = (node, &self.automation.keys[asset]);
        let found = self.before.binary_search_by(|truth| (truth.node, &truth.asset).cmp(&wanted));
        found.ok().map(|index| self.before[index].since)
    }

    fn answer(&self, operand: &Operand, asset: AssetIndex) -> Answer {
        let Self { automation, context, now, .. } = self;
        let unknown = AssetFacts::default();
        let facts = self.state.asset(&automation.keys[asset]).map_or(&unknown, |row| &row.facts);
        let passed = |check: &String| facts.checks.get(check).copied();
        match operand {
            Operand::NewlyUpdated => Answer::Event(context.updated.get(&asset).copied()),
            Operand::DataVersionChanged => Answer::Event(context.altered.get(&asset).copied()),
            Operand::CodeVersionChanged => Answer::Event(context.recoded.get(&asset).copied()),
            Operand::NewlyRequested => {
                let before = self.state.evaluated_at;
                Answer::Event(before.filter(|_| context.requested_before.contains(&asset)))
            }
            Operand::WillBeRequested => Answer::Event(context.requested_now.contains(&asset).then_some(*now)),
            Operand::InitialEvaluation => Answer::Event(self.initial.then_some(*now)),
            Operand::CronTickPassed { cron, zone } => {
                let tick = context.ticks.get(&(cron.clone(), zone.clone())).copied();
                Answer::Event(tick.filter(|_| !self.initial))
            }
            // An external asset counts as present without a report.
            Operand::Missing => Answer::State(facts.updated_at.is_none() && !automation.external[asset]),
            Operand::InProgress => Answer::State(!facts.runs.is_empty()),
            Operand::ExecutionFailed => Answer::State(facts.failures > 0),
            Operand::ExecutedWithRootTarget => {
                Answer::State(facts.targets.contains(&automation.keys[self.root]))
            }
            Operand::ExecutedWithTag { tag, value } => Answer::State(facts.tags.get(tag) == Some(value)),
            Operand::CheckPassed(check) => Answer::State(passed(check) == Some(true)),
            Operand::CheckFailed(check) => Answer::State(passed(check) == Some(false)),
            Operand::AnyCheckFailed => Answer::State(facts.checks.values().any(|passed| !passed)),
            Operand::BlockingChecksPassed => {
                let mut checks = automation.blocking_checks[asset].iter();
                Answer::State(checks.all(|check| passed(check) == Some(true)))
            }
        }
    }
}
