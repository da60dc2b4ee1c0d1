//! The commands, one file each: the arguments and their execution.

mod alerts;
mod asset;
mod automation;
mod backfill;
mod check;
mod completions;
mod config;
mod daemon;
mod dev;
mod dispatch;
mod graph;
mod in_process;
mod list;
mod materialize;
mod models;
mod partitions;
mod pending;
mod reproduce;
mod runs;
mod schedules;
mod sensors;
mod serve;
mod serving;
mod status;
mod store;

pub(super) use dispatch::{Arguments, run};
pub(super) use graph::GraphFormat;
pub(super) use models::CardFormat;
