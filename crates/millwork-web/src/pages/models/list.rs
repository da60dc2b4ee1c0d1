//! The list of models: open questions first, then each model with what is in use and what came last.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::graph::AssetIndex;
use millwork_core::{AssetKey, AssetPartition};
use serde::{Deserialize, Serialize};

use super::super::message::{page_error, rendered};
use super::super::search::find_assets;
use super::address::of_model;
use super::row::{LastVersions, ModelRow, open, rows};
use crate::error::ApiError;
use crate::models::ModelSnapshot;
use crate::state::AppState;

/// The maximum numbers of models on a page, and of open questions.
const PAGE: usize = 60;
const QUESTIONS: usize = 50;

#[derive(Template)]
#[template(path = "models.html")]
struct Models {
    head: u64,
    wanted: ModelsQuery,
    problem: Option<String>,
    questions: Vec<QuestionRow>,
    all_questions: usize,
    found: usize,
    of: usize,
    first: usize,
    shown: Vec<ModelRow>,
    previous: Option<String>,
    next: Option<String>,
}

/// An open question: whether a version is to be promoted.
struct QuestionRow {
    key: String,
    partition: String,
    link: String,
    version: String,
    asked: String,
    at: String,
    until: String,
    reason: String,
}

impl Models {
    fn current(&self) -> &'static str {
        "Models"
    }
}

/// The filter of the list.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in super::super) struct ModelsQuery {
    q: String,
    page: usize,
}

impl ModelsQuery {
    fn address(&self, page: usize) -> String {
        let query = serde_urlencoded::to_string(Self { page, ..self.clone() }).unwrap_or_default();
        format!("/models?{query}")
    }
}

pub(in super::super) async fn show(
    State(state): State<AppState>,
    Query(wanted): Query<ModelsQuery>,
) -> Response {
    match load(&state, wanted).await {
        Ok(models) => rendered(StatusCode::OK, &models),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, wanted: ModelsQuery) -> Result<Models, ApiError> {
    let graph = state.pipeline.graph();
    let statuses = state.statuses().await?;
    let models = state.models(statuses.head).await?;
    let (selected, problem) = match find_assets(graph, &wanted.q) {
        Ok(found) => (found, None),
        Err(problem) => (BTreeSet::new(), Some(problem)),
    };
    let all = graph.models(&models.aliased());
    let of = all.len();
    let mut questions = questions(state, &models, &all);
    questions.sort_by(|one, other| one.at.cmp(&other.at));
    let asked: BTreeSet<String> = questions.iter().map(|question| question.key.clone()).collect();
    let mut found: Vec<AssetIndex> = all.into_iter().filter(|model| selected.contains(model)).collect();
    found.sort_by_key(|model| (!asked.contains(graph.key(*model).as_str()), graph.key(*model)));
    let first = (wanted.page * PAGE).min(found.len());
    let on_page: Vec<AssetPartition<AssetIndex>> =
        found.iter().skip(first).take(PAGE).map(|model| AssetPartition::new(*model, None)).collect();
    let keys: Vec<AssetKey> = on_page.iter().map(|one| graph.key(one.asset).clone()).collect();
    let last: LastVersions = state.store.last_versions(&keys).await?.into_iter().collect();
    let shown = rows(state, &models, &last, &on_page).await?;
    Ok(Models {
        head: statuses.head,
        problem,
        all_questions: questions.len(),
        questions: questions.into_iter().take(QUESTIONS).collect(),
        found: found.len(),
        of,
        first,
        previous: wanted.page.checked_sub(1).map(|page| wanted.address(page)),
        next: (first + shown.len() < found.len()).then(|| wanted.address(wanted.page + 1)),
        shown,
        wanted,
    })
}

/// The open questions of all models, those of a model together.
fn questions(state: &AppState, models: &ModelSnapshot, all: &[AssetIndex]) -> Vec<QuestionRow> {
    let graph = state.pipeline.graph();
    let mut questions = Vec::new();
    for model in all {
        let alias = graph.alias_in_use(*model);
        for (of, history) in models.of_asset(graph.key(*model)) {
            for (version, verdict, asked) in open(history, &alias) {
                questions.push(QuestionRow {
                    key: of.asset.to_string(),
                    partition: of.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
                    link: of_model(of.asset.as_str(), of.partition.as_ref()),
                    version: version.to_string(),
                    asked: asked.of,
                    at: verdict.at.to_string(),
                    until: asked.until.map(|until| until.to_string()).unwrap_or_default(),
                    reason: verdict.what.reason.clone(),
                });
            }
        }
    }
    questions
}
