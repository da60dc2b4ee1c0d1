//! The life of a model: the versions of an asset or partition, what gates and people decided about them, and where its aliases point.
//!
//! [`ModelHistory`] is a fold over the events of one asset or partition. What can be done to a version by hand (promoting it, refusing it,
//! going back to it) is decided here as well, as the events that do it; the store refuses them if an alias was moved meanwhile.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use crate::asset::{AssetKey, Decision};
use crate::event::{
    AliasChange, AliasMoved, Asked, Event, EventBody, EventKind, KindSet, Mover, ShadowTrial, ValueLocation,
    VersionDecided, VersionJudged, VersionsBacktested,
};
use crate::id::RunId;
use crate::problem::{Advice, ErrorClass};
use crate::trial::TrialChange;
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

/// What a version is to its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionStatus {
    /// It is in use: the champion.
    InUse,
    /// It was in use before.
    Retired,
    /// A gate asked people, and there is no answer yet.
    AwaitsApproval(Asked),
    /// A gate asked for outcomes: it predicts beside the version in use, and they haven't decided yet.
    InShadow(ShadowTrial),
    /// It was in shadow until this newer version went there, or came into use; it can be promoted.
    Superseded(VersionNumber),
    /// It was judged, and the one in use stayed; it can be promoted.
    Kept,
    /// It isn't fit for use.
    Rejected,
    /// No gate has judged it.
    Unjudged,
}

impl VersionStatus {
    /// The word in texts and documents.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::InUse => "in use",
            Self::Retired => "retired",
            Self::AwaitsApproval(_) => "awaits approval",
            Self::InShadow(_) => "in shadow",
            Self::Superseded(_) => "superseded",
            Self::Kept => "kept",
            Self::Rejected => "rejected",
            Self::Unjudged => "unjudged",
        }
    }
}

/// What can't be done to a version.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OperationError {
    /// The version doesn't exist.
    #[error("`{asset}` has no version {version}")]
    NoVersion {
        /// The key of the asset.
        asset: AssetKey,
        /// The number that no version has.
        version: VersionNumber,
    },
    /// The alias points at the version already.
    #[error("version {version} of `{asset}` is its {alias} already")]
    AlreadyThere {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
        /// The alias.
        alias: AliasName,
    },
    /// The version is in use.
    #[error("version {version} of `{asset}` is in use")]
    InUse {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
    },
    /// The version was rejected before.
    #[error("version {version} of `{asset}` is rejected already")]
    AlreadyRejected {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
    },
    /// The alias doesn't exist.
    #[error("`{asset}` has no alias `{alias}`")]
    NoAlias {
        /// The key of the asset.
        asset: AssetKey,
        /// The alias.
        alias: AliasName,
    },
    /// The alias has pointed at no other version that is fit for use.
    #[error("the {alias} of `{asset}` has no earlier version to go back to")]
    NothingBefore {
        /// The key of the asset.
        asset: AssetKey,
        /// The alias.
        alias: AliasName,
    },
    /// Another system made the version, and its value isn't stored here.
    #[error("the value of version {version} of `{asset}` isn't stored here: it was only reported")]
    NotStored {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
    },
    /// Nobody was asked about the version, or there is an answer.
    #[error("no question about version {version} of `{asset}` waits for an answer")]
    NotAsked {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
    },
    /// The version isn't in shadow.
    #[error("version {version} of `{asset}` isn't in shadow")]
    NotInShadow {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
    },
    /// No version is in shadow.
    #[error("no version of `{asset}` is in shadow")]
    NoneInShadow {
        /// The key of the asset.
        asset: AssetKey,
    },
    /// The alias never pointed at the version.
    #[error("version {version} of `{asset}` was never its {alias}")]
    NeverThere {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
        /// The alias.
        alias: AliasName,
    },
    /// The value of the version was removed.
    #[error("the value of version {version} of `{asset}` was removed by a retention rule")]
    ValueRemoved {
        /// The key of the asset.
        asset: AssetKey,
        /// The version.
        version: VersionNumber,
    },
}

