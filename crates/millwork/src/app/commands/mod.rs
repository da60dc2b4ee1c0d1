//! One file a command.

mod alerts;
mod asset;
mod automation;
mod check;
mod config;
mod daemon;
mod dispatch;
mod durations;
mod graph;
mod in_process;
mod list;
mod materialize;
mod pending;
mod runs;
mod schedules;
mod sensors;
mod serving;
mod status;
mod store;

pub(super) use dispatch::run;
