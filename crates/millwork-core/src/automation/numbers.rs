//! The numbers of assets that conditions ask for: what is kept of a materialization's metadata, and what it is compared with.
//!
//! Live performance has a number for the version in use (`MAE`) and for each version (`MAE: version 4`). The first is of whichever version
//! made most predictions, also shortly after another one came into use; so a comparison with what was at promotion takes that of the version.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asset::{Metadata, MetadataValue};
use crate::condition::{COVERAGE, ComparedWith, MetricComparison};
use crate::graph::AssetIndex;
use crate::stored::Number;
use crate::version::VersionNumber;

/// The numbers in the metadata of a materialization, by label.
pub type Numbers = BTreeMap<String, Number>;

/// What stands between a label and the number of the version that the number is of.
const OF_VERSION: &str = ": version ";

/// The numbers of an asset that are compared with those at a model's promotion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AtPromotion {
    /// The version that came into use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// The version that was in use before, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_before: Option<VersionNumber>,
    /// The first number of each comparison since, by the name of the comparison.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: Numbers,
    /// The newest number of each comparison with what was before a promotion: what the next version is compared with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub newest: Numbers,
    /// The newest number of each such comparison that is of the version before: when the other one came into use, or what became known of it
    /// later.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub before: Numbers,
}

/// The numbers of an asset that conditions ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct WantedNumbers {
    labels: BTreeSet<String>,
    /// The comparisons with what was at a promotion or before, and those of watches, by the alias that names the version in use.
    pub(super) at_promotion: BTreeMap<AssetIndex, Vec<MetricComparison>>,
}

impl MetricComparison {
    /// The name under which the number at promotion is kept: another least coverage may begin with another materialization.
    pub(super) fn number_at_promotion(&self) -> String {
        match self.coverage {
            Some(share) => format!("{}, {COVERAGE} {}", self.label, share.0),
            None => self.label.clone(),
        }
    }

    /// The number that is compared, of a version where one is given, and the coverage. The number is `None` where it is missing.
    pub(super) fn number(
        &self,
        numbers: &Numbers,
        version: Option<VersionNumber>,
    ) -> (Option<Number>, Option<Number>) {
        let coverage = self.coverage.and_then(|_| of_version(numbers, COVERAGE, version));
        (of_version(numbers, &self.label, version), coverage)
    }

    /// The finite number that a version has of its own, with enough coverage.
    fn own_number(&self, numbers: &Numbers, version: VersionNumber) -> Option<Number> {
        let own = |label: &str| numbers.get(&format!("{label}{OF_VERSION}{version}")).copied();
        own(&self.label).filter(|number| number.finite().is_some() && self.is_covered(own(COVERAGE)))
    }

    /// Whether it is with the number of the version that was in use before.
    pub(super) fn is_with_before(&self) -> bool {
        matches!(self.with, ComparedWith::WorseThanBeforePromotion { .. })
    }

    /// Whether enough rows are covered.
    pub(super) fn is_covered(&self, coverage: Option<Number>) -> bool {
        self.coverage.is_none_or(|least| coverage.is_some_and(|coverage| coverage.0 >= least.0))
    }
}

impl WantedNumbers {
    pub(super) fn add(&mut self, comparison: &MetricComparison, alias: Option<AssetIndex>) {
        self.labels.insert(comparison.label.clone());
        if comparison.coverage.is_some() {
            self.labels.insert(COVERAGE.to_owned());
        }
        if let Some(alias) = alias {
            self.at_promotion.entry(alias).or_default().push(comparison.clone());
        }
    }

    /// Those of the numbers that are asked for.
    pub(super) fn of(&self, numbers: &Numbers) -> Numbers {
        let label = |text: &str| text.split_once(OF_VERSION).map_or(text.len(), |(label, _)| label.len());
        let wanted = numbers.iter().filter(|(text, _)| self.labels.contains(&text[..label(text)]));
        wanted.map(|(label, number)| (label.clone(), *number)).collect()
    }

    /// Whether none of them is among these.
    pub(super) fn are_missing(&self, numbers: &Numbers) -> bool {
        self.of(numbers).is_empty()
    }
}

impl AtPromotion {
    /// Takes in the numbers of a materialization: for each comparison the number that it would compare, if it is the first one, or if the
    /// newest one is asked for.
    pub(super) fn take(&mut self, comparisons: &[MetricComparison], numbers: &Numbers) {
        for comparison in comparisons {
            let name = comparison.number_at_promotion();
            if let Some(before) = self.version_before
                && comparison.is_with_before()
                && let Some(number) = comparison.own_number(numbers, before)
            {
                self.before.insert(name.clone(), number);
            }
            let (number, coverage) = comparison.number(numbers, self.version);
            let Some(number) = number.filter(|number| number.finite().is_some()) else { continue };
            if !comparison.is_covered(coverage) {
                continue;
            }
            if comparison.is_with_before() {
                self.newest.insert(name.clone(), number);
            }
            self.numbers.entry(name).or_insert(number);
        }
    }

    /// What is known when the next version comes into use.
    pub(super) fn followed_by(&self, version: Option<VersionNumber>) -> Self {
        Self { version, version_before: self.version, before: self.newest.clone(), ..Self::default() }
    }

    /// What these comparisons ask for of it.
    pub(super) fn of(&self, comparisons: &[MetricComparison]) -> Self {
        let names = |with_before: bool| -> BTreeSet<String> {
            let asking = comparisons.iter().filter(|one| !with_before || one.is_with_before());
            asking.map(MetricComparison::number_at_promotion).collect()
        };
        let (all, with_before) = (names(false), names(true));
        let mut kept = self.clone();
        kept.numbers.retain(|name, _| all.contains(name));
        kept.newest.retain(|name, _| with_before.contains(name));
        kept.before.retain(|name, _| with_before.contains(name));
        kept
    }

    /// Whether a comparison has no number yet.
    pub(super) fn lacks(&self, comparisons: &[MetricComparison]) -> bool {
        comparisons.iter().any(|comparison| {
            let name = comparison.number_at_promotion();
            !self.numbers.contains_key(&name)
                || (comparison.is_with_before() && !self.before.contains_key(&name))
        })
    }

    /// Whether a comparison asks for the newest number.
    pub(super) fn wants_newest(comparisons: &[MetricComparison]) -> bool {
        comparisons.iter().any(MetricComparison::is_with_before)
    }
}

/// The numbers in the metadata of a materialization.
pub fn numbers_of(metadata: &Metadata) -> Numbers {
    let numbers = metadata.iter().filter_map(|(label, value)| Some((label.clone(), Number(value.as_f64()?))));
    numbers.collect()
}

/// Of live performance: the end of the newest window that its numbers are of.
pub(super) fn measured_until(metadata: &Metadata) -> Option<Timestamp> {
    metadata.values().find_map(|value| {
        let MetadataValue::LivePerformance(live) = value else { return None };
        Some(live.newest_final()?.end)
    })
}

/// The number of a version under a label; where the asset has none for any version, the number under the label itself.
pub(crate) fn of_version(numbers: &Numbers, label: &str, version: Option<VersionNumber>) -> Option<Number> {
    let Some(version) = version else { return numbers.get(label).copied() };
    let any = format!("{label}{OF_VERSION}");
    match numbers.get(&format!("{any}{version}")) {
        Some(number) => Some(*number),
        None if numbers.keys().any(|label| label.starts_with(&any)) => None,
        None => numbers.get(label).copied(),
    }
}
