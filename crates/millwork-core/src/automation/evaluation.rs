//! Which assets are to be requested now.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Automation, AutomationState, Change, Hold};
use crate::asset::AssetKey;
use crate::graph::{AssetIndex, AssetSet};

/// Tells when schedules tick.
pub trait Ticks {
    /// The latest tick of `cron` in the IANA time zone `zone` that is later than `after` and not later than `until`.
    fn latest(&self, cron: &str, zone: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp>;
}

/// What an evaluation decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The runs to request: for each its assets, upstream first. Assets that depend on each other share a run, a step
    /// makes all of its assets, and all assets without partitions share one.
    pub runs: Vec<Vec<AssetKey>>,
    /// What became of each asset that was looked at.
    pub outcomes: BTreeMap<AssetKey, Outcome>,
    /// By how much the clock was set back since the last evaluation, if it was.
    pub set_back: Option<SignedDuration>,
}

/// Clocks are set right by seconds all the time. So little is waited for.
const SET_RIGHT: SignedDuration = SignedDuration::from_secs(60);

/// What became of an asset that was looked at.
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

/// The changes of one evaluation, and what they and the time make worth a look.
#[derive(Debug, Default)]
pub(super) struct Moment {
    /// What was materialized since the last evaluation.
    pub(super) updated: BTreeMap<AssetIndex, Timestamp>,
    /// What has other data since.
    pub(super) altered: BTreeMap<AssetIndex, Timestamp>,
    /// Whose code has changed since.
    pub(super) recoded: BTreeMap<AssetIndex, Timestamp>,
    pub(super) ticks: BTreeMap<(String, String), Timestamp>,
    /// What the last evaluation requested.
    pub(super) requested_before: AssetSet,
    /// What this one has requested so far.
    pub(super) requested_now: AssetSet,
    dirty: AssetSet,
}

impl Automation {
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
        let ahead = state.evaluated_at.map(|before| before.duration_since(now));
        let set_back = ahead.filter(|ahead| *ahead > SET_RIGHT);
        if set_back.is_some() {
            state.set_back(now);
        }
        let now = state.evaluated_at.map_or(now, |before| before.max(now));
        self.prune(state);
        let mut moment = self.take_in(state, changes, now, ticks);
        moment.dirty.extend(also);
        if set_back.is_some() {
            // Whatever was to be looked at by the old time.
            moment.dirty.extend(self.conditions.keys());
        }
        let mut evaluation = Evaluation { set_back, ..Evaluation::default() };
        while let Some(asset) = moment.dirty.pop_first() {
            let Some(prepared) = self.conditions.get(&asset) else { continue };
            let outcome = self.look_at(state, &moment, asset, prepared, now);
            if outcome == Outcome::Requested {
                moment.requested_now.extend(&self.together[asset]);
                let below = self.together[asset].iter().flat_map(|made| self.seen_from(*made));
                // Assets of one step stand beside each other, upstream of everything made from them.
                moment.dirty.extend(below.filter(|below| !self.together[asset].contains(below)));
            }
            evaluation.outcomes.insert(self.keys[asset].clone(), outcome);
        }
        evaluation.runs = self.runs(&moment.requested_now);
        for &asset in moment.requested_before.symmetric_difference(&moment.requested_now) {
            let requested = moment.requested_now.contains(&asset);
            state.change(&self.keys[asset], |row| row.requested = requested);
        }
        state.evaluated_at = Some(now);
        evaluation
    }

    /// Forgets what is remembered of conditions and assets that are no more.
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
    ) -> Moment {
        let mut moment = Moment::default();
        for change in changes {
            let Some(&asset) = self.index.get(&change.asset) else { continue };
            let seen_from = self.seen_from(asset);
            // What has happened, has happened by now, whatever the clock showed then.
            let change = &Change { at: change.at.min(now), ..change.clone() };
            let apply =
                |row: &mut super::AssetState| row.facts.apply(change, |by| self.narrowed(&seen_from, by));
            let news = state.change(&change.asset, apply);
            for (is_news, moments) in [
                (news.updated, &mut moment.updated),
                (news.other_data, &mut moment.altered),
                (news.other_code, &mut moment.recoded),
            ] {
                if is_news {
                    moments.insert(asset, change.at);
                }
            }
            moment.dirty.extend(seen_from);
        }
        let position = |key: &AssetKey| self.index.get(key).copied();
        moment.requested_before = state.requested.iter().filter_map(position).collect();
        moment.dirty.extend(moment.requested_before.iter().flat_map(|asset| self.seen_from(*asset)));
        moment.dirty.extend(state.unsettled.iter().filter_map(position));
        let over = state.held.iter().filter(|(_, until)| **until <= now).map(|(key, _)| key);
        moment.dirty.extend(over.filter_map(position));
        if state.conditions != self.identity {
            moment.dirty.extend(self.conditions.keys());
            state.conditions.clone_from(&self.identity);
            let used =
                |cron: &str, zone: &str| self.schedules.contains_key(&(cron.to_owned(), zone.to_owned()));
            state.taken.retain(used);
        }
        for (schedule, assets) in &self.schedules {
            let Some(after) = state.evaluated_at else { break };
            let tick = ticks.latest(&schedule.0, &schedule.1, after, now);
            if let Some(tick) = tick.filter(|tick| state.taken.take(schedule, *tick, ticks)) {
                moment.ticks.insert(schedule.clone(), tick);
                moment.dirty.extend(assets);
            }
        }
        moment
    }

    /// The requested assets by run: those that are linked share one, and so do all that no partitions are among. A run of
    /// partitions stands for itself, since a failed run says of its partitioned assets that they failed.
    fn runs(&self, requested: &AssetSet) -> Vec<Vec<AssetKey>> {
        // Each asset leads to one that stands before it in its run; the first leads to itself.
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

/// The first asset of a run. The way there is shortened for whoever comes next.
fn first(leads: &mut BTreeMap<AssetIndex, AssetIndex>, asset: AssetIndex) -> AssetIndex {
    let mut at = asset;
    while leads[&at] != at {
        let next = leads[&leads[&at]];
        leads.insert(at, next);
        at = next;
    }
    at
}
