//! What is kept from one evaluation to the next, and the rows it is stored in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::taken_ticks::TakenTicks;
use super::{AssetFacts, Hold, Outcome};
use crate::asset::AssetKey;

/// A part of a condition that was true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The position of the part in its tree, counted from above and from the left.
    pub node: usize,
    /// The asset it was true for.
    pub asset: AssetKey,
    /// The evaluation at which it became true.
    pub since: Timestamp,
}

/// What is remembered of an asset's condition: also the record that an explanation is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetMemory {
    /// Identifies the condition; another one is evaluated from scratch.
    pub condition: String,
    /// The parts that were true, sorted by part and asset.
    pub truths: Vec<Truth>,
    /// The last evaluation that looked at it.
    pub evaluated_at: Timestamp,
    /// The last request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// What became of it then.
    pub outcome: Outcome,
}

/// Everything that automation remembers of one asset: a row of its own, so that an evaluation writes what it touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssetState {
    /// What is known of it.
    pub facts: AssetFacts,
    /// What is remembered of its condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<AssetMemory>,
    /// Whether to look at it next time even if nothing happens, because something was true of it for one evaluation only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// Whether the last evaluation requested it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub requested: bool,
}

/// Everything that automation remembers. Store what an evaluation touched in the same transaction as the requests it
/// goes with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutomationState {
    /// The last evaluation.
    pub evaluated_at: Option<Timestamp>,
    /// Identifies the conditions that were evaluated then.
    pub conditions: String,
    pub(super) assets: BTreeMap<AssetKey, AssetState>,
    pub(super) unsettled: BTreeSet<AssetKey>,
    pub(super) requested: BTreeSet<AssetKey>,
    /// Assets that are held back until some time.
    pub(super) held: BTreeMap<AssetKey, Timestamp>,
    pub(super) touched: BTreeSet<AssetKey>,
    pub(super) taken: TakenTicks,
}

/// How far automation has come. It is stored with the rows and the requests of each evaluation, in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationCursor {
    /// Events up to this sequence number have been taken in.
    pub events: u64,
    /// The last evaluation.
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

    /// What is known of an asset.
    pub fn asset(&self, key: &AssetKey) -> Option<&AssetState> {
        self.assets.get(key)
    }

    /// The rows that have changed since they were last taken; nothing for one that is to be removed.
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
        if !self.assets.contains_key(key) {
            self.assets.insert(key.clone(), AssetState::default());
        }
        let row = self.assets.get_mut(key).expect("it was just inserted");
        let (changed, marks) = (change(row), row.marks());
        self.mark(key, marks);
        self.touched.insert(key.clone());
        changed
    }

    /// Forgets an asset.
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

/// Why a row is looked at without anything happening to its asset.
#[derive(Clone, Copy, Default)]
struct Marks {
    unsettled: bool,
    requested: bool,
    held_until: Option<Timestamp>,
}

impl AssetState {
    /// Whether a moment in it is later than `now`.
    fn is_ahead(&self, now: Timestamp) -> bool {
        let mut row = self.clone();
        row.set_back(now);
        row != *self
    }

    fn set_back(&mut self, now: Timestamp) {
        let facts = &mut self.facts;
        for moment in [&mut facts.updated_at, &mut facts.failed_at, &mut facts.code_changed_at] {
            *moment = moment.map(|at| at.min(now));
        }
        let Some(memory) = &mut self.memory else { return };
        memory.evaluated_at = memory.evaluated_at.min(now);
        memory.requested_at = memory.requested_at.map(|at| at.min(now));
        memory.truths.iter_mut().for_each(|truth| truth.since = truth.since.min(now));
    }

    fn marks(&self) -> Marks {
        let held_until = self.memory.as_ref().and_then(|memory| match memory.outcome {
            Outcome::Held(Hold { until, .. }) => until,
            _ => None,
        });
        Marks { unsettled: self.unsettled, requested: self.requested, held_until }
    }
}
