//! Facts about the process that serves the pages, beside the definitions and the store.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use millwork_api::TrialView;
use millwork_core::event::{Event, VersionsBacktested};
use millwork_core::exposition::Exposition;
use millwork_core::graph::AssetIndex;
use millwork_core::model::Dated;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, BoxError, BoxFuture, ErrorClass, Problem, QueueLimits};
use serde_json::Value;

/// The process that serves.
pub trait Host: fmt::Debug + Send + Sync {
    /// Writes metrics of the process for Prometheus, beside those of the server.
    fn write_metrics(&self, exposition: &mut Exposition);

    /// The metrics of the loops of a daemon in this process; empty if it has none.
    fn loops(&self) -> Vec<LoopStatus>;

    /// The limits by which the daemons of the home launch runs; `None` if there is no daemon.
    fn queue_limits(&self) -> Option<QueueLimits>;

    /// Why the daemons of the home fail to launch runs; `None` if they don't, or there is no daemon.
    fn launch_error(&self) -> Option<String>;

    /// Facts about where and how it is deployed, as labels with texts. No secrets: they are shown.
    fn facts(&self) -> Vec<(&'static str, String)>;

    /// Judges the newest versions of a model by its gate, this number of them or all, and records the table. `config` is the gate's
    /// configuration by step. It goes on to its end also if nobody waits for it.
    fn backtest(
        &self,
        of: AssetPartition<AssetIndex>,
        last: Option<usize>,
        config: Value,
    ) -> BoxFuture<Result<Dated<VersionsBacktested>, HostError>>;

    /// Has the gate of a model judge the version in shadow again, which has to be this one if one is named. `config` is the gate's
    /// configuration by step. It goes on to its end also if nobody waits for it.
    fn judge_in_shadow(
        &self,
        of: AssetPartition<AssetIndex>,
        version: Option<VersionNumber>,
        config: Value,
    ) -> BoxFuture<Result<TrialView, HostError>>;

    /// The stored form of the value that an event materialized.
    fn stored_form(&self, event: Event) -> BoxFuture<Result<Vec<u8>, BoxError>>;
}

/// Why the process doesn't do what it is asked for.
#[derive(Clone, Debug)]
pub struct HostError {
    /// The class of the error.
    pub class: ErrorClass,
    /// The error with its causes.
    pub problem: Problem,
}

/// The metrics of one loop of a daemon.
#[derive(Clone, Debug)]
pub struct LoopStatus {
    /// The name of the loop.
    pub name: &'static str,
    /// When its last tick ended; `None` before the first.
    pub last: Option<Timestamp>,
    /// The time since then by the steady clock; `None` before the first.
    pub since_last: Option<Duration>,
    /// The number of its ticks.
    pub ticks: u64,
    /// The number of its ticks that failed.
    pub failures: u64,
    /// The error of the last failed tick; `None` if one has succeeded since.
    pub error: Option<String>,
}
