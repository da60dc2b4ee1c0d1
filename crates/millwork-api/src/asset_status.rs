//! The status of assets and their partitions, with its causes.

use jiff::Timestamp;
use millwork_core::asset_status::{AssetHealth, PartitionHealth, PartitionSets};
use millwork_core::plan::Cause;
use millwork_core::run::RunId;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetStatus, CodeVersion, ConfigChange, DataVersion, PartitionKey};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::AssetStatusName;
use crate::run::FailureView;

/// The status of an asset without partitions, of one partition of an asset, or of an asset with more partitions than are listed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetStatusView {
    /// The asset's key.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The partition; `null` for the asset as a whole.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The numbers of the asset's partitions by their status, of an asset with more than are listed; otherwise absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitions: Option<PartitionCounts>,
    /// The status of the asset or partition.
    #[schema(value_type = AssetStatusName)]
    pub state: AssetStatus,
    /// The causes of staleness; empty if it isn't stale.
    pub causes: Vec<CauseView>,
    /// Why the last attempt to materialize it failed; `null` if it was materialized since.
    #[schema(required)]
    pub failure: Option<FailureView>,
    /// The names of the checks whose last evaluation failed.
    pub failing_checks: Vec<String>,
    /// Why the asset, by its newest partition, is older than its freshness policy allows, as text; `null` if it isn't.
    #[schema(required)]
    pub late: Option<String>,
    /// When it was last materialized; `null` if it never was.
    #[schema(required)]
    pub materialized_at: Option<Timestamp>,
    /// The run that is materializing it; `null` if there is none.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
}

/// The numbers of an asset's partitions by their status; each has one. Of an external asset they are those that were reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartitionCounts {
    /// The number of all partitions.
    pub all: u64,
    /// Partitions whose value is what making it now would be based on.
    pub fresh: u64,
    /// Partitions without a value.
    pub missing: u64,
    /// Partitions whose code or inputs have changed since they were made.
    pub stale: u64,
    /// Partitions that are being made.
    pub running: u64,
    /// Partitions whose last attempt failed.
    pub failed: u64,
}

/// A cause of staleness.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum CauseView {
    /// The code of the asset has changed.
    Code {
        /// The code version of the stored value.
        #[schema(value_type = String)]
        from: CodeVersion,
        /// The current code version.
        #[schema(value_type = String)]
        to: CodeVersion,
    },
    /// The standing configuration of the asset's step has changed.
    Config {
        /// The fields that have another value; at least one.
        changes: Vec<ConfigChangeView>,
    },
    /// Another system reported the value, so the versions that it was made from aren't known.
    Reported,
    /// An upstream asset has new data.
    Data {
        /// The key of the upstream asset.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// The partition of the upstream asset; absent if it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        #[serde(serialize_with = "crate::label::of_partition")]
        partition: Option<PartitionKey>,
        /// The data version that the value was made from; `null` if the upstream asset wasn't an input then.
        #[schema(required, value_type = Option<String>)]
        from: Option<DataVersion>,
        /// The current data version; `null` if the upstream asset isn't an input any more.
        #[schema(required, value_type = Option<String>)]
        to: Option<DataVersion>,
    },
    /// An alias that the asset follows points at another version.
    Alias {
        /// The key of the upstream asset.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// The partition of the upstream asset; absent if it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        #[serde(serialize_with = "crate::label::of_partition")]
        partition: Option<PartitionKey>,
        /// The name of the alias.
        #[schema(value_type = String)]
        alias: AliasName,
        /// The version that the value was made from; `null` if there was none.
        #[schema(required, value_type = Option<u32>)]
        from: Option<VersionNumber>,
        /// The version that the alias points at; `null` if it doesn't exist any more.
        #[schema(required, value_type = Option<u32>)]
        to: Option<VersionNumber>,
    },
    /// An asset whose history the asset reads has newer versions.
    History {
        /// The key of the asset whose history is read.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// The partition of that asset; absent if it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        #[serde(serialize_with = "crate::label::of_partition")]
        partition: Option<PartitionKey>,
        /// The newest version that was read; `null` if none was.
        #[schema(required, value_type = Option<u32>)]
        from: Option<VersionNumber>,
        /// The newest version now.
        #[schema(value_type = u32)]
        to: VersionNumber,
    },
    /// An upstream asset is itself stale or missing.
    Upstream {
        /// The key of the upstream asset.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// The partition of the upstream asset; absent if it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        #[serde(serialize_with = "crate::label::of_partition")]
        partition: Option<PartitionKey>,
    },
}

/// A field of a configuration that has another value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConfigChangeView {
    /// The names that lead to the field, with dots between them.
    pub field: String,
    /// The value that it had; absent if it wasn't there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The value that it has; absent if it isn't there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

impl From<ConfigChange> for ConfigChangeView {
    fn from(ConfigChange { field, from, to }: ConfigChange) -> Self {
        Self { field, from, to }
    }
}

impl AssetStatusView {
    /// The status of a partition of an asset. `late` is the reason why the asset is late under its freshness policy; `None` if it isn't
    /// late.
    pub fn new(asset: &AssetKey, health: &PartitionHealth, late: Option<String>) -> Self {
        Self {
            asset: asset.clone(),
            partition: health.partition.clone(),
            partitions: None,
            state: health.status,
            causes: health.causes().iter().cloned().map(Into::into).collect(),
            failure: health.failure.clone().map(Into::into),
            failing_checks: health.failing_checks.clone(),
            late,
            materialized_at: health.last_materialized_at,
            run: health.progress.map(|progress| progress.run),
        }
    }
}

impl AssetStatusView {
    /// The status of an asset as a whole, with the numbers of its partitions. `late` is as in [`new`](Self::new).
    pub fn of_whole(asset: &AssetKey, health: &AssetHealth, late: Option<String>) -> Self {
        Self {
            asset: asset.clone(),
            partition: None,
            partitions: Some(PartitionCounts::from(&health.partitions)),
            state: health.status,
            causes: Vec::new(),
            failure: None,
            failing_checks: health.failing_checks().iter().cloned().collect(),
            late,
            materialized_at: health.last_materialized_at,
            run: health.progress().map(|progress| progress.run),
        }
    }
}

impl From<&PartitionSets> for PartitionCounts {
    fn from(sets: &PartitionSets) -> Self {
        Self {
            all: sets.all().count(),
            fresh: sets.count(AssetStatus::Fresh),
            missing: sets.count(AssetStatus::Missing),
            stale: sets.count(AssetStatus::Stale),
            running: sets.count(AssetStatus::Running),
            failed: sets.count(AssetStatus::Failed),
        }
    }
}

impl From<Cause> for CauseView {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Code { from, to } => Self::Code { from, to },
            Cause::Config { changes } => {
                Self::Config { changes: changes.into_iter().map(Into::into).collect() }
            }
            Cause::Reported => Self::Reported,
            Cause::Data { asset, partition, from, to } => Self::Data { asset, partition, from, to },
            Cause::Alias { asset, partition, alias, from, to } => {
                Self::Alias { asset, partition, alias, from, to }
            }
            Cause::History { asset, partition, from, to } => Self::History { asset, partition, from, to },
            Cause::Upstream { asset, partition } => Self::Upstream { asset, partition },
        }
    }
}
