//! The forms of a model's page: they promote, reject, keep and roll back versions.
//!
//! A form carries what its page showed: the version in use, and the newest event about the version that it is about, such as the question
//! that it answers. If that has changed meanwhile, nothing is done, and the page says what was first.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::{ErrorCode, find_asset, model_author};
use millwork_core::model::ModelHistory;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetPartition, Problem};
use millwork_storage::{ModelAction, ModelError, Seen, act_on_model};
use serde::Deserialize;

use super::super::form::OwnForm;
use super::super::forms::leads;
use super::super::message::{page_error, rendered};
use super::address::{ModelQuery, of_model, past_partition};
use super::page;
use super::row::last_event;
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
    /// The newest event about the version that the page showed, 0 if there was none; without it, whatever is known of it is meant.
    known: Option<u64>,
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
    let moment = state.moment().await.map_err(ApiError::from)?;
    let partition = past_partition(graph, index, &change.partition, &moment);
    let (of, in_use) = (AssetPartition::new(graph.key(index).clone(), partition), graph.alias_in_use(index));
    let author = model_author(Some(&change.by), ANONYMOUS, &change.reason);
    let author = author.map_err(|problem| Refusal::Shown(ApiError::invalid(problem)))?;
    let (action, seen) = (change.action()?, change.seen()?);
    state.model_cache.expire().await;
    let models = state.models(0).await.map_err(ApiError::from)?;
    if let Some(history) = models.of(&of)
        && let Some(text) = change.overtaken(&of, history, &in_use, seen)
    {
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

    /// What was done since the page was shown: another version came into use, or there is news of the version. `None` if nothing was.
    fn overtaken(
        &self,
        of: &AssetPartition,
        history: &ModelHistory,
        in_use: &AliasName,
        seen: Seen,
    ) -> Option<String> {
        if let Seen::Version(seen) = seen
            && seen != history.at(in_use)
        {
            let first = history.moves.iter().rev().find(|moved| moved.what.alias == *in_use)?;
            return Some(format!("{} was changed meanwhile: {}", of.quoted(), first.what));
        }
        let (known, version) = (self.known?, self.version?);
        let (sequence, first) = last_event(history, version, in_use)?;
        (sequence != known).then(|| format!("version {version} was decided about meanwhile: {first}"))
    }
}
