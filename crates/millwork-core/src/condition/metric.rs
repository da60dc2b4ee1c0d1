//! Comparisons of numbers: what a condition asks of a number in the metadata of an asset's materializations.
//!
//! A comparison is made of the number of the newest materialization. Where there is none, where it is not finite, or where too few of its
//! rows are covered, it is unknown: neither the comparison nor its opposite holds.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use super::AutomationCondition;
use super::operand::Operand;
use crate::id::AssetKey;
use crate::stored::Number;

/// The label of the number that says for which share of the rows another number was measured.
pub(crate) const COVERAGE: &str = "coverage";

/// The label of the number whose sum is the number of new rows.
const ROWS: &str = "rows";

/// A number of an asset, which its methods compare.
///
/// ```
/// use millwork_core::AutomationCondition;
///
/// let decay = AutomationCondition::metric("live_performance", "MAE").coverage(0.8).worse_than_at_promotion(0.15);
/// assert_eq!(decay.to_string(), "MAE of live_performance is 15 % worse than at promotion, coverage 0.8");
/// ```
#[derive(Clone, Debug)]
#[must_use = "`above`, `below` and the like make a condition of it"]
pub struct Metric {
    asset: AssetKey,
    label: String,
    coverage: Option<Number>,
}

/// A number of an asset, and what it is compared with. Its JSON is part of a condition's identity, and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct MetricComparison {
    /// The asset.
    pub(crate) asset: AssetKey,
    /// The label of the number in the metadata of its materializations.
    pub(crate) label: String,
    /// The least number under the label `coverage` with which the comparison counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) coverage: Option<Number>,
    /// What it is compared with.
    pub(crate) with: ComparedWith,
}

/// What a number is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ComparedWith {
    /// It is above this.
    Above(Number),
    /// It is below this.
    Below(Number),
    /// It is worse than the first one since the version in use of a model was promoted, by this share of that.
    WorseThanAtPromotion {
        /// The share.
        share: Number,
        /// The model; `None` for the one upstream.
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<AssetKey>,
    },
    /// It is worse than the last one of the version that was in use before the present one was promoted, by this share of that.
    WorseThanBeforePromotion {
        /// The share.
        share: Number,
        /// The model; `None` for the one upstream.
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<AssetKey>,
    },
    /// Its values since the asset or job with the condition last ran add up to this.
    AddsUpTo(Number),
}

impl AutomationCondition {
    /// The number under `label` in the metadata of the newest materialization of `asset`, to be compared.
    pub fn metric(asset: impl Into<AssetKey>, label: impl Into<String>) -> Metric {
        Metric { asset: asset.into(), label: label.into(), coverage: None }
    }

    /// The number `rows` of `asset`, added up since the asset or job with the condition last ran, is at least `rows`. Rows that its own run
    /// has made don't count, nor those of a materialization with the data of the one before.
    pub fn new_rows(asset: impl Into<AssetKey>, rows: u64) -> Self {
        // Beyond 2⁵³, a row more or less isn't meant.
        #[allow(clippy::cast_precision_loss)]
        let rows = rows as f64;
        Self::metric(asset, ROWS).adds_up_to(rows)
    }
}

impl Metric {
    /// The number counts only where the number under `coverage` is at least `share`, of 0 to 1. Until then the comparison waits: it neither
    /// holds nor doesn't.
    pub fn coverage(self, share: f64) -> Self {
        Self { coverage: Some(Number(share)), ..self }
    }

    /// The number is above `bound`.
    pub fn above(self, bound: f64) -> AutomationCondition {
        self.with(ComparedWith::Above(Number(bound)))
    }

    /// The number is below `bound`.
    pub fn below(self, bound: f64) -> AutomationCondition {
        self.with(ComparedWith::Below(Number(bound)))
    }

    /// The number is worse than that of the first materialization after the version in use of the model came into use, by more than
    /// `share` of it: 0.15 is 15 %. The model is the one upstream of the asset. Which of two numbers is better is what the asset says by
    /// its `metric`. Where the asset has the number for each version (`MAE: version 4`), that of the version in use is compared.
    pub fn worse_than_at_promotion(self, share: f64) -> AutomationCondition {
        self.with(ComparedWith::WorseThanAtPromotion { share: Number(share), model: None })
    }

    /// As [`worse_than_at_promotion`](Self::worse_than_at_promotion), for an asset with no model upstream, or several.
    pub fn worse_than_at_promotion_of(self, share: f64, model: impl Into<AssetKey>) -> AutomationCondition {
        let model = Some(model.into());
        self.with(ComparedWith::WorseThanAtPromotion { share: Number(share), model })
    }

