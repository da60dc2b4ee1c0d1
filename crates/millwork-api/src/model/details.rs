//! A model with its versions, its aliases and their moves.

use jiff::Timestamp;
use millwork_core::automation::watch_key;
use millwork_core::event::{AliasMoved, EventBody};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::{Dated, ModelHistory};
use millwork_core::run::RunId;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::watch::Unwatched;
use millwork_core::{AssetKey, AssetPartition, PartitionKey, Pipeline};
use millwork_storage::{StorageError, Store, model_history};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::since;
use super::version::change_in_words;
use super::{BacktestView, LivePerformanceView, VersionView, model_live};
use crate::asset::MetricView;
use crate::automation::condition_off;

/// A model, or one of its partitions, with its versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelDetails {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The description of the asset; empty if it has none.
    pub description: String,
    /// The name of its gate; `null` if it has none.
    #[schema(required)]
    pub gate: Option<String>,
    /// The alias that points at the version in use.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The number that it is measured by; `null` if its author names none.
    #[schema(required)]
    pub metric: Option<MetricView>,
    /// The version in use; `null` if there is none.
    #[schema(required)]
    pub in_use: Option<VersionView>,
    /// Since when it has been in use; `null` if none is.
    #[schema(required)]
    pub since: Option<Timestamp>,
    /// The number of all versions whose events are stored.
    pub count: usize,
    /// The watch over the version in use; `null` if none is declared.
    #[schema(required)]
    pub watch: Option<WatchView>,
    /// The versions, newest first.
    pub versions: Vec<VersionView>,
    /// The aliases, by their names.
    pub aliases: Vec<AliasView>,
    /// The moves of the aliases, newest first.
    pub moves: Vec<ModelMoveView>,
    /// The last backtest; `null` if there was none.
    #[schema(required)]
    pub backtest: Option<BacktestView>,
    /// How good its versions were in use, by what measures it. It is measured on other rows than the metric of a version.
    pub live: Vec<LivePerformanceView>,
}

/// A watch over the version in use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WatchView {
    /// The condition as text.
    pub condition: String,
    /// Until when it is on; `null` if it isn't on.
    #[schema(required)]
    pub until: Option<Timestamp>,
    /// The version that the alias goes back to where its condition holds; `null` if it isn't on.
    #[schema(required, value_type = Option<u32>)]
    pub back_to: Option<VersionNumber>,
    /// Why it isn't on; `null` if it is.
    #[schema(required)]
    pub not_on: Option<String>,
}

impl WatchView {
    /// The watch over a model as it is at `now`; `None` if none is declared, or for a partition of a model.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn find(
        store: &dyn Store,
        pipeline: &Pipeline,
        of: &AssetPartition,
        history: &ModelHistory,
        now: Timestamp,
    ) -> Result<Option<Self>, StorageError> {
        let (graph, watch) = (pipeline.graph(), pipeline.watch(of.asset.as_str()));
        let found = watch.filter(|_| of.partition.is_none()).zip(graph.index(of.asset.as_str()));
        let Some((watch, model)) = found else { return Ok(None) };
        let watched = match condition_off(store, &watch_key(&watch.model)).await? {
            Some(off) => Err(Unwatched::Off(off)),
            None => history.watched(&graph.alias_in_use(model), watch.within, now),
        };
        let on = watched.ok();
        Ok(Some(Self {
            condition: watch.condition.as_ref().map(ToString::to_string).unwrap_or_default(),
            until: on.map(|on| on.until),
            back_to: on.map(|on| on.back_to),
            not_on: watched.err().map(|why| why.to_string()),
        }))
    }
}

/// An alias, with the version that it points at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AliasView {
    /// The name of the alias.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// Since when it has pointed there; `null` if the event was removed.
    #[schema(required)]
    pub since: Option<Timestamp>,
}

