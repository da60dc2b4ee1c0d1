//! What an asset's function can take beside upstream assets: the extractors, and the context they draw from.
//!
//! An extractor has two halves. [`FromStep::requirements`] is static: it informs the graph, the configuration form and
//! the pages what the function needs, without running it. [`FromStep::from_step`] gives the value when the step runs.

mod alias;
mod batch;
mod config;
mod config_change;
mod config_filter;
mod context;
mod defaults;
mod from_step;
mod history;
mod history_source;
mod log;
mod partition;
mod previous;
mod recorded_config;
mod requirements;
mod resource;
mod sets;
mod shadow;
mod standing_config;
mod step_time;
mod written_config;

pub use alias::{Alias, Challenger, Champion, ChampionAlias, InputOf, NamedAlias, VersionOf};
pub(crate) use batch::text_of_key;
pub use batch::{Batch, BatchKey, PartitionKeys};
pub use config::{Config, ConfigError, ConfigErrors, ConfigSchema, merge_config};
pub use config_change::{ConfigChange, config_changes};
pub use config_filter::{ConfigFilter, ConfigFilterError, names_of_path, split_assignment};
pub use context::{Cancellation, InputValue, StepContext, StepContextBuilder};
pub use from_step::FromStep;
pub use history::{History, HistoryEntries, HistoryEntry};
pub use history_source::{HistoryError, HistoryRecord, HistorySource, StoredHistory};
pub use log::{LogLevel, StepLog, StepSink};
pub use partition::{Partition, Partitions};
pub use previous::{Previous, StoredVersion};
pub use recorded_config::{ConfigField, RecordedConfig};
pub use requirements::{Absent, Input, KeyRequirement, KeyUse, Requirements, ResourceRequirement};
pub use resource::{Resource, ResourceError, Resources};
pub use shadow::{Shadow, ShadowEntry, ShadowRecord, ShadowSource, StoredShadow};
pub use standing_config::{StandingConfig, UnrecordableConfig};
pub use step_time::StepTime;
pub use written_config::{deserialize_config, read_config};
