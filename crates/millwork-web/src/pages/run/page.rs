//! The page of a run.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::EnvironmentView;
use millwork_core::event::{Event, EventKind, KindSet};
use millwork_core::run::{RunState, RunStatus, RunTag};
use millwork_storage::EventQuery;

use super::super::message::{page_error, rendered};
use super::super::runs::RunRow;
use super::finished::Finished;
use super::log::{LEVELS, Log, LogQuery, log};
use super::steps::{Output, Steps, output, steps};
use crate::api::{one_run, waits};
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of a run's outputs that are listed.
const OUTPUTS: u32 = 100;

/// The kinds of events that the steps are shown from: the verdicts of gates beside those of the run itself.
const STEPS: KindSet = RunState::KINDS.union(KindSet::of(&[EventKind::VersionJudged]));

#[derive(Template)]
#[template(path = "run.html")]
struct Run {
    head: u64,
    run: RunRow,
    waits: Option<String>,
    /// The parts of its record that can't be read or are missing; `None` if it is complete.
    damage: Option<String>,
    class: String,
    config: String,
    /// Why the condition of its job requested it; empty if none did.
    requested_because: String,
    /// The partitions that were asked for, in words; empty for none.
    partitions: String,
    tags: Vec<(String, String)>,
    holder: String,
    can_cancel: bool,
    can_retry: bool,
    is_finished: bool,
    steps: Arc<Steps>,
    outputs: Vec<Output>,
    has_configs: bool,
    has_overrides: bool,
    environments: Vec<EnvironmentView>,
    wanted: LogQuery,
    levels: &'static [&'static str],
    log: Log,
}

impl Run {
    fn current(&self) -> &'static str {
        "Runs"
    }
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(wanted): Query<LogQuery>,
) -> Response {
    match load(&state, &run, wanted).await {
        Ok(run) => rendered(StatusCode::OK, &run),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, run: &str, wanted: LogQuery) -> Result<Run, ApiError> {
    let record = one_run(state, run).await?;
    let head = state.store.head().await?;
    let of_run = |kinds: KindSet, limit| EventQuery {
        run: Some(record.id),
        kinds: Some(kinds),
        limit,
        ..EventQuery::default()
    };
    let (finished, kept) = (Finished::of(&record), &state.finished_runs.0);
    let (steps, damage) = match finished.and_then(|finished| kept.get(&finished)) {
        Some(steps) => (steps, None),
        None => {
            let events = state.store.events(of_run(STEPS, None)).await?;
            let projection = RunState::of_stored(&events);
            let until = projection.finished_at.unwrap_or_else(|| state.clock.now());
            let steps = Arc::new(steps(&events, &projection, until));
            if let Some(finished) = finished.filter(|_| projection.damage.is_none()) {
                kept.keep(finished, steps.clone());
            }
            (steps, projection.damage)
        }
    };
    let made = state.store.events(of_run(EventKind::Materialized.into(), Some(OUTPUTS))).await?;
    let outputs: Vec<Output> = made.iter().filter_map(output).collect();
    let recorded = state.store.events(of_run(EventKind::EnvironmentRecorded.into(), None)).await?;
    let log = log(&*state.store, record.id, &wanted).await?;
    let is_queued = record.request.is_queued();
    let is_finished = record.status.is_finished();
    let has_config = record.request.config.as_object().is_some_and(|config| !config.is_empty());
    let config = serde_json::to_string_pretty(&record.request.config).unwrap_or_default();
    let holder = record.holder.as_ref().map(|holder| format!("process {} on {}", holder.pid, holder.host));
    Ok(Run {
        head,
        waits: waits(state, &record).await?,
        // The reason of a damaged run is its damage, which is shown separately.
        damage: damage.filter(|_| record.damage.is_none()),
        class: record.class.map(|class| class.to_string()).unwrap_or_default(),
        config: if has_config { config } else { String::new() },
        requested_because: RunTag::Reason.of(&record.request.tags).unwrap_or_default().to_owned(),
        partitions: record.request.partitions_in_words(),
        // The reason has a line of its own.
        tags: record
            .request
            .tags
            .clone()
            .into_iter()
            .filter(|(key, _)| key != RunTag::Reason.key())
            .collect(),
        holder: holder.unwrap_or_default(),
        can_cancel: matches!(record.status, RunStatus::Queued | RunStatus::Running),
        can_retry: is_queued && is_finished && record.status != RunStatus::Succeeded,
        is_finished,
        steps,
        has_configs: outputs.iter().any(|output| !output.config.is_empty()),
        has_overrides: made.iter().any(has_overrides),
        outputs,
        environments: EnvironmentView::of_events(&recorded),
        wanted,
        levels: LEVELS,
        log,
        run: RunRow::of(&record, state.clock.now()),
    })
}

/// Whether an output was made with a configuration that the run overrode.
fn has_overrides(made: &Event) -> bool {
    let config = made.body.provenance().and_then(|provenance| provenance.config.as_ref());
    config.is_some_and(|config| config.standing.is_some())
}
