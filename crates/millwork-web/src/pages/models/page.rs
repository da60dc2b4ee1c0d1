//! The page of a model: the version in use first, open questions, the versions with what was decided about them, and where aliases pointed.

use std::collections::BTreeSet;

use askama::Template;
use millwork_api::{ShadowCallsView, WatchView, find_asset};
use millwork_core::event::{Event, EventKind};
use millwork_core::graph::AssetIndex;
use millwork_core::model::{ModelHistory, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetPartition, MainNumber, PartitionKey};
use millwork_storage::{EventQuery, Order, live_performances};

use super::super::asset::curves::{Figure, curves};
use super::super::asset::history::{Made, materializations};
use super::super::main_number::Shown;
use super::super::metadata_view::{Labelled, MetadataView, metadata_views};
use super::address::{ModelQuery, query};
use super::alias_history::{AliasHistory, alias_history};
use super::backtest::{Backtest, backtest};
use super::live::{LiveView, uses};
use super::row::{InUse, LastVersions, ModelRow, in_use_of, last_event, open, rows};
use super::versions::{Of, Versions, versions};
use crate::error::ApiError;
use crate::models::ModelSnapshot;
use crate::state::AppState;

/// The maximum number of versions on a page, and of partitions.
const VERSIONS: u32 = 25;
const PARTITIONS: usize = 60;
/// The maximum number of partitions that can be selected in a list.
const SELECTABLE: usize = 500;
/// The maximum number of live performances that are drawn, where several assets measure the model.
const LIVE: usize = 3;
/// The maximum number of versions whose curves are drawn over each other, beside the one in use.
const NEWEST: usize = 2;

#[derive(Template)]
#[template(path = "model.html")]
pub(super) struct Model {
    head: u64,
    key: String,
    description: String,
    wanted: ModelQuery,
    problem: Option<String>,
    /// The name of the gate, and what it demands.
    gate: Option<(String, String)>,
    alias: String,
    is_model: bool,
    can_run: bool,
    partitions: Vec<String>,
    /// The partitions as rows, if none is selected.
    rows: Vec<ModelRow>,
    all_partitions: usize,
    previous_partitions: Option<String>,
    next_partitions: Option<String>,
    one: Option<OneModel>,
}

/// A model without partitions, or one of its partitions.
struct OneModel {
    in_use: Option<InUse>,
    /// The materialization in use; `None` if its event was removed.
    event: Option<u64>,
    run: Option<(String, String)>,
    /// What a form has to find in use, so that nothing is decided about something else.
    seen: String,
    /// The version that a rollback would go to, and the event that its form goes by; `None` if there is none.
    fallback: Option<(VersionNumber, u64)>,
    /// The watch over the version in use; `None` if none is declared.
    watch: Option<WatchView>,
    /// The version in shadow; `None` if none is.
    in_shadow: Option<InShadow>,
    /// The version whose lineage there is: the one in use, or else the newest; `None` if there is none.
    lineage: Option<VersionNumber>,
    questions: Vec<Question>,
    /// How good its versions were in use, by what measures it.
    live: Vec<LiveView>,
    versions: Versions,
    /// The first two versions that a comparison is offered for.
    a: Option<VersionNumber>,
    b: Option<VersionNumber>,
    newest: Option<String>,
    older: Option<String>,
    aliases: AliasHistory,
    curves: Vec<Figure>,
    /// The last backtest; `None` if there was none.
    backtest: Option<Backtest>,
}

/// The version in shadow.
struct InShadow {
    version: VersionNumber,
    /// The asset that it makes beside the version in use.
    asset: String,
    /// How its calls went, in words.
    calls: String,
}

/// An open question about a version.
struct Question {
    version: VersionNumber,
    /// The event that its form goes by.
    last_event: u64,
    at: String,
    gate: String,
    of: String,
    against: Option<VersionNumber>,
    until: String,
    then: &'static str,
    reason: String,
    metadata: Vec<Labelled>,
}

impl Model {
    fn current(&self) -> &'static str {
        "Models"
    }

    /// What addresses of other pages keep of this one: the partition.
    fn kept(&self) -> String {
        match self.wanted.partition.as_str() {
            "" => String::new(),
            partition => format!("&{}", query(&[("partition", partition)])),
        }
    }
}

