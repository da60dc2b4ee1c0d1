//! Tests of the vocabulary and its decisions, through what the crate shows.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod alerts;
mod asset_status;
mod backfills;
mod batches;
mod config;
mod gated_requests;
mod gates;
mod histories;
mod partitions;
mod plan;
mod requests;
mod resolve;
mod run_state;
mod timetable;
