//! The trend of an asset's main number.

use std::collections::{HashMap, VecDeque};

use millwork_core::asset::Metadata;
use millwork_core::asset::plot::short_number;
use millwork_core::event::{Event, EventBody};
use millwork_core::graph::AssetGraph;
use millwork_core::{AssetKey, MetadataValue};
use millwork_draw::plot::sparkline;

/// The number of values that are kept.
const LENGTH: usize = 30;
/// The tag with the label of an asset's main number.
const METRIC_TAG: &str = "metric";

/// The last values of one number of an asset, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trend {
    pub(crate) label: String,
    pub(crate) values: VecDeque<f64>,
}

/// The numbers among the metadata of a materialization.
pub(super) struct Numbers {
    asset: AssetKey,
    numbers: Vec<Number>,
}

struct Number {
    label: String,
    value: f64,
    /// Whether it is a fraction rather than a count.
    is_fraction: bool,
}

impl Numbers {
    /// The numbers of a materialization that are finite; `None` for other events.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let EventBody::Materialized(made) = &event.body else { return None };
        Some(Self::among(event.asset.clone()?, &made.metadata))
    }

    fn among(asset: AssetKey, metadata: &Metadata) -> Self {
        let number = |(label, value): (&String, &MetadataValue)| {
            Some(Number {
                label: label.clone(),
                value: value.as_f64().filter(|value| value.is_finite())?,
                is_fraction: matches!(value, MetadataValue::Float(_)),
            })
        };
        Self { asset, numbers: metadata.iter().filter_map(number).collect() }
    }

    fn value(&self, label: &str) -> Option<f64> {
        self.numbers.iter().find(|number| number.label == label).map(|number| number.value)
    }
}

/// The trends of all assets that have one.
#[derive(Debug, Default)]
pub(super) struct Trends(HashMap<AssetKey, Trend>);

impl Trends {
    pub(super) fn of(&self, asset: &AssetKey) -> Option<&Trend> {
        self.0.get(asset)
    }

    /// Adds the numbers of an asset's next materialization.
    pub(super) fn add(&mut self, graph: &AssetGraph, numbers: Numbers) {
        let asset = graph.asset(numbers.asset.as_str());
        let named = asset.and_then(|node| node.spec.tags.get(METRIC_TAG));
        let before = self.0.remove(&numbers.asset);
        if let Some(trend) = Trend::after(before, named.map(String::as_str), &numbers) {
            self.0.insert(numbers.asset, trend);
        }
    }
}

impl Trend {
    /// The trend after one more materialization. The main number is the one that the author names, or else the first fraction
    /// among the metadata, or the first count; once chosen it stays while it comes.
    fn after(before: Option<Self>, named: Option<&str>, made: &Numbers) -> Option<Self> {
        let named = named.filter(|label| made.value(label).is_some());
        let is_kept = |trend: &Self| {
            named.is_none_or(|named| named == trend.label) && made.value(&trend.label).is_some()
        };
        let mut trend = before.filter(is_kept).or_else(|| {
            let fraction = made.numbers.iter().find(|number| number.is_fraction);
            let first = || Some(fraction.or(made.numbers.first())?.label.as_str());
            Some(Self { label: named.or_else(first)?.to_owned(), values: VecDeque::new() })
        })?;
        trend.values.extend(made.value(&trend.label));
        if trend.values.len() > LENGTH {
            trend.values.pop_front();
        }
        Some(trend)
    }

    /// The last value.
    pub(crate) fn newest(&self) -> String {
        self.values.back().copied().map(short_number).unwrap_or_default()
    }

    /// The values as a small drawing, if there are two or more.
    pub(crate) fn spark(&self) -> String {
        sparkline(&self.values.iter().copied().collect::<Vec<_>>()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(metadata: &[(&str, MetadataValue)]) -> Numbers {
        let owned = |(label, value): &(&str, MetadataValue)| ((*label).to_owned(), value.clone());
        Numbers::among("model".into(), &metadata.iter().map(owned).collect())
    }

    fn trend_of(piece: &(&str, MetadataValue)) -> Option<Trend> {
        Trend::after(None, None, &made(std::slice::from_ref(piece)))
    }

    #[test]
    fn the_first_fraction_is_the_main_number() {
        let rows = ("rows", MetadataValue::Int(5));
        assert_eq!(Trend::after(None, None, &made(&[])), None);
        assert_eq!(Trend::after(None, None, &made(&[("loss", f64::NAN.into())])), None);
        let mut trend = trend_of(&rows);
        assert_eq!(trend.as_ref().map(|trend| trend.label.as_str()), Some("rows"));
        for round in 0..40 {
            trend = Trend::after(trend, None, &made(&[rows.clone(), ("zeta", f64::from(round).into())]));
        }
        assert_eq!(trend.map(|trend| (trend.label, trend.values.len())), Some(("rows".to_owned(), LENGTH)));
        let named = Trend::after(trend_of(&rows), Some("eta"), &made(&[rows.clone(), ("eta", 1.into())]));
        assert_eq!(named, Some(Trend { label: "eta".to_owned(), values: [1.0].into() }));
        let fraction = Trend::after(None, None, &made(&[rows, ("zeta", 0.5.into())]));
        assert_eq!(fraction, Some(Trend { label: "zeta".to_owned(), values: [0.5].into() }));
    }
}
