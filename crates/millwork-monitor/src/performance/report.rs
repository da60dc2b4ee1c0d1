//! What a performance shows: numbers of the newest final window, curves over windows, tables.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use millwork_core::value::plot::Plot;
use millwork_core::{Column, Metadata, MetadataValue, Output, Table};
use serde_json::Value;

use super::{Baseline, Metric, Performance, WindowLength, WindowMeasures};
use crate::{Role, RowKey};

/// The most windows that the table lists.
const WINDOWS: usize = 60;
/// The most slices that the table lists.
const SLICES: usize = 50;
/// The most metrics that have curves.
const CURVES: usize = 4;

impl<K: RowKey> Performance<K> {
    /// The performance with what it shows as metadata.
    ///
    /// Each metric, its baselines and the `coverage` of the newest final window: under their own names for the version in use, and with
    /// `: version 4` or `: shadow, version 5` behind them for each. Until a window is final there are none of them, so that no alert and
    /// no condition compares unfinished numbers. Curves over windows, tables of windows and slices, and counts of what wasn't matched. And
    /// [`live`](Self::live), by which pages and commands show it with the model.
    pub fn output(self) -> Output<Self> {
        let metadata = self.metadata();
        Output { value: self, metadata, data_version: None }
    }

    /// The measures of all versions in the newest window that is final.
    pub fn newest_final(&self) -> impl Iterator<Item = &WindowMeasures> {
        let start = self.finals.last().map(|last| last.start);
        let newest = self.finals.iter().rev().take_while(move |measures| Some(measures.start) == start);
        newest.map(|measures| &**measures)
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::new();
        if let Some(measures) = in_use(self.newest_final()) {
            metadata.insert("window".to_owned(), measures.start.into());
            self.numbers(measures, "", &mut metadata);
            if !measures.slices.is_empty() {
                metadata.insert("slices".to_owned(), slices(measures, &self.config().metrics).into());
            }
        }
        for measures in self.newest_final() {
            let role = match measures.model.role == Role::champion() {
                true => String::new(),
                false => format!("{}, ", measures.model.role),
            };
            let suffix = format!(": {role}version {}", measures.model.version);
            self.numbers(measures, &suffix, &mut metadata);
        }
        for &metric in self.config().metrics.iter().take(CURVES) {
            metadata.extend(self.curves(metric));
        }
        let (predictions, truth) = (self.prediction_counts(), self.truth_counts());
        let counts = [
            ("predictions: open", self.open_rows() as u64),
            ("predictions: contradicting", predictions.contradicting),
            ("predictions: late", predictions.late),
            ("ground truth: contradicting", truth.contradicting),
            ("ground truth: late", truth.late),
            ("ground truth: unknown keys", truth.unknown),
        ];
        metadata.extend(counts.map(|(label, count)| (label.to_owned(), count.into())));
        metadata.insert("windows".to_owned(), self.table(WINDOWS).into());
        self.add_live(&mut metadata);
        metadata
    }

    /// The numbers of a version in a window, with a suffix of their labels.
    fn numbers(&self, measures: &WindowMeasures, suffix: &str, metadata: &mut Metadata) {
        for &metric in &self.config().metrics {
            let value =
                measures.metric(metric).map(|value| (format!("{}{suffix}", metric.name()), value.into()));
            metadata.extend(value);
            // Baselines are of the window's rows; those of the version in use are enough.
            if suffix.is_empty() {
                metadata.extend(self.config().baselines.iter().filter_map(|&baseline| {
                    let label = format!("{}: {}", metric.name(), baseline.name());
                    Some((label, measures.baseline(baseline, metric)?.into()))
                }));
            }
        }
        metadata.insert(format!("coverage{suffix}"), measures.coverage.share().into());
    }

