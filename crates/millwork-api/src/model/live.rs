//! The live performance of a model: how good its versions were in use, window by window.

use jiff::Timestamp;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, LiveMeasure, LivePerformance, LiveWindow, PartitionKey};
use millwork_storage::{FoundPerformance, StorageError, Store, live_performances};
use serde::Serialize;
use utoipa::ToSchema;

use crate::asset::MetricView;

/// How good the versions of a model were in use: one metric of their predictions, window by window. It is measured on other rows than the
/// metric of a version, so that the two can't be compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LivePerformance)]
pub struct LivePerformanceView {
    /// The asset that measured it.
    #[schema(value_type = String)]
    pub asset: AssetKey,
    /// Its partition; `null` if it has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// When it was measured.
    pub at: Timestamp,
    /// The metric.
    pub metric: MetricView,
    /// The names of what the metric is compared with.
    pub baselines: Vec<String>,
    /// The newest windows, oldest first.
    pub windows: Vec<LiveWindowView>,
    /// The number of older windows that aren't among them.
    pub left_out: u64,
}

/// A window of time, with the measures of the predictions that were made in it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LiveWindow)]
pub struct LiveWindowView {
    /// Its name: the date at which it begins, or the hour in UTC.
    pub label: String,
    /// When it begins.
    pub start: Timestamp,
    /// When the next one begins.
    pub end: Timestamp,
    /// Whether its measures don't change any more; those of an open window are unfinished.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// The measures, by role and version.
    pub measures: Vec<LiveMeasureView>,
}

/// The measure of one version in one role in a window.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LiveMeasure)]
pub struct LiveMeasureView {
    /// The version that predicted.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// The role in which it predicted: the alias by which it was read, or `shadow`.
    #[schema(value_type = String)]
    pub role: AliasName,
    /// The metric of the predictions that have ground truth; `null` if it has no value for them.
    #[schema(required)]
    pub value: Option<f64>,
    /// The same of the baselines, for the same rows, in their order; `null` where one has no value.
    #[schema(value_type = Vec<Option<f64>>)]
    pub baselines: Vec<Option<f64>>,
    /// The number of predictions.
    pub predictions: u64,
    /// The number of those that have ground truth.
    pub matched: u64,
    /// The share of predictions that have ground truth, from 0 to 1.
    pub coverage: f64,
}

/// The live performances of a model, or of one of its partitions, by what measures it: the nearest first.
///
/// # Errors
///
/// Those of the store.
pub async fn model_live(
    store: &dyn Store,
    graph: &AssetGraph,
    asset: AssetIndex,
    of: &AssetPartition,
) -> Result<Vec<LivePerformanceView>, StorageError> {
    let found = live_performances(store, graph, asset, of.partition.as_ref()).await?;
    Ok(found.iter().map(LivePerformanceView::from).collect())
}

impl LivePerformanceView {
    /// The measure of a version in the newest window that is final for it; `None` if there is none.
    pub fn newest_of(
        &self,
        version: VersionNumber,
        in_use: &AliasName,
    ) -> Option<(&LiveWindowView, &LiveMeasureView)> {
        let finals = || {
            let windows = self.windows.iter().rev().filter(|window| window.is_final);
            windows
                .flat_map(|window| window.measures.iter().map(move |measure| (window, measure)))
                .filter(|(_, measure)| measure.version == version)
        };
        finals().find(|(_, measure)| measure.role == *in_use).or_else(|| finals().next())
    }
}

impl From<&FoundPerformance> for LivePerformanceView {
    fn from(found: &FoundPerformance) -> Self {
        let FoundPerformance { by, sequence: _, at, performance } = found;
        let LivePerformance { metric, better, model: _, baselines, windows, left_out } = performance;
        Self {
            asset: by.asset.clone(),
            partition: by.partition.clone(),
            at: *at,
            metric: MetricView { label: metric.clone(), better: *better },
            baselines: baselines.clone(),
            windows: windows.iter().map(LiveWindowView::from).collect(),
            left_out: *left_out,
        }
    }
}

impl From<&LiveWindow> for LiveWindowView {
    fn from(window: &LiveWindow) -> Self {
        let LiveWindow { start, end, is_final, measures } = window;
        let measures = measures.iter().map(LiveMeasureView::from).collect();
        Self { label: window.label(), start: *start, end: *end, is_final: *is_final, measures }
    }
}

impl From<&LiveMeasure> for LiveMeasureView {
    fn from(measure: &LiveMeasure) -> Self {
        let LiveMeasure { version, role, value, baselines, predictions, matched } = measure.clone();
        let coverage = measure.coverage();
        Self { version, role, value, baselines, predictions, matched, coverage }
    }
}
