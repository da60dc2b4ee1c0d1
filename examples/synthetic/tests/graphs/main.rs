//! Tests with graphs of any size: kills, pages, homes of the version before.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod crash;
#[path = "../../../service/tests/pipeline/earlier.rs"]
mod earlier;
mod earlier_home;
mod pages;
mod past;
