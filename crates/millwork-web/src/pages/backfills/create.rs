//! The form of a new backfill: the plan of what is written, and its start.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use millwork_api::{BackfillPlanView, PlannedStageView, parse_tags};
use millwork_core::backfill::RunOrder;
use millwork_core::id::BackfillId;
use millwork_core::read_config;
use millwork_core::run::RunTag;
use serde::Deserialize;

use crate::api::{RUNS_AT_A_TIME, StartBackfill, backfill_planned, create_backfill};
use crate::error::ApiError;
use crate::pages::form::OwnForm;
use crate::pages::format;
use crate::pages::message::rendered;
use crate::state::AppState;

/// What is written into the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Written {
    selection: String,
    job: String,
    partitions: String,
    of: String,
    all: bool,
    newest_first: bool,
    runs_at_a_time: String,
    partitions_per_run: String,
    stop_at_share: String,
    priority: String,
    tags: String,
    config: String,
}

#[derive(Template)]
#[template(path = "backfill_form.html")]
struct Form {
    written: Written,
    jobs: Vec<String>,
    /// The keys of assets with partitions.
    assets: Vec<String>,
    runs_at_a_time: u32,
    plan: Option<Planned>,
    problem: Option<String>,
}

struct Planned {
    heading: String,
    fresh: u64,
    left_out: u64,
    reasons: Vec<String>,
    /// The numbers of other backfills that are going to make some of these partitions.
    overlapping: Vec<u64>,
    stages: Vec<Stage>,
}

struct Stage {
    assets: Vec<String>,
    count: u64,
    runs: u64,
    partitions: String,
}

impl Form {
    fn new(state: &AppState, written: Written) -> Self {
        let graph = state.pipeline.graph();
        let assets = graph.assets().indices().filter(|asset| graph.partitions(*asset).is_some());
        Self {
            written,
            jobs: state.pipeline.jobs().iter().map(|job| job.name.clone()).collect(),
            assets: assets.map(|asset| graph.key(asset).to_string()).collect(),
            runs_at_a_time: RUNS_AT_A_TIME,
            plan: None,
            problem: None,
        }
    }

    fn current(&self) -> &'static str {
        "Backfills"
    }
}

/// The form, with the plan of what is written so far.
pub(crate) async fn show(State(state): State<AppState>, Query(written): Query<Written>) -> Response {
    let mut form = Form::new(&state, written.clone());
    if written.is_complete() {
        let planned = match written.start() {
            Ok(start) => backfill_planned(&state, start).await,
            Err(error) => Err(error),
        };
        match planned {
            Ok(plan) => form.plan = Some(Planned::new(plan)),
            Err(error) => form.problem = Some(error.sentences()),
        }
    }
    rendered(StatusCode::OK, &form)
}

/// Starts the backfill; where it is refused, the form says why.
pub(crate) async fn submit(State(state): State<AppState>, OwnForm(written): OwnForm<Written>) -> Response {
    let started = match written.start() {
        Ok(start) => create_backfill(&state, start).await,
        Err(error) => Err(error),
    };
    match started {
        Ok(id) => Redirect::to(&format!("/backfills/{id}")).into_response(),
        Err(error) => {
            let problem = Some(error.sentences());
            rendered(error.status(), &Form { problem, ..Form::new(&state, written) })
        }
    }
}

impl Written {
    /// Whether enough is written for a plan.
    fn is_complete(&self) -> bool {
        let has_assets = !self.selection.trim().is_empty() || !self.job.is_empty();
        has_assets && !self.partitions.trim().is_empty()
    }

    fn start(&self) -> Result<StartBackfill, ApiError> {
        let text = |written: &str| Some(written.trim().to_owned()).filter(|written| !written.is_empty());
        let lines = self.tags.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut tags: BTreeMap<String, String> = parse_tags(lines)?;
        if let Some(priority) = number::<i64>(&self.priority, "the priority")? {
            tags.insert(RunTag::Priority.key().to_owned(), priority.to_string());
        }
        let config = text(&self.config).map(|json| read_config(&json)).transpose();
        Ok(StartBackfill {
            selection: text(&self.selection),
            job: text(&self.job),
            partitions: self.partitions.clone(),
            of: text(&self.of),
            all: self.all,
            order: if self.newest_first { RunOrder::NewestFirst } else { RunOrder::OldestFirst },
            runs_at_a_time: number(&self.runs_at_a_time, "the number of runs at a time")?,
            partitions_per_run: number(&self.partitions_per_run, "the number of partitions per run")?,
            stop_at_share: number(&self.stop_at_share, "the share of failures")?,
            config: config
                .map_err(|error| ApiError::invalid(format!("the configuration is not JSON: {error}")))?,
            tags,
        })
    }
}

/// The number in a field; `None` if nothing is written.
fn number<T: std::str::FromStr>(written: &str, what: &str) -> Result<Option<T>, ApiError> {
    let written = written.trim();
    if written.is_empty() {
        return Ok(None);
    }
    let invalid = |_| ApiError::invalid(format!("`{written}` can't be {what}"));
    written.parse().map(Some).map_err(invalid)
}

impl Planned {
    fn new(plan: BackfillPlanView) -> Self {
        let counted =
            |count: u64, one, many| format::counted(usize::try_from(count).unwrap_or(usize::MAX), one, many);
        let mut heading = format!(
            "{} in {}",
            counted(plan.make, "partition", "partitions"),
            counted(plan.runs, "run", "runs")
        );
        let estimate =
            plan.estimated_seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
        if let Some(estimate) = estimate {
            heading.push_str(&format!(", about {}", format::span(estimate)));
        }
        Self {
            heading,
            fresh: plan.fresh,
            left_out: plan.left_out,
            reasons: plan.reasons,
            overlapping: plan.overlapping.into_iter().map(BackfillId::number).collect(),
            stages: plan.stages.into_iter().map(Stage::new).collect(),
        }
    }
}

impl Stage {
    fn new(stage: PlannedStageView) -> Self {
        let PlannedStageView { assets, partitions, count, runs, partitions_per_run: _ } = stage;
        let assets = assets.into_iter().map(|asset| asset.to_string()).collect();
        Self { assets, count, runs, partitions }
    }
}
