//! Tests of the reference job: its results, its command line, its daemon and its pages.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod cli;
mod client;
mod daemon;
mod demo;
mod documents;
#[path = "../../../service/tests/pipeline/earlier.rs"]
mod earlier;
mod earlier_home;
mod pages;
mod reference_job;
mod reference_model;
mod replay;
mod rows_by_day;
mod serve;
mod support;
