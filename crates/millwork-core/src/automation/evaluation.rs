//! Which assets are to be requested now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::truth::{Truths, World};
use super::{AssetMemory, AutomationCondition, AutomationState, Change, ChangeKind, Damping, Hold, Operand};
use crate::asset::AssetKey;
use crate::graph::{AssetGraph, AssetIndex, AssetSet, Selection, SelectionError};

/// The conditions of a pipeline, ready to be evaluated.
#[derive(Debug)]
pub struct Automation {
    keys: Vec<AssetKey>,
    index: BTreeMap<AssetKey, AssetIndex>,
    upstream: Vec<Vec<AssetIndex>>,
    downstream: Vec<Vec<AssetIndex>>,
    conditions: BTreeMap<AssetIndex, Prepared>,
    schedules: BTreeMap<(String, String), AssetSet>,
    identity: String,
    depth: usize,
    damping: Damping,
}

#[derive(Debug)]
struct Prepared {
    condition: AutomationCondition,
    identity: String,
    narrowed: BTreeMap<usize, AssetSet>,
}

/// Tells when schedules tick.
pub trait Ticks {
    /// The latest tick of `cron` in the IANA time zone `zone` that is later than `after` and not later than `until`.
    fn latest(&self, cron: &str, zone: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp>;
}

/// What an evaluation decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The runs to request: for each its assets, upstream first. Assets that depend on each other share a run.
    pub runs: Vec<Vec<AssetKey>>,
    /// What became of each asset that was looked at.
    pub outcomes: BTreeMap<AssetKey, Outcome>,
}

/// What became of an asset that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is requested.
    Requested,
    /// Its condition doesn't hold.
    NotDue,
    /// Its condition holds, but its runs fail.
    Held(Hold),
}

/// The changes of one evaluation, and what they and the time make worth a look.
struct Moment {
    updated: BTreeMap<AssetIndex, Timestamp>,
    recoded: BTreeMap<AssetIndex, Timestamp>,
    ticks: BTreeMap<(String, String), Timestamp>,
    requested_before: AssetSet,
    requested_now: AssetSet,
    dirty: AssetSet,
}

impl Automation {
    /// Prepares the conditions of a graph's assets; keys that the graph doesn't know are left out. An error is a
    /// selection in `allow` or `ignore` that can't be read or names an unknown asset.
    pub fn new(
        graph: &AssetGraph,
        conditions: impl IntoIterator<Item = (AssetKey, AutomationCondition)>,
        damping: Damping,
    ) -> Result<Self, SelectionError> {
        let nodes = graph.assets();
        let keys: Vec<_> = nodes.iter().map(|node| node.spec.key.clone()).collect();
        let mut automation = Self {
            index: keys.iter().cloned().enumerate().map(|(index, key)| (key, index)).collect(),
            keys,
            upstream: nodes.iter().map(|node| node.upstream.clone()).collect(),
            downstream: nodes.iter().map(|node| node.downstream.clone()).collect(),
            conditions: BTreeMap::new(),
            schedules: BTreeMap::new(),
            identity: String::new(),
            depth: 0,
            damping,
        };
        for (key, condition) in conditions {
            if let Some(index) = graph.index(key.as_str()) {
                automation.add(graph, index, condition)?;
            }
        }
        let parts = automation.conditions.iter();
        let parts: String =
            parts.map(|(index, one)| format!("{}={};", automation.keys[*index], one.identity)).collect();
        automation.identity = blake3::hash(parts.as_bytes()).to_hex().to_string();
        Ok(automation)
    }

    fn add(
        &mut self,
        graph: &AssetGraph,
        index: AssetIndex,
        condition: AutomationCondition,
    ) -> Result<(), SelectionError> {
        let mut narrowed = BTreeMap::new();
        narrow(graph, &condition, 0, &mut narrowed)?;
        for schedule in schedules(&condition) {
            self.schedules.entry(schedule).or_default().insert(index);
        }
        self.depth = self.depth.max(condition.depth());
        let written = serde_json::to_vec(&condition).expect("a condition is plain data");
        let identity = blake3::hash(&written).to_hex().to_string();
        self.conditions.insert(index, Prepared { condition, identity, narrowed });
        Ok(())
    }

