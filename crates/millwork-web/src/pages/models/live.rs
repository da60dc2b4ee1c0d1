//! The live performance of a model: the picture over windows, and the same numbers as a table.

use jiff::Timestamp;
use millwork_core::asset::plot::short_number;
use millwork_core::event::{AliasChange, AliasMoved, Event};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::{Dated, ModelHistory};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetPartition, LiveMeasure, LivePerformance, LiveWindow, Metadata, MetadataValue};
use millwork_draw::plot::{LiveWidth, UseSpan, live};
use millwork_storage::FoundPerformance;

use super::address::of_model;
use super::row::who;
use crate::models::ModelSnapshot;

/// The maximum number of times of use that are drawn.
const USES: usize = 60;

/// A live performance.
pub(in super::super) struct LiveView {
    /// The model, and the address of its page, on the page of the asset that measured it; `None` if the graph doesn't say which it is.
    pub(in super::super) model: Option<(String, String)>,
    /// The asset that measured it, and its partition; both are empty on that asset's own page.
    pub(in super::super) asset: String,
    pub(in super::super) partition: String,
    pub(in super::super) metric: String,
    /// Which direction is better.
    pub(in super::super) better: &'static str,
    /// When it was measured.
    pub(in super::super) at: String,
    /// The picture, for a page and for a phone.
    pub(in super::super) wide: String,
    pub(in super::super) narrow: String,
    pub(in super::super) baselines: Vec<String>,
    /// The measures, newest first.
    pub(in super::super) rows: Vec<LiveRow>,
    pub(in super::super) left_out: u64,
}

/// A measure of one version in one window.
pub(in super::super) struct LiveRow {
    pub(in super::super) window: String,
    pub(in super::super) is_final: bool,
    pub(in super::super) version: VersionNumber,
    pub(in super::super) role: String,
    pub(in super::super) value: String,
    pub(in super::super) baselines: Vec<String>,
    pub(in super::super) coverage: String,
    pub(in super::super) predictions: u64,
    pub(in super::super) matched: u64,
}

impl LiveView {
    /// A performance that is measured by another asset.
    pub(super) fn of_model(found: &FoundPerformance, role: &AliasName, uses: &[UseSpan]) -> Self {
        Self {
            asset: found.by.asset.to_string(),
            partition: found.by.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..Self::of(&found.performance, found.at, role, uses)
        }
    }

    /// What a materialization has measured, on the page of its asset.
    pub(in super::super) fn of_asset(
        (graph, models): (&AssetGraph, Option<&ModelSnapshot>),
        (asset, event, metadata): (AssetIndex, &Event, &Metadata),
        now: Timestamp,
    ) -> Vec<Self> {
        let view = |value: &MetadataValue| {
            let MetadataValue::LivePerformance(live) = value else { return None };
            let model = match &live.model {
                Some(named) => graph.index(named.as_str()),
                // Of several models it isn't known which one it is.
                None => {
                    let mut models = graph.predicted_by(asset);
                    models.pop_first().filter(|_| models.is_empty())
                }
            };
            let Some(model) = model else {
                return Some(Self::of(live, event.at, &AliasName::champion(), &[]));
            };
            let partition = event.partition.clone().filter(|_| graph.partitions(model).is_some());
            let of = AssetPartition::new(graph.key(model).clone(), partition);
            let role = graph.alias_in_use(model);
            let life = models.and_then(|models| models.of(&of));
            let uses = life.map(|life| uses(life, &role, now)).unwrap_or_default();
            let link = of_model(of.asset.as_str(), of.partition.as_ref());
            Some(Self { model: Some((of.asset.to_string(), link)), ..Self::of(live, event.at, &role, &uses) })
        };
        metadata.values().filter_map(view).collect()
    }

    fn of(performance: &LivePerformance, at: Timestamp, role: &AliasName, uses: &[UseSpan]) -> Self {
        Self {
            model: None,
            asset: String::new(),
            partition: String::new(),
            metric: performance.metric.clone(),
            better: performance.better.in_words(),
            at: at.to_string(),
            wide: live(performance, role, uses, LiveWidth::Wide),
            narrow: live(performance, role, uses, LiveWidth::Narrow),
            baselines: performance.baselines.clone(),
            rows: performance.measures().rev().map(|(window, measure)| row(window, measure)).collect(),
            left_out: performance.left_out,
        }
    }
}

fn row(window: &LiveWindow, measure: &LiveMeasure) -> LiveRow {
    let number = |value: &Option<f64>| value.map_or_else(|| "none".to_owned(), short_number);
    LiveRow {
        window: window.label(),
        is_final: window.is_final,
        version: measure.version,
        role: measure.role.to_string(),
        value: number(&measure.value),
        baselines: measure.baselines.iter().map(number).collect(),
        coverage: percent(measure),
        predictions: measure.predictions,
        matched: measure.matched,
    }
}

/// The coverage in whole per cent, which is 100 only where all is matched.
pub(super) fn percent(measure: &LiveMeasure) -> String {
    let share = measure.coverage() * 100.0;
    let whole = if measure.matched == measure.predictions { share.round() } else { share.floor() };
    format!("{whole} %")
}

/// The times in which versions were in use, oldest first, until now.
pub(super) fn uses(history: &ModelHistory, in_use: &AliasName, now: Timestamp) -> Vec<UseSpan> {
    let moves: Vec<&Dated<AliasMoved>> =
        history.moves.iter().filter(|moved| moved.what.alias == *in_use).collect();
    let last = &moves[moves.len().saturating_sub(USES)..];
    let ends = last.iter().skip(1).map(|next| next.at).chain([now]);
    let span = |(moved, end): (&&Dated<AliasMoved>, Timestamp)| {
        let what = &moved.what;
        let version = what.to?;
        let (verb, went_back) = match what.change {
            AliasChange::Promoted => ("promoted", false),
            AliasChange::Set => ("set", false),
            AliasChange::RolledBack => ("rolled back to", true),
            AliasChange::Removed => return None,
        };
        let reason = if what.reason.is_empty() { String::new() } else { format!(": {}", what.reason) };
        Some(UseSpan {
            from: moved.at.as_microsecond(),
            to: end.as_microsecond().max(moved.at.as_microsecond()),
            version,
            went_back,
            title: format!("version {version}, {verb} by {}, {}{reason}", who(&what.by), moved.at),
        })
    };
    last.iter().zip(ends).filter_map(span).collect()
}

/// The newest final measure of a version, for its row in the table of versions.
pub(super) struct LiveCell {
    pub(super) value: String,
    pub(super) window: String,
    pub(super) coverage: String,
    /// The role, if it isn't that of what is in use.
    pub(super) role: String,
}

impl LiveCell {
    /// The cell of a version by the first of the performances; `None` if no window of it is final.
    pub(super) fn of(live: &[FoundPerformance], version: VersionNumber, in_use: &AliasName) -> Option<Self> {
        let (window, measure) = live.first()?.performance.newest_of(version, in_use)?;
        Some(Self {
            value: measure.value.map_or_else(|| "none".to_owned(), short_number),
            window: window.label(),
            coverage: percent(measure),
            role: if measure.role == *in_use { String::new() } else { measure.role.to_string() },
        })
    }
}
