//! A server without a daemon, and without metrics or facts of its process.

use std::sync::Arc;

use millwork_core::event::Event;
use millwork_core::exposition::Exposition;
use millwork_core::{BoxError, BoxFuture, QueueLimits};
use millwork_web::{ConnectionLimits, Host, LoopStatus, ServeOptions};
use tokio::sync::Notify;

#[derive(Debug)]
struct NoHost;

impl Host for NoHost {
    fn write_metrics(&self, _: &mut Exposition) {}

    fn loops(&self) -> Vec<LoopStatus> {
        Vec::new()
    }

    fn queue_limits(&self) -> Option<QueueLimits> {
        None
    }

    fn launch_error(&self) -> Option<String> {
        None
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn stored_form(&self, _: Event) -> BoxFuture<Result<Vec<u8>, BoxError>> {
        Box::pin(async { Err("there is none".into()) })
    }
}

/// Options to serve on a free port of this machine, without a token.
pub(crate) fn options() -> ServeOptions {
    ServeOptions {
        address: ([127, 0, 0, 1], 0).into(),
        token: None,
        allowed_hosts: Vec::new(),
        host: Arc::new(NoHost),
        wake: Arc::new(Notify::new()),
        connections: ConnectionLimits::default(),
    }
}
