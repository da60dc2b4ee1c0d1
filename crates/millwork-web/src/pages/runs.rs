//! The list of runs.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use millwork_api::{parse_tag, run_status};
use millwork_core::asset::plot::Plot;
use millwork_core::clock::between;
use millwork_core::run::{RunId, RunStatus, RunTag};
use millwork_draw::plot::{TimelineBar, ToSvg as _, timeline};
use millwork_storage::{RunQuery, RunRecord};
use serde::Deserialize;

use super::format;
use super::message::{page_error, rendered};
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum number of runs on a page.
const PAGE: u32 = 50;
/// The maximum number of selections whose durations are drawn: those that ran most often.
const CURVES: usize = 4;
const STATUSES: &[&str] = &["queued", "running", "canceling", "succeeded", "failed", "canceled", "lost"];

/// A run in a table.
pub(super) struct RunRow {
    pub(super) id: String,
    pub(super) short: String,
    pub(super) status: &'static str,
    pub(super) selection: String,
    /// The partitions that were asked for, a few of many.
    pub(super) partitions: String,
    pub(super) created_at: String,
    pub(super) took: String,
    /// The requester of the run: a schedule, a sensor, automation or a retry; empty if it was requested by hand.
    pub(super) by: String,
    /// The number of the backfill that requested it.
    pub(super) backfill: Option<String>,
    pub(super) reason: String,
}

impl RunRow {
    pub(super) fn of(run: &RunRecord, now: Timestamp) -> Self {
        let took = run.started_at.map(|from| format::between(from, run.finished_at.unwrap_or(now)));
        Self {
            id: run.id.to_string(),
            short: run.id.short(),
            status: run.status.as_str(),
            selection: run.request.selection.clone(),
            partitions: run.request.partitions_in_words(),
            created_at: run.created_at.to_string(),
            took: took.unwrap_or_default(),
            by: run.request.origin().map(|origin| origin.replace('`', "")).unwrap_or_default(),
            backfill: RunTag::Backfill.of(&run.request.tags).map(str::to_owned),
            reason: match &run.damage {
                Some(damage) => format!("damaged: {damage}"),
                None => run.reason.clone().unwrap_or_default(),
            },
        }
    }
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Runs {
    head: u64,
    statuses: &'static [&'static str],
    status: String,
    tag: String,
    id: String,
    problem: Option<String>,
    timeline: String,
    durations: String,
    rows: Vec<RunRow>,
    next: Option<String>,
}

impl Runs {
    fn current(&self) -> &'static str {
        "Runs"
    }
}

#[derive(Deserialize)]
pub(super) struct RunListQuery {
    #[serde(default)]
    status: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    id: String,
    before: Option<RunId>,
}

pub(super) async fn show(State(state): State<AppState>, Query(wanted): Query<RunListQuery>) -> Response {
    match load(&state, wanted).await {
        Ok(runs) => rendered(StatusCode::OK, &runs),
        Err(error) => page_error(&error),
    }
}

async fn load(
    state: &AppState,
    RunListQuery { status, tag, id, before }: RunListQuery,
) -> Result<Runs, ApiError> {
    // An empty field doesn't filter; one that can't be read is reported, and doesn't filter either.
    let of_status = (!status.is_empty()).then(|| run_status(&status)).transpose();
    let of_tag = (!tag.is_empty()).then(|| parse_tag(&tag)).transpose();
    let refused = of_status.as_ref().err().or(of_tag.as_ref().err());
    let problem = refused.map(|error| ApiError::from(error.clone()).sentences());
    let statuses = of_status.ok().flatten().into_iter().collect();
    let wanted = of_tag.ok().flatten();
    let id_part = Some(id.clone()).filter(|id| !id.is_empty());
    let query = RunQuery { statuses, tag: wanted, before, id_part, limit: Some(PAGE), ..RunQuery::default() };
    let (found, now) = (state.store.runs(query).await?, state.clock.now());
    let is_full = found.len() == PAGE as usize;
    Ok(Runs {
        head: state.store.head().await?,
        statuses: STATUSES,
        status,
        tag,
        id,
        problem,
        timeline: timeline_of(&found, now),
        durations: durations_of(&found),
        next: found.last().filter(|_| is_full).map(|run| run.id.to_string()),
        rows: found.iter().map(|run| RunRow::of(run, now)).collect(),
    })
}

/// The runs that have started, as bars over time.
pub(super) fn timeline_of(runs: &[RunRecord], now: Timestamp) -> String {
    let bar = |run: &RunRecord| {
        let (from, to) = (run.started_at?, run.finished_at.unwrap_or(now));
        let selection: String = run.request.selection.chars().take(80).collect();
        Some(TimelineBar {
            from: from.as_microsecond(),
            to: to.as_microsecond(),
            state: run.status.as_str(),
            title: format!("{} {} {selection}, {}", run.id.short(), run.status, format::between(from, to)),
            link: format!("/runs/{}", run.id),
        })
    };
    timeline("Runs over time", &runs.iter().filter_map(bar).collect::<Vec<_>>())
}

/// The durations of finished runs, one curve for each selection that ran several times.
fn durations_of(runs: &[RunRecord]) -> String {
    let mut by_selection: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for run in runs.iter().rev().filter(|run| run.status == RunStatus::Succeeded) {
        if let (Some(from), Some(to)) = (run.started_at, run.finished_at) {
            let Some(took) = between(from, to) else { continue };
            by_selection
                .entry(&run.request.selection)
                .or_default()
                .push((from.as_microsecond() as f64, took.as_secs_f64()));
        }
    }
    let mut curves: Vec<_> = by_selection.into_iter().filter(|(_, points)| points.len() > 1).collect();
    curves.sort_by_key(|(_, points)| std::cmp::Reverse(points.len()));
    curves.truncate(CURVES);
    if curves.is_empty() {
        return String::new();
    }
    Plot::lines("Durations of runs", curves).over_time().labels("", "seconds").to_svg()
}