    /// The number is worse than the last one before the version in use of the model came into use, by more than `share` of it. That is the
    /// figure of the version before, at the last materialization with enough coverage; the number itself counts once there was a
    /// materialization since. The model, the direction and the number of a version are found as for
    /// [`worse_than_at_promotion`](Self::worse_than_at_promotion).
    pub fn worse_than_before_promotion(self, share: f64) -> AutomationCondition {
        self.with(ComparedWith::WorseThanBeforePromotion { share: Number(share), model: None })
    }

    /// As [`worse_than_before_promotion`](Self::worse_than_before_promotion), for an asset with no model upstream, or several.
    pub fn worse_than_before_promotion_of(
        self,
        share: f64,
        model: impl Into<AssetKey>,
    ) -> AutomationCondition {
        let model = Some(model.into());
        self.with(ComparedWith::WorseThanBeforePromotion { share: Number(share), model })
    }

    /// The numbers of all materializations since the asset or job with the condition last ran add up to `sum` or more. Those of its own run
    /// don't count, nor those of a materialization with the data of the one before.
    pub fn adds_up_to(self, sum: f64) -> AutomationCondition {
        self.with(ComparedWith::AddsUpTo(Number(sum)))
    }

    fn with(self, with: ComparedWith) -> AutomationCondition {
        let Self { asset, label, coverage } = self;
        AutomationCondition::operand(Operand::Metric(MetricComparison { asset, label, coverage, with }))
    }
}

impl fmt::Display for MetricComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asset, label, coverage, with } = self;
        match with {
            ComparedWith::Above(bound) => write!(f, "{label} of {asset} is above {bound}")?,
            ComparedWith::Below(bound) => write!(f, "{label} of {asset} is below {bound}")?,
            ComparedWith::WorseThanAtPromotion { share, model } => {
                write!(f, "{label} of {asset} is {} worse than at promotion", percent(*share))?;
                if let Some(model) = model {
                    write!(f, " of {model}")?;
                }
            }
            ComparedWith::WorseThanBeforePromotion { share, model } => {
                write!(f, "{label} of {asset} is {} worse than before promotion", percent(*share))?;
                if let Some(model) = model {
                    write!(f, " of {model}")?;
                }
            }
            ComparedWith::AddsUpTo(sum) => write!(f, "{label} of {asset} add up to {sum}")?,
        }
        coverage.map_or(Ok(()), |share| write!(f, ", {COVERAGE} {share}"))
    }
}

/// A share in per cent.
pub(crate) fn percent(share: Number) -> String {
    format!("{} %", Number((share.0 * 1e6).round() / 1e4))
}

/// A span of time in words, in days where it is of whole days: `14d`, `2h 30m`.
pub(crate) fn in_words(span: Duration) -> String {
    let days = span.as_secs() / 86_400;
    match days > 0 && Duration::from_secs(days * 86_400) == span {
        true => format!("{days}d"),
        false => {
            SignedDuration::try_from(span).map_or_else(|_| format!("{span:?}"), |span| format!("{span:#}"))
        }
    }
}

/// How old something is, to the hour from a day on and to the minute from an hour on: `6d 17h`, `2h 30m`, `59s`.
pub(crate) fn age_in_words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
    match (days, hours) {
        (0, 0) => in_words(Duration::from_secs(seconds)),
        (0, _) => in_words(Duration::from_secs(seconds / 60 * 60)),
        (days, 0) => format!("{days}d"),
        (days, hours) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_spans_are_written_as_people_write_them() {
        let numbers = [14.2, 12.0, 0.000_123_456, 5_000.0, 1e20, 1_234.567_8, f64::NAN, -0.5, 0.0];
        assert_eq!(
            numbers.map(|number| Number(number).to_string()),
            ["14.2", "12", "0.0001235", "5000", "1e20", "1235", "NaN", "-0.5", "0"]
        );
        assert_eq!([0.15, 0.182_34, 1.0].map(|share| percent(Number(share))), ["15 %", "18.23 %", "100 %"]);
        let spans = [86_400 * 14, 9_000, 0].map(|seconds| in_words(Duration::from_secs(seconds)));
        assert_eq!(spans, ["14d", "2h 30m", "0s"]);
        let ages =
            [161 * 3_600 + 3_596, 86_400, 9_059, 59, 0].map(|age| age_in_words(Duration::from_secs(age)));
        assert_eq!(ages, ["6d 17h", "1d", "2h 30m", "59s", "0s"]);
    }
}
