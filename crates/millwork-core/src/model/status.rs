//! What a version is to its model, and the question about it that waits for an answer.

use super::{Dated, ModelHistory};
use crate::asset::Decision;
use crate::event::{Asked, ShadowTrial, VersionJudged};
use crate::version::{AliasName, VersionNumber};

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

impl ModelHistory {
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
                    Some(end) => VersionStatus::Superseded(end.newer),
                    None => VersionStatus::InShadow(trial.clone()),
                }
            }
            _ if was_in_use => VersionStatus::Retired,
            (Some(Decision::Keep | Decision::Promote), _) => VersionStatus::Kept,
            (None, _) => VersionStatus::Unjudged,
        })
    }

    /// The verdict whose question about a version, or trial in shadow, waits for an answer; `None` if there is none.
    pub(super) fn question(
        &self,
        version: VersionNumber,
        in_use: &AliasName,
    ) -> Option<&Dated<VersionJudged>> {
        let verdict = self.unanswered(version, in_use)?;
        let is_over =
            verdict.what.shadow.is_some() && self.superseded_by(version, verdict.sequence, in_use).is_some();
        (!is_over).then_some(verdict)
    }

    /// The last verdict about a version, if it asks people or for outcomes, and nothing was decided since. Bringing the version into use
    /// answers it.
    pub(super) fn unanswered(
        &self,
        version: VersionNumber,
        in_use: &AliasName,
    ) -> Option<&Dated<VersionJudged>> {
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

    /// Whether an alias points at a version, or has pointed at it.
    pub(super) fn was_there(&self, alias: &AliasName, version: VersionNumber) -> bool {
        self.moves.iter().any(|moved| moved.what.alias == *alias && moved.what.to == Some(version))
    }
}
