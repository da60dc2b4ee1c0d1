//! Watches: after a version of a model came into use, a condition over its live figures may have the alias go back by itself.
//!
//! A [`Watch`] is what a pipeline declares. A daemon evaluates its condition as it does those of assets and jobs, and where that holds, what
//! follows is decided here from the [`ModelHistory`]: whether the watch is on at all ([`ModelHistory::watched`]), or why not, and the move back
//! as an event. A watch is on from a promotion until its time is over, and never for a version that a watch has gone back from before: whoever
//! promotes that one again has the last word.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::asset::AssetKey;
use crate::condition::AutomationCondition;
use crate::event::{AliasChange, EventBody, Mover};
use crate::instigator::ConditionOff;
use crate::model::{Author, ModelHistory, OperationError, moment};
use crate::version::{AliasName, VersionNumber};

/// A watch over the version of a model in use: if its condition holds soon after a promotion, the alias goes back to the version before.
///
/// ```
/// use std::time::Duration;
///
/// use millwork_core::{AutomationCondition as Condition, Watch};
///
/// let worse = Condition::metric("live_performance", "MAE").coverage(0.8).worse_than_before_promotion(0.2);
/// let watch = Watch::new("comments_model").rollback_if(worse).within(Duration::from_secs(14 * 86_400));
/// assert_eq!(watch.model.as_str(), "comments_model");
/// ```
#[derive(Clone, Debug)]
pub struct Watch {
    /// The key of the model.
    pub model: AssetKey,
    /// When the alias goes back; `None` is an error of the definitions.
    pub condition: Option<AutomationCondition>,
    /// For how long after a promotion. Zero is an error of the definitions.
    pub within: Duration,
}

impl Watch {
    /// For how long a watch is on, unless [`within`](Self::within) says otherwise: 14 days.
    pub const WITHIN: Duration = Duration::from_secs(14 * 86_400);

    /// A watch over the version in use of a model.
    pub fn new(model: impl Into<AssetKey>) -> Self {
        Self { model: model.into(), condition: None, within: Self::WITHIN }
    }

    /// The watch with the condition under which the alias goes back. It names the assets that it looks at. Of numbers, it sees only those of
    /// materializations since the version came into use; comparisons with a promotion are about that of the watched model.
    #[must_use]
    pub fn rollback_if(mut self, condition: AutomationCondition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// The watch with the time for which it is on after a promotion.
    #[must_use]
    pub fn within(mut self, span: Duration) -> Self {
        self.within = span;
        self
    }
}

/// A watch that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The version in use.
    pub version: VersionNumber,
    /// The sequence number of the event by which it came into use.
    pub promoted: u64,
    /// Until when the watch is on.
    pub until: Timestamp,
    /// The version that the alias would go back to.
    pub back_to: VersionNumber,
}

/// Why a watch isn't on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwatched {
    /// Its condition isn't switched on.
    Off(ConditionOff),
    /// No version is in use.
    NoneInUse,
    /// The version in use didn't come there by a promotion: somebody went back to it, or an alias was set.
    NotPromoted(VersionNumber),
    /// A watch has gone back from the version in use before.
    LeftBefore(VersionNumber),
    /// There is no version to go back to.
    NoneBefore(VersionNumber),
    /// The time after the promotion of the version is over.
    Over(VersionNumber, Timestamp),
}

impl fmt::Display for Unwatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off(off) => off.fmt(f),
            Self::NoneInUse => f.write_str("no version is in use"),
            Self::NotPromoted(version) => write!(f, "version {version} wasn't promoted, it was gone back to"),
            Self::LeftBefore(version) => write!(f, "the watch has gone back from version {version} before"),
            Self::NoneBefore(version) => write!(f, "there is no version before {version} to go back to"),
            Self::Over(version, until) => {
                write!(f, "its time after the promotion of version {version} was over at {}", moment(*until))
            }
        }
    }
}

