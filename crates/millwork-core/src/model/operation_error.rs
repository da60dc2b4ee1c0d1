//! What can't be done to a version, and why.

use std::borrow::Cow;

use thiserror::Error;

use crate::asset::AssetKey;
use crate::problem::{Advice, ErrorClass};
use crate::version::{AliasName, VersionNumber};

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
    /// No alias has this name.
    #[error("the alias `{alias}` can't be set: it is the role of what a version in shadow predicts")]
    Reserved {
        /// The name.
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
            Self::Reserved { .. } => "choose another name".into(),
            Self::ValueRemoved { .. } | Self::NotStored { .. } => {
                "choose another version, or train again".into()
            }
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}
