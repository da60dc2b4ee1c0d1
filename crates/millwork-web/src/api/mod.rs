//! The routes, a file for each kind of thing.

mod alerts;
mod assets;
mod automation;
mod backfills;
mod body;
mod counted;
mod document;
mod etag;
mod events;
mod health;
mod launch;
mod limit;
mod models;
mod parameters;
mod partitions;
mod pending;
mod queue;
mod reports;
mod routes;
mod runs;
mod schedules;
mod sensors;
mod switch;

pub(crate) use automation::states as automation_states;
pub(crate) use backfills::{
    RUNS_AT_A_TIME, StartBackfill, create as create_backfill, operated as backfill_operated,
    planned as backfill_planned, shown as backfill_shown,
};
pub(crate) use body::Body;
pub(crate) use counted::Counted;
pub(crate) use launch::{create as create_run, create_needed, selection_or_job};
pub(crate) use routes::{open, protected};
pub(crate) use runs::{Retry, cancel as cancel_run, one as one_run, retry as retry_run, waits};
