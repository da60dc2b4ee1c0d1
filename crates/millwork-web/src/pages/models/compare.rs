//! Two versions of a model side by side: what differs first, and then what is equal.

use std::collections::BTreeMap;

use askama::Template;
use millwork_api::{EnvironmentView, VersionError, find_asset};
use millwork_core::event::{Event, EventKind};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, Problem};
use millwork_storage::{EventQuery, StorageError, Store};

use super::super::asset::compare::{About, Row, compared, row};
use super::super::asset::curves::{Figure, curves};
use super::super::asset::history::{Made, materializations};
use super::address::{ModelQuery, label_of, of_model};
use super::row::Status;
use super::versions::{DecisionLine, decisions};
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "model_compare.html")]
pub(super) struct Comparison {
    head: u64,
    key: String,
    partition: String,
    back: String,
    sides: [Side; 2],
    differing: Vec<(&'static str, Vec<Row>)>,
    equal: Vec<(&'static str, Vec<Row>)>,
    curves: Vec<Figure>,
}

/// One of the two versions.
struct Side {
    version: VersionNumber,
    sequence: u64,
    at: String,
    run: Option<(String, String)>,
    status: Status,
    decisions: Vec<DecisionLine>,
}

impl Comparison {
    fn current(&self) -> &'static str {
        "Models"
    }
}

pub(super) async fn load(state: &AppState, key: &str, wanted: &ModelQuery) -> Result<Comparison, ApiError> {
    let graph = state.pipeline.graph();
    let index = find_asset(graph, key)?;
    let (Some(a), Some(b)) = (wanted.a, wanted.b) else {
        let problem = Problem::new("a comparison needs two versions, `a` and `b`");
        return Err(ApiError::invalid(problem.with_hint("choose two on the page of the model")));
    };
    let of =
        AssetPartition::new(graph.key(index).clone(), wanted.partition(graph, index, &state.moment().await?));
    let alias = graph.alias_in_use(index);
    let head = state.store.head().await?;
    let models = state.models(head).await?;
    let events = state.store.versions(&[(of.clone(), a), (of.clone(), b)]).await?;
    let made = materializations(&events);
    let find = |version| {
        let found = made.iter().find(|(_, made)| made.version == Some(version));
        found.ok_or_else(|| VersionError::NoVersion { of: of.clone(), version })
    };
    let (one, other) = (find(a)?, find(b)?);
    let metric = graph.assets()[index].spec.metric.as_ref();
    let mut rows = compared(one, other, metric).rows;
    rows.extend(environment(&*state.store, one, other).await?);
    let (differing, equal) = rows.into_iter().partition(|row| row.differs);
    let side = |(event, made): &Made<'_>, version| Side {
        version,
        sequence: event.sequence,
        at: event.at.to_string(),
        run: event.run.map(|run| (run.to_string(), run.short())),
        status: Status::of(&models.status(&of, version, &alias)),
        decisions: models
            .of(&of)
            .zip(made.version)
            .map(|(history, version)| decisions(history, version, &alias))
            .unwrap_or_default(),
    };
    Ok(Comparison {
        head,
        key: of.asset.to_string(),
        partition: label_of(of.partition.as_ref()),
        back: of_model(of.asset.as_str(), of.partition.as_ref()),
        sides: [side(one, a), side(other, b)],
        differing: in_sections(differing),
        equal: in_sections(equal),
        curves: if a == b { curves(&[*one]) } else { curves(&[*one, *other]) },
    })
}

/// The rows under headings, causes before effects.
fn in_sections(rows: Vec<Row>) -> Vec<(&'static str, Vec<Row>)> {
    let mut sections: BTreeMap<About, Vec<Row>> = BTreeMap::new();
    for mut row in rows {
        // The heading says it.
        for said in ["configuration ", "made from "] {
            row.label = row.label.strip_prefix(said).map(str::to_owned).unwrap_or(row.label);
        }
        sections.entry(row.about).or_default().push(row);
    }
    sections.into_iter().map(|(about, rows)| (about.heading(), rows)).collect()
}

/// What the runs were executed with.
async fn environment(store: &dyn Store, one: &Made<'_>, other: &Made<'_>) -> Result<Vec<Row>, StorageError> {
    let (one, other) = (facts(store, one.0).await?, facts(store, other.0).await?);
    let text = |facts: &BTreeMap<&str, String>, label| facts.get(label).cloned().unwrap_or_default();
    let labels = ["binary", "source at run time"].into_iter();
    let labels = labels.filter(|label| one.contains_key(label) || other.contains_key(label));
    Ok(labels.map(|label| row(About::Code, label, text(&one, label), text(&other, label))).collect())
}

async fn facts(store: &dyn Store, event: &Event) -> Result<BTreeMap<&'static str, String>, StorageError> {
    let Some(run) = event.run else { return Ok(BTreeMap::new()) };
    // The last one that was recorded before the version was made: a run that was resumed has several.
    let recorded = environments(store, run).await?;
    let environment = recorded.into_iter().rev().find(|environment| environment.at <= event.at);
    let Some(environment) = environment else { return Ok(BTreeMap::new()) };
    let tree = environment.working_tree.as_ref().map(|tree| ("source at run time", tree.in_words()));
    Ok([("binary", environment.binary_in_words())].into_iter().chain(tree).collect())
}

/// What the executions of a run were made with, oldest first.
pub(super) async fn environments(
    store: &dyn Store,
    run: RunId,
) -> Result<Vec<EnvironmentView>, StorageError> {
    let query = EventQuery {
        run: Some(run),
        kinds: Some(EventKind::EnvironmentRecorded.into()),
        ..EventQuery::default()
    };
    Ok(EnvironmentView::of_events(&store.events(query).await?))
}
