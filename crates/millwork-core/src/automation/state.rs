//! The state between evaluations, the rows it is stored in, and the part that is shown.
//!
//! An evaluation changes the memory of a few assets among thousands, so each asset has a row of its own ([`AssetState`]), and those that were
//! touched are written with the requests in one commit. The truths of a condition are kept under the numbers of its nodes, beside
//! the condition's identity: the memory of another condition is never read as that of the present one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ticks::TakenTicks;
use super::{
    AssetFacts, AutomationCondition, Measured, Measurement, NodeId, Outcome, PartitionFacts, watched_model,
};
use crate::asset::AssetKey;
use crate::clock::CLOCK_TOLERANCE;
use crate::graph::AssetGraph;
use crate::instigator::Instigator;
use crate::partition::{KeyMoment, KeySet};
use crate::watch::Unwatched;

/// A part of a condition that was true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The node of the part in its condition.
    pub node: NodeId,
    /// The asset it was true for.
    pub asset: AssetKey,
    /// The evaluation at which it became true; of an asset with partitions, at which it last did so for one more.
    pub since: Timestamp,
    /// The partitions that it was true for; `None` for the asset as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeySet>,
}

/// The state of an asset's condition: also the record that an explanation is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetMemory {
    /// Identifies the condition, by a hash; another one is evaluated from scratch.
    pub condition: String,
    /// The parts that were true, sorted by part and asset.
    pub truths: Vec<Truth>,
    /// What was measured, sorted by part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// The time of its last evaluation.
    pub evaluated_at: Timestamp,
    /// The time of the last request; `None` if it was never requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// The outcome of that evaluation.
    pub outcome: Outcome,
    /// The partitions that the outcome is about: those that were requested, or that might have been; `None` for the asset as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeySet>,
    /// When it is to be evaluated again, whatever happens: an age is reached, a cooldown is over, a budget isn't spent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
}

/// The state of automation for one asset: a row of its own, so that an evaluation writes only the rows it touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetState {
    /// The known facts about it.
    pub facts: AssetFacts,
    /// The state of its condition; `None` before its first evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<AssetMemory>,
    /// Whether to evaluate it next time even without a change, because a part of its condition was true for one evaluation only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// Whether the last evaluation requested it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub requested: bool,
    /// Which of its partitions that requested; `None` for the asset as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_keys: Option<KeySet>,
    /// What is known of its partitions; `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<PartitionFacts>,
}

/// The state of automation. Store what an evaluation touched in the same transaction as the requests it
/// goes with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutomationState {
    /// The time of the last evaluation; `None` before the first.
    pub evaluated_at: Option<Timestamp>,
    /// Identifies the conditions that were evaluated then.
    pub conditions: String,
    pub(super) assets: BTreeMap<AssetKey, AssetState>,
    pub(super) unsettled: BTreeSet<AssetKey>,
    pub(super) requested: BTreeSet<AssetKey>,
    /// Assets that are held back until some time, or of which an age is reached then.
    pub(super) held: BTreeMap<AssetKey, Timestamp>,
    pub(super) touched: BTreeSet<AssetKey>,
    pub(super) taken: TakenTicks,
    pub(super) known: KnownOfPartitions,
    /// What the last evaluation knew; `None` before the first.
    pub(super) known_before: Option<KnownOfPartitions>,
    /// When windows open next, as far as it is known: before that, none does.
    pub(super) opens_at: Option<Timestamp>,
}

/// What an evaluation has to know of partitions beside what has happened. It isn't stored.
#[derive(Clone, Debug, Default)]
pub struct KnownOfPartitions {
    /// The texts of dynamic dimensions; the time doesn't count.
    pub moment: KeyMoment,
    /// What unfinished backfills are still going to make of each asset.
    pub backfills: BTreeMap<AssetKey, KeySet>,
}

impl PartialEq for KnownOfPartitions {
    fn eq(&self, other: &Self) -> bool {
        self.backfills == other.backfills && self.moment.has_same_texts(&other.moment)
    }
}

impl Eq for KnownOfPartitions {}

/// How far automation has come. It is stored with the rows and the requests of each evaluation, in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationCursor {
    /// Events up to this sequence number have been taken in.
    pub events: u64,
    /// The time of the last evaluation; `None` before the first.
    pub evaluated_at: Option<Timestamp>,
    /// Identifies the conditions that were evaluated then.
    pub conditions: String,
    /// The ticks that were taken.
    #[serde(default, skip_serializing_if = "TakenTicks::is_empty")]
    pub(super) taken: TakenTicks,
}

impl AutomationState {
    /// The state at a cursor, without its rows.
    pub fn at(cursor: &AutomationCursor) -> Self {
        let (evaluated_at, conditions) = (cursor.evaluated_at, cursor.conditions.clone());
        Self { evaluated_at, conditions, taken: cursor.taken.clone(), ..Self::default() }
    }

    /// The cursor of the state, in which events up to the number `events` have been taken in.
    pub fn cursor(&self, events: u64) -> AutomationCursor {
        let (evaluated_at, conditions) = (self.evaluated_at, self.conditions.clone());
        AutomationCursor { events, evaluated_at, conditions, taken: self.taken.clone() }
    }