impl ModelHistory {
    /// The watch over the version in use that is on for `within` after each promotion.
    ///
    /// # Errors
    ///
    /// When it isn't on.
    pub fn watched(
        &self,
        in_use: &AliasName,
        within: Duration,
        now: Timestamp,
    ) -> Result<Watched, Unwatched> {
        let version = self.at(in_use).ok_or(Unwatched::NoneInUse)?;
        let last = self.moves.iter().rfind(|moved| moved.what.alias == *in_use);
        let promoted =
            last.filter(|last| last.what.change == AliasChange::Promoted && last.what.to == Some(version));
        let last = promoted.ok_or(Unwatched::NotPromoted(version))?;
        if self.left_by_watch(in_use, version).is_some() {
            return Err(Unwatched::LeftBefore(version));
        }
        let back_to = self.fallback(in_use).ok_or(Unwatched::NoneBefore(version))?;
        let within = SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
        let until = last.at.saturating_add(within).unwrap_or(Timestamp::MAX);
        if until <= now {
            return Err(Unwatched::Over(version, until));
        }
        Ok(Watched { version, promoted: last.sequence, until, back_to })
    }

    /// Goes back from the version in use because the condition of a watch holds, by what was known up to the event `seen`; an empty list if
    /// the watch isn't on at `now`, or if the version came into use after that event, so that the condition was about another one.
    ///
    /// # Errors
    ///
    /// When the version to go back to isn't stored.
    pub fn roll_back_watched(
        &self,
        (asset, in_use): (&AssetKey, &AliasName),
        within: Duration,
        (seen, now): (u64, Timestamp),
        reason: &str,
    ) -> Result<Vec<EventBody>, OperationError> {
        match self.watched(in_use, within, now) {
            Ok(watched) if watched.promoted <= seen => {
                let author = Author { by: Mover::Watch, reason: reason.to_owned() };
                self.roll_back(asset, in_use, Some(watched.back_to), &author)
            }
            Ok(_) | Err(_) => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Decision;
    use crate::event::{
        AliasMoved, Materialization, NewEvent, Provenance, StoredValue, ValueLocation, VersionDecided,
    };
    use crate::id::RunId;

    const HOUR: Duration = Duration::from_secs(3600);

    fn number(version: u32) -> VersionNumber {
        VersionNumber::new(version).unwrap()
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    fn ada() -> Mover {
        Mover::Person("ada".to_owned())
    }

    /// What happens to the model, each an hour after the one before.
    fn history(events: &[EventBody]) -> ModelHistory {
        let made = (1..=3).map(|version| {
            let location = ValueLocation::Database;
            EventBody::Materialized(Materialization {
                version: Some(number(version)),
                data_version: format!("d{version}").as_str().into(),
                provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
                stored: StoredValue { location, bytes: 1, format: "json".into(), hash: None },
                metadata: Default::default(),
            })
        });
        let made = made.map(|body| (at(0), body));
        let later = (1..).zip(events).map(|(hour, body)| (at(hour), body.clone()));
        let of = |(sequence, (at, body)): (u64, (Timestamp, EventBody))| {
            let event = NewEvent::of_run(RunId::from_u128(1), at, body);
            NewEvent { asset: Some("m".into()), ..event }.at_sequence(sequence)
        };
        ModelHistory::of((1..).zip(made.chain(later)).map(of))
    }

    fn moved(from: Option<u32>, to: u32, change: AliasChange, by: Mover) -> EventBody {
        EventBody::AliasMoved(AliasMoved {
            alias: AliasName::champion(),
            from: from.map(number),
            to: Some(number(to)),
            data_version: Some(format!("d{to}").as_str().into()),
            change,
            by,
            reason: String::new(),
        })
    }

    fn promoted(from: Option<u32>, to: u32, by: Mover) -> EventBody {
        moved(from, to, AliasChange::Promoted, by)
    }

    /// What a watch of ten hours does half an hour after the last event, by what it saw up to `seen`.
    #[track_caller]
    fn check(events: &[EventBody], seen: u64, expected: Option<(u32, u32)>) {
        let history = history(events);
        let now = at(i64::try_from(events.len()).unwrap()) + SignedDuration::from_mins(30);
        let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
        let back = history.roll_back_watched((&asset, &champion), 10 * HOUR, (seen, now), "worse").unwrap();
        let found = back.iter().map(|body| {
            let EventBody::AliasMoved(moved) = body else { panic!("{body:?}") };
            assert_eq!((moved.change, &moved.by), (AliasChange::RolledBack, &Mover::Watch));
            assert_eq!(moved.reason, "worse");
            (moved.from.unwrap().get(), moved.to.unwrap().get())
        });
        assert_eq!(found.collect::<Vec<_>>(), Vec::from_iter(expected));
    }

    #[test]
    fn a_watch_goes_back_from_what_was_promoted_while_it_is_on() {
        let gate = || Mover::Gate("g".to_owned());
        let (first, second) = (promoted(None, 1, gate()), promoted(Some(1), 2, gate()));
        check(&[], 99, None);
        check(std::slice::from_ref(&first), 99, None);
        check(&[first.clone(), second.clone()], 5, Some((2, 1)));
        check(&[first.clone(), promoted(Some(1), 2, ada())], 5, Some((2, 1)));
        // What it saw was about the version before.
        check(&[first.clone(), second.clone()], 4, None);
        check(&[first.clone(), second.clone(), promoted(Some(2), 3, ada())], 5, None);
        // Someone has gone back already.
        let by_hand = moved(Some(2), 1, AliasChange::RolledBack, ada());
        check(&[first.clone(), second.clone(), by_hand], 99, None);
        // It has gone back already, and a person wants that version anyway; the next one is watched again.
        let back = moved(Some(2), 1, AliasChange::RolledBack, Mover::Watch);
        let left = [first.clone(), second.clone(), back];
        check(&left, 99, None);
        let again = [&left[..], &[promoted(Some(1), 2, ada())]].concat();
        check(&again, 99, None);
        let next = [&left[..], &[promoted(Some(1), 3, gate())]].concat();
        check(&next, 99, Some((3, 1)));
        // The version before isn't fit any more.
        let rejected = EventBody::VersionDecided(VersionDecided {
            version: number(1),
            decision: Decision::Reject,
            answers: None,
            after_shadow: false,
            by: ada(),
            reason: String::new(),
        });
        check(&[first, second, rejected], 99, None);
    }

    #[test]
    fn a_watch_is_over_after_its_time() {
        let history = history(&[promoted(None, 1, ada()), promoted(Some(1), 2, ada())]);
        let watched = |hour| history.watched(&AliasName::champion(), 10 * HOUR, at(hour));
        let expected = Watched { version: number(2), promoted: 5, until: at(12), back_to: number(1) };
        assert_eq!([1, 2, 11].map(watched), [Ok(expected); 3], "also where the clock was set back");
        assert_eq!(watched(12), Err(Unwatched::Over(number(2), at(12))));
        let forever = history.watched(&AliasName::champion(), Duration::MAX, Timestamp::MAX);
        assert_eq!(forever, Err(Unwatched::Over(number(2), Timestamp::MAX)));
    }

    #[test]
    fn a_watch_that_is_not_on_says_why() {
        let (first, second) = (promoted(None, 1, ada()), promoted(Some(1), 2, ada()));
        let by = |from, to, by| moved(from, to, AliasChange::RolledBack, by);
        let why = |events: &[EventBody], hour: i64| {
            let watched = history(events).watched(&AliasName::champion(), 10 * HOUR, at(hour));
            watched.err().map(|why| why.to_string()).unwrap_or_default()
        };
        assert_eq!(why(&[], 0), "no version is in use");
        assert_eq!(why(std::slice::from_ref(&first), 1), "there is no version before 1 to go back to");
        let two = [first, second];
        assert_eq!(why(&two, 2), "");
        let over = "its time after the promotion of version 2 was over at 1970-01-01 12:00:00 UTC";
        assert_eq!(why(&two, 12), over);
        let back = [&two[..], &[by(Some(2), 1, Mover::Watch)]].concat();
        assert_eq!(why(&back, 3), "version 1 wasn't promoted, it was gone back to");
        let again = [&back[..], &[promoted(Some(1), 2, ada())]].concat();
        assert_eq!(why(&again, 4), "the watch has gone back from version 2 before");
    }
}