impl Advice for OperationError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::NoVersion { asset, .. } | Self::NothingBefore { asset, .. } => {
                format!("`models versions {asset}` lists the versions").into()
            }
            Self::AlreadyThere { .. } | Self::AlreadyRejected { .. } => return None,
            Self::InUse { asset, .. } => {
                format!("go back to another one first: `models rollback {asset}`").into()
            }
            Self::NoAlias { asset, .. } => {
                format!("`models show {asset}` lists the aliases, `models promote` brings a version into use")
                    .into()
            }
            Self::NotAsked { asset, .. } => format!(
                "`models show {asset}` has the decision; a version that is kept can be promoted or rejected"
            )
            .into(),
            Self::NotInShadow { asset, .. } | Self::NoneInShadow { asset } => format!(
                "`models versions {asset}` has what each version is; `models backtest` judges stored ones without consequences"
            )
            .into(),
            Self::NeverThere { asset, version, .. } => {
                format!("`models promote {asset} {version}` brings it into use").into()
            }
            Self::ValueRemoved { .. } | Self::NotStored { .. } => {
                "choose another version, or train again".into()
            }
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// Who does something to a version, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub by: Mover,
    /// The reason in words; may be empty.
    pub reason: String,
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

    /// What a version is to its model, by the alias of what is in use; `None` if there is no such version.
    pub fn status(&self, version: VersionNumber, in_use: &AliasName) -> Option<VersionStatus> {
        let found = self.versions.get(&version)?;
        if self.at(in_use) == Some(version) {
            return Some(VersionStatus::InUse);
        }
        let verdict = found.verdicts.last();
        let decision = found
            .decisions
            .last()
            .filter(|decision| verdict.is_none_or(|verdict| verdict.sequence < decision.sequence));
        let of_gate = verdict.and_then(|verdict| verdict.what.decision);
        let decided = decision.map(|decision| decision.what.decision).or(of_gate);
        let was_in_use = self.was_there(in_use, version);
        let waiting = self.unanswered(version, in_use).map(|verdict| (verdict, &verdict.what));
        Some(match (decided, waiting) {
            (Some(Decision::Reject), _) => VersionStatus::Rejected,
            (_, Some((_, VersionJudged { asked: Some(asked), .. }))) => {
                VersionStatus::AwaitsApproval(asked.clone())
            }
            (_, Some((verdict, VersionJudged { shadow: Some(trial), .. }))) => {
                match self.superseded_by(version, verdict.sequence, in_use) {
                    Some(newer) => VersionStatus::Superseded(newer),
                    None => VersionStatus::InShadow(trial.clone()),
                }
            }
            _ if was_in_use => VersionStatus::Retired,
            (Some(Decision::Keep | Decision::Promote), _) => VersionStatus::Kept,
            (None, _) => VersionStatus::Unjudged,
        })
    }

    /// The version in shadow, and the verdict by which it is there; `None` if there is none. There is one at a time: the newest.
    pub fn in_shadow(&self, in_use: &AliasName) -> Option<(VersionNumber, &Dated<VersionJudged>)> {
        let on_trial = |version: &VersionNumber| {
            let verdict = self.question(*version, in_use)?;
            verdict.what.shadow.as_ref().map(|_| (*version, verdict))
        };
        self.versions.keys().rev().find_map(on_trial)
    }

    /// The trial in shadow of a version, or of the one that is in shadow: that version, and the verdict by which it is there.
    ///
    /// # Errors
    ///
    /// When the version doesn't exist or isn't in shadow, or none is.
    pub fn trial(
        &self,
        asset: &AssetKey,
        in_use: &AliasName,
        version: Option<VersionNumber>,
    ) -> Result<(VersionNumber, &Dated<VersionJudged>), OperationError> {
        let (asset, found) = (asset.clone(), self.in_shadow(in_use));
        let Some(version) = version else { return found.ok_or(OperationError::NoneInShadow { asset }) };
        match found {
            Some(found) if found.0 == version => Ok(found),
            Some(_) | None if self.versions.contains_key(&version) => {
                Err(OperationError::NotInShadow { asset, version })
            }
            Some(_) | None => Err(OperationError::NoVersion { asset, version }),
        }
    }

    /// The newest version that has ended the trial in shadow which a verdict about an older one began: by going into shadow or coming into
    /// use after that verdict, or by being in shadow already.
    fn superseded_by(
        &self,
        version: VersionNumber,
        verdict: u64,
        in_use: &AliasName,
    ) -> Option<VersionNumber> {
        let is_there = |newer: &VersionNumber| {
            let trial = self.unanswered(*newer, in_use).filter(|one| one.what.shadow.is_some());
            trial.is_some_and(|trial| self.ended_by(*newer, trial.sequence, in_use).is_none())
        };
        let newest = self.versions.keys().rev().copied().take_while(|newer| version < *newer).find(is_there);
        newest.max(self.ended_by(version, verdict, in_use))
    }

    /// The newest version that has ended, by what happened after it, the trial that a verdict began.
    fn ended_by(&self, version: VersionNumber, verdict: u64, in_use: &AliasName) -> Option<VersionNumber> {
        let verdicts = self.versions.values().flat_map(|version| &version.verdicts);
        let judged = verdicts.filter(|one| verdict < one.sequence);
        let judged = judged.map(|one| TrialChange::of_verdict(&one.what));
        let moved = self.moves.iter().filter(|moved| verdict < moved.sequence);
        let moved = moved.filter_map(|moved| TrialChange::of_move(&moved.what, in_use));
        judged.chain(moved).filter_map(|change| change.supersedes(version)).max()
    }

    /// The verdict whose question about a version, or trial in shadow, waits for an answer; `None` if there is none.
    fn question(&self, version: VersionNumber, in_use: &AliasName) -> Option<&Dated<VersionJudged>> {
        let verdict = self.unanswered(version, in_use)?;
        let is_over =
            verdict.what.shadow.is_some() && self.superseded_by(version, verdict.sequence, in_use).is_some();
        (!is_over).then_some(verdict)
    }

    /// The last verdict about a version, if it asks people or for outcomes, and nothing was decided since. Bringing the version into use
    /// answers it.
    fn unanswered(&self, version: VersionNumber, in_use: &AliasName) -> Option<&Dated<VersionJudged>> {
        let found = self.versions.get(&version)?;
        let waits =
            |verdict: &&Dated<VersionJudged>| verdict.what.asked.is_some() || verdict.what.shadow.is_some();
        let verdict = found.verdicts.last().filter(waits)?;
        let is_later = |sequence: u64| verdict.sequence < sequence;
        let is_decided = found.decisions.iter().any(|decision| is_later(decision.sequence));
        let came_into_use = self.moves.iter().any(|moved| {
            moved.what.alias == *in_use && moved.what.to == Some(version) && is_later(moved.sequence)
        });
        (!is_decided && !came_into_use).then_some(verdict)
    }

    /// Decides about a version as its question or trial says for when there is no answer in time; an empty list if none with a time limit
    /// waits. What was compared with another version than the one in use by now is kept instead of promoted.
    ///
    /// # Errors
    ///
    /// When the version can't be promoted.
    pub fn time_is_up(
        &self,
        asset: &AssetKey,
        in_use: &AliasName,
        version: VersionNumber,
    ) -> Result<Vec<EventBody>, OperationError> {
        let Some(verdict) = self.question(version, in_use).map(|verdict| &verdict.what) else {
            return Ok(Vec::new());
        };
        let Some((until, then)) = verdict.limit() else { return Ok(Vec::new()) };
        let reason = match &verdict.asked {
            Some(asked) => format!("no answer from {} by {}", asked.of, moment(until)),
            None => format!("outcomes have not decided by {}", moment(until)),
        };
        let author = |reason| Author { by: Mover::TimeLimit, reason };
        match then {
            // Who wants it in spite of that has to say so.
            Decision::Promote if self.left_by_watch(in_use, version).is_some() => {
                let author = author(format!("{reason}; the watch has gone back from it"));
                Ok(vec![self.decided(version, in_use, Decision::Keep, &author)])
            }
            Decision::Promote if self.at(in_use) != verdict.against => {
                let now = match self.at(in_use) {
                    Some(version) => format!("the {in_use} is version {version} by now"),
                    None => format!("there is no {in_use} any more"),
                };
                let compared = match verdict.against {
                    Some(against) => format!("it was compared with version {against}"),
                    None => "it was compared with none".to_owned(),
                };
                let author = author(format!("{reason}; {now}, and {compared}"));
                Ok(vec![self.decided(version, in_use, Decision::Keep, &author)])
            }
            Decision::Promote => self.promote(asset, in_use, version, &author(reason)),
            Decision::Keep | Decision::Reject => {
                Ok(vec![self.decided(version, in_use, then, &author(reason))])
            }
        }
    }

    /// Brings a version into use, or moves another alias to it.
    ///
    /// # Errors
    ///
    /// When the version doesn't exist, or the alias is there already.
    pub fn promote(
        &self,
        asset: &AssetKey,
        alias: &AliasName,
        version: VersionNumber,
        author: &Author,
    ) -> Result<Vec<EventBody>, OperationError> {
        let moved = self.moved(asset, alias, version, AliasChange::Promoted, author)?;
        Ok(vec![self.decided(version, alias, Decision::Promote, author), moved])
    }

    /// Moves another alias than that of the version in use to a version, about which nothing is decided by that.
    ///
    /// # Errors
    ///
    /// As [`promote`](Self::promote).
    pub fn set_alias(
        &self,
        asset: &AssetKey,
        alias: &AliasName,
        version: VersionNumber,
        author: &Author,
    ) -> Result<Vec<EventBody>, OperationError> {
        Ok(vec![self.moved(asset, alias, version, AliasChange::Set, author)?])
    }

    /// Marks a version as unfit for use; if people were asked about it, that is their answer.
    ///
    /// # Errors
    ///
    /// When the version doesn't exist, is in use, or is rejected already.
    pub fn reject(
        &self,
        asset: &AssetKey,
        in_use: &AliasName,
        version: VersionNumber,
        author: &Author,
    ) -> Result<Vec<EventBody>, OperationError> {
        if self.not_in_use(asset, in_use, version)? == VersionStatus::Rejected {
            return Err(OperationError::AlreadyRejected { asset: asset.clone(), version });
        }
        Ok(vec![self.decided(version, in_use, Decision::Reject, author)])
    }

    /// Keeps the version in use, as the answer to a question about another one, which stays promotable.
    ///
    /// # Errors
    ///
    /// When the version doesn't exist, is in use, or no question about it waits.
    pub fn keep(
        &self,
        asset: &AssetKey,
        in_use: &AliasName,
        version: VersionNumber,
        author: &Author,
    ) -> Result<Vec<EventBody>, OperationError> {
        self.not_in_use(asset, in_use, version)?;
        if self.question(version, in_use).is_none() {
            return Err(OperationError::NotAsked { asset: asset.clone(), version });
        }
        Ok(vec![self.decided(version, in_use, Decision::Keep, author)])
    }

    /// Moves an alias back: to a version, or to the one at which it pointed before and that isn't rejected.
    ///
    /// # Errors
    ///
    /// When the alias doesn't exist, the version doesn't exist or is where the alias is, or there is none to go back to.
    pub fn roll_back(
        &self,
        asset: &AssetKey,
        alias: &AliasName,
        to: Option<VersionNumber>,
        author: &Author,
    ) -> Result<Vec<EventBody>, OperationError> {
        let no_alias = || OperationError::NoAlias { asset: asset.clone(), alias: alias.clone() };
        let current = self.at(alias).ok_or_else(no_alias)?;
        let nothing = || OperationError::NothingBefore { asset: asset.clone(), alias: alias.clone() };
        let to = to.or_else(|| self.before(alias, current)).ok_or_else(nothing)?;
        let moved = self.moved(asset, alias, to, AliasChange::RolledBack, author)?;
        if !self.was_there(alias, to) {
            let (asset, alias) = (asset.clone(), alias.clone());
            return Err(OperationError::NeverThere { asset, version: to, alias });
        }
        Ok(vec![moved])
    }

    /// Removes an alias.
    ///
    /// # Errors
    ///
    /// When it doesn't exist.
    pub fn remove_alias(
        &self,
        asset: &AssetKey,
        alias: &AliasName,
        author: &Author,
    ) -> Result<Vec<EventBody>, OperationError> {
        let no_alias = || OperationError::NoAlias { asset: asset.clone(), alias: alias.clone() };
        let from = self.at(alias).ok_or_else(no_alias)?;
        Ok(vec![EventBody::AliasMoved(AliasMoved {
            alias: alias.clone(),
            from: Some(from),
            to: None,
            data_version: None,
            change: AliasChange::Removed,
            by: author.by.clone(),
            reason: author.reason.clone(),
        })])
    }

    /// The version that [`roll_back`](Self::roll_back) goes to by itself; `None` if there is none.
    pub fn fallback(&self, alias: &AliasName) -> Option<VersionNumber> {
        self.before(alias, self.at(alias)?)
    }

    /// The last move by which a watch has gone back from a version; `None` if there was none.
    pub fn left_by_watch(&self, in_use: &AliasName, version: VersionNumber) -> Option<&Dated<AliasMoved>> {
        self.moves.iter().rfind(|moved| {
            let moved = &moved.what;
            moved.alias == *in_use && moved.by == Mover::Watch && moved.from == Some(version)
        })
    }

    /// The last version that the alias pointed at before it came to `current` and that isn't rejected. Going back twice goes back further.
    fn before(&self, alias: &AliasName, current: VersionNumber) -> Option<VersionNumber> {
        // The path of the alias, with what was left by going back taken off.
        let mut path: Vec<VersionNumber> = Vec::new();
        for moved in self.moves.iter().filter(|moved| moved.what.alias == *alias) {
            let Some(to) = moved.what.to else { continue };
            match (moved.what.change, path.iter().rposition(|one| *one == to)) {
                (AliasChange::RolledBack, Some(place)) => path.truncate(place + 1),
                (AliasChange::RolledBack, None)
                | (AliasChange::Promoted | AliasChange::Set | AliasChange::Removed, _) => {
                    path.push(to);
                }
            }
        }
        path.into_iter().rev().skip_while(|version| *version == current).find(|version| {
            *version != current
                && self.status(*version, alias).is_some_and(|status| status != VersionStatus::Rejected)
        })
    }

    /// Whether an alias points at a version, or has pointed at it.
    fn was_there(&self, alias: &AliasName, version: VersionNumber) -> bool {
        self.moves.iter().any(|moved| moved.what.alias == *alias && moved.what.to == Some(version))
    }

    /// The status of a version, which has to exist and not to be in use.
    fn not_in_use(
        &self,
        asset: &AssetKey,
        in_use: &AliasName,
        version: VersionNumber,
    ) -> Result<VersionStatus, OperationError> {
        let asset = asset.clone();
        match self.status(version, in_use) {
            None => Err(OperationError::NoVersion { asset, version }),
            Some(VersionStatus::InUse) => Err(OperationError::InUse { asset, version }),
            Some(status) => Ok(status),
        }
    }

    fn moved(
        &self,
        asset: &AssetKey,
        alias: &AliasName,
        to: VersionNumber,
        change: AliasChange,
        author: &Author,
    ) -> Result<EventBody, OperationError> {
        if self.at(alias) == Some(to) {
            let (asset, alias) = (asset.clone(), alias.clone());
            return Err(OperationError::AlreadyThere { asset, version: to, alias });
        }
        let version = self.versions.get(&to);
        let made = version.and_then(|version| version.made.as_ref());
        let Some(EventBody::Materialized(made)) = made.map(|event| &event.body) else {
            return Err(OperationError::NoVersion { asset: asset.clone(), version: to });
        };
        if made.stored.location == ValueLocation::Elsewhere {
            return Err(OperationError::NotStored { asset: asset.clone(), version: to });
        }
        Ok(EventBody::AliasMoved(AliasMoved {
            alias: alias.clone(),
            from: self.at(alias),
            to: Some(to),
            data_version: Some(made.data_version.clone()),
            change,
            by: author.by.clone(),
            reason: author.reason.clone(),
        }))
    }

    fn decided(
        &self,
        version: VersionNumber,
        in_use: &AliasName,
        decision: Decision,
        author: &Author,
    ) -> EventBody {
        let question = self.question(version, in_use);
        let answers = question.map(|verdict| verdict.sequence);
        let after_shadow = question.is_some_and(|verdict| verdict.what.shadow.is_some());
        let (by, reason) = (author.by.clone(), author.reason.clone());
        EventBody::VersionDecided(VersionDecided { version, decision, answers, after_shadow, by, reason })
    }
}

