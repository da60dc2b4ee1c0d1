//! The command line, by way of the reference job's binary: what each command prints, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/going_on.rs"]
mod going_on;
#[path = "cli/homes.rs"]
mod homes;
#[path = "cli/mistakes.rs"]
mod mistakes;
mod support;
