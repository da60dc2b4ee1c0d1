//! The command line of a pipeline's binary.

mod arguments;
mod commands;
mod dev;
mod entry;
mod failure;
mod listen_address;
mod log;
mod out;
mod progress;
mod session;
mod table;
mod when;

pub use entry::{App, app};
