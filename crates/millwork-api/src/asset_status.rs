//! How assets and their partitions are, and why.

use jiff::Timestamp;
use millwork_core::asset_status::PartitionHealth;
use millwork_core::plan::Cause;
use millwork_core::run::RunId;
use millwork_core::{AssetKey, AssetStatus, CodeVersion, DataVersion, PartitionKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::AssetStatusName;
use crate::run::FailureView;

/// How an asset without partitions is, or one partition of an asset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetStatusView {
    /// The asset.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// How it is.
    #[schema(value_type = AssetStatusName)]
    pub state: AssetStatus,
    /// Why it is stale; empty if it isn't.
    pub causes: Vec<CauseView>,
    /// Why the last attempt to make it failed; `null` if something was made since.
    #[schema(required)]
    pub failure: Option<FailureView>,
    /// The checks that failed the last time that they were evaluated, by name.
    pub failing_checks: Vec<String>,
    /// Why the asset, by its newest partition, is older than its freshness policy allows, in words; `null` if it isn't.
    #[schema(required)]
    pub late: Option<String>,
    /// When it was last materialized; `null` if it never was.
    #[schema(required)]
    pub materialized_at: Option<Timestamp>,
    /// The run that makes it now; `null` if none does.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
}

/// Why an asset is stale.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum CauseView {
    /// Its function has changed.
    Code {
        /// The version that it was made with.
        #[schema(value_type = String)]
        from: CodeVersion,
        /// The version that there is.
        #[schema(value_type = String)]
        to: CodeVersion,
    },
    /// Another system has reported the value, so what it was made from isn't known.
    Reported,
    /// An upstream asset has another value.
    Data {
        /// The upstream asset.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// Its partition; absent if it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        partition: Option<PartitionKey>,
        /// The version that it was made from; `null` if the asset was no input then.
        #[schema(required, value_type = Option<String>)]
        from: Option<DataVersion>,
        /// The version that there is; `null` if the asset is no input any more.
        #[schema(required, value_type = Option<String>)]
        to: Option<DataVersion>,
    },
    /// An upstream asset is itself stale or missing.
    Upstream {
        /// The upstream asset.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// Its partition; absent if it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        partition: Option<PartitionKey>,
    },
}

impl AssetStatusView {
    /// How a partition of an asset is. `late` says in words what the asset's freshness policy has against its age.
    pub fn new(asset: &AssetKey, health: &PartitionHealth, late: Option<String>) -> Self {
        Self {
            asset: asset.clone(),
            partition: health.partition.clone(),
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

impl From<Cause> for CauseView {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Code { from, to } => Self::Code { from, to },
            Cause::Reported => Self::Reported,
            Cause::Data { asset, partition, from, to } => Self::Data { asset, partition, from, to },
            Cause::Upstream { asset, partition } => Self::Upstream { asset, partition },
        }
    }
}
