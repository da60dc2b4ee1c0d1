//! Decides which runs start when, and supervises them.
//!
//! A [`Daemon`] is a set of loops over the store, one a file of `loops/`: `schedules`, `sensors` and `automation` request runs, `queue`
//! launches requested runs and settles their ends, `retries` queues failed runs again, `monitor` ends runs that take too long and detects
//! those whose process has died, `retention` removes old data, `approvals` decides about versions of models whose time limit is over,
//! `alerts` decides about alerts, `deliveries` sends them, `traces` sends OpenTelemetry traces, and `clock_watch` detects that the wall clock
//! is set.
//!
//! A loop decides by what is stored and writes its decision in one commit, so that it can be killed at any moment and started again, and so
//! that a second daemon in the same home does no harm. The driver ticks the loops, activations wake them, and a [`Launcher`] executes runs.

mod activation;
mod cursor;
#[cfg(test)]
mod cut_off;
mod daemon;
mod daemon_loop;
mod decision;
mod destinations;
mod driver;
mod error;
mod evaluation_context;
mod evaluation_state;
mod event;
#[cfg(test)]
mod first_look;
mod functions;
mod http;
mod launcher;
mod loop_name;
mod loops;
mod metrics;
#[cfg(test)]
mod model_bench;
mod pauses;
mod reactions;
mod requested;
mod run_output;
mod send;
mod sensor_call;
#[cfg(test)]
mod set_clocks;
mod stopwatch;
mod supervised_runs;
mod variables;
mod webhook_body;

pub use daemon::{Daemon, DaemonOptions};
pub use destinations::deliveries_of;
pub use error::DaemonError;
pub use event::{DaemonEvent, Observer};
pub use launcher::{
    ExecuteRun, Exit, InProcessLauncher, Launch, LaunchedRun, LaunchedRunId, Launcher, ProcessLauncher,
    end_rest_of_group,
};
pub use loop_name::LoopName;
pub use metrics::{ClockJump, DaemonMetrics, LoopMetrics};
pub use send::Environment;
pub use sensor_call::{PreviewError, preview_sensor, sensor_cursor};
pub use variables::{InvalidVariable, check_variables, process_variable};