    /// The state with these rows, as they were [touched](Self::take_touched).
    #[must_use]
    pub fn with_rows(mut self, rows: impl IntoIterator<Item = (AssetKey, AssetState)>) -> Self {
        for (key, row) in rows {
            self.mark(&key, row.marks());
            self.assets.insert(key, row);
        }
        self
    }

    /// Sets what the next evaluation has to know of partitions.
    pub fn set_known(&mut self, known: KnownOfPartitions) {
        self.known = known;
    }

    /// When an asset or job is to be evaluated again next, though nothing happens.
    pub fn again_at(&self) -> Option<Timestamp> {
        self.held.values().min().copied()
    }

    /// The row of an asset; `None` if it has none.
    pub fn asset(&self, key: &AssetKey) -> Option<&AssetState> {
        self.assets.get(key)
    }

    /// The rows that have changed since they were last taken; `None` for a row to be removed.
    pub fn take_touched(&mut self) -> Vec<(AssetKey, Option<AssetState>)> {
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().map(|key| (key.clone(), self.assets.get(&key).cloned())).collect()
    }

    /// Makes no stored moment later than `now`, after the clock was ahead.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.evaluated_at = self.evaluated_at.map(|at| at.min(now));
        let ahead = self.assets.iter().filter(|(_, row)| row.is_ahead(now));
        for key in ahead.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.change(&key, |row| row.set_back(now));
        }
    }

    /// Changes an asset's row.
    pub(super) fn change<T>(&mut self, key: &AssetKey, change: impl FnOnce(&mut AssetState) -> T) -> T {
        let row = self.assets.entry(key.clone()).or_default();
        let before = row.marks();
        let (changed, marks) = (change(row), row.marks());
        // An evaluation changes rows by the thousand, and the marks of few.
        if marks != before {
            self.mark(key, marks);
        }
        self.touched.insert(key.clone());
        changed
    }

    /// Removes the row of an asset.
    pub(super) fn remove(&mut self, key: &AssetKey) {
        self.assets.remove(key);
        self.mark(key, Marks::default());
        self.touched.insert(key.clone());
    }

    fn mark(&mut self, key: &AssetKey, marks: Marks) {
        let set = |set: &mut BTreeSet<AssetKey>, wanted: bool| {
            if !wanted {
                set.remove(key);
            } else if !set.contains(key) {
                set.insert(key.clone());
            }
        };
        set(&mut self.unsettled, marks.unsettled);
        set(&mut self.requested, marks.requested);
        match marks.held_until {
            Some(until) => self.held.insert(key.clone(), until),
            None => self.held.remove(key),
        };
    }
}

/// Why a row is evaluated without a change of its asset.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Marks {
    unsettled: bool,
    requested: bool,
    held_until: Option<Timestamp>,
}

impl AssetState {
    /// The failures in a row; of an asset with partitions, the most that one of them has.
    fn failures(&self) -> u32 {
        self.partitions.as_ref().map_or(self.facts.failures, PartitionFacts::failures)
    }

    /// Whether a moment in it is later than `now`.
    fn is_ahead(&self, now: Timestamp) -> bool {
        let mut row = self.clone();
        row.set_back(now);
        row != *self
    }

    fn set_back(&mut self, now: Timestamp) {
        let facts = &mut self.facts;
        let moments = [
            &mut facts.updated_at,
            &mut facts.failed_at,
            &mut facts.code_changed_at,
            &mut facts.made_at,
            &mut facts.started_at,
        ];
        for moment in moments {
            *moment = moment.map(|at| at.min(now));
        }
        facts.requests.iter_mut().for_each(|at| *at = (*at).min(now));
        if let Some(partitions) = &mut self.partitions {
            partitions.set_back(now);
        }
        let Some(memory) = &mut self.memory else { return };
        memory.evaluated_at = memory.evaluated_at.min(now);
        memory.requested_at = memory.requested_at.map(|at| at.min(now));
        memory.truths.iter_mut().for_each(|truth| truth.since = truth.since.min(now));
        for measured in &mut memory.measured {
            if let Measurement::MadeAt(at) | Measurement::LastRun(at) = &mut measured.measurement {
                *at = at.map(|at| at.min(now));
            }
        }
    }

    fn marks(&self) -> Marks {
        let held_until = self.memory.as_ref().and_then(|memory| match memory.outcome {
            Outcome::Held(Hold { until, .. }) => until.into_iter().chain(memory.again_at).min(),
            Outcome::Requested
            | Outcome::NotDue
            | Outcome::Underway
            | Outcome::Cooldown { .. }
            | Outcome::BudgetSpent { .. } => memory.again_at,
        });
        Marks { unsettled: self.unsettled, requested: self.requested, held_until }
    }
}

