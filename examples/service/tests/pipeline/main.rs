//! Tests of a pipeline as a service: its processes, API, pages, alerts, and its behavior when things go wrong.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod alerts;
mod api;
mod browser;
mod damaged_home;
mod dev;
mod earlier;
mod earlier_home;
mod full_disk;
mod kills;
mod pages;
mod process;
mod read_only;
mod service;
mod status;
mod support;
