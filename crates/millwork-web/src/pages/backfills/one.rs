//! The page of a backfill: what it makes, what has become of it, and the buttons for what can be done.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use millwork_api::{BackfillDetails, BackfillFailureView, BackfillRunView, StageProgressView};
use millwork_core::AssetKey;
use millwork_core::backfill::{BackfillStatus, Operation};
use millwork_core::run::{RunId, RunTag};
use serde::Deserialize;

use super::Counts;
use crate::api::{backfill_operated, backfill_shown};
use crate::error::ApiError;
use crate::pages::form::OwnForm;
use crate::pages::format;
use crate::pages::message::{page_error, rendered};
use crate::state::AppState;

#[derive(Template)]
#[template(path = "backfill.html")]
struct Backfill {
    head: u64,
    number: u64,
    status: String,
    selection: String,
    of: String,
    partitions: String,
    counts: Counts,
    created_at: String,
    changed_at: String,
    facts: Vec<String>,
    /// What can be done now, with the words of a button.
    operations: Vec<(&'static str, &'static str)>,
    tag: String,
    stages: Vec<Stage>,
    running: Vec<Running>,
    failures: Vec<Failure>,
    reasons: Vec<String>,
}

struct Stage {
    assets: Vec<String>,
    counts: Counts,
    /// The sets of partitions, by what has become of them.
    sets: Vec<(&'static str, String)>,
}

struct Running {
    run: RunId,
    short: String,
    assets: Vec<String>,
    partitions: String,
}

struct Failure {
    of: String,
    partitions: String,
    run: RunId,
    short: String,
    reason: String,
}

impl Backfill {
    fn current(&self) -> &'static str {
        "Backfills"
    }
}

pub(crate) async fn show(State(state): State<AppState>, Path(backfill): Path<String>) -> Response {
    match load(&state, &backfill).await {
        Ok(backfill) => rendered(StatusCode::OK, &backfill),
        Err(error) => page_error(&error),
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    operation: String,
}

pub(crate) async fn operate(
    State(state): State<AppState>,
    Path(backfill): Path<String>,
    OwnForm(Asked { operation }): OwnForm<Asked>,
) -> Response {
    match backfill_operated(&state, &backfill, &operation).await {
        Ok(_) => Redirect::to(&format!("/backfills/{backfill}")).into_response(),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, backfill: &str) -> Result<Backfill, ApiError> {
    let head = state.store.head().await?;
    let BackfillDetails { backfill, plan, stages, running, failures } =
        backfill_shown(state, backfill).await?;
    let id = backfill.backfill;
    let options = &plan.options;
    let mut facts = vec![
        format!("{} at a time", format::counted(options.runs_at_a_time as usize, "run", "runs")),
        options.order.to_string(),
    ];
    facts.extend(options.partitions_per_run.map(|most| format!("at most {most} partitions per run")));
    facts.extend(options.all.then(|| "also what was up to date".to_owned()));
    facts.extend(options.stop_at_share.map(|share| format!("stops above a share of {share} failures")));
    let has_stopped = backfill.status == BackfillStatus::Failed && backfill.counts.waiting > 0;
    facts.extend(has_stopped.then(|| "stopped because of its failures".to_owned()));
    facts.extend((plan.fresh > 0).then(|| format!("{} were up to date and skipped", plan.fresh)));
    facts.extend((plan.left_out > 0).then(|| format!("{} are left out", plan.left_out)));
    Ok(Backfill {
        head,
        number: id.number(),
        status: backfill.status.to_string(),
        selection: backfill.selection,
        of: plan.of.to_string(),
        partitions: plan.partitions,
        counts: Counts::new(&backfill.counts),
        created_at: backfill.created_at.to_string(),
        changed_at: backfill.changed_at.to_string(),
        facts,
        operations: operations(backfill.status),
        tag: format!("{}={id}", RunTag::Backfill.key()),
        stages: stages.into_iter().map(Stage::new).collect(),
        running: running.into_iter().map(Running::new).collect(),
        failures: failures.into_iter().map(Failure::new).collect(),
        reasons: plan.reasons,
    })
}

fn operations(status: BackfillStatus) -> Vec<(&'static str, &'static str)> {
    let all = [
        (Operation::Pause, ("pause", "Pause")),
        (Operation::Resume, ("resume", "Resume")),
        (Operation::Retry, ("retry", "Retry what wasn't made")),
        (Operation::Cancel, ("cancel", "Cancel")),
    ];
    let is_useful = |operation| match operation {
        // While it runs, what failed is retried by its end at the latest.
        Operation::Retry => status == BackfillStatus::Failed || status == BackfillStatus::Failing,
        Operation::StartRun | Operation::Pause | Operation::Resume | Operation::Cancel => {
            status.allows(operation)
        }
    };
    all.into_iter().filter(|(operation, _)| is_useful(*operation)).map(|(_, shown)| shown).collect()
}

impl Stage {
    fn new(stage: StageProgressView) -> Self {
        let StageProgressView {
            assets,
            counts,
            waiting,
            running,
            succeeded,
            failed,
            lost,
            skipped,
            canceled,
        } = stage;
        let sets = [
            ("failed", failed),
            ("lost", lost),
            ("skipped", skipped),
            ("canceled", canceled),
            ("running", running),
            ("waiting", waiting),
            ("succeeded", succeeded),
        ];
        let sets = sets.into_iter().filter(|(_, set)| !set.is_empty()).collect();
        Self { assets: names(assets), counts: Counts::new(&counts), sets }
    }
}

impl Running {
    fn new(BackfillRunView { run, assets, partitions }: BackfillRunView) -> Self {
        Self { run, short: run.short(), assets: names(assets), partitions }
    }
}

impl Failure {
    fn new(failure: BackfillFailureView) -> Self {
        let (of, partitions) = failure.subject();
        let partitions = partitions.to_owned();
        Self { of, partitions, run: failure.run, short: failure.run.short(), reason: failure.reason }
    }
}

fn names(assets: Vec<AssetKey>) -> Vec<String> {
    assets.into_iter().map(|asset| asset.to_string()).collect()
}