/// A moment, to the second.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Materialization, NewEvent, Provenance, StoredValue, ValueLocation};

    fn number(version: u32) -> VersionNumber {
        VersionNumber::new(version).unwrap()
    }

    fn author() -> Author {
        Author { by: Mover::Person("ada".into()), reason: "she said so".into() }
    }

    /// A history with this many versions, none of which is judged.
    fn made(versions: u32) -> ModelHistory {
        let mut history = ModelHistory::default();
        for version in 1..=versions {
            let location = ValueLocation::Database;
            let body = EventBody::Materialized(Materialization {
                version: Some(number(version)),
                data_version: format!("d{version}").as_str().into(),
                provenance: Provenance { code_version: "c".into(), inputs: Vec::new(), config: None },
                stored: StoredValue { location, bytes: 1, format: "json".into(), hash: None },
                metadata: Default::default(),
            });
            then(&mut history, [body]);
        }
        history
    }

    fn then(history: &mut ModelHistory, bodies: impl IntoIterator<Item = EventBody>) {
        for body in bodies {
            let last = history.versions.values().filter_map(|version| version.made.as_ref()).count()
                + history
                    .versions
                    .values()
                    .map(|one| one.verdicts.len() + one.decisions.len())
                    .sum::<usize>()
                + history.moves.len();
            let run = RunId::from_u128(1);
            let event =
                NewEvent { asset: Some("m".into()), ..NewEvent::of_run(run, Timestamp::UNIX_EPOCH, body) };
            history.apply(event.at_sequence(last as u64 + 1));
        }
    }

    fn promote(history: &mut ModelHistory, version: u32) {
        let events = history.promote(&"m".into(), &AliasName::champion(), number(version), &author());
        then(history, events.unwrap());
    }

    fn judged(version: u32, decision: Option<Decision>) -> EventBody {
        let asked = decision.is_none().then(|| Asked { of: "ops".into(), until: None, then: None });
        let provenance = Provenance { code_version: "c".into(), inputs: Vec::new(), config: None };
        EventBody::VersionJudged(VersionJudged {
            gate: "g".into(),
            version: number(version),
            against: None,
            decision,
            asked,
            shadow: None,
            answers: None,
            reason: String::new(),
            metadata: Default::default(),
            provenance,
        })
    }

    #[track_caller]
    fn check(history: &ModelHistory, expected: &[&str]) {
        let champion = AliasName::champion();
        let found =
            history.versions.keys().map(|version| history.status(*version, &champion).unwrap().as_str());
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn statuses_follow_from_what_happened_last() {
        let mut history = made(5);
        check(&history, &["unjudged"; 5]);
        then(
            &mut history,
            [judged(2, Some(Decision::Keep)), judged(3, Some(Decision::Reject)), judged(4, None)],
        );
        promote(&mut history, 1);
        check(&history, &["in use", "kept", "rejected", "awaits approval", "unjudged"]);
        promote(&mut history, 4);
        check(&history, &["retired", "kept", "rejected", "in use", "unjudged"]);
        let events = history.reject(&"m".into(), &AliasName::champion(), number(1), &author()).unwrap();
        then(&mut history, events);
        check(&history, &["rejected", "kept", "rejected", "in use", "unjudged"]);
    }

    #[test]
    fn going_back_goes_to_what_was_in_use_before_and_is_fit() {
        let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
        let mut history = made(4);
        assert!(matches!(
            history.roll_back(&asset, &champion, None, &author()),
            Err(OperationError::NoAlias { .. })
        ));
        promote(&mut history, 1);
        let nothing = history.roll_back(&asset, &champion, None, &author());
        assert!(matches!(nothing, Err(OperationError::NothingBefore { .. })));
        promote(&mut history, 2);
        promote(&mut history, 3);
        for expected in [2, 1] {
            assert_eq!(history.fallback(&champion), Some(number(expected)));
            let events = history.roll_back(&asset, &champion, None, &author()).unwrap();
            then(&mut history, events);
            assert_eq!(history.at(&champion), Some(number(expected)), "further back each time");
        }
        promote(&mut history, 4);
        then(&mut history, [judged(1, Some(Decision::Reject))]);
        let nothing = history.roll_back(&asset, &champion, None, &author());
        assert!(
            matches!(nothing, Err(OperationError::NothingBefore { .. })),
            "1 is rejected, 2 and 3 were left"
        );
        let to_any = history.roll_back(&asset, &champion, Some(number(2)), &author());
        assert!(to_any.is_ok(), "by hand, to any that was in use");
    }

    #[test]
    fn going_back_undoes_one_move_also_where_a_version_came_into_use_twice() {
        let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
        let mut history = made(2);
        [1, 2, 1, 2].into_iter().for_each(|version| promote(&mut history, version));
        for expected in [1, 2, 1] {
            let events = history.roll_back(&asset, &champion, None, &author()).unwrap();
            then(&mut history, events);
            assert_eq!(history.at(&champion), Some(number(expected)));
        }
        assert_eq!(history.fallback(&champion), None);
    }

    /// A question about version 2, which was compared with version 1.
    fn asked(then: Option<Decision>) -> ModelHistory {
        let mut history = made(3);
        promote(&mut history, 1);
        let until = then.map(|_| Timestamp::UNIX_EPOCH);
        let EventBody::VersionJudged(verdict) = judged(2, None) else { unreachable!() };
        let asked = Some(Asked { of: "ops".into(), until, then });
        let against = Some(number(1));
        self::then(&mut history, [EventBody::VersionJudged(VersionJudged { asked, against, ..verdict })]);
        history
    }

    #[track_caller]
    fn check_limit(history: &ModelHistory, expected: &[&str]) {
        let events = history.time_is_up(&"m".into(), &AliasName::champion(), number(2)).unwrap();
        let text = |event: &EventBody| {
            if let EventBody::VersionDecided(decided) = event {
                decided.to_string()
            } else if let EventBody::AliasMoved(moved) = event {
                moved.to_string()
            } else {
                panic!("{event:?}")
            }
        };
        assert_eq!(events.iter().map(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_time_limit_decides_as_the_question_says() {
        let reason = "by the time limit (no answer from ops by 1970-01-01 00:00:00 UTC)";
        let champion = AliasName::champion();
        check_limit(&asked(None), &[]);
        check_limit(&made(2), &[]);
        let promoted = [format!("version 2: promote {reason}"), format!("champion: version 1 → 2 {reason}")];
        check_limit(&asked(Some(Decision::Promote)), &promoted.each_ref().map(String::as_str));
        check_limit(&asked(Some(Decision::Keep)), &[&format!("version 2: keep {reason}")]);
        check_limit(&asked(Some(Decision::Reject)), &[&format!("version 2: reject {reason}")]);
        // Another version came into use meanwhile.
        let mut other = asked(Some(Decision::Promote));
        promote(&mut other, 3);
        check_limit(
            &other,
            &[
                "version 2: keep by the time limit (no answer from ops by 1970-01-01 00:00:00 UTC; the champion is version 3 by now, \
               and it was compared with version 1)",
            ],
        );
        // Someone has answered, or brought it into use without a decision.
        let mut answered = asked(Some(Decision::Promote));
        let keep = answered.keep(&"m".into(), &champion, number(2), &author()).unwrap();
        then(&mut answered, keep);
        check_limit(&answered, &[]);
        let mut moved = asked(Some(Decision::Reject));
        let events = moved.promote(&"m".into(), &champion, number(2), &author()).unwrap();
        then(&mut moved, events.into_iter().skip(1));
        promote(&mut moved, 1);
        check(&moved, &["in use", "retired", "unjudged"]);
        check_limit(&moved, &[]);
    }

    #[test]
    fn an_answer_names_its_question() {
        let history = asked(None);
        let question = history.versions[&number(2)].verdicts[0].sequence;
        let answers = |history: &ModelHistory, version| {
            let events =
                history.reject(&"m".into(), &AliasName::champion(), number(version), &author()).unwrap();
            let EventBody::VersionDecided(decided) = &events[0] else { panic!("{events:?}") };
            decided.answers
        };
        assert_eq!((answers(&history, 2), answers(&history, 3)), (Some(question), None));
        let mut answered = history;
        let keep = |history: &ModelHistory, version| {
            history.keep(&"m".into(), &AliasName::champion(), number(version), &author())
        };
        let events = keep(&answered, 2).unwrap();
        then(&mut answered, events);
        assert_eq!(answers(&answered, 2), None, "it was answered before");
        assert!(matches!(keep(&answered, 2), Err(OperationError::NotAsked { .. })));
        assert!(matches!(keep(&answered, 3), Err(OperationError::NotAsked { .. })));
    }

    /// Version 2 is in shadow beside version 1, and version 3 waits.
    fn in_shadow(then: Option<Decision>) -> ModelHistory {
        let mut history = made(4);
        promote(&mut history, 1);
        self::then(&mut history, [on_trial(2, then)]);
        history
    }

    fn on_trial(version: u32, then: Option<Decision>) -> EventBody {
        let EventBody::VersionJudged(verdict) = judged(version, None) else { unreachable!() };
        let until = then.map(|_| Timestamp::UNIX_EPOCH);
        let shadow = Some(ShadowTrial { asset: "predictions".into(), until, then });
        let against = Some(number(1));
        EventBody::VersionJudged(VersionJudged { asked: None, shadow, against, ..verdict })
    }

    #[test]
    fn one_version_is_in_shadow_and_the_newest_wins() {
        let champion = AliasName::champion();
        let mut history = in_shadow(None);
        let version = |history: &ModelHistory| history.in_shadow(&champion).map(|(version, _)| version.get());
        check(&history, &["in use", "in shadow", "unjudged", "unjudged"]);
        assert_eq!(version(&history), Some(2));
        then(&mut history, [on_trial(4, None)]);
        check(&history, &["in use", "superseded", "unjudged", "in shadow"]);
        assert_eq!(history.status(number(2), &champion), Some(VersionStatus::Superseded(number(4))));
        // An older one that comes later doesn't take the place.
        then(&mut history, [on_trial(3, None)]);
        check(&history, &["in use", "superseded", "superseded", "in shadow"]);
        assert_eq!(version(&history), Some(4));
        let keep = history.keep(&"m".into(), &champion, number(4), &author()).unwrap();
        then(&mut history, keep);
        check(&history, &["in use", "superseded", "in shadow", "kept"]);
        // A newer version that comes into use ends the trial, in whatever way, and an older one that comes back doesn't.
        let mut history = in_shadow(None);
        promote(&mut history, 3);
        assert_eq!(history.status(number(2), &champion), Some(VersionStatus::Superseded(number(3))));
        assert_eq!(version(&history), None);
        let mut history = in_shadow(None);
        let promoted = history.promote(&"m".into(), &champion, number(2), &author()).unwrap();
        then(&mut history, promoted);
        check(&history, &["retired", "in use", "unjudged", "unjudged"]);
    }

    #[test]
    fn decisions_about_what_is_in_shadow_say_so() {
        let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
        let reason = "by the time limit (outcomes have not decided by 1970-01-01 00:00:00 UTC)";
        check_limit(&in_shadow(None), &[]);
        check_limit(&in_shadow(Some(Decision::Keep)), &[&format!("version 2: keep after shadow {reason}")]);
        let mut superseded = in_shadow(Some(Decision::Keep));
        then(&mut superseded, [on_trial(3, None)]);
        check_limit(&superseded, &[]);
        let history = in_shadow(None);
        let rejected = history.reject(&asset, &champion, number(2), &author()).unwrap();
        let EventBody::VersionDecided(decided) = &rejected[0] else { panic!("{rejected:?}") };
        let verdict = history.versions[&number(2)].verdicts[0].sequence;
        assert_eq!((decided.answers, decided.after_shadow), (Some(verdict), true));
        let trial = |version: Option<u32>| {
            let trial = history.trial(&asset, &champion, version.map(number));
            trial.map(|(version, _)| version.get()).map_err(|error| error.to_string())
        };
        assert_eq!((trial(None), trial(Some(2))), (Ok(2), Ok(2)));
        assert_eq!(trial(Some(3)), Err("version 3 of `m` isn't in shadow".to_owned()));
        assert_eq!(trial(Some(9)), Err("`m` has no version 9".to_owned()));
        let none = made(1).trial(&asset, &champion, None).map(drop);
        assert_eq!(none, Err(OperationError::NoneInShadow { asset }));
    }

    /// Version 2 was in use, a watch went back from it, and it is asked about, or tried, again.
    #[test]
    fn a_time_limit_does_not_promote_what_a_watch_has_gone_back_from() {
        let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
        let (question, trial) = (asked(Some(Decision::Promote)), on_trial(2, Some(Decision::Promote)));
        let question = EventBody::VersionJudged(question.versions[&number(2)].verdicts[0].what.clone());
        for (again, reason) in [
            (question, "version 2: keep by the time limit (no answer from ops by"),
            (trial, "version 2: keep after shadow by the time limit (outcomes have not decided by"),
        ] {
            let mut history = made(3);
            promote(&mut history, 1);
            promote(&mut history, 2);
            let by_watch = Author { by: Mover::Watch, reason: "worse".into() };
            let back = history.roll_back(&asset, &champion, None, &by_watch).unwrap();
            then(&mut history, back);
            then(&mut history, [again]);
            let left = "1970-01-01 00:00:00 UTC; the watch has gone back from it)";
            check_limit(&history, &[&format!("{reason} {left}")]);
            // People may want it all the same.
            let by_hand = history.promote(&asset, &champion, number(2), &author()).unwrap();
            then(&mut history, by_hand);
            assert_eq!(history.at(&champion), Some(number(2)));
        }
    }

    #[test]
    fn what_can_not_be_done() {
        let (asset, champion) = (AssetKey::from("m"), AliasName::champion());
        let mut history = made(2);
        promote(&mut history, 1);
        let promoted = |version| history.promote(&asset, &champion, number(version), &author()).map(drop);
        assert!(matches!(promoted(1), Err(OperationError::AlreadyThere { .. })));
        assert!(matches!(promoted(3), Err(OperationError::NoVersion { .. })));
        let rejected = |version| history.reject(&asset, &champion, number(version), &author()).map(drop);
        assert!(matches!(rejected(1), Err(OperationError::InUse { .. })));
        assert!(matches!(rejected(3), Err(OperationError::NoVersion { .. })));
        let back = |version| history.roll_back(&asset, &champion, Some(number(version)), &author()).map(drop);
        assert!(matches!(back(1), Err(OperationError::AlreadyThere { .. })));
        assert!(matches!(back(2), Err(OperationError::NeverThere { .. })));
        assert!(matches!(back(3), Err(OperationError::NoVersion { .. })));
        let mut reported = made(2);
        let first = reported.versions.get_mut(&number(1)).and_then(|version| version.made.as_mut());
        if let Some(EventBody::Materialized(made)) = first.map(|event| &mut event.body) {
            made.stored.location = ValueLocation::Elsewhere;
        }
        let promoted = reported.promote(&asset, &champion, number(1), &author());
        assert!(matches!(promoted, Err(OperationError::NotStored { .. })));
    }
}