impl OneModel {
    fn can_compare(&self) -> bool {
        self.a.is_some() && self.b.is_some()
    }
}

/// The page of a model; `problem` is why something wasn't done.
pub(super) async fn load(
    state: &AppState,
    key: &str,
    mut wanted: ModelQuery,
    problem: Option<String>,
) -> Result<Model, ApiError> {
    let graph = state.pipeline.graph();
    let index = find_asset(graph, key)?;
    let statuses = state.statuses().await?;
    let models = state.models(statuses.head).await?;
    let (node, alias) = (&graph.assets()[index], graph.alias_in_use(index));
    let is_partitioned = graph.partitions(index).is_some();
    let moment = state.moment().await?;
    let partition = wanted.partition(graph, index, &moment);
    if let Some(partition) = &partition {
        wanted.partition = graph.written_partition(index, partition, &moment);
    }
    let last: LastVersions = match is_partitioned {
        true => state.store.last_versions(std::slice::from_ref(&node.spec.key)).await?.into_iter().collect(),
        false => LastVersions::new(),
    };
    let mut partitions: Vec<&PartitionKey> = last.keys().filter_map(|of| of.partition.as_ref()).collect();
    partitions.sort();
    let mut model = Model {
        head: statuses.head,
        key: node.spec.key.to_string(),
        description: node.spec.description.split("\n\n").next().unwrap_or_default().to_owned(),
        problem,
        gate: graph.gate(index).map(|gate| (gate.name.clone(), gate.description.clone())),
        alias: alias.to_string(),
        is_model: graph.models(&models.aliased()).contains(&index),
        can_run: node.step.is_some(),
        partitions: partitions.iter().take(SELECTABLE).map(ToString::to_string).collect(),
        rows: Vec::new(),
        all_partitions: partitions.len(),
        previous_partitions: None,
        next_partitions: None,
        one: None,
        wanted,
    };
    if is_partitioned && partition.is_none() {
        let first = (model.wanted.page * PARTITIONS).min(partitions.len());
        let on_page: Vec<_> = partitions
            .iter()
            .skip(first)
            .take(PARTITIONS)
            .map(|partition| AssetPartition::new(index, Some((*partition).clone())))
            .collect();
        model.rows = rows(state, &models, &last, &on_page).await?;
        let page = model.wanted.page;
        model.previous_partitions = page.checked_sub(1).map(|page| format!("?page={page}"));
        model.next_partitions =
            (first + on_page.len() < partitions.len()).then(|| format!("?page={}", page + 1));
        return Ok(model);
    }
    if partition.is_some()
        && !last.contains_key(&AssetPartition::new(node.spec.key.clone(), partition.clone()))
    {
        // A partition that isn't defined any more may have a history.
        graph
            .find_partition(index, partition.as_ref(), &moment)
            .map_err(|error| ApiError::invalid(&error))?;
    }
    let of = AssetPartition::new(node.spec.key.clone(), partition);
    model.one = Some(one(state, &models, index, &of, &alias, &model.wanted).await?);
    Ok(model)
}

