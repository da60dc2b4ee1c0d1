//! The deployment: the process, the loops of the daemon, the run queue, pools, code versions, and retention.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::{HolderView, PoolView};
use millwork_core::retention::Retention;
use millwork_core::{Pipeline, QueueLimits};
use millwork_storage::waiting_runs;

use super::format;
use super::message::{page_error, rendered};
use crate::error::ApiError;
use crate::host::LoopStatus;
use crate::state::AppState;

/// The maximum number of waiting runs, and of steps, that are listed.
const LISTED: usize = 50;
/// The time without a turn after which a loop is shown as late.
const LONG: std::time::Duration = std::time::Duration::from_secs(60);

#[derive(Template)]
#[template(path = "deployment.html")]
struct Deployment {
    head: u64,
    facts: Vec<(&'static str, String)>,
    counts: Vec<(&'static str, usize)>,
    steps: Vec<(String, String, String)>,
    all_steps: usize,
    resources: Vec<&'static str>,
    io_managers: Vec<String>,
    max_runs: usize,
    limits: Vec<String>,
    waiting: Vec<(String, String, String)>,
    all_waiting: usize,
    pools: Vec<Pool>,
    loops: Vec<LoopRow>,
    retention: Vec<(&'static str, String)>,
}

struct Pool {
    name: String,
    slots: u32,
    held: u32,
    holders: Vec<String>,
}

struct LoopRow {
    name: &'static str,
    last: String,
    ticks: u64,
    failures: u64,
    state: &'static str,
    error: String,
}

impl Deployment {
    fn current(&self) -> &'static str {
        "Deployment"
    }
}

pub(super) async fn show(State(state): State<AppState>) -> Response {
    match load(&state).await {
        Ok(deployment) => rendered(StatusCode::OK, &deployment),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState) -> Result<Deployment, ApiError> {
    let (pipeline, now) = (&state.pipeline, state.clock.now());
    let head = state.store.head().await?;
    let in_force = state.host.queue_limits();
    let waiting =
        waiting_runs(&*state.store, in_force.as_ref(), state.host.launch_error().as_deref(), now).await?;
    let queue = in_force.unwrap_or_else(|| pipeline.queue());
    let held = state.store.held_slots().await?;
    let mut facts = state.host.facts();
    facts.push(("Serving for", format::span(state.started.elapsed())));
    facts.push(("Events", head.to_string()));
    let graph = pipeline.graph();
    let steps = graph.steps().iter().take(LISTED).map(|step| {
        let computation = step.computation();
        let source = computation.source.map(|(file, line)| format!("{file}:{line}"));
        (step.key.to_string(), computation.code_version.to_string(), source.unwrap_or_default())
    });
    Ok(Deployment {
        head,
        facts,
        counts: counts(pipeline),
        steps: steps.collect(),
        all_steps: graph.steps().len(),
        resources: pipeline.resources().type_names(),
        io_managers: pipeline.io_managers().keys().cloned().collect(),
        max_runs: queue.max_runs,
        limits: limits(&queue),
        all_waiting: waiting.len(),
        waiting: waiting
            .into_iter()
            .take(LISTED)
            .map(|(run, reason)| {
                let reason =
                    reason.map_or_else(|| "about to be launched".to_owned(), |reason| reason.to_string());
                (run.to_string(), run.short(), reason)
            })
            .collect(),
        pools: PoolView::all(pipeline.pools(), &held).into_iter().map(pool).collect(),
        loops: state.host.loops().into_iter().map(shown).collect(),
        retention: retention(pipeline.retention()),
    })
}

fn counts(pipeline: &Pipeline) -> Vec<(&'static str, usize)> {
    let graph = pipeline.graph();
    let checks = graph.steps().iter().filter(|step| step.is_check()).count();
    vec![
        ("assets", graph.assets().len()),
        ("steps", graph.steps().len() - checks),
        ("checks", checks),
        ("jobs", pipeline.jobs().len()),
        ("schedules", pipeline.schedules().len()),
        ("sensors", pipeline.sensors().len()),
        ("alerts", pipeline.alerts().len()),
    ]
}

fn limits(queue: &QueueLimits) -> Vec<String> {
    let limit = |limit: &millwork_core::run::TagLimit| match &limit.value {
        Some(value) => format!("{} with {}={value}", limit.limit, limit.key),
        None => format!("{} of each value of {}", limit.limit, limit.key),
    };
    queue.tags.iter().map(limit).collect()
}

fn pool(view: PoolView) -> Pool {
    let holder = |holder: HolderView| {
        let HolderView { slots, host, pid, leased_until } = holder;
        format!("{slots} by process {pid} on {host}, until {leased_until}")
    };
    let PoolView { pool, slots, held, holders } = view;
    Pool { name: pool, slots, held, holders: holders.into_iter().map(holder).collect() }
}

fn shown(loop_status: LoopStatus) -> LoopRow {
    let is_late = loop_status.since_last.is_some_and(|since| since > LONG);
    let state = match (&loop_status.error, is_late) {
        (Some(_), _) => "failed",
        (None, true) => "warn",
        (None, false) => "on",
    };
    LoopRow {
        name: loop_status.name,
        last: loop_status.last.map(|last| last.to_string()).unwrap_or_default(),
        ticks: loop_status.ticks,
        failures: loop_status.failures,
        state,
        error: loop_status.error.unwrap_or_default(),
    }
}

fn retention(rules: Retention) -> Vec<(&'static str, String)> {
    let age = |age: Option<std::time::Duration>| {
        age.map_or_else(|| "kept forever".to_owned(), |age| format!("removed after {}", format::span(age)))
    };
    let values = rules.values.map_or_else(
        || "kept forever".to_owned(),
        |kept| {
            format!(
                "the newest {} and those younger than {} are kept",
                kept.newest,
                format::span(kept.younger)
            )
        },
    );
    vec![
        ("Log lines", age(rules.logs)),
        ("Finished runs", age(rules.runs)),
        ("Ticks", age(rules.ticks)),
        ("Stored values", values),
    ]
}
