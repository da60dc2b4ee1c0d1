//! What was done to a version by hand, and the runs that make again what was made with one.

use millwork_core::event::Event;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::event::EventView;
use crate::outcome::RunOutcomeView;

/// What was done to a version of a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelChange {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The alias that points at the version in use.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The version in use now; `null` if there is none.
    #[schema(required, value_type = Option<u32>)]
    pub in_use: Option<VersionNumber>,
    /// The events that were recorded.
    pub events: Vec<EventView>,
}

/// The runs that make again what was made with a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelRepair {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// The runs, in the order in which they have to be executed; empty if nothing is made with the version now.
    pub runs: Vec<RepairRunView>,
}

/// A run that makes again what was made with a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RepairRunView {
    /// The assets that it materializes.
    #[schema(value_type = Vec<String>)]
    pub assets: Vec<AssetKey>,
    /// The partition that it materializes; `null` for assets without partitions.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The run that is queued or was executed; `null` if it isn't requested.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The outcome of the run; `null` if it wasn't executed.
    #[schema(required)]
    pub outcome: Option<RunOutcomeView>,
}

impl ModelChange {
    /// What was recorded about a model, in which `in_use` is in use since.
    pub fn new(
        of: AssetPartition,
        alias: AliasName,
        in_use: Option<VersionNumber>,
        events: Vec<Event>,
    ) -> Self {
        let AssetPartition { asset: key, partition } = of;
        Self { key, partition, alias, in_use, events: events.into_iter().map(EventView::from).collect() }
    }
}

impl ModelRepair {
    /// The runs of a repair, none of which is requested yet.
    pub fn new(of: AssetPartition, version: VersionNumber, requests: &[RunRequest]) -> Self {
        let AssetPartition { asset: key, partition } = of;
        let runs = requests.iter().map(|request| RepairRunView {
            assets: request.assets.clone(),
            partition: request.partitions.first().cloned(),
            run: None,
            outcome: None,
        });
        Self { key, partition, version, runs: runs.collect() }
    }
}