    /// The condition of an asset.
    pub fn condition(&self, key: &AssetKey) -> Option<&AutomationCondition> {
        self.conditions.get(self.index.get(key)?).map(|prepared| &prepared.condition)
    }

    /// Takes in `changes`, everything that has happened since the last evaluation, in order, and decides what to request
    /// at `now`. Looks only at assets for which the outcome can be another than last time.
    pub fn evaluate(
        &self,
        state: &mut AutomationState,
        changes: &[Change],
        now: Timestamp,
        ticks: &dyn Ticks,
    ) -> Evaluation {
        self.evaluate_with(state, changes, now, ticks, &AssetSet::new())
    }

    /// As [`evaluate`](Self::evaluate), looking at every asset with a condition. The decisions are the same.
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
        let now = state.evaluated_at.map_or(now, |before| before.max(now));
        let mut moment = self.take_in(state, changes, now, ticks);
        moment.dirty.extend(also);
        let mut evaluation = Evaluation::default();
        while let Some(asset) = moment.dirty.pop_first() {
            let Some(prepared) = self.conditions.get(&asset) else { continue };
            let outcome = self.look_at(state, &moment, asset, prepared, now);
            if outcome == Outcome::Requested {
                moment.requested_now.insert(asset);
                self.spread(asset, &mut moment.dirty);
                moment.dirty.remove(&asset);
            }
            evaluation.outcomes.insert(self.keys[asset].clone(), outcome);
        }
        evaluation.runs = self.runs(&moment.requested_now);
        state.requested = moment.requested_now.iter().map(|asset| self.keys[*asset].clone()).collect();
        state.evaluated_at = Some(now);
        state.conditions.clone_from(&self.identity);
        evaluation
    }

    fn take_in(
        &self,
        state: &mut AutomationState,
        changes: &[Change],
        now: Timestamp,
        ticks: &dyn Ticks,
    ) -> Moment {
        let (mut updated, mut recoded) = (BTreeMap::new(), BTreeMap::new());
        let mut dirty = AssetSet::new();
        for change in changes {
            let facts = state.facts.entry(change.asset.clone()).or_default();
            let code_before = facts.code_changed_at;
            facts.apply(change);
            let Some(&asset) = self.index.get(&change.asset) else { continue };
            if matches!(change.kind, ChangeKind::Updated { .. }) {
                updated.insert(asset, change.at);
            }
            if facts.code_changed_at != code_before {
                recoded.insert(asset, change.at);
            }
            self.spread(asset, &mut dirty);
        }
        let position = |key: &AssetKey| self.index.get(key).copied();
        let requested_before: AssetSet = state.requested.iter().filter_map(position).collect();
        requested_before.iter().for_each(|asset| self.spread(*asset, &mut dirty));
        dirty.extend(state.unsettled.iter().filter_map(position));
        let over = state.held.iter().filter(|(_, until)| **until <= now).map(|(key, _)| key);
        dirty.extend(over.filter_map(position));
        if state.conditions != self.identity {
            dirty.extend(self.conditions.keys());
        }
        let mut passed = BTreeMap::new();
        for (schedule, assets) in &self.schedules {
            let Some(after) = state.evaluated_at else { break };
            if let Some(tick) = ticks.latest(&schedule.0, &schedule.1, after, now) {
                passed.insert(schedule.clone(), tick);
                dirty.extend(assets);
            }
        }
        Moment { updated, recoded, ticks: passed, requested_before, requested_now: AssetSet::new(), dirty }
    }

    fn look_at(
        &self,
        state: &mut AutomationState,
        moment: &Moment,
        asset: AssetIndex,
        prepared: &Prepared,
        now: Timestamp,
    ) -> Outcome {
        let key = &self.keys[asset];
        let old = state.memory.remove(key);
        let (old, requested_at) = (
            old.as_ref().filter(|old| old.condition == prepared.identity),
            old.as_ref().and_then(|old| old.requested_at),
        );
        let world = World {
            keys: &self.keys,
            upstream: &self.upstream,
            facts: &state.facts,
            updated: &moment.updated,
            recoded: &moment.recoded,
            requested_before: &moment.requested_before,
            requested_now: &moment.requested_now,
            ticks: &moment.ticks,
            evaluated_before: state.evaluated_at,
            now,
        };
        let before = old.map_or(&[][..], |old| &old.truths);
        let mut truths = Truths {
            world: &world,
            root: asset,
            initial: old.is_none(),
            narrowed: &prepared.narrowed,
            before,
            found: Vec::new(),
            fleeting: old.is_none(),
        };
        let due = truths.holds(&prepared.condition, 0, asset).is_some();
        let (mut found, fleeting) = (truths.found, truths.fleeting);
        found.sort_by(|a, b| (a.node, &a.asset).cmp(&(b.node, &b.asset)));
        found.dedup();
        // A condition that holds is due at every evaluation, until it doesn't.
        let settled = !fleeting && !due && found == before;
        let hold = if due { self.hold(state, key, now) } else { None };
        let outcome = match (due, hold) {
            (false, _) => Outcome::NotDue,
            (true, Some(hold)) => Outcome::Held(hold),
            (true, None) => Outcome::Requested,
        };
        let waits = hold.is_some() && !fleeting && found == before;
        if settled || waits {
            state.unsettled.remove(key);
        } else {
            state.unsettled.insert(key.clone());
        }
        match hold.and_then(|hold| hold.until) {
            Some(until) => state.held.insert(key.clone(), until),
            None => state.held.remove(key),
        };
        let requested_at = if outcome == Outcome::Requested { Some(now) } else { requested_at };
        let condition = prepared.identity.clone();
        let memory = AssetMemory { condition, truths: found, evaluated_at: now, requested_at, hold };
        state.memory.insert(key.clone(), memory);
        outcome
    }

    fn hold(&self, state: &AutomationState, key: &AssetKey, now: Timestamp) -> Option<Hold> {
        let facts = state.facts.get(key)?;
        self.damping.hold(facts.failures, facts.failed_at?, now)
    }

    /// Marks an asset and everything downstream that a condition can see it from.
    fn spread(&self, asset: AssetIndex, dirty: &mut AssetSet) {
        let mut level = BTreeSet::from([asset]);
        dirty.insert(asset);
        for _ in 0..self.depth {
            level = level.iter().flat_map(|asset| self.downstream[*asset].iter().copied()).collect();
            dirty.extend(&level);
        }
    }

    fn runs(&self, requested: &AssetSet) -> Vec<Vec<AssetKey>> {
        let mut runs: Vec<AssetSet> = Vec::new();
        for &asset in requested {
            let mut run = AssetSet::from([asset]);
            let upstream = &self.upstream[asset];
            let joined = runs.extract_if(.., |other| upstream.iter().any(|up| other.contains(up)));
            joined.for_each(|other| run.extend(other));
            runs.push(run);
        }
        let named = |run: AssetSet| run.into_iter().map(|asset| self.keys[asset].clone()).collect();
        runs.into_iter().map(named).collect()
    }
}

