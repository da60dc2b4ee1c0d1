//! Facts and metrics of the process of `serve`, for its pages and `/metrics`.

use std::path::PathBuf;
use std::sync::Arc;

use millwork_api::TrialView;
use millwork_core::advice::{chain_of, hint_of, one_line_of};
use millwork_core::event::{Event, VersionsBacktested};
use millwork_core::exposition::Exposition;
use millwork_core::graph::AssetIndex;
use millwork_core::model::Dated;
use millwork_core::version::VersionNumber;
use millwork_core::{Advice, AssetPartition, BoxError, BoxFuture, ErrorClass, Problem, QueueLimits};
use millwork_daemon::{ClockJump, DaemonMetrics, LoopMetrics, LoopName};
use millwork_engine::Engine;
use millwork_storage::{Home, Store, StoreCounts};
use millwork_web::{Host, HostError, LoopStatus};
use serde_json::Value;
use tokio::sync::Mutex;

use super::models::trial_view;
use crate::app::service_log::ServiceLog;

/// The process of `serve`.
#[derive(Debug)]
pub(super) struct ServingProcess {
    pub(super) metrics: DaemonMetrics,
    pub(super) store: Arc<dyn Store>,
    pub(super) engine: Engine,
    /// Held during a backtest: they are done one after the other.
    pub(super) backtests: Arc<Mutex<()>>,
    pub(super) log: ServiceLog,
    pub(super) home: Home,
    /// The absolute path of the home.
    pub(super) path: PathBuf,
}

impl Host for ServingProcess {
    fn write_metrics(&self, exposition: &mut Exposition) {
        self.metrics.write_to(exposition);
        let StoreCounts { commits, queries, bytes } = self.store.counts();
        let help = "Commits of this process";
        exposition.counter("millwork_store_commits_total", help).value(commits as f64);
        let help = "Queries of this process";
        exposition.counter("millwork_store_queries_total", help).value(queries as f64);
        exposition.gauge("millwork_store_bytes", "Size of the database").value(bytes as f64);
    }

    fn loops(&self) -> Vec<LoopStatus> {
        let status = |(name, metrics): (LoopName, LoopMetrics)| LoopStatus {
            name: name.in_words(),
            last: metrics.last,
            since_last: metrics.since_last(),
            ticks: metrics.ticks,
            failures: metrics.failures,
            error: metrics.error,
        };
        self.metrics.loops().into_iter().map(status).collect()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let counts = self.store.counts();
        let clock = self.metrics.last_jump().map(|jump| ("Clock", clock_in_words(&jump)));
        let facts = [
            ("Version", env!("CARGO_PKG_VERSION").to_owned()),
            ("Process", std::process::id().to_string()),
            ("Home", self.path.display().to_string()),
            ("Database", format!("{:.1} MB", counts.bytes as f64 / 1e6)),
            ("Commits", counts.commits.to_string()),
        ];
        facts.into_iter().chain(clock).collect()
    }

    fn queue_limits(&self) -> Option<QueueLimits> {
        self.home.queue_limits()
    }

    fn launch_error(&self) -> Option<String> {
        self.home.launch_error()
    }

    fn backtest(
        &self,
        of: AssetPartition<AssetIndex>,
        last: Option<usize>,
        config: Value,
    ) -> BoxFuture<Result<Dated<VersionsBacktested>, HostError>> {
        let (engine, backtests, log) = (self.engine.clone(), self.backtests.clone(), self.log.clone());
        let tested = tokio::spawn(async move {
            let _one_at_a_time = backtests.lock().await;
            let tested = engine.record_backtest(&of, last, &config).await;
            tested.map_err(|error| {
                log.say(&format!("a backtest failed: {}", one_line_of(&error)));
                refusal(&error)
            })
        });
        Box::pin(async move { tested.await.map_err(|_| stopped()).flatten() })
    }

    fn judge_in_shadow(
        &self,
        of: AssetPartition<AssetIndex>,
        version: Option<VersionNumber>,
        config: Value,
    ) -> BoxFuture<Result<TrialView, HostError>> {
        let (engine, log) = (self.engine.clone(), self.log.clone());
        let judged = tokio::spawn(async move {
            let judged = engine.judge_in_shadow(&of, version, &config).await.map_err(|error| {
                log.say(&format!("a version in shadow was not judged: {}", one_line_of(&error)));
                refusal(&error)
            });
            judged.map(trial_view)
        });
        Box::pin(async move { judged.await.map_err(|_| stopped()).flatten() })
    }

    fn stored_form(&self, event: Event) -> BoxFuture<Result<Vec<u8>, BoxError>> {
        let values = self.engine.values().clone();
        Box::pin(async move { Ok(values.load_bytes(&event).await?) })
    }
}

fn stopped() -> HostError {
    HostError { class: ErrorClass::Failed, problem: Problem::new("the service stops") }
}

fn refusal<E: Advice + 'static>(error: &E) -> HostError {
    let problem = Problem::new(chain_of(error).join(": "));
    let hint = hint_of(error);
    HostError { class: error.class(), problem: hint.into_iter().fold(problem, Problem::with_hint) }
}

fn clock_in_words(jump: &ClockJump) -> String {
    let direction = if jump.by.is_negative() { "back" } else { "forward" };
    let ClockJump { at, by, count, .. } = jump;
    format!("set {direction} by {:#} at {at} ({count} times since this process began)", by.abs())
}
