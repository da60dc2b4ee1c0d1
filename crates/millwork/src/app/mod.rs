//! The command line of a pipeline's binary.

mod commands;
mod dev;
mod entry;
mod failure;
mod json_flag;
mod limit;
mod listen_address;
mod log;
mod out;
mod printable;
mod progress;
mod repeats;
mod service_log;
mod session;
mod signals;
mod style;
mod table;
mod when;

pub use entry::{App, app};
pub use out::print;
