//! An asset-based orchestrator for machine-learning pipelines.

mod app;

pub use app::{App, app};
pub use millwork_core::{
    Asset, AssetDefinition, AssetKey, AssetSpec, AssetValue, Backoff, BoxError, CheckDefinition, CheckResult,
    CodeVersion, Column, Config, DataVersion, Declaration, Definitions, External, FromStep, Image, Job, Json,
    Metadata, MetadataValue, Output, Partition, PartitionKey, Partitions, PartitionsDefinition, Pipeline,
    Previous, Resource, Result, Retry, Series, Severity, StepContext, StepLog, Table, Update,
};
pub use millwork_macros::{Assets, asset, asset_check, external_asset, multi_asset};
/// Machine-learning kernels: splits, text features, metrics, boosting.
#[cfg(feature = "ml")]
pub use millwork_ml as ml;
/// Data frames as Parquet.
#[cfg(feature = "polars")]
pub use millwork_polars as polars;

/// What the macros' output refers to. Nothing here is meant to be written by hand.
#[doc(hidden)]
pub mod __private {
    pub use millwork_core::*;
}

/// Lists what a pipeline declares: functions with `#[asset]`, `#[multi_asset]` or `#[asset_check]`, and names from
/// `external_asset!`.
#[macro_export]
macro_rules! definitions {
    ($($declared:path),* $(,)?) => {
        $crate::Definitions::new()$(.declare::<$declared>())*
    };
}
