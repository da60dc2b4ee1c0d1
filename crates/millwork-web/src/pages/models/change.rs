//! The forms of a model's page: they promote, reject, keep and roll back versions.
//!
//! A form carries what its page showed: the version in use, and the question that it answers. If that has changed meanwhile, nothing is
//! done, and the page says what was first.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::{ErrorCode, find_asset};
use millwork_core::event::Mover;
use millwork_core::model::{Author, ModelHistory, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetPartition, Problem};
use millwork_storage::{ModelAction, ModelError, Seen, act_on_model};
use serde::Deserialize;

use super::super::form::OwnForm;
use super::super::forms::leads;
use super::super::message::{page_error, rendered};
use super::address::{ModelQuery, of_model};
use super::page;
use crate::error::ApiError;
use crate::state::AppState;

/// The author of what is done without a name.
const ANONYMOUS: &str = "web";

/// What is to be done to a version.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Promote,
    Keep,
    Reject,
    RollBack,
}

#[derive(Deserialize)]
pub(in super::super) struct Change {
    action: Action,
    /// The version; a rollback without one goes to what was in use before.
    version: Option<VersionNumber>,
    #[serde(default)]
    partition: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    by: String,
    /// The version that the page showed as the one in use, or `none`; without it, whatever is in use is meant.
    seen: Option<String>,
    /// The event of the question that is answered.
    asked: Option<u64>,
}

/// Why nothing was done.
enum Refusal {
    /// It can't be done now: the page says why.
    Shown(ApiError),
    /// The request can't be answered by a page of a model.
    Failed(ApiError),
}

impl From<ModelError> for Refusal {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Store(error) => Self::Failed(error.into()),
            error @ (ModelError::Operation(_)
            | ModelError::Overtaken { .. }
            | ModelError::Answered { .. }) => Self::Shown(error.into()),
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

pub(in super::super) async fn change(
    State(state): State<AppState>,
    Path(key): Path<String>,
    OwnForm(change): OwnForm<Change>,
) -> Response {
    let refused = match changed(&state, &key, &change).await {
        Ok(to) => return leads(Ok(to)),
        Err(Refusal::Shown(error)) => error,
        Err(Refusal::Failed(error)) => return page_error(&error),
    };
    let wanted = ModelQuery { partition: change.partition, ..ModelQuery::default() };
    let problem = format!("Nothing was changed: {}", refused.sentences());
    match page::load(&state, &key, wanted, Some(problem)).await {
        Ok(page) => rendered(refused.status(), &page),
        Err(error) => page_error(&error),
    }
}

/// Does it, and returns the address to go on to.
async fn changed(state: &AppState, key: &str, change: &Change) -> Result<String, Refusal> {
    let graph = state.pipeline.graph();
    let index = find_asset(graph, key).map_err(ApiError::from)?;
    let partition = (!change.partition.is_empty()).then(|| change.partition.as_str().into());
    let (of, in_use) = (AssetPartition::new(graph.key(index).clone(), partition), graph.alias_in_use(index));
    let by = Some(change.by.trim()).filter(|by| !by.is_empty()).unwrap_or(ANONYMOUS);
    let author = Author { by: Mover::Person(by.to_owned()), reason: change.reason.trim().to_owned() };
    let (action, seen) = (change.action()?, change.seen()?);
    state.model_cache.expire().await;
    let models = state.models(0).await.map_err(ApiError::from)?;
    if let Some(history) = models.of(&of)
        && let Some(answer) = change.answered(history, &in_use)
    {
        let text = format!("the question was answered meanwhile: {answer}");
        return Err(Refusal::Shown(ApiError::new(StatusCode::CONFLICT, ErrorCode::Conflict, text)));
    }
    let now = state.clock.now();
    let done = act_on_model(&*state.store, (&of, &in_use), &action, (&author, seen), now).await;
    state.model_cache.expire().await;
    state.wake.notify_waiters();
    done?;
    Ok(of_model(of.asset.as_str(), of.partition.as_ref()))
}

impl Change {
    fn action(&self) -> Result<ModelAction, ApiError> {
        let version = || self.version.ok_or_else(|| ApiError::invalid("`version` is missing"));
        Ok(match self.action {
            Action::Promote => ModelAction::Promote(version()?),
            Action::Keep => ModelAction::Keep(version()?),
            Action::Reject => ModelAction::Reject(version()?),
            Action::RollBack => ModelAction::RollBack(self.version),
        })
    }

    fn seen(&self) -> Result<Seen, ApiError> {
        match self.seen.as_deref() {
            None => Ok(Seen::Now),
            Some("none") => Ok(Seen::Version(None)),
            Some(version) => version
                .parse()
                .map(|version| Seen::Version(Some(version)))
                .map_err(|problem: Problem| ApiError::invalid(problem)),
        }
    }

    /// How the question that the form answers was answered before; `None` if it is open, or if the form answers none.
    fn answered(&self, history: &ModelHistory, in_use: &AliasName) -> Option<String> {
        let (asked, version) = (self.asked?, self.version?);
        let found = history.versions.get(&version)?;
        let verdict = found.verdicts.last()?;
        let is_open = matches!(history.status(version, in_use), Some(VersionStatus::AwaitsApproval(_)));
        if is_open && verdict.sequence == asked {
            return None;
        }
        let decision = found.decisions.last().map(|decision| (decision.sequence, decision.what.to_string()));
        let verdict = (verdict.sequence, verdict.what.to_string());
        decision.into_iter().chain([verdict]).max_by_key(|(sequence, _)| *sequence).map(|(_, text)| text)
    }
}
