//! What people, gates and time limits do to versions: each operation as the events that do it.

use jiff::Timestamp;

use super::{Dated, ModelHistory, OperationError, VersionStatus};
use crate::asset::{AssetKey, Decision};
use crate::event::{AliasChange, AliasMoved, EventBody, Mover, ValueLocation, VersionDecided};
use crate::version::{AliasName, VersionNumber};

/// Who does something to a version, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub by: Mover,
    /// The reason in words; may be empty.
    pub reason: String,
}

impl ModelHistory {
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
        if alias.as_str() == AliasName::SHADOW {
            return Err(OperationError::Reserved { alias: alias.clone() });
        }
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
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