/// How long an asset is held back after failures in a row:
/// `min(first · 2^(failures − free − 1), longest)`, and for good after `budget` failures, until it is updated or its code
/// changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureBackoff {
    /// The number of failures without a pause.
    pub free: u32,
    /// The pause after the first failure that has one.
    pub first: SignedDuration,
    /// The longest pause between two requests.
    pub longest: SignedDuration,
    /// The number of failures after which the asset is not requested any more.
    pub budget: u32,
}

impl Default for FailureBackoff {
    fn default() -> Self {
        let (first, longest) = (SignedDuration::from_mins(1), SignedDuration::from_hours(6));
        Self { free: 1, first, longest, budget: 50 }
    }
}

/// Why a request that was due isn't made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The failures in a row.
    pub failures: u32,
    /// When it ends; `None` if only an update or other code ends it.
    pub until: Option<Timestamp>,
}

impl FailureBackoff {
    /// Whether an asset that has failed `failures` times in a row, last at `failed_at`, is held back at `now`. A failure in the
    /// future was dated by a clock that was ahead, and holds nothing back.
    pub fn hold(&self, failures: u32, failed_at: Timestamp, now: Timestamp) -> Option<Hold> {
        if failures <= self.free {
            return None;
        }
        if failures >= self.budget {
            return Some(Hold { failures, until: None });
        }
        if failed_at.duration_since(now) > CLOCK_TOLERANCE {
            return None;
        }
        let doublings = (failures - self.free - 1).min(30);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest);
        let until = failed_at.saturating_add(pause).unwrap_or(Timestamp::MAX);
        (now < until).then_some(Hold { failures, until: Some(until) })
    }
}

/// An asset, job or watch that has a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutomationEntry {
    /// The key of the asset, or that [of the job](super::job_key) or [of the watch](super::watch_key).
    pub asset: AssetKey,
    /// Whether its condition is evaluated, if automation as a whole is.
    pub on: bool,
    /// The condition: its name, or all of it.
    pub condition: String,
    /// The outcome of its last evaluation; `None` if it was never evaluated.
    pub outcome: Option<Outcome>,
    /// The time of that evaluation; `None` if there was none.
    pub evaluated_at: Option<Timestamp>,
    /// The time of the last request; `None` if it was never requested.
    pub requested_at: Option<Timestamp>,
    /// The failures in a row.
    pub failures: u32,
}

impl AutomationEntry {
    /// The outcome of its last evaluation in words; of a watch that isn't on, why. `moment` writes a time.
    pub fn outcome_in_words(
        &self,
        not_on: Option<&Unwatched>,
        moment: impl FnOnce(Timestamp) -> String,
    ) -> String {
        if let Some(why) = not_on {
            return format!("not on: {why}");
        }
        let is_watch = watched_model(&self.asset).is_some();
        let words = match self.outcome {
            None => "never evaluated",
            Some(Outcome::Requested) if is_watch => "holds",
            Some(Outcome::NotDue) if is_watch => "doesn't hold",
            Some(Outcome::Requested) => "requested",
            Some(Outcome::NotDue) => "not due",
            Some(Outcome::Underway) => "underway",
            Some(Outcome::Held(hold)) => {
                let until = hold.until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
                let failures = if hold.failures == 1 { "failure" } else { "failures" };
                return format!("held back{until} after {} {failures}", hold.failures);
            }
            Some(Outcome::Cooldown { until }) => {
                return format!("held back until {} by its cooldown", moment(until));
            }
            Some(Outcome::BudgetSpent { until, .. }) => {
                return format!("held back until {}: budget spent", moment(until));
            }
        };
        words.to_owned()
    }
}

/// The assets that have a condition, upstream first, and behind them the `others`: jobs and watches, by their keys. `switched` returns whether
/// an instigator was switched on or off.
pub fn entries<'a>(
    graph: &'a AssetGraph,
    others: impl IntoIterator<Item = (AssetKey, &'a AutomationCondition)>,
    states: &BTreeMap<AssetKey, AssetState>,
    switched: impl Fn(&Instigator) -> Option<bool>,
) -> Vec<AutomationEntry> {
    let entry = |asset: AssetKey, condition: &AutomationCondition| {
        let state = states.get(&asset);
        let memory = state.and_then(|state| state.memory.as_ref());
        AutomationEntry {
            on: switched(&Instigator::Automation(Some(asset.clone()))).unwrap_or(true),
            condition: condition.title(),
            outcome: memory.map(|memory| memory.outcome),
            evaluated_at: memory.map(|memory| memory.evaluated_at),
            requested_at: memory.and_then(|memory| memory.requested_at),
            failures: state.map_or(0, AssetState::failures),
            asset,
        }
    };
    let nodes = graph.assets().iter();
    let assets = nodes.filter_map(|node| Some((node.spec.key.clone(), node.spec.automation.as_ref()?)));
    assets.chain(others).map(|(key, condition)| entry(key, condition)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_back() {
        let now = Timestamp::from_second(1_000_000_000).expect("an instant");
        let holds = |hours: i64| {
            FailureBackoff::default().hold(5, now + SignedDuration::from_hours(hours), now).is_some()
        };
        assert_eq!([-9_000, 0, 1, 9_000].map(holds), [false, true, false, false]);
    }
}
