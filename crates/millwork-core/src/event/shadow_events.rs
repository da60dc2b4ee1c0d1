//! What happens in shadow: an asset's function is called a second time, with a version that isn't in use yet.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Provenance, StoredValue};
use crate::asset::{AssetKey, DataVersion, Metadata};
use crate::outcome::Failure;
use crate::version::VersionNumber;

/// A call of an asset's function with a version in shadow in the place of the version in use. The event is about that asset, and what was
/// made isn't its value: only what asks for values in shadow sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowCalled {
    /// The model whose version is in shadow.
    pub model: AssetKey,
    /// That version.
    pub version: VersionNumber,
    /// The version of the asset that was made beside it, with the version in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<VersionNumber>,
    /// What became of the call.
    #[serde(flatten)]
    pub outcome: ShadowOutcome,
    /// The code, and what the function was given: the same as beside, but for the model.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// What became of a call in shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ShadowOutcome {
    /// It made a value, which is stored.
    Made(ShadowValue),
    /// It kept the last value, or made none.
    Nothing,
    /// It failed, which the run doesn't.
    Failed {
        /// The failure.
        failure: Failure,
    },
    /// It begins. Where no end of it follows, its process has ended during the call.
    Begun,
    /// The run was stopped during the call.
    Stopped,
    /// It isn't made: the process has ended during several calls with this version before.
    NotCalled,
}

impl ShadowOutcome {
    /// Whether it is bad news.
    pub const fn is_bad(&self) -> bool {
        match self {
            Self::Failed { .. } | Self::NotCalled => true,
            Self::Made(_) | Self::Nothing | Self::Begun | Self::Stopped => false,
        }
    }

    /// Whether the call is over for good: it isn't made again for the same materialization.
    pub const fn is_over(&self) -> bool {
        match self {
            Self::Made(_) | Self::Nothing | Self::Failed { .. } | Self::NotCalled => true,
            Self::Begun | Self::Stopped => false,
        }
    }
}

/// A value that was made in shadow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShadowValue {
    /// The version of its data.
    pub data_version: DataVersion,
    /// Where its stored form is.
    pub stored: StoredValue,
    /// The metadata that the function attached to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: Metadata,
}

impl ShadowCalled {
    /// The metadata of the value; `None` if there is none.
    pub const fn metadata(&self) -> Option<&Metadata> {
        match &self.outcome {
            ShadowOutcome::Made(made) => Some(&made.metadata),
            ShadowOutcome::Nothing
            | ShadowOutcome::Failed { .. }
            | ShadowOutcome::Begun
            | ShadowOutcome::Stopped
            | ShadowOutcome::NotCalled => None,
        }
    }
}

impl fmt::Display for ShadowCalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, version, outcome, .. } = self;
        match outcome {
            ShadowOutcome::Made(_) => write!(f, "made in shadow by version {version} of `{model}`"),
            ShadowOutcome::Nothing => write!(f, "version {version} of `{model}` made nothing in shadow"),
            ShadowOutcome::Failed { failure } => {
                write!(f, "version {version} of `{model}` failed in shadow: {failure}")
            }
            ShadowOutcome::Begun => write!(f, "version {version} of `{model}` is called in shadow"),
            ShadowOutcome::Stopped => {
                write!(f, "the call of version {version} of `{model}` in shadow was stopped")
            }
            ShadowOutcome::NotCalled => write!(
                f,
                "version {version} of `{model}` isn't called in shadow any more, since the process has ended during several such calls; \
                 `models reject` ends its trial"
            ),
        }
    }
}
