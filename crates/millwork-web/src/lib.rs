//! The HTTP API and the pages of a pipeline: its definitions, its history, and requests for runs.
//!
//! This crate executes no runs. A request to launch writes a run into the store, where a daemon finds it; every answer is a
//! projection of the store. [`serve`] binds to this machine unless there is a token, which then protects
//! everything but the health checks.

mod allowed_hosts;
mod api;
mod asset_status;
mod connections;
mod error;
mod guard;
mod host;
mod models;
mod one_shape;
mod pages;
mod server;
mod state;

pub use allowed_hosts::InvalidHost;
pub use connections::ConnectionLimits;
pub use error::{ServeError, listen_hint};
pub use host::{Host, HostError, LoopStatus};
pub use server::{ServeOptions, Serving, check_options, serve};
