//! A server that no daemon and no process stands behind.

use std::sync::Arc;

use millwork_core::event::Event;
use millwork_core::exposition::Exposition;
use millwork_core::{BoxError, BoxFuture, QueueLimits};
use millwork_web::{ConnectionLimits, Host, LoopBeat, ServeOptions};
use tokio::sync::Notify;

#[derive(Debug)]
struct Nobody;

impl Host for Nobody {
    fn write_metrics(&self, _: &mut Exposition) {}

    fn loops(&self) -> Vec<LoopBeat> {
        Vec::new()
    }

    fn queue_limits(&self) -> Option<QueueLimits> {
        None
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn stored_form(&self, _: Event) -> BoxFuture<Result<Vec<u8>, BoxError>> {
        Box::pin(async { Err("there is none".into()) })
    }
}

/// Serves on a free port of this machine, to anybody on it.
pub(crate) fn options() -> ServeOptions {
    ServeOptions {
        address: ([127, 0, 0, 1], 0).into(),
        token: None,
        allowed_hosts: Vec::new(),
        host: Arc::new(Nobody),
        wake: Arc::new(Notify::new()),
        connections: ConnectionLimits::default(),
    }
}