async fn one(
    state: &AppState,
    models: &ModelSnapshot,
    index: AssetIndex,
    of: &AssetPartition,
    alias: &AliasName,
    wanted: &ModelQuery,
) -> Result<OneModel, ApiError> {
    let spec = &state.pipeline.graph().assets()[index].spec;
    let (nothing, now) = (ModelHistory::default(), state.clock.now());
    let history = models.of(of).unwrap_or(&nothing);
    let listed = EventQuery {
        asset: Some(of.asset.clone()),
        partition: Some(of.partition.clone()),
        kinds: Some(EventKind::Materialized.into()),
        before: wanted.before,
        order: Order::NewestFirst,
        limit: Some(VERSIONS),
        ..EventQuery::default()
    };
    let events = state.store.events(listed).await?;
    let made = materializations(&events);
    let current: Vec<_> = history.at(alias).map(|version| (of.clone(), version)).into_iter().collect();
    let in_use_events: Vec<Event> = state.store.versions(&current).await?;
    let in_use_made = materializations(&in_use_events);
    let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    let removed: BTreeSet<u64> = state.store.removed_values(&sequences).await?.into_iter().collect();
    let metric = in_use_made.first().and_then(|(_, made)| MainNumber::of_metric(spec, &made.metadata));
    let in_use =
        in_use_of(history, alias, now).map(|in_use| InUse { number: metric.map(Shown::of), ..in_use });
    let graph = state.pipeline.graph();
    let live = live_performances(&*state.store, graph, index, of.partition.as_ref()).await?;
    let in_shadow = in_shadow(state, (history, alias), of).await?;
    let watch = WatchView::find(&*state.store, &state.pipeline, of, history, now).await?;
    let used = uses(history, alias, now);
    let table = Of { models, asset: of, alias, metric: spec.metric.as_ref(), live: &live, removed: &removed };
    let with = |parameters: &[(&str, &str)]| format!("?{}", query(parameters));
    let here = |before: Option<String>| match (&before, wanted.partition.as_str()) {
        (None, "") => format!("/models/{}", of.asset),
        (None, partition) => with(&[("partition", partition)]),
        (Some(before), "") => with(&[("before", before)]),
        (Some(before), partition) => with(&[("partition", partition), ("before", before)]),
    };
    let is_full = events.len() == VERSIONS as usize;
    let listed: Vec<VersionNumber> = made.iter().filter_map(|(_, made)| made.version).collect();
    let last = |version| last_event(history, version, alias).map_or(0, |(sequence, _)| sequence);
    let b = history.at(alias).filter(|current| listed.contains(current));
    Ok(OneModel {
        event: in_use_made.first().map(|(event, _)| event.sequence),
        run: in_use_made.first().and_then(|(event, _)| event.run).map(|run| (run.to_string(), run.short())),
        seen: in_use.as_ref().map_or_else(|| "none".to_owned(), |in_use| in_use.version.to_string()),
        in_use,
        fallback: history.fallback(alias).map(|version| (version, last(version))),
        watch,
        in_shadow,
        lineage: in_use_made.first().and_then(|(_, made)| made.version).or(listed.first().copied()),
        questions: open(history, alias)
            .into_iter()
            .map(|(version, verdict, asked)| Question {
                version,
                last_event: last(version),
                at: verdict.at.to_string(),
                gate: verdict.what.gate.clone(),
                of: asked.of,
                against: verdict.what.against,
                until: asked.until.map(|until| until.to_string()).unwrap_or_default(),
                then: asked.then.map_or("", millwork_core::asset::Decision::as_str),
                reason: verdict.what.reason.clone(),
                metadata: metadata_views(verdict.sequence, &verdict.what.metadata),
            })
            .collect(),
        a: listed.iter().find(|version| Some(**version) != b).copied(),
        b: b.or(listed.get(1).copied()),
        live: live.iter().take(LIVE).map(|found| LiveView::of_model(found, alias, &used)).collect(),
        versions: versions(&table, &made),
        newest: wanted.before.map(|_| here(None)),
        older: events.last().filter(|_| is_full).map(|event| here(Some(event.sequence.to_string()))),
        aliases: alias_history(history, now),
        backtest: history.backtests.last().map(backtest),
        curves: curves(&curved(&in_use_made, &made, |version| {
            models.status(of, version, alias) == VersionStatus::Rejected
        })),
    })
}

async fn in_shadow(
    state: &AppState,
    (history, alias): (&ModelHistory, &AliasName),
    of: &AssetPartition,
) -> Result<Option<InShadow>, ApiError> {
    let Some((version, verdict)) = history.in_shadow(alias) else { return Ok(None) };
    let asset = verdict.what.shadow.as_ref().map(|trial| trial.asset.to_string()).unwrap_or_default();
    let calls = ShadowCallsView::of(&*state.store, (history, of), version).await?;
    Ok(Some(InShadow { version, asset, calls: calls.map(|calls| calls.in_words()).unwrap_or_default() }))
}

/// The versions whose curves are drawn: the one in use, and the newest that aren't rejected.
fn curved<'e>(
    in_use: &[Made<'e>],
    made: &[Made<'e>],
    is_rejected: impl Fn(VersionNumber) -> bool,
) -> Vec<Made<'e>> {
    let current = in_use.first().map(|(event, _)| event.sequence);
    let is_fit = |(event, made): &&Made<'e>| {
        Some(event.sequence) != current && !made.version.is_some_and(&is_rejected)
    };
    let newest = made.iter().filter(is_fit).take(NEWEST);
    in_use.iter().chain(newest).copied().collect()
}
