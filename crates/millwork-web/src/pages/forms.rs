//! The targets of forms: each writes a request, and redirects to the page that shows it.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use millwork_api::{ErrorCode, NameError};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_core::run::{RunId, RunRequest, RunSpec};
use millwork_core::{AssetKey, Instigator, PartitionKey, Problem, StepPartition};
use serde::Deserialize;

use super::form::OwnForm;
use super::message::page_error;
use crate::api::{Body, Retry, cancel_run, create_needed, create_run, one_run, retry_run};
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Deserialize)]
pub(super) struct Selected {
    selection: String,
    #[serde(default)]
    partition: String,
    #[serde(default)]
    stale_only: bool,
}

pub(super) async fn launch(State(state): State<AppState>, OwnForm(form): OwnForm<Selected>) -> Response {
    let mut run = RunSpec::of(form.selection);
    if !form.partition.is_empty() {
        run = run.partition(form.partition);
    }
    run.stale_only = form.stale_only;
    leads(requested(&state, run).await.map(|run| format!("/runs/{run}")))
}

/// Queues a run for a daemon.
async fn requested(state: &AppState, run: RunSpec) -> Result<RunId, ApiError> {
    created(state, run.resolve(&state.pipeline, &state.moment().await?)?).await
}

/// Queues a run and returns it, or the error of the request.
pub(super) async fn created(state: &AppState, request: RunRequest) -> Result<RunId, ApiError> {
    let up_to_date = || ApiError::new(StatusCode::CONFLICT, ErrorCode::Invalid, "everything is up to date");
    create_needed(state, request).await?.ok_or_else(up_to_date)
}

/// A form without fields other than its token.
#[derive(Deserialize)]
pub(super) struct Empty {}

pub(super) async fn cancel(
    state: State<AppState>,
    Path(run): Path<String>,
    OwnForm(Empty {}): OwnForm<Empty>,
) -> Response {
    let canceled = cancel_run(state, Path(run.clone())).await;
    leads(canceled.map(|_| format!("/runs/{run}")))
}

pub(super) async fn retry(
    state: State<AppState>,
    Path(run): Path<String>,
    OwnForm(Empty {}): OwnForm<Empty>,
) -> Response {
    again(state, run, Retry::default()).await
}

pub(super) async fn repeat(
    state: State<AppState>,
    Path(run): Path<String>,
    OwnForm(Empty {}): OwnForm<Empty>,
) -> Response {
    again(state, run, Retry { from_scratch: true }).await
}

async fn again(state: State<AppState>, run: String, retry: Retry) -> Response {
    let queued = retry_run(state, Path(run), Some(Body(retry))).await;
    leads(queued.map(|Json(queued)| format!("/runs/{}", queued.run)))
}

/// Runs the assets of selected steps again, with the configuration and tags of the run that they were selected in.
pub(super) async fn repeat_selected(
    State(state): State<AppState>,
    Path(run): Path<String>,
    OwnForm(fields): OwnForm<Vec<(String, String)>>,
) -> Response {
    leads(selected_again(&state, &run, &fields).await.map(|run| format!("/runs/{run}")))
}

async fn selected_again(state: &AppState, run: &str, fields: &[(String, String)]) -> Result<RunId, ApiError> {
    let after = match reach(fields)? {
        Reach::These => "",
        Reach::Downstream => "+",
    };
    let record = one_run(state, run).await?;
    let graph = state.pipeline.graph();
    let moment = state.moment().await?;
    let mut assets = AssetSet::new();
    let mut partitions: BTreeSet<PartitionKey> = BTreeSet::new();
    for (_, step) in fields.iter().filter(|(name, _)| name == "step") {
        let selected = SelectedStep::read(step);
        for asset in assets_of(graph, selected.step)? {
            assets.insert(asset);
            partitions.extend(selected.partition.map(|text| graph.past_partition(asset, text, &moment)));
        }
    }
    if assets.is_empty() {
        return Err(ApiError::invalid(
            Problem::new("no step is selected").with_hint("select the steps to run again"),
        ));
    }
    let parts: Vec<String> = assets.iter().map(|asset| format!("\"{}\"{after}", graph.key(*asset))).collect();
    let again = record.request.retry_of(record.id);
    let run = RunSpec::of(parts.join(" or ")).config(again.config);
    let template = run.template(&state.pipeline)?;
    let has_partitions =
        |key: &AssetKey| graph.index(key.as_str()).is_some_and(|asset| graph.partitions(asset).is_some());
    let partitions = match template.assets.iter().any(has_partitions) {
        true if partitions.is_empty() => again.partitions,
        true => partitions.into_iter().collect(),
        false => Vec::new(),
    };
    // The tags are those of a run that was requested, with what only Millwork sets.
    let request = RunRequest { tags: again.tags, partitions, ..template };
    request.check(&state.pipeline, &moment)?;
    create_run(state, request).await
}

