//! The trend of an asset's main number.

use std::collections::{HashMap, VecDeque};

use millwork_core::asset::Metadata;
use millwork_core::event::{Event, EventBody};
use millwork_core::graph::AssetGraph;
use millwork_core::{AssetKey, AssetSpec, Better, MainNumber, MetadataValue, MetricChange};

/// The number of values that are kept.
const LENGTH: usize = 30;

/// The last values of an asset's main number, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trend {
    label: String,
    values: VecDeque<f64>,
    better: Option<Better>,
}

/// The numbers among the metadata of a materialization.
pub(super) struct Numbers {
    asset: AssetKey,
    numbers: Metadata,
}

impl Numbers {
    /// The numbers of a materialization; `None` for other events.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let EventBody::Materialized(made) = &event.body else { return None };
        let is_number = |(_, value): &(&String, &MetadataValue)| value.as_f64().is_some();
        let numbers = made.metadata.iter().filter(is_number);
        let numbers = numbers.map(|(label, value)| (label.clone(), value.clone())).collect();
        Some(Self { asset: event.asset.clone()?, numbers })
    }
}

/// The trends of all assets that have one.
#[derive(Debug, Default)]
pub(super) struct Trends(HashMap<AssetKey, Trend>);

impl Trends {
    pub(super) fn of(&self, asset: &AssetKey) -> Option<&Trend> {
        self.0.get(asset)
    }

    /// Adds the numbers of an asset's next materialization. Those of an asset that isn't defined any more have no trend.
    pub(super) fn add(&mut self, graph: &AssetGraph, numbers: Numbers) {
        let Some(node) = graph.asset(numbers.asset.as_str()) else { return };
        let before = self.0.remove(&numbers.asset);
        if let Some(trend) = Trend::after(before, &node.spec, &numbers.numbers) {
            self.0.insert(numbers.asset, trend);
        }
    }
}

impl Trend {
    /// The trend after one more materialization: it ends where that has another main number, and lasts where it has none.
    fn after(before: Option<Self>, spec: &AssetSpec, numbers: &Metadata) -> Option<Self> {
        let standing = before.as_ref().map(|trend| trend.label.as_str());
        let Some(MainNumber { label, value, better }) = MainNumber::of(spec, numbers, standing) else {
            return before;
        };
        let mut trend = before.filter(|trend| trend.label == label).unwrap_or_else(|| Self {
            label: label.to_owned(),
            values: VecDeque::new(),
            better,
        });
        trend.values.push_back(value);
        if trend.values.len() > LENGTH {
            trend.values.pop_front();
        }
        Some(trend)
    }

    /// The label of the number.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Which of two values is better; `None` if the number isn't the asset's metric.
    pub(crate) fn better(&self) -> Option<Better> {
        self.better
    }

    /// The values, oldest first.
    pub(crate) fn values(&self) -> Vec<f64> {
        self.values.iter().copied().collect()
    }

    /// The last value.
    pub(crate) fn newest(&self) -> Option<f64> {
        self.values.back().copied()
    }

    /// The value before the last; `None` if there is only one.
    pub(crate) fn before(&self) -> Option<f64> {
        self.values.iter().rev().nth(1).copied()
    }

    /// The change of a metric from the value before to the last; `None` if there is none for the better or the worse.
    pub(crate) fn change(&self) -> Option<MetricChange> {
        self.better?.compare(self.before()?, self.newest()?)
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::AssetMetric;

    use super::*;

    fn after(before: Option<Trend>, metric: Option<&AssetMetric>, numbers: &[(&str, f64)]) -> Option<Trend> {
        let spec = AssetSpec { metric: metric.cloned(), ..AssetSpec::new("model") };
        let numbers = numbers.iter().map(|(label, value)| ((*label).to_owned(), (*value).into())).collect();
        Trend::after(before, &spec, &numbers)
    }

    #[test]
    fn a_trend_keeps_its_subject() {
        assert_eq!(after(None, None, &[]), None);
        let mut trend = after(None, None, &[("rows", 5.0)]);
        for round in 0..40 {
            trend = after(trend, None, &[("eta", 0.5), ("rows", f64::from(round))]);
        }
        trend = after(trend, None, &[]);
        let trend = trend.expect("a trend");
        assert_eq!((trend.label(), trend.values().len(), trend.newest()), ("rows", LENGTH, Some(39.0)));
        assert_eq!(trend.change(), None, "more rows are neither better nor worse");
        let other = after(Some(trend), None, &[("eta", 0.5)]).expect("a trend");
        assert_eq!((other.label(), other.values()), ("eta", vec![0.5]));
    }

    #[test]
    fn a_named_number_has_its_own_trend() {
        let metric = AssetMetric::lower("MAE");
        let mut trend = after(None, None, &[("rows", 5.0)]);
        for numbers in [&[("MAE", 12.0), ("rows", 5.0)][..], &[("rows", 5.0)], &[("MAE", 12.5)]] {
            trend = after(trend, Some(&metric), numbers);
        }
        let trend = trend.expect("a trend");
        assert_eq!((trend.label(), trend.values()), ("MAE", vec![12.0, 12.5]));
        assert_eq!(trend.change(), Some(MetricChange::Worse));
        let broken = after(Some(trend), Some(&metric), &[("MAE", f64::NAN)]).expect("a trend");
        assert!(broken.newest().is_some_and(f64::is_nan));
        assert_eq!(broken.change(), None);
    }
}
