//! The overview: open runs, failures, late and stale assets, next ticks, and recent runs and materializations.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use millwork_core::asset_status::AssetStatuses;
use millwork_core::event::{EventBody, EventKind};
use millwork_core::run::RunStatus;
use millwork_core::{AssetStatus, Instigator, MainNumber, Pipeline};
use millwork_storage::{EventQuery, InstigatorState, Order, RunQuery, RunRecord};

use super::main_number;
use super::message::{page_error, rendered};
use super::runs::{RunRow, timeline_of};
use crate::asset_status::{StatusSnapshot, Trend};
use crate::error::ApiError;
use crate::state::AppState;

/// The maximum numbers of runs that are listed and drawn.
const RUNS: usize = 10;
const DRAWN: u32 = 200;
/// The maximum number of open runs that are counted.
const MOST_OPEN: u32 = 1_000;
/// The maximum number of materializations, of ticks, and of assets with problems that are listed.
const LISTED: usize = 10;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    head: u64,
    running: String,
    queued: String,
    failed: usize,
    looked_at: usize,
    counts: Counts,
    assets: usize,
    timeline: String,
    open: Vec<RunRow>,
    runs: Vec<RunRow>,
    problems: Vec<AssetProblem>,
    ticks: Vec<(String, String)>,
    made: Vec<Made>,
}

/// The numbers of assets by state.
struct Counts {
    fresh: usize,
    stale: usize,
    missing: usize,
    failed: usize,
    late: usize,
}

impl Counts {
    fn of(statuses: &AssetStatuses) -> Self {
        Self {
            fresh: statuses.count(AssetStatus::Fresh),
            stale: statuses.count(AssetStatus::Stale),
            missing: statuses.count(AssetStatus::Missing),
            failed: statuses.count(AssetStatus::Failed),
            late: statuses.all().iter().filter(|health| health.is_late()).count(),
        }
    }
}

/// An asset with a problem.
struct AssetProblem {
    key: String,
    words: Vec<&'static str>,
    because: String,
}

struct Made {
    asset: String,
    partition: String,
    at: String,
    number: Option<main_number::Shown>,
}

impl Overview {
    fn current(&self) -> &'static str {
        "Overview"
    }
}

pub(super) async fn show(State(state): State<AppState>) -> Response {
    match load(&state).await {
        Ok(overview) => rendered(StatusCode::OK, &overview),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState) -> Result<Overview, ApiError> {
    let now = state.clock.now();
    let snapshot = state.statuses().await?;
    let recent = state.store.runs(RunQuery { limit: Some(DRAWN), ..RunQuery::default() }).await?;
    let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Canceling];
    let open = state.store.runs(RunQuery { statuses, limit: Some(MOST_OPEN), ..RunQuery::default() }).await?;
    let queued = open.iter().filter(|run| run.status == RunStatus::Queued).count();
    let known = state.store.states().await?;
    let kinds = Some(EventKind::Materialized.into());
    let newest =
        EventQuery { kinds, order: Order::NewestFirst, limit: Some(LISTED as u32), ..EventQuery::default() };
    let made = state.store.events(newest).await?;
    let is_bad = |run: &&RunRecord| matches!(run.status, RunStatus::Failed | RunStatus::Lost);
    let at_most = |count: usize| match open.len() == MOST_OPEN as usize {
        true => format!("{count}+"),
        false => count.to_string(),
    };
    let rows =
        |runs: &[RunRecord], most: usize| runs.iter().take(most).map(|run| RunRow::of(run, now)).collect();
    Ok(Overview {
        head: snapshot.head,
        running: at_most(open.len() - queued),
        queued: at_most(queued),
        failed: recent.iter().filter(is_bad).count(),
        looked_at: recent.len(),
        counts: Counts::of(&snapshot.statuses),
        assets: state.pipeline.graph().assets().len(),
        timeline: timeline_of(&recent, now),
        open: rows(&open, RUNS),
        runs: rows(&recent, RUNS),
        problems: problems(state, &snapshot.statuses),
        ticks: next_ticks(&state.pipeline, &known, now),
        made: made.iter().filter_map(|event| Made::of(event, &state.pipeline, &snapshot)).collect(),
    })
}

impl Made {
    fn of(
        event: &millwork_core::event::Event,
        pipeline: &Pipeline,
        statuses: &StatusSnapshot,
    ) -> Option<Self> {
        let EventBody::Materialized(made) = &event.body else { return None };
        let asset = event.asset.as_ref()?;
        // The asset may not be defined any more.
        let number = pipeline.graph().index(asset.as_str()).and_then(|index| {
            let standing = statuses.trend(index).map(Trend::label);
            MainNumber::of(&pipeline.graph().assets()[index].spec, &made.metadata, standing)
        });
        Some(Self {
            asset: asset.to_string(),
            partition: event.partition.as_ref().map(|partition| format!("({partition})")).unwrap_or_default(),
            at: event.at.to_string(),
            number: number.map(main_number::Shown::of),
        })
    }
}

/// Assets that failed, are late, or have a failing check; then those that are stale.
fn problems(state: &AppState, statuses: &AssetStatuses) -> Vec<AssetProblem> {
    let graph = state.pipeline.graph();
    let mut problems: Vec<(usize, AssetProblem)> = Vec::new();
    for (asset, health) in statuses.all().iter_enumerated() {
        let (mut words, failing_checks) = (Vec::new(), health.failing_checks());
        words.extend((health.status == AssetStatus::Failed).then_some("failed"));
        words.extend((!failing_checks.is_empty()).then_some("fail"));
        words.extend(health.is_late().then_some("late"));
        words.extend((health.status == AssetStatus::Stale).then_some("stale"));
        let Some(first) = words.first() else { continue };
        let gravity = ["failed", "fail", "late", "stale"].iter().position(|word| word == first).unwrap_or(4);
        let checks = failing_checks.iter().map(|check| format!("check {check} failed"));
        let because: Vec<String> = checks.chain(health.reasons().iter().cloned()).take(3).collect();
        let problem = AssetProblem { key: graph.key(asset).to_string(), words, because: because.join("; ") };
        problems.push((gravity, problem));
    }
    problems.sort_by_key(|(gravity, _)| *gravity);
    problems.into_iter().map(|(_, problem)| problem).take(LISTED).collect()
}

/// The next tick of each schedule that is on, soonest first, of the next 30 days.
fn next_ticks(
    pipeline: &Pipeline,
    known: &std::collections::BTreeMap<Instigator, InstigatorState>,
    now: Timestamp,
) -> Vec<(String, String)> {
    let is_on = |schedule: &&millwork_core::Schedule| {
        known.get(&schedule.instigator()).and_then(|state| state.on).unwrap_or(schedule.default_on)
    };
    let next = |schedule: &millwork_core::Schedule| {
        let next = schedule.timetable().ok()?.after(now).next()?;
        (next.duration_since(now) < SignedDuration::from_hours(30 * 24))
            .then(|| (next, schedule.name.clone()))
    };
    let mut ticks: Vec<(Timestamp, String)> =
        pipeline.schedules().iter().filter(is_on).filter_map(next).collect();
    ticks.sort();
    ticks.into_iter().take(LISTED).map(|(at, name)| (name, at.to_string())).collect()
}