/// A selected step, or a partition of one, as a form has it: divided by a tab, which keys don't contain.
pub(super) struct SelectedStep<'t> {
    step: &'t str,
    /// The identity of the partition.
    partition: Option<&'t str>,
}

impl<'t> SelectedStep<'t> {
    pub(super) fn of(step: &'t StepPartition) -> Self {
        let partition = step.partition.as_ref().map(PartitionKey::identity);
        Self { step: step.step.as_str(), partition }
    }

    pub(super) fn text(&self) -> String {
        match self.partition {
            None => self.step.to_owned(),
            Some(partition) => format!("{}\t{partition}", self.step),
        }
    }

    fn read(text: &'t str) -> Self {
        match text.split_once('\t') {
            None => Self { step: text, partition: None },
            Some((step, partition)) => Self { step, partition: Some(partition) },
        }
    }
}

/// What is run again, beside the selected steps.
enum Reach {
    /// The selected steps alone.
    These,
    /// What is downstream of them, too.
    Downstream,
}

/// The button that sent the form.
fn reach(fields: &[(String, String)]) -> Result<Reach, ApiError> {
    let which: Vec<&str> =
        fields.iter().filter(|(name, _)| name == "which").map(|(_, which)| which.as_str()).collect();
    match *which {
        ["these"] => Ok(Reach::These),
        ["downstream"] => Ok(Reach::Downstream),
        _ => {
            let problem = Problem::new(format!("`which` can't be `{}`", which.join(", ")));
            Err(ApiError::invalid(problem.with_hint("`these` for the selected steps, or `downstream`")))
        }
    }
}

/// The assets that a step makes, or tests or judges.
fn assets_of(graph: &AssetGraph, step: &str) -> Result<Vec<AssetIndex>, ApiError> {
    let unknown = || {
        let problem = Problem::new(format!("the definitions have no step `{step}` any more"));
        ApiError::invalid(problem.with_hint(graph.step_hint(step)))
    };
    let step = graph.step_index(step).ok_or_else(unknown)?;
    Ok(graph.examined_asset(step).map_or_else(|| graph.outputs(step).to_vec(), |asset| vec![asset]))
}

#[derive(Deserialize)]
pub(super) struct Switched {
    name: String,
    on: bool,
    #[serde(default)]
    back: String,
}

pub(super) async fn switch(State(state): State<AppState>, OwnForm(form): OwnForm<Switched>) -> Response {
    let instigator = Instigator::from_stored(&form.name);
    if !super::automation::is_switch(&state.pipeline, &instigator) {
        return page_error(&ApiError::not_found(format!("there is no switch `{}`", form.name)));
    }
    let switched = state.switch(&instigator, form.on).await;
    let back = if form.back.starts_with("/automation") { form.back } else { "/automation".to_owned() };
    leads(switched.map(|()| back).map_err(ApiError::from))
}

#[derive(Deserialize)]
pub(super) struct Undelivered {
    delivery: u64,
    decision: Decision,
}

/// Retries or drops a delivery that hasn't arrived.
pub(super) async fn decide_delivery(
    State(state): State<AppState>,
    OwnForm(form): OwnForm<Undelivered>,
) -> Response {
    let now = state.clock.now();
    let decided = match form.decision {
        Decision::Retry => state.store.retry_delivery(form.delivery, now).await,
        Decision::Drop => state.store.drop_delivery(form.delivery, now).await,
    };
    state.wake.notify_waiters();
    match decided {
        Ok(true) => leads(Ok("/automation#alerts".to_owned())),
        Ok(false) => page_error(&NameError::UnknownDelivery { ids: form.delivery.to_string() }.into()),
        Err(error) => page_error(&error.into()),
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Retry,
    Drop,
}

#[derive(Deserialize)]
pub(super) struct Decided {
    pending: u64,
    decision: Decision,
}

/// Retries or drops a pending request.
pub(super) async fn decide_pending(
    State(state): State<AppState>,
    OwnForm(form): OwnForm<Decided>,
) -> Response {
    let decided = match form.decision {
        Decision::Retry => state.store.retry_pending(form.pending, state.clock.now()).await,
        Decision::Drop => state.store.drop_pending(form.pending).await,
    };
    state.wake.notify_waiters();
    match decided {
        Ok(true) => leads(Ok("/automation#pending".to_owned())),
        Ok(false) => page_error(&NameError::UnknownPending { id: form.pending }.into()),
        Err(error) => page_error(&error.into()),
    }
}

pub(super) fn leads(to: Result<String, ApiError>) -> Response {
    match to {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(error) => page_error(&error),
    }
}
