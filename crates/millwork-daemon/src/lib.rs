//! Decides what runs when, and sees that it does.
//!
//! A [`Daemon`] is a few loops over the store, one a file: `schedules`, `sensors` and `automation` request runs, `queue`
//! launches requested runs as processes of their own and settles their ends, `retries` queues again what failed, `monitor`
//! ends what takes too long and notices runs whose process has died, `retention` forgets what the rules let go, `alerts`
//! decides whom to tell what, `deliveries` sends it, and `traces` tells OpenTelemetry. A loop decides by what the
//! store says and writes what it decided in one commit, so that it can be killed at any moment and started again, and so
//! that a second daemon in the same home does no harm.

mod cursor;
mod daemon;
mod decision;
mod error;
mod evaluation_state;
mod event;
#[cfg(test)]
mod first_look;
mod functions;
mod http;
mod launcher;
mod loops;
mod metrics;
mod pauses;
mod reactions;
mod send;
mod sensor_call;
#[cfg(test)]
mod set_clocks;
mod settle;
mod stopwatch;
mod webhook_body;

pub use daemon::{Daemon, DaemonOptions};
pub use error::DaemonError;
pub use event::{DaemonEvent, Observer};
pub use launcher::{
    ExecuteRun, Exit, InProcessLauncher, Launch, LaunchedRun, LaunchedRunId, Launcher, ProcessLauncher,
    end_rest_of_group,
};
pub use loops::deliveries::deliveries_of;
pub use metrics::{ClockJump, DaemonMetrics, LoopMetrics};
pub use send::Environment;
pub use sensor_call::{PreviewError, preview_sensor, sensor_cursor};
