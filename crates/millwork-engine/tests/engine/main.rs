//! Runs of small pipelines, and their events.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod batches;
mod cancel;
mod checks;
mod config;
mod damage;
mod environment;
mod failures;
mod fencing;
mod gates;
mod history;
mod limits;
mod partitions;
mod policies;
mod pools;
mod previous;
mod recording;
mod reproduce;
mod requests;
mod resume;
mod scale;
mod shadow;
mod shadow_reader;
mod stale;
mod step_log;
#[path = "../support/mod.rs"]
mod support;
mod values;
mod verdicts;
