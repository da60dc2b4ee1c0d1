//! The loop closed: what is asked for and why over a month, and that nothing is counted twice however often the service is killed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod days;
mod kills;
mod past;

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts the service, until a number of days have passed.
fn start(home: &Path, days: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_closed-loop"))
        .args(["live".as_ref(), home.as_os_str(), days.to_string().as_ref()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
