//! Decides what runs when, and sees that it does.
//!
//! A [`Daemon`] is a few loops over the store, one a file: `schedules`, `sensors` and `automation` request runs, `queue`
//! launches requested runs as processes of their own and settles their ends, `retries` queues again what failed, `monitor`
//! ends what takes too long and notices runs whose process has died, `retention` forgets what the rules let go, `alerts`
//! decides whom to tell what, `deliveries` sends it, and `traces` tells OpenTelemetry. A loop decides by what the
//! store says and writes what it decided in one commit, so that it can be killed at any moment and started again, and so
//! that a second daemon in the same home does no harm.

mod alerts;
mod automation;
mod clock_watch;
mod cursor;
mod daemon;
mod decision;
mod deliveries;
mod error;
#[cfg(test)]
mod first_look;
mod functions;
mod happening;
mod http;
mod launcher;
mod memory;
mod monitor;
mod pauses;
mod processes;
mod pulse;
mod queue;
mod reactions;
mod remembered;
mod retention;
mod retries;
mod schedules;
mod send;
mod sensor_call;
mod sensors;
#[cfg(test)]
mod set_clocks;
mod settle;
mod stopwatch;
mod traces;
mod webhook_body;

pub use daemon::{Daemon, DaemonOptions};
pub use deliveries::deliveries_of;
pub use error::DaemonError;
pub use happening::{Happening, Observer};
pub use launcher::{ExecuteRun, Launcher};
pub use processes::end_rest_of_group;
pub use pulse::{ClockJump, LoopPulse, Pulse};
pub use send::Environment;
pub use sensor_call::{PreviewError, preview_sensor, sensor_cursor};
