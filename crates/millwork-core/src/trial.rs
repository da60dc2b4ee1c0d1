//! What ends the trial of a version in shadow: the one rule for the history of a model and for the facts that conditions ask for.

use crate::event::{AliasMoved, VersionJudged};
use crate::version::{AliasName, VersionNumber};

/// A change of a model that may begin or end a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrialChange {
    /// A gate asked for outcomes of the version, which goes into shadow.
    Tried(VersionNumber),
    /// The version was decided about, or people were asked about it.
    Decided(VersionNumber),
    /// The version came into use: by a promotion, or because somebody or a watch went back to it.
    InUse(VersionNumber),
}

impl TrialChange {
    /// What a verdict is to trials.
    pub(crate) fn of_verdict(judged: &VersionJudged) -> Self {
        match judged.shadow {
            Some(_) => Self::Tried(judged.version),
            None => Self::Decided(judged.version),
        }
    }

    /// What a move is to trials; `None` if no version came into use by it.
    pub(crate) fn of_move(moved: &AliasMoved, in_use: &AliasName) -> Option<Self> {
        moved.to.filter(|_| moved.alias == *in_use).map(Self::InUse)
    }

    /// Whether it ends the trial of a version that has begun before.
    pub(crate) fn ends(self, trial: VersionNumber) -> bool {
        match self {
            Self::Decided(version) => version == trial,
            Self::InUse(version) if version == trial => true,
            Self::Tried(_) | Self::InUse(_) => self.supersedes(trial).is_some(),
        }
    }

    /// The newer version because of which a trial that has begun before ends; `None` if it doesn't end by that.
    pub(crate) fn supersedes(self, trial: VersionNumber) -> Option<VersionNumber> {
        match self {
            Self::Tried(newer) | Self::InUse(newer) => (trial < newer).then_some(newer),
            Self::Decided(_) => None,
        }
    }
}