fn schedules(condition: &AutomationCondition) -> Vec<(String, String)> {
    match condition {
        AutomationCondition::Operand(Operand::CronTickPassed { cron, zone }) => {
            vec![(cron.clone(), zone.clone())]
        }
        _ => condition.children().into_iter().flat_map(schedules).collect(),
    }
}

/// Finds the upstream assets that count, for each part that says so.
fn narrow(
    graph: &AssetGraph,
    condition: &AutomationCondition,
    node: usize,
    narrowed: &mut BTreeMap<usize, AssetSet>,
) -> Result<(), SelectionError> {
    if let AutomationCondition::Deps { allow, ignore, .. } = condition
        && (allow.is_some() || ignore.is_some())
    {
        let select = |text: &String| match Selection::parse(text)?.select(graph) {
            Err(SelectionError::Empty) => Ok(AssetSet::new()),
            other => other,
        };
        let all = || Ok((0..graph.assets().len()).collect());
        let allowed = allow.as_ref().map_or_else(all, select)?;
        let ignored = ignore.as_ref().map_or(Ok(AssetSet::new()), select)?;
        narrowed.insert(node, &allowed - &ignored);
    }
    let mut next = node + 1;
    for child in condition.children() {
        narrow(graph, child, next, narrowed)?;
        next += child.size();
    }
    Ok(())
}