/// A move of an alias.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ModelMoveView {
    /// When it was moved.
    pub at: Timestamp,
    /// The run in which it was moved; `null` outside of runs.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The alias.
    #[schema(value_type = String)]
    pub alias: AliasName,
    /// The version that it pointed at before; `null` if it didn't exist.
    #[schema(required, value_type = Option<u32>)]
    pub from: Option<VersionNumber>,
    /// The version that it points at since; `null` if it was removed.
    #[schema(required, value_type = Option<u32>)]
    pub to: Option<VersionNumber>,
    /// What the move was: `promoted`, `rolled back` or `removed`.
    pub change: String,
    /// Who moved it.
    pub by: String,
    /// The reason in words; empty if none was given.
    pub reason: String,
}

/// A model, or one of its partitions, with its newest versions, at most `limit`, as it is at `now`.
///
/// # Errors
///
/// Those of the store.
pub async fn model_details(
    store: &dyn Store,
    pipeline: &Pipeline,
    (asset, of): (AssetIndex, &AssetPartition),
    limit: usize,
    now: Timestamp,
) -> Result<ModelDetails, StorageError> {
    let graph = pipeline.graph();
    let history = model_history(store, of).await?;
    let (spec, alias) = (&graph.assets()[asset].spec, graph.alias_in_use(asset));
    let current = history.at(&alias);
    let newest = history.versions.keys().rev().copied().take(limit);
    let versions = model_versions(store, graph, asset, &history, newest.collect()).await?;
    let in_use = model_versions(store, graph, asset, &history, current.into_iter().collect()).await?.pop();
    let aliases = history.aliases.iter().map(|(alias, version)| AliasView {
        alias: alias.clone(),
        version: *version,
        since: since(&history, alias),
    });
    Ok(ModelDetails {
        key: spec.key.clone(),
        partition: of.partition.clone(),
        description: spec.description.clone(),
        gate: graph.gate(asset).map(|gate| gate.name.clone()),
        metric: spec.metric.as_ref().map(MetricView::from),
        in_use,
        since: since(&history, &alias),
        alias,
        count: history.versions.len(),
        watch: WatchView::find(store, pipeline, of, &history, now).await?,
        versions,
        aliases: aliases.collect(),
        moves: history.moves.iter().rev().map(ModelMoveView::from).collect(),
        backtest: history.backtests.last().map(|dated| BacktestView::new(dated.at, &dated.what)),
        live: model_live(store, graph, asset, of).await?,
    })
}

/// These versions of a history, in their order.
///
/// # Errors
///
/// Those of the store.
pub async fn model_versions(
    store: &dyn Store,
    graph: &AssetGraph,
    asset: AssetIndex,
    history: &ModelHistory,
    versions: Vec<VersionNumber>,
) -> Result<Vec<VersionView>, StorageError> {
    let made = versions.iter().filter_map(|version| history.versions.get(version)?.made.as_ref());
    let made = made.filter(|event| matches!(event.body, EventBody::Materialized(_)));
    let sequences: Vec<u64> = made.map(|event| event.sequence).collect();
    let removed = match sequences.is_empty() {
        true => Vec::new(),
        false => store.removed_values(&sequences).await?,
    };
    let (in_use, metric) = (graph.alias_in_use(asset), graph.assets()[asset].spec.metric.as_ref());
    let view = |version| VersionView::new(history, version, &in_use, metric, &removed);
    Ok(versions.into_iter().filter_map(view).collect())
}

impl From<&Dated<AliasMoved>> for ModelMoveView {
    fn from(dated: &Dated<AliasMoved>) -> Self {
        let AliasMoved { alias, from, to, data_version: _, change, by, reason } = &dated.what;
        Self {
            at: dated.at,
            run: dated.run,
            alias: alias.clone(),
            from: *from,
            to: *to,
            change: change_in_words(*change).to_owned(),
            by: by.to_string(),
            reason: reason.clone(),
        }
    }
}
