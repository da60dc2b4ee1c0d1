//! Decides what runs when, and sees that it does.
//!
//! A [`Daemon`] is a few loops over the store, one a file: `schedules` requests runs at their ticks, `automation` requests what
//! conditions say is due, `queue` launches
//! requested runs as processes of their own, `monitor` notices runs whose process has died. A loop decides by what the
//! store says and writes what it decided in one commit, so that it can be killed at any moment and started again, and so
//! that a second daemon in the same home does no harm.

mod automation;
mod daemon;
mod error;
mod happening;
mod launcher;
mod monitor;
mod queue;
mod remembered;
mod schedules;

pub use daemon::{Daemon, DaemonOptions};
pub use error::DaemonError;
pub use happening::{Happening, Observer};
pub use launcher::Launcher;
