//! An asset: what it is, how its numbers went, and what each of its values was made from.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use millwork_core::MetadataValue;
use millwork_core::event::{Event, EventBody, Materialization};
use millwork_storage::{EventQuery, Order};

use super::message::{page_error, rendered};
use super::plot::lines;
use super::words;
use crate::error::ApiError;
use crate::state::AppState;

/// So many materializations are plotted, and so many of them listed.
const PLOTTED: u32 = 200;
const LISTED: usize = 25;

#[derive(Template)]
#[template(path = "asset.html")]
struct Asset {
    head: u64,
    key: String,
    description: String,
    facts: Vec<(&'static str, String)>,
    upstream: Vec<String>,
    downstream: Vec<String>,
    plots: Vec<Plot>,
    curves: Vec<Plot>,
    checks: Vec<Check>,
    history: Vec<Value>,
}

struct Plot {
    label: String,
    last: String,
    svg: String,
}

struct Check {
    name: String,
    verdict: &'static str,
    at: String,
    description: String,
}

struct Value {
    at: String,
    run: String,
    run_short: String,
    partition: String,
    version: String,
    metadata: Vec<(String, String)>,
}

impl Asset {
    fn current(&self) -> &'static str {
        "Assets"
    }
}

pub(super) async fn show(State(state): State<AppState>, Path(key): Path<String>) -> Response {
    match load(&state, &key).await {
        Ok(asset) => rendered(StatusCode::OK, &asset),
        Err(error) => page_error(&error),
    }
}

async fn load(state: &AppState, key: &str) -> Result<Asset, ApiError> {
    let graph = state.pipeline.graph();
    let node = graph.asset(key).ok_or_else(|| {
        ApiError::not_found(format!("no asset is called `{key}`; hint: {}", graph.asset_hint(key)))
    })?;
    let newest = |kinds, limit| EventQuery {
        asset: Some(node.spec.key.clone()),
        kinds,
        order: Order::NewestFirst,
        limit: Some(limit),
        ..EventQuery::default()
    };
    let made = state.store.events(newest(vec!["materialized"], PLOTTED)).await?;
    let evaluated = state.store.events(newest(vec!["check_evaluated"], 20)).await?;
    let made: Vec<(&Event, &Materialization)> = made.iter().filter_map(materialization).collect();
    let names = |assets: &[usize]| assets.iter().map(|asset| graph.key(*asset).to_string()).collect();
    let computation = node.step.map(|step| graph.steps()[step].computation());
    let facts = [
        ("Group", node.spec.group.clone().unwrap_or_default()),
        ("Kinds", node.spec.kinds.join(", ")),
        ("Owners", node.spec.owners.join(", ")),
        ("Type", node.spec.value_type.map(|value| value.type_name().to_owned()).unwrap_or_default()),
        ("Code version", computation.map(|step| step.code_version.to_string()).unwrap_or_default()),
        (
            "Source",
            computation
                .and_then(|step| step.source)
                .map(|(file, line)| format!("{file}:{line}"))
                .unwrap_or_default(),
        ),
        (
            "Automation",
            node.spec
                .automation
                .as_ref()
                .map(|condition| in_short(&condition.to_string()))
                .unwrap_or_default(),
        ),
        ("Freshness", node.spec.freshness.as_ref().map(ToString::to_string).unwrap_or_default()),
    ];
    Ok(Asset {
        head: state.store.head().await?,
        key: node.spec.key.to_string(),
        description: node.spec.description.clone(),
        facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        upstream: names(&node.upstream),
        downstream: names(&node.downstream),
        plots: plots(&made),
        curves: curves(&made),
        checks: evaluated.into_iter().filter_map(check).collect(),
        history: made.iter().take(LISTED).map(value).collect(),
    })
}

/// The name of a condition that has one, without what it is made of.
fn in_short(condition: &str) -> String {
    condition.split('(').next().unwrap_or_default().to_owned()
}

fn materialization(event: &Event) -> Option<(&Event, &Materialization)> {
    match &event.body {
        EventBody::Materialized(materialization) => Some((event, materialization)),
        _ => None,
    }
}

/// Every number over time, oldest first.
fn plots(made: &[(&Event, &Materialization)]) -> Vec<Plot> {
    let mut by_label: BTreeMap<&String, Vec<(f64, f64)>> = BTreeMap::new();
    for (event, materialization) in made.iter().rev() {
        for (label, value) in &materialization.metadata {
            if let Some(number) = words::numeric(value) {
                by_label.entry(label).or_default().push((event.at.as_microsecond() as f64, number));
            }
        }
    }
    let day = |event: Option<&(&Event, &Materialization)>| {
        event.map(|(event, _)| event.at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
    };
    let (first, last) = (day(made.last()), day(made.first()));
    let plot = |(label, points): (&String, Vec<(f64, f64)>)| {
        let newest = points.last().map(|(_, number)| words::number(*number)).unwrap_or_default();
        let title = format!("{label} over {} materializations", points.len());
        let svg = lines(&title, &[(label.clone(), points)], (&first, &last));
        Plot { label: label.clone(), last: newest, svg }
    };
    by_label.into_iter().map(plot).collect()
}

/// The curves of the newest materialization.
fn curves(made: &[(&Event, &Materialization)]) -> Vec<Plot> {
    let Some((_, newest)) = made.first() else { return Vec::new() };
    let plot = |(label, value): (&String, &MetadataValue)| {
        let MetadataValue::Series(series) = value else { return None };
        let points = |values: &Vec<f64>| series.x.iter().copied().zip(values.iter().copied()).collect();
        let curves: Vec<(String, Vec<(f64, f64)>)> =
            series.y.iter().map(|(name, values)| (name.clone(), points(values))).collect();
        let names: Vec<&str> = series.y.keys().map(String::as_str).collect();
        let word = |x: Option<&f64>| x.map(|x| words::number(*x)).unwrap_or_default();
        let (first, last) = (word(series.x.first()), format!("{} {}", series.x_label, word(series.x.last())));
        Some(Plot {
            label: format!("{label}: {}", names.join(", ")),
            last: String::new(),
            svg: lines(label, &curves, (&first, &last)),
        })
    };
    newest.metadata.iter().filter_map(plot).collect()
}

fn check(event: Event) -> Option<Check> {
    let EventBody::CheckEvaluated(evaluation) = event.body else { return None };
    let verdict = if evaluation.passed { "pass" } else { "fail" };
    Some(Check {
        name: evaluation.check,
        verdict,
        at: event.at.to_string(),
        description: evaluation.description,
    })
}

fn value((event, materialization): &(&Event, &Materialization)) -> Value {
    let metadata = materialization.metadata.iter();
    Value {
        at: event.at.to_string(),
        run: event.run.map(|run| run.to_string()).unwrap_or_default(),
        run_short: event.run.map(|run| run.short()).unwrap_or_default(),
        partition: event.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        version: materialization.data_version.to_string().chars().take(12).collect(),
        metadata: metadata.map(|(label, value)| (label.clone(), words::metadata(value))).collect(),
    }
}
