//! An asset-based orchestrator for machine-learning pipelines.
//!
//! A pipeline is a set of assets, each made by one function; the functions' parameters are the graph. [`app`] gives the
//! pipeline's binary its command line. The repository's `docs/tutorial.md` builds a pipeline step by step.
//!
//! ```no_run
//! use millwork::{Result, asset, definitions};
//!
//! /// Where a story comes from.
//! #[asset(group = "ingest")]
//! fn titles() -> Vec<String> {
//!     vec!["Show HN: a loom".into(), "Ask HN: which wood?".into()]
//! }
//!
//! /// The reference parameter names the upstream asset.
//! #[asset(group = "features")]
//! fn longest_title(titles: &Vec<String>) -> Result<usize> {
//!     Ok(titles.iter().map(String::len).max().ok_or("there is no title")?)
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     millwork::app(definitions![titles, longest_title])
//! }
//! ```

#[cfg(feature = "app")]
mod app;

#[cfg(feature = "app")]
pub use app::{App, app, print};
pub use millwork_core::advice::{self, Advice, ErrorClass, Problem};
pub use millwork_core::asset::plot::Plot;
pub use millwork_core::event::{Event, EventBody, EventKind, NewEvent};
pub use millwork_core::param::{ConfigChange, ConfigFilter, RecordedConfig, config_changes};
pub use millwork_core::partition::{
    FixedTexts, FromKeyValue, FromPartitionKey, Key, KeyMoment, KeyShape, KeyValue, TimeWindow,
};
pub use millwork_core::retention;
pub use millwork_core::run::{RunId, RunStatus};
pub use millwork_core::secret::UnsetSecret;
pub use millwork_core::version::{AliasName, VersionNumber};
pub use millwork_core::{
    AlertRule, Alias, Answer, Asset, AssetDefinition, AssetKey, AssetMetric, AssetSpec, AssetValue,
    AutomationCondition, BackfillPolicy, Backoff, Batch, Better, BoxError, BoxFuture, Challenger, Champion,
    CheckDefinition, CheckResult, CodeVersion, Column, Computation, Config, DataVersion, Decision,
    Declaration, Definitions, Destination, Encryption, Evidence, External, FailureClass, Freshness,
    FreshnessPolicy, FromStep, GateDefinition, History, HistoryEntries, HistoryEntry, HistoryError, Image,
    Input, InputOf, IoError, IoManager, Job, Json, LiveMeasure, LivePerformance, LiveWindow, LogLevel, Mail,
    Metadata, MetadataValue, Misfire, NamedAlias, Output, Partition, PartitionKey, PartitionKeys, Partitions,
    PartitionsDefinition, Pipeline, PoolUse, Previous, QueueLimits, Requirements, Resource, Result,
    Retention, Retry, RunLimits, RunRetries, RunSpec, Schedule, Secret, Sensor, SensorContext, SensorEvent,
    SensorOutcome, Series, Severity, Shadow, ShadowEntry, StepContext, StepFunction, StepLog, StepResult,
    StepTime, StoredVersion, Table, Trigger, Update, ValueAddress, Verdict, Watch,
};
pub use millwork_draw::plot::ToSvg;
/// Features as data sets of `linfa`.
#[cfg(feature = "linfa")]
pub use millwork_linfa as linfa;
#[doc = include_str!("../docs/assets.md")]
pub use millwork_macros::Assets;
#[doc = include_str!("../docs/from_partition_key.md")]
pub use millwork_macros::FromPartitionKey;
#[doc = include_str!("../docs/asset.md")]
pub use millwork_macros::asset;
#[doc = include_str!("../docs/asset_check.md")]
pub use millwork_macros::asset_check;
#[doc = include_str!("../docs/external_asset.md")]
pub use millwork_macros::external_asset;
#[doc = include_str!("../docs/gate.md")]
pub use millwork_macros::gate;
#[doc = include_str!("../docs/multi_asset.md")]
pub use millwork_macros::multi_asset;
/// Machine-learning kernels: splits, text features, metrics, boosting.
#[cfg(feature = "ml")]
pub use millwork_ml as ml;
/// Predictions, what came later, and the live performance of models.
#[cfg(feature = "monitor")]
pub use millwork_monitor as monitor;
/// Data frames as Parquet.
#[cfg(feature = "polars")]
pub use millwork_polars as polars;

/// Partitions by time and by texts, and mappings between them: what `partitions = …` and `#[input(map = …)]` are written with.
pub mod partitions {
    pub use millwork_core::partition::mapping::{
        Mapping, all, dimension, dimension_from, function, latest, only, overlap, same, single_function,
        table, window,
    };
    pub use millwork_core::partition::{
        Dimension, Dimensions, TimeWindows, cron, daily, dynamic, fixed, fixed_of, hourly, monthly, weekly,
    };
}

/// The items that the macros' output refers to. They are not meant to be used by hand.
#[doc(hidden)]
pub mod __private {
    pub use millwork_core::*;
}

/// Lists what a pipeline declares: functions with `#[asset]`, `#[multi_asset]` or `#[asset_check]`, and names from
/// `external_asset!`.
#[macro_export]
macro_rules! definitions {
    ($($declared:path),* $(,)?) => {
        $crate::Definitions::new()
            .source_folder(::core::option_env!("CARGO_MANIFEST_DIR"))
            $(.declare::<$declared>())*
    };
}

/// The documentation's examples, compiled with the tests.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../docs/concepts.md")]
    struct Concepts;

    #[doc = include_str!("../../../docs/models.md")]
    struct Models;

    #[doc = include_str!("../../../docs/partitions.md")]
    struct Partitions;

    #[doc = include_str!("../../../docs/service.md")]
    struct Service;

    #[doc = include_str!("../../../docs/automation.md")]
    struct Automation;

    #[doc = include_str!("../../../docs/alerts.md")]
    struct Alerts;

    #[doc = include_str!("../../../docs/web.md")]
    struct Web;

    #[cfg(feature = "monitor")]
    #[doc = include_str!("../../../docs/monitoring.md")]
    struct Monitoring;

    #[cfg(feature = "ml")]
    #[doc = include_str!("../../../docs/tutorial.md")]
    struct Tutorial;
}
