//! Assets: their specification, and how they are made, tested and stored.

mod batch;
mod check;
mod definition;
mod gate;
mod io;
mod metric;
mod output;
mod policy;
mod pool;
mod spec;
mod status;

pub use crate::id::AssetKey;
pub use crate::value::{
    AssetValue, Better, CodeVersion, Column, DataVersion, Image, InjectiveHash, InvalidDataVersion, Json,
    LiveMeasure, LivePerformance, LiveWindow, Metadata, MetadataValue, MetricChange, Series, SharedValue,
    Table, UnstorableMetadata, ValueType, check_metadata, plot,
};
pub use batch::{BatchResult, BatchedOutcome};
pub use check::{CheckDefinition, CheckResult, IntoCheckResult, Severity};
pub use definition::{AssetDefinition, Computation, StepFunction, StepResult};
pub use gate::{Answer, Decision, Evidence, GateDefinition, IntoVerdict, Question, Verdict};
pub use io::{IoError, IoManager, ValueAddress};
pub use metric::{AssetMetric, MainNumber};
pub use output::{IntoProduced, Output, Produced, Update};
pub use policy::{Backoff, Retry};
pub use pool::PoolUse;
pub use spec::AssetSpec;
pub use status::AssetStatus;
