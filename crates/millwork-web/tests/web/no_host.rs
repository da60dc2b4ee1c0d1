//! A server without a daemon, and without metrics or facts of its process.

use std::sync::Arc;

use jiff::Timestamp;
use millwork_api::TrialView;
use millwork_core::event::{Event, Provenance, VersionsBacktested};
use millwork_core::exposition::Exposition;
use millwork_core::graph::AssetIndex;
use millwork_core::model::Dated;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, BoxError, BoxFuture, ErrorClass, Problem, QueueLimits};
use millwork_web::{ConnectionLimits, Host, HostError, LoopStatus, ServeOptions};
use serde_json::Value;
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

    fn backtest(
        &self,
        _: AssetPartition<AssetIndex>,
        last: Option<usize>,
        _: Value,
    ) -> BoxFuture<Result<Dated<VersionsBacktested>, HostError>> {
        let provenance = Provenance::reported();
        let what =
            VersionsBacktested { gate: "better".to_owned(), against: None, versions: Vec::new(), provenance };
        let tested = Dated { sequence: 1, at: Timestamp::UNIX_EPOCH, run: None, what };
        Box::pin(async move {
            match last {
                // It goes on and on.
                Some(1) => std::future::pending().await,
                Some(_) | None => Ok(tested),
            }
        })
    }

    fn judge_in_shadow(
        &self,
        _: AssetPartition<AssetIndex>,
        version: Option<VersionNumber>,
        _: Value,
    ) -> BoxFuture<Result<TrialView, HostError>> {
        let of = AssetPartition::new("model".into(), None);
        Box::pin(async move {
            match version.map(VersionNumber::get) {
                // It goes on and on.
                Some(1) => std::future::pending().await,
                Some(9) => {
                    let problem = Problem::new("version 9 of `model` isn't in shadow");
                    Err(HostError { class: ErrorClass::Usage, problem })
                }
                Some(_) | None => {
                    let judged = version.unwrap_or(VersionNumber::FIRST);
                    Ok(TrialView::goes_on(of, judged, "few outcomes".to_owned(), &[].into()))
                }
            }
        })
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
