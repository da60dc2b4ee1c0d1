//! The trend of an asset's main number.

use std::collections::VecDeque;

use millwork_core::MetadataValue;
use millwork_core::asset::plot::short_number;
use millwork_core::event::Materialization;
use millwork_draw::plot::sparkline;

/// The number of values that are kept.
const LENGTH: usize = 30;

/// The last values of one number of an asset, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trend {
    pub(crate) label: String,
    pub(crate) values: VecDeque<f64>,
}

impl Trend {
    /// The trend after one more materialization. The main number is the one that the author names, or else the first fraction
    /// among the metadata, or the first count; once chosen it stays while it comes.
    pub(super) fn after(before: Option<Self>, named: Option<&str>, made: &Materialization) -> Option<Self> {
        let number = |label: &str| made.metadata.get(label)?.as_f64().filter(|value| value.is_finite());
        let is_fraction = |value: &MetadataValue| matches!(value, MetadataValue::Float(_));
        let first = |wanted: &dyn Fn(&MetadataValue) -> bool| {
            made.metadata.iter().find(|(label, value)| wanted(value) && number(label).is_some())
        };
        let named = named.filter(|label| number(label).is_some());
        let is_kept =
            |trend: &Self| named.is_none_or(|named| named == trend.label) && number(&trend.label).is_some();
        let mut trend = before.filter(is_kept).or_else(|| {
            let first = || Some(first(&is_fraction).or_else(|| first(&|_| true))?.0.as_str());
            Some(Self { label: named.or_else(first)?.to_owned(), values: VecDeque::new() })
        })?;
        trend.values.extend(number(&trend.label));
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
    use millwork_core::event::{Provenance, StoredValue, ValueLocation};

    use super::*;

    fn made(metadata: &[(&str, MetadataValue)]) -> Materialization {
        Materialization {
            data_version: "d".into(),
            provenance: Provenance { code_version: "c".into(), inputs: Vec::new() },
            stored: StoredValue {
                location: ValueLocation::Elsewhere,
                bytes: 0,
                format: String::new(),
                hash: None,
            },
            metadata: metadata.iter().map(|(label, value)| ((*label).to_owned(), value.clone())).collect(),
        }
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
