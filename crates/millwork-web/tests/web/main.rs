//! Tests of the server, through requests.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod api;
mod backfills;
mod changed_partitions;
mod config;
mod connections;
mod document;
mod live;
mod main_number;
mod model_live;
mod models;
mod no_host;
mod pages;
mod partitions;
mod queries;
mod served;
mod token;
