//! The main number of an asset: the one that stands for it wherever a single number is shown.
//!
//! An author names it with `metric`. Without that, a number is chosen from the metadata of the asset's materializations, and stays as
//! long as they have it, so that a trend doesn't change its subject.

use std::fmt;

use super::{AssetSpec, Metadata, MetadataValue};
use crate::value::Better;

/// The number that an asset is measured by, as its author names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetMetric {
    /// The label of the number in the metadata of the asset's materializations. A label that none of them has is no error: only a run
    /// shows which labels there are.
    pub label: String,
    /// Which of two values is better.
    pub better: Better,
}

/// The main number of an asset in the metadata of one materialization.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MainNumber<'a> {
    /// The label of the number in the metadata.
    pub label: &'a str,
    /// The number. It is finite unless the author names it.
    pub value: f64,
    /// Which of two values is better; `None` if the author doesn't name the number.
    pub better: Option<Better>,
}

impl AssetMetric {
    /// A metric of which higher values are better.
    pub fn higher(label: impl Into<String>) -> Self {
        Self { label: label.into(), better: Better::Higher }
    }

    /// A metric of which lower values are better.
    pub fn lower(label: impl Into<String>) -> Self {
        Self { label: label.into(), better: Better::Lower }
    }
}

impl fmt::Display for AssetMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.label, self.better.in_words())
    }
}

impl<'a> MainNumber<'a> {
    /// The metric of an asset in the metadata of one of its materializations; `None` if its author names none, or it isn't there.
    pub fn of_metric(spec: &AssetSpec, metadata: &'a Metadata) -> Option<Self> {
        let metric = spec.metric.as_ref()?;
        let (label, value) = metadata.get_key_value(&metric.label)?;
        Some(Self { label, value: value.as_f64()?, better: Some(metric.better) })
    }

    /// The main number of an asset in the metadata of one of its materializations; `None` if it has none there.
    ///
    /// It is the one that `spec` names, and no other. If it names none, it is the finite number called `standing` (the main number so
    /// far), or else the first fraction, or else the first count.
    pub fn of(spec: &AssetSpec, metadata: &'a Metadata, standing: Option<&str>) -> Option<Self> {
        if spec.metric.is_some() {
            return Self::of_metric(spec, metadata);
        }
        let finite = |(label, value): (&'a String, &MetadataValue)| {
            let value = value.as_f64().filter(|value| value.is_finite())?;
            Some(Self { label, value, better: None })
        };
        let of_standing = standing.and_then(|label| metadata.get_key_value(label)).and_then(finite);
        of_standing.or_else(|| {
            let is_fraction =
                |(_, value): &(&String, &MetadataValue)| matches!(value, MetadataValue::Float(_));
            metadata.iter().filter(is_fraction).find_map(finite).or_else(|| metadata.iter().find_map(finite))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks which number is chosen of an asset that says `metric`, and whose main number was `standing`.
    fn check(
        metric: Option<AssetMetric>,
        standing: Option<&str>,
        metadata: &[(&str, MetadataValue)],
        expected: Option<(&str, f64)>,
    ) {
        let spec = AssetSpec { metric, ..AssetSpec::new("model") };
        let owned = |(label, value): &(&str, MetadataValue)| ((*label).to_owned(), value.clone());
        let metadata: Metadata = metadata.iter().map(owned).collect();
        let found = MainNumber::of(&spec, &metadata, standing).map(|number| (number.label, number.value));
        assert_eq!(found, expected, "{standing:?} {metadata:?}");
        let named = MainNumber::of_metric(&spec, &metadata).map(|number| (number.label, number.value));
        assert_eq!(named, expected.filter(|_| spec.metric.is_some()), "the metric of {metadata:?}");
    }

    #[test]
    fn one_number_is_chosen() {
        let rows = || ("rows", MetadataValue::Int(5));
        let eta = || ("eta", MetadataValue::Float(0.1));
        let zeta = || ("zeta", MetadataValue::Float(0.5));
        let text = || ("about", MetadataValue::from("a text"));
        check(None, None, &[], None);
        check(None, None, &[text()], None);
        check(None, None, &[text(), rows()], Some(("rows", 5.0)));
        check(None, None, &[rows(), zeta(), eta()], Some(("eta", 0.1)));
        check(None, Some("rows"), &[rows(), zeta()], Some(("rows", 5.0)));
        check(None, Some("gone"), &[rows(), zeta()], Some(("zeta", 0.5)));
        check(None, Some("loss"), &[("loss", f64::NAN.into()), rows()], Some(("rows", 5.0)));
        check(Some(AssetMetric::higher("zeta")), Some("rows"), &[rows(), eta(), zeta()], Some(("zeta", 0.5)));
    }

    #[test]
    fn another_number_never_stands_in_for_the_named_one() {
        let metric = || Some(AssetMetric::lower("MAE"));
        check(metric(), None, &[("R²", 0.5.into())], None);
        check(metric(), Some("R²"), &[("R²", 0.5.into()), ("MAE", "unknown".into())], None);
        check(
            metric(),
            None,
            &[("R²", 0.5.into()), ("MAE", f64::INFINITY.into())],
            Some(("MAE", f64::INFINITY)),
        );
    }
}
