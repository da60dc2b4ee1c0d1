//! The measures of one window.

use std::collections::BTreeMap;

use super::group::Group;
use super::join::{Joined, join};
use super::measures::{Coverage, SliceMeasures, Undefined};
use super::table::Table;
use super::{Baseline, Metric, PerformanceConfig};
use crate::RowKey;

/// The most slices of a column that are measured.
const SLICES: usize = 200;

/// What is measured of a group of predictions.
pub(super) struct Measured {
    pub(super) coverage: Coverage,
    pub(super) metrics: BTreeMap<Metric, Result<f64, Undefined>>,
    pub(super) baselines: BTreeMap<Baseline, BTreeMap<Metric, f64>>,
    pub(super) slices: Vec<SliceMeasures>,
    pub(super) slices_left_out: u64,
}

/// Measures a group. `last_known` is the ground truth that was observed last before its window.
pub(super) fn measure<K: RowKey>(
    config: &PerformanceConfig,
    is_class: bool,
    group: &Group<K>,
    truth: &Table<K>,
    last_known: Option<f64>,
) -> Measured {
    let joined = join(&group.table, truth);
    let of = |targets: &[f64], predictions: &[f64]| metrics(config, is_class, targets, predictions);
    let (mut baselines, mut constants) = (BTreeMap::new(), Vec::new());
    for &baseline in &config.baselines {
        let Some(constant) = constant(baseline, &joined.targets, last_known) else { continue };
        constants.clear();
        constants.resize(joined.targets.len(), constant);
        let values = of(&joined.targets, &constants);
        let values = values.into_iter().filter_map(|(metric, value)| Some((metric, value.ok()?)));
        baselines.insert(baseline, values.collect());
    }
    let (slices, slices_left_out) = slices(config, is_class, group, &joined);
    let (expected, matched) = (group.table.len() as u64, joined.targets.len() as u64);
    Measured {
        coverage: Coverage { expected, matched },
        metrics: of(&joined.targets, &joined.predictions),
        baselines,
        slices,
        slices_left_out,
    }
}

fn metrics(
    config: &PerformanceConfig,
    is_class: bool,
    targets: &[f64],
    predictions: &[f64],
) -> BTreeMap<Metric, Result<f64, Undefined>> {
    let of = |metric: Metric| {
        let value = metric.of(targets, predictions, is_class);
        (metric, value.map_err(|error| Undefined(error.to_string())))
    };
    config.metrics.iter().map(|&metric| of(metric)).collect()
}

/// What a baseline predicts for every row; `None` if there is no ground truth for it.
fn constant(baseline: Baseline, targets: &[f64], last_known: Option<f64>) -> Option<f64> {
    if targets.is_empty() {
        return None;
    }
    match baseline {
        Baseline::Median => {
            let mut sorted = targets.to_vec();
            let half = sorted.len() / 2;
            let (below, &mut middle, _) = sorted.select_nth_unstable_by(half, f64::total_cmp);
            if targets.len() % 2 == 1 {
                return Some(middle);
            }
            let before = below.iter().copied().max_by(f64::total_cmp)?;
            Some(f64::midpoint(before, middle))
        }
        Baseline::Mean => {
            let mean = targets.iter().sum::<f64>() / targets.len() as f64;
            Some(mean).filter(|mean| mean.is_finite())
        }
        Baseline::LastKnown => last_known,
    }
}

/// The measures of the largest slices of each column, and the number of the others.
fn slices<K: RowKey>(
    config: &PerformanceConfig,
    is_class: bool,
    group: &Group<K>,
    joined: &Joined,
) -> (Vec<SliceMeasures>, u64) {
    let (mut measured, mut left_out) = (Vec::new(), 0);
    for (position, column) in config.slices.iter().enumerate() {
        let text_of = |tag: u32| group.combinations[tag as usize][position].as_str();
        // The number of predictions, and the joined rows.
        let mut rows: BTreeMap<&str, (u64, Vec<usize>)> = BTreeMap::new();
        for &tag in &group.table.tags {
            rows.entry(text_of(tag)).or_default().0 += 1;
        }
        for (row, &tag) in joined.tags.iter().enumerate() {
            rows.entry(text_of(tag)).or_default().1.push(row);
        }
        let mut largest: Vec<_> = rows.into_iter().collect();
        largest.sort_by_key(|(_, (expected, _))| std::cmp::Reverse(*expected));
        left_out += largest.len().saturating_sub(SLICES) as u64;
        for (value, (expected, rows)) in largest.into_iter().take(SLICES) {
            let of = |numbers: &[f64]| rows.iter().map(|&row| numbers[row]).collect::<Vec<_>>();
            measured.push(SliceMeasures {
                column: column.clone(),
                value: value.to_owned(),
                coverage: Coverage { expected, matched: rows.len() as u64 },
                metrics: metrics(config, is_class, &of(&joined.targets), &of(&joined.predictions)),
            });
        }
    }
    (measured, left_out)
}
