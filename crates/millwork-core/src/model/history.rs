//! The history of a model, taken in event by event.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::event::{
    AliasMoved, Event, EventBody, EventKind, KindSet, VersionDecided, VersionJudged, VersionsBacktested,
};
use crate::id::RunId;
use crate::version::{AliasName, VersionNumber};

/// The versions of an asset or partition, and its aliases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelHistory {
    /// The versions whose materialization, verdicts or decisions are in the log.
    pub versions: BTreeMap<VersionNumber, ModelVersion>,
    /// Where the aliases point.
    pub aliases: BTreeMap<AliasName, VersionNumber>,
    /// The moves of the aliases, oldest first.
    pub moves: Vec<Dated<AliasMoved>>,
    /// The backtests, oldest first.
    pub backtests: Vec<Dated<VersionsBacktested>>,
}

/// A version of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelVersion {
    /// Its materialization; `None` if the event was removed.
    pub made: Option<Event>,
    /// The verdicts of gates about it, oldest first.
    pub verdicts: Vec<Dated<VersionJudged>>,
    /// The decisions about it that no gate made, oldest first.
    pub decisions: Vec<Dated<VersionDecided>>,
}

/// What happened, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Dated<T> {
    /// The sequence number of the event.
    pub sequence: u64,
    /// The time of the event.
    pub at: Timestamp,
    /// The run that it happened in; `None` outside of runs.
    pub run: Option<RunId>,
    /// What happened.
    pub what: T,
}

impl ModelHistory {
    /// The kinds of events that it is made of.
    pub const KINDS: KindSet = KindSet::VERSIONS.union(KindSet::of(&[EventKind::Materialized]));

    /// The history that the events of one asset or partition lead to; they are in their order.
    pub fn of(events: impl IntoIterator<Item = Event>) -> Self {
        let mut history = Self::default();
        events.into_iter().for_each(|event| history.apply(event));
        history
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: Event) {
        fn dated<T>(event: &Event, what: T) -> Dated<T> {
            Dated { sequence: event.sequence, at: event.at, run: event.run, what }
        }
        if let EventBody::Materialized(made) = &event.body {
            if let Some(number) = made.version {
                self.versions.entry(number).or_default().made = Some(event);
            }
        } else if let EventBody::VersionJudged(judged) = &event.body {
            self.versions.entry(judged.version).or_default().verdicts.push(dated(&event, judged.clone()));
        } else if let EventBody::VersionDecided(decided) = &event.body {
            self.versions.entry(decided.version).or_default().decisions.push(dated(&event, decided.clone()));
        } else if let EventBody::AliasMoved(moved) = &event.body {
            match moved.to {
                Some(to) => drop(self.aliases.insert(moved.alias.clone(), to)),
                None => drop(self.aliases.remove(&moved.alias)),
            }
            self.moves.push(dated(&event, moved.clone()));
        } else if let EventBody::VersionsBacktested(tested) = &event.body {
            self.backtests.push(dated(&event, tested.clone()));
        }
    }

    /// The version that an alias points at.
    pub fn at(&self, alias: &AliasName) -> Option<VersionNumber> {
        self.aliases.get(alias).copied()
    }
}
