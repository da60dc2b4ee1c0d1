//! A run: its steps over time, why it ended so, and its log.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use millwork_core::event::{Event, EventBody};
use millwork_core::run::{QUEUE_TAG, RunId, RunState, RunStatus};
use millwork_storage::{EventQuery, Order};
use serde::Deserialize;

use super::message::{page_error, rendered};
use super::plot::{Bar, gantt};
use super::runs::RunRow;
use super::words;
use crate::api::{one_run, waits};
use crate::error::ApiError;
use crate::state::AppState;

/// So many lines of the log are looked at, the last ones.
const LINES: u32 = 500;
/// What is shown as its log.
const LOGGED: [&str; 5] = ["logged", "step_failed", "step_retrying", "run_failed", "run_lost"];

fn of_run(run: RunId, kinds: Vec<&'static str>) -> EventQuery {
    EventQuery { run: Some(run), kinds, ..EventQuery::default() }
}

#[derive(Template)]
#[template(path = "run.html")]
struct Run {
    head: u64,
    run: RunRow,
    waits: Option<String>,
    config: String,
    tags: Vec<(String, String)>,
    can_cancel: bool,
    can_retry: bool,
    is_finished: bool,
    steps: Vec<Step>,
    gantt: String,
    query: String,
    lines: Vec<Line>,
}

struct Step {
    name: String,
    status: &'static str,
    attempt: u32,
    took: String,
    reason: String,
}

struct Line {
    at: String,
    step: String,
    level: String,
    text: String,
}

impl Run {
    fn current(&self) -> &'static str {
        "Runs"
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    q: String,
}

pub(super) async fn show(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    match load(&state, &run, wanted.q).await {
        Ok(run) => rendered(StatusCode::OK, &run),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, run: &str, query: String) -> Result<Run, ApiError> {
    let record = one_run(state, run).await?;
    let events = state.store.events(of_run(record.id, RunState::KINDS.into())).await?;
    let newest =
        EventQuery { order: Order::NewestFirst, limit: Some(LINES), ..of_run(record.id, LOGGED.into()) };
    let mut logged = state.store.events(newest).await?;
    logged.reverse();
    let contradiction = |error: millwork_core::run::IllegalTransition| {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "contradiction", error.to_string())
    };
    let (course, now) = (RunState::replay(&events).map_err(contradiction)?, state.clock.now());
    let mut steps: Vec<_> = course.steps.iter().collect();
    steps.sort_by_key(|(_, step)| (step.started_at.is_none(), step.started_at));
    let named = |(step, partition): &(_, Option<_>)| match partition {
        Some(partition) => format!("{step} ({partition})"),
        None => format!("{step}"),
    };
    let began = steps.first().and_then(|(_, step)| step.started_at).unwrap_or(now);
    let seconds = |at: Timestamp| at.duration_since(began).as_secs_f64();
    let bars: Vec<Bar> = steps
        .iter()
        .filter_map(|(key, step)| {
            let (from, to) = (step.started_at?, step.finished_at.unwrap_or(now));
            Some(Bar { name: named(key), state: step.status.as_str(), from: seconds(from), to: seconds(to) })
        })
        .collect();
    let shown = steps.iter().map(|(key, step)| Step {
        name: named(key),
        status: step.status.as_str(),
        attempt: step.attempt,
        took: step
            .started_at
            .map(|from| words::between(from, step.finished_at.unwrap_or(now)))
            .unwrap_or_default(),
        reason: step
            .failure
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| step.reason.clone())
            .unwrap_or_default(),
    });
    let is_queued = record.request.tags.contains_key(QUEUE_TAG.0);
    let is_finished = record.status.is_finished();
    let config = record.request.config.as_object().filter(|config| !config.is_empty());
    let lines: Vec<Line> = logged.iter().filter_map(line).filter(|line| line.text.contains(&query)).collect();
    Ok(Run {
        head: events.iter().chain(&logged).map(|event| event.sequence).max().unwrap_or(0),
        waits: waits(state, &record).await?,
        config: config.map(|_| record.request.config.to_string()).unwrap_or_default(),
        tags: record.request.tags.clone().into_iter().collect(),
        can_cancel: matches!(record.status, RunStatus::Queued | RunStatus::Running),
        can_retry: is_queued && is_finished && record.status != RunStatus::Succeeded,
        is_finished,
        steps: shown.collect(),
        gantt: gantt(&bars),
        query,
        lines,
        run: RunRow::of(&record, now),
    })
}

fn line(event: &Event) -> Option<Line> {
    const LONGEST: usize = 4_000;
    let (level, text) = match &event.body {
        EventBody::Logged(line) => (line.level.to_string(), line.message.clone()),
        EventBody::StepFailed { failure } => ("error".to_owned(), failure.to_string()),
        EventBody::StepRetrying { failure, .. } => ("warn".to_owned(), format!("tried again: {failure}")),
        EventBody::RunFailed { reason, .. } | EventBody::RunLost { reason, .. } => {
            ("error".to_owned(), reason.clone())
        }
        _ => return None,
    };
    Some(Line {
        at: event.at.to_string(),
        step: event.step.as_ref().map(ToString::to_string).unwrap_or_default(),
        level: level.to_lowercase(),
        text: text.chars().take(LONGEST).collect(),
    })
}
