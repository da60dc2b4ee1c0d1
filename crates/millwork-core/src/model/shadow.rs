//! Trials in shadow: which version is there, and which other one has ended a trial.

use jiff::Timestamp;

use super::{Dated, ModelHistory, OperationError};
use crate::asset::AssetKey;
use crate::event::VersionJudged;
use crate::trial::TrialChange;
use crate::version::{AliasName, VersionNumber};

/// The end of a trial in shadow by a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialEnd {
    /// The newer version, which went into shadow, or came into use.
    pub newer: VersionNumber,
    /// The sequence number of the event by which it did; that of the trial's own verdict if the newer version was in shadow before.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
}

impl ModelHistory {
    /// The end of the last trial of a version, if a newer one has ended it.
    pub fn superseded(&self, version: VersionNumber, in_use: &AliasName) -> Option<TrialEnd> {
        let trial = self.unanswered(version, in_use).filter(|one| one.what.shadow.is_some())?;
        self.superseded_by(version, trial.sequence, in_use)
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

    /// The newer version that has ended the trial in shadow which a verdict about this one began: the first that went into shadow or came
    /// into use after that verdict, or else the one that was in shadow already and still is.
    pub(super) fn superseded_by(
        &self,
        version: VersionNumber,
        verdict: u64,
        in_use: &AliasName,
    ) -> Option<TrialEnd> {
        let is_there = |newer: &VersionNumber| {
            let trial = self.unanswered(*newer, in_use).filter(|one| one.what.shadow.is_some());
            trial.is_some_and(|trial| self.ended_by(*newer, trial.sequence, in_use).is_none())
        };
        self.ended_by(version, verdict, in_use).or_else(|| {
            let newest = self.versions.keys().rev().copied();
            let newer = newest.take_while(|newer| version < *newer).find(is_there)?;
            let verdicts = &self.versions.get(&version)?.verdicts;
            let begun = verdicts.iter().find(|one| one.sequence == verdict)?;
            Some(TrialEnd { newer, sequence: begun.sequence, at: begun.at })
        })
    }

    /// The end, by what happened after it, of the trial that a verdict began.
    fn ended_by(&self, version: VersionNumber, verdict: u64, in_use: &AliasName) -> Option<TrialEnd> {
        fn end<T>(dated: &Dated<T>, change: Option<TrialChange>, version: VersionNumber) -> Option<TrialEnd> {
            let newer = change?.supersedes(version)?;
            Some(TrialEnd { newer, sequence: dated.sequence, at: dated.at })
        }
        let verdicts = self.versions.values().flat_map(|version| &version.verdicts);
        let judged = verdicts.filter_map(|one| end(one, Some(TrialChange::of_verdict(&one.what)), version));
        let moves = self.moves.iter();
        let moved = moves.filter_map(|one| end(one, TrialChange::of_move(&one.what, in_use), version));
        judged.chain(moved).filter(|end| verdict < end.sequence).min_by_key(|end| end.sequence)
    }
}