    /// A metric over the final windows, a curve for each role and each baseline.
    fn curves(&self, metric: Metric) -> Option<(String, MetadataValue)> {
        let mut curves: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for window in self.finals.chunk_by(|left, right| left.start == right.start) {
            let x = window[0].start.as_microsecond() as f64;
            let mut roles: Vec<&Role> = window.iter().map(|measures| &measures.model.role).collect();
            roles.sort();
            roles.dedup();
            for role in roles {
                let of_role =
                    window.iter().map(|measures| &**measures).filter(|measures| measures.model.role == *role);
                let value = largest(of_role).and_then(|measures| measures.metric(metric));
                curves.entry(role.to_string()).or_default().extend(value.map(|value| (x, value)));
            }
            let Some(measures) = in_use(window.iter().map(|measures| &**measures)) else { continue };
            for &baseline in &self.config().baselines {
                let value = measures.baseline(baseline, metric).map(|value| (x, value));
                curves.entry(baseline.name().to_owned()).or_default().extend(value);
            }
        }
        curves.retain(|_, points| !points.is_empty());
        if curves.is_empty() {
            return None;
        }
        let title = format!("{} by window", metric.name());
        Some((title.clone(), Plot::lines(title, curves).over_time().labels("window", metric.name()).into()))
    }

    /// The last windows, a row for each version in each, the newest first.
    pub(super) fn table(&self, rows: usize) -> Table {
        let config = self.config();
        let columns = [("window", "text"), ("version", "u32"), ("role", "text"), ("state", "text")];
        let columns = columns.into_iter().chain([("predictions", "u64"), ("with ground truth", "u64")]);
        let column =
            |name: &str, data_type: &str| Column { name: name.to_owned(), data_type: data_type.to_owned() };
        let mut table =
            Table { columns: columns.map(|(name, of)| column(name, of)).collect(), rows: Vec::new() };
        for metric in &config.metrics {
            table.columns.push(column(metric.name(), "f64"));
            let of = |baseline: &Baseline| column(&format!("{}: {}", metric.name(), baseline.name()), "f64");
            table.columns.extend(config.baselines.iter().map(of));
        }
        for measures in self.windows().rev().take(rows) {
            let mut row: Vec<Value> = vec![
                self.label(measures.start).into(),
                measures.model.version.get().into(),
                measures.model.role.as_str().into(),
                if measures.is_final { "final" } else { "open" }.into(),
                measures.coverage.expected.into(),
                measures.coverage.matched.into(),
            ];
            for &metric in &config.metrics {
                row.push(measures.metric(metric).into());
                row.extend(
                    config.baselines.iter().map(|&baseline| Value::from(measures.baseline(baseline, metric))),
                );
            }
            table.rows.push(row);
        }
        table
    }

    /// A window as text, by its start.
    fn label(&self, start: Timestamp) -> String {
        let config = self.config();
        if config.window == WindowLength::Hour {
            return start.strftime("%Y-%m-%d %H:%M UTC").to_string();
        }
        let zone = TimeZone::get(&config.time_zone).unwrap_or(TimeZone::UTC);
        start.to_zoned(zone).date().to_string()
    }
}

/// The measures of the version that was in use: of several, the one with the most predictions.
fn in_use<'a>(measures: impl Iterator<Item = &'a WindowMeasures>) -> Option<&'a WindowMeasures> {
    let champion = Role::champion();
    largest(measures.filter(|measures| measures.model.role == champion))
}

fn largest<'a>(measures: impl Iterator<Item = &'a WindowMeasures>) -> Option<&'a WindowMeasures> {
    measures.max_by_key(|measures| (measures.coverage.expected, measures.model.version))
}

/// The slices of a window, the largest first.
fn slices(measures: &WindowMeasures, metrics: &[Metric]) -> Table {
    let mut table = Table::new([
        ("slice", "text"),
        ("value", "text"),
        ("predictions", "u64"),
        ("with ground truth", "u64"),
    ]);
    let metric = |metric: &Metric| Column { name: metric.name().to_owned(), data_type: "f64".to_owned() };
    table.columns.extend(metrics.iter().map(metric));
    for slice in measures.slices.iter().take(SLICES) {
        let mut row: Vec<Value> = vec![
            slice.column.as_str().into(),
            slice.value.as_str().into(),
            slice.coverage.expected.into(),
            slice.coverage.matched.into(),
        ];
        row.extend(metrics.iter().map(|metric| {
            Value::from(slice.metrics.get(metric).and_then(|value| value.as_ref().ok()).copied())
        }));
        table.rows.push(row);
    }
    table
}
