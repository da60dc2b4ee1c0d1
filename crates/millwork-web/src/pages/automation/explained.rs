//! The page that explains an asset's condition: the last evaluation as a tree.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_api::find_condition;
use millwork_core::Instigator;
use millwork_core::automation::{Explanation, Held, Part, entries, explain_in};
use millwork_core::instigator::ConditionOff;
use millwork_draw::markup::escaped;

use super::super::message::{page_error, rendered};
use super::page::subject_href;
use crate::api::automation_states;
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "explained.html")]
struct Explained {
    head: u64,
    /// The page of the asset, or where the job is launched.
    href: String,
    key: String,
    stored: String,
    on: bool,
    /// Which switch keeps the condition from being evaluated.
    off: Option<ConditionOff>,
    condition: String,
    verdict: String,
    evaluated_at: String,
    requested_at: String,
    tree: String,
}

impl Explained {
    fn current(&self) -> &'static str {
        "Automation"
    }
}

pub(in super::super) async fn show(State(state): State<AppState>, Path(key): Path<String>) -> Response {
    match load(&state, &key).await {
        Ok(explained) => rendered(StatusCode::OK, &explained),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, key: &str) -> Result<Explained, ApiError> {
    let pipeline = &state.pipeline;
    let (key, condition) = find_condition(pipeline, key)?;
    let head = state.store.head().await?;
    let known = state.store.states().await?;
    let states = automation_states(state, Some(&key)).await?;
    let switched = |instigator: &Instigator| known.get(instigator).and_then(|state| state.on);
    let entries = entries(pipeline.graph(), pipeline.other_conditions(), &states, switched);
    let off = ConditionOff::of(&key, switched);
    let entry = entries.into_iter().find(|entry| entry.asset == key);
    let memory = states.get(&key).and_then(|state| state.memory.as_ref());
    let moment = state.moment().await?;
    let explain = |memory| explain_in(pipeline.graph(), &moment, &key, condition, memory);
    let explanation: Option<Explanation> = memory.and_then(explain);
    Ok(Explained {
        head,
        href: subject_href(&key),
        stored: Instigator::Automation(Some(key.clone())).stored().into_owned(),
        on: entry.is_none_or(|entry| entry.on),
        off,
        condition: condition.to_string(),
        verdict: explanation.as_ref().map(|found| found.verdict.clone()).unwrap_or_default(),
        evaluated_at: explanation.as_ref().map(|found| found.evaluated_at.to_string()).unwrap_or_default(),
        requested_at: explanation
            .as_ref()
            .and_then(|found| found.requested_at)
            .map(|at| at.to_string())
            .unwrap_or_default(),
        tree: explanation.map(|found| tree(&found.condition)).unwrap_or_default(),
        key: key.to_string(),
    })
}

/// A part with the parts that it is composed of, as nested lists.
fn tree(part: &Part) -> String {
    let (state, word) = if part.holds { ("pass", "holds") } else { ("unknown", "doesn't hold") };
    let truth = |truth: &Held| match &truth.partitions {
        Some(partitions) => format!("{} ({})", truth.asset, partitions.replace('`', "")),
        None => truth.asset.to_string(),
    };
    let truths: Vec<String> = part.truths.iter().map(truth).collect();
    let of = if truths.is_empty() {
        String::new()
    } else {
        format!(" <small>{}</small>", escaped(&truths.join(", ")))
    };
    let measured = part.measured.as_deref().map(|text| format!(" <small>{}</small>", escaped(text)));
    let measured = measured.unwrap_or_default();
    let inner: String = part.parts.iter().map(tree).collect();
    let inner = if inner.is_empty() { inner } else { format!("<ul>{inner}</ul>") };
    format!(
        "<li><span class=\"state {state}\" title=\"{word}\"><span class=\"visually-hidden\">{word}: </span>{}</span>{of}{measured}{inner}</li>",
        escaped(&part.name)
    )
}
