//! Finding a model and a version of it by what was written: `comments_model`, `comments_model@3`, `comments_model@champion`.

use std::borrow::Cow;

use millwork_core::event::{Event, EventBody};
use millwork_core::graph::{AssetGraph, AssetIndex, PartitionError};
use millwork_core::version::{AliasName, VersionNumber, WhichVersion};
use millwork_core::{Advice, AssetPartition, ErrorClass, KeyMoment, PartitionKey, Problem};
use millwork_storage::{StorageError, Store};

use crate::named::{NameError, find_asset};

/// Why a version can't be found.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The asset isn't defined.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The asset has other partitions, or none, or none was named.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// What was written is no version.
    #[error(transparent)]
    Written(#[from] Problem),
    /// The asset was never materialized.
    #[error("{} has no versions", .of.quoted())]
    NoVersions {
        /// The asset, and its partition.
        of: AssetPartition,
    },
    /// No version has this number.
    #[error("{} has no version {version}", .of.quoted())]
    NoVersion {
        /// The asset, and its partition.
        of: AssetPartition,
        /// The number.
        version: VersionNumber,
    },
    /// The event that made the version can't be read.
    #[error("the event of this version of {} can't be read: {reason}", .of.quoted())]
    Unreadable {
        /// The asset, and its partition.
        of: AssetPartition,
        /// Why.
        reason: String,
    },
    /// The alias doesn't exist.
    #[error("{} has no alias `{alias}`", .of.quoted())]
    NoAlias {
        /// The asset, and its partition.
        of: AssetPartition,
        /// The alias.
        alias: AliasName,
    },
    /// What would be made again follows an alias that points at no version.
    #[error("{} has no {alias}, and what is made with it can't be made again without", .of.quoted())]
    NothingInUse {
        /// The asset, and its partition.
        of: AssetPartition,
        /// The alias.
        alias: AliasName,
    },
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StorageError),
}

impl Advice for VersionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Name(error) => return error.hint(),
            Self::Partition(error) => return error.hint(),
            Self::Written(error) => return error.hint(),
            Self::Store(error) => return error.hint(),
            Self::Unreadable { .. } => {
                "`store check` lists what else can't be read; choose another version".into()
            }
            Self::NoVersions { of } => format!("`{}` makes one", of.command()).into(),
            Self::NoVersion { of, .. } => format!("`asset history {}` lists the versions", of.asset).into(),
            Self::NoAlias { of, .. } => {
                format!("`models show {}` lists the aliases, `models alias` sets one", of.asset).into()
            }
            Self::NothingInUse { of, alias } => {
                format!("`models alias {} {alias} VERSION` points it at a version", of.asset).into()
            }
        })
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Unreadable { .. } => ErrorClass::Home,
            Self::Name(_)
            | Self::Partition(_)
            | Self::Written(_)
            | Self::NoVersions { .. }
            | Self::NoVersion { .. }
            | Self::NoAlias { .. }
            | Self::NothingInUse { .. } => ErrorClass::Usage,
        }
    }
}

impl VersionError {
    /// Whether the thing that is named doesn't exist, in contrast to a text that can't be a name.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Name(error) => error.is_missing(),
            Self::NoVersions { .. } | Self::NoVersion { .. } | Self::NoAlias { .. } => true,
            Self::Partition(_)
            | Self::Written(_)
            | Self::Unreadable { .. }
            | Self::NothingInUse { .. }
            | Self::Store(_) => false,
        }
    }
}

/// A version that was found.
#[derive(Clone, Debug)]
pub struct FoundVersion {
    /// The position of the asset in the graph.
    pub asset: AssetIndex,
    /// The asset, and its partition.
    pub of: AssetPartition,
    /// The materialization.
    pub event: Event,
}

/// The asset of a key, and its partition, which is named if and only if the asset has partitions.
///
/// # Errors
///
/// If no asset has this key, or the partition doesn't fit.
pub fn find_model(
    graph: &AssetGraph,
    key: &str,
    partition: Option<&str>,
    moment: &KeyMoment,
) -> Result<(AssetIndex, AssetPartition), VersionError> {
    let asset = find_asset(graph, key)?;
    let partition = partition.map(PartitionKey::from);
    let partition = graph.find_partition(asset, partition.as_ref(), moment)?;
    Ok((asset, AssetPartition::new(graph.key(asset).clone(), partition)))
}

/// The version that `KEY@VERSION` or `KEY@ALIAS` names; the latest one without `@`.
///
/// # Errors
///
/// As [`find_model`] and [`find_stored_version`], and if what follows the `@` is no version.
pub async fn find_version_of(
    store: &dyn Store,
    graph: &AssetGraph,
    written: &str,
    partition: Option<&str>,
    moment: &KeyMoment,
) -> Result<FoundVersion, VersionError> {
    let (key, which) = WhichVersion::split(written)?;
    // A partition that isn't defined any more may have versions.
    let asset = find_asset(graph, key)?;
    let past = match partition {
        Some(text) if graph.partitions(asset).is_some() => Some(graph.past_partition(asset, text, moment)),
        _ => find_model(graph, key, partition, moment)?.1.partition,
    };
    let of = AssetPartition::new(graph.key(asset).clone(), past);
    let found = find_stored_version(store, &of, &which).await;
    if let Err(VersionError::NoVersions { .. } | VersionError::NoVersion { .. }) = &found
        && millwork_storage::find_version(store, &of, &WhichVersion::Latest).await?.is_none()
    {
        // Nothing was ever made of it: it may never have been.
        find_model(graph, key, partition, moment)?;
    }
    Ok(FoundVersion { asset, of, event: found? })
}

/// The materialization of a version.
///
/// # Errors
///
/// If there is no such version or alias, or the store can't be read.
pub async fn find_stored_version(
    store: &dyn Store,
    of: &AssetPartition,
    which: &WhichVersion,
) -> Result<Event, VersionError> {
    let found = millwork_storage::find_version(store, of, which).await?;
    let of = of.clone();
    if let Some(event) = found {
        if let EventBody::Unreadable(unreadable) = &event.body {
            return Err(VersionError::Unreadable { of, reason: unreadable.reason.clone() });
        }
        return Ok(event);
    }
    Err(match which {
        WhichVersion::Latest => VersionError::NoVersions { of },
        WhichVersion::Number(version) => VersionError::NoVersion { of, version: *version },
        WhichVersion::Alias(alias) => VersionError::NoAlias { of, alias: alias.clone() },
    })
}
