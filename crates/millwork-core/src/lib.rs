//! Millwork's vocabulary and pure decisions.
//!
//! Everything here is a value or a function of values: no I/O, no async runtime, no SQL, no HTML. The other crates
//! act on what is decided here. The modules have one order, in which each uses those before it: ids and keys ([`id`]),
//! what a [`value`] is, what a function can take ([`param`]), what an [`asset`] is, the [`graph`] of them, the [`event`]s in
//! which they are made, the [`run`]s that events belong to, the [`plan`] of a run, the status of every asset ([`asset_status`]), the
//! instigators of runs ([`schedule`], [`sensor`], [`automation`]), and what a pipeline declares of all that ([`definitions`]).

pub mod advice;
pub mod alert;
pub mod asset;
pub mod asset_status;
pub mod automation;
pub mod backfill;
pub mod clock;
pub mod condition;
pub mod definitions;
pub mod event;
pub mod exposition;
pub mod freshness;
pub mod graph;
pub mod id;
pub mod index;
pub mod instigator;
pub mod model;
pub mod outcome;
pub mod param;
pub mod partition;
pub mod plan;
pub mod problem;
pub mod retention;
pub mod run;
pub mod schedule;
pub mod secret;
pub mod sensor;
pub mod simulation;
pub mod stored;
pub mod timetable;
mod trial;
pub mod value;
pub mod version;
pub mod watch;

use std::pin::Pin;

pub use alert::{AlertRule, Destination, Encryption, Mail, Trigger};
pub use asset::*;
pub use automation::AutomationCondition;
pub use backfill::BackfillPolicy;
pub use clock::{CLOCK_TOLERANCE, Clock, SystemClock, TestClock};
pub use definitions::{
    Asset, Assets, Declaration, DefinitionError, DefinitionErrors, Definitions, External, Job, Pipeline,
    expansion,
};
pub use freshness::{AssetFreshness, Freshness, FreshnessPolicy};
pub use instigator::{Instigator, SwitchedCursor};
pub use param::*;
pub use partition::AssetPartition;
pub use partition::PartitionKey;
pub use partition::StepPartition;
pub use partition::{KeyMoment, PartitionsDefinition};
pub use problem::Advice;
pub use problem::ErrorClass;
pub use problem::Problem;
pub use retention::Retention;
pub use run::{FailureClass, QueueLimits, RunLimits, RunRetries, RunSpec};
pub use schedule::{Misfire, Schedule};
pub use secret::{Secret, UnsetSecret};
pub use sensor::{Sensor, SensorContext, SensorEvent, SensorOutcome};
pub use watch::Watch;

/// Any error, as a step's function may return it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a step's function.
pub type Result<T, E = BoxError> = std::result::Result<T, E>;

/// A future with its type erased.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
