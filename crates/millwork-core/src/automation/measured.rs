//! What an evaluation measured: the numbers behind the parts of a condition that compare some, stored with what was found, and in words.
//!
//! Sums and rows of evaluations are also the memory of the parts that count: the next evaluation goes on from them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::NodeId;
use crate::asset::Better;
use crate::condition::{ComparedWith, MetricComparison, Operand, Operator, age_in_words, in_words, percent};
use crate::stored::Number;
use crate::version::VersionNumber;

/// What was measured for a part of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The node of the part in its condition.
    pub node: NodeId,
    /// What was measured.
    pub measurement: Measurement,
}

/// What was measured for a part: which one depends on the part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measurement {
    /// A number that is compared with a bound.
    Number {
        /// The number; `None` if the newest materialization doesn't have it.
        value: Option<Number>,
        /// The coverage, where one is asked for; `None` if the newest materialization doesn't have it.
        coverage: Option<Number>,
    },
    /// A number that is compared with the one at promotion, or with the one before.
    SincePromotion {
        /// The number; `None` if the newest materialization doesn't have it.
        value: Option<Number>,
        /// The coverage, where one is asked for; `None` if the newest materialization doesn't have it.
        coverage: Option<Number>,
        /// What it is compared with: the first number since the promotion, or the last one before; `None` if there was none.
        before: Option<Number>,
        /// The version in use; `None` if no version is.
        version: Option<VersionNumber>,
        /// By what share of that number it is worse; negative if it is better. `None` if it isn't known.
        worse_by: Option<Number>,
    },
    /// A sum since the last run.
    Sum(Number),
    /// The time from which an age is counted; `None` if there is no value.
    MadeAt(Option<Timestamp>),
    /// The number of open questions.
    Questions(usize),
    /// The materializations in a row at which the part below held.
    Evaluations(u32),
    /// When the last run was requested; `None` if none was.
    LastRun(Option<Timestamp>),
    /// The number of runs that were requested within the span.
    Runs(u32),
}

/// By what share of the number before a number is worse; negative if it is better.
pub(crate) fn worse_by(better: Better, before: Number, value: Number) -> Option<Number> {
    let (before, value) = (before.finite()?, value.finite()?);
    let more = match better {
        Better::Lower => value - before,
        Better::Higher => before - value,
    };
    Some(Number(if more == 0.0 { 0.0 } else { more / before.abs() }))
}

/// The same in words: `MAE 14.2 is 18.3 % worse than 12 at promotion of version 4`.
pub(crate) fn change_in_words(
    label: &str,
    numbers: (Number, Number),
    worse_by: Number,
    version: Option<VersionNumber>,
) -> String {
    let of = version.map(|version| format!(" of version {version}")).unwrap_or_default();
    format!("{} at promotion{of}", compared_in_words(label, numbers, worse_by))
}

/// How two numbers compare, in words: `MAE 14.2 is 18.3 % worse than 12`.
fn compared_in_words(label: &str, (value, before): (Number, Number), worse_by: Number) -> String {
    let rounded = |share: f64| percent(Number((share.abs() * 1e3).round() / 1e3));
    let change = match worse_by.0 {
        share if share > 0.0 => format!("{} worse than {before}", rounded(share)),
        share if share < 0.0 => format!("{} better than {before}", rounded(share)),
        _ => format!("as {before} was"),
    };
    format!("{label} {value} is {change}")
}

impl Measurement {
    /// What was measured for an operator, in words; `now` is the time of the evaluation.
    pub(super) fn in_words(&self, operator: &Operator, now: Timestamp) -> String {
        match (self, operator) {
            (Self::Number { value, coverage }, Operator::Operand(Operand::Metric(comparison))) => {
                let MetricComparison { asset, label, .. } = comparison;
                missing(comparison, None, *value, *coverage).unwrap_or_else(|value| match comparison.with {
                    ComparedWith::Above(bound) if value.0 > bound.0 => {
                        format!("{label} {value} of {asset} is above {bound}")
                    }
                    ComparedWith::Above(bound) => format!("{label} {value} of {asset} is not above {bound}"),
                    ComparedWith::Below(bound) if value.0 < bound.0 => {
                        format!("{label} {value} of {asset} is below {bound}")
                    }
                    ComparedWith::Below(bound) => format!("{label} {value} of {asset} is not below {bound}"),
                    ComparedWith::WorseThanAtPromotion { .. }
                    | ComparedWith::WorseThanBeforePromotion { .. }
                    | ComparedWith::AddsUpTo(_) => {
                        format!("{label} of {asset} is {value}")
                    }
                })
            }
            (
                Self::SincePromotion { value, coverage, before, version, worse_by },
                Operator::Operand(Operand::Metric(comparison)),
            ) => missing(comparison, *version, *value, *coverage).unwrap_or_else(|value| {
                let MetricComparison { asset, label, .. } = comparison;
                match (before, worse_by, version) {
                    (Some(before), Some(worse_by), Some(version)) if comparison.is_with_before() => {
                        let compared = compared_in_words(label, (value, *before), *worse_by);
                        format!("{compared} before the promotion of version {version}")
                    }
                    (Some(before), Some(worse_by), version) => {
                        change_in_words(label, (value, *before), *worse_by, *version)
                    }
                    (None, _, Some(version)) if comparison.is_with_before() => {
                        format!("{asset} has no {label} from before the promotion of version {version}")
                    }
                    (_, _, Some(version)) => {
                        format!("{asset} has no {label} from after the promotion of version {version} yet")
                    }
                    (_, _, None) => format!("no version of the model of {asset} is in use"),
                }
            }),
            (Self::Sum(sum), Operator::Operand(Operand::Metric(comparison))) => {
                let MetricComparison { asset, label, with, .. } = comparison;
                let of = match with {
                    ComparedWith::AddsUpTo(bound) => format!(" of {bound}"),
                    ComparedWith::Above(_)
                    | ComparedWith::Below(_)
                    | ComparedWith::WorseThanAtPromotion { .. }
                    | ComparedWith::WorseThanBeforePromotion { .. } => String::new(),
                };
                format!("{label} of {asset} add up to {sum}{of} since the last run")
            }
            (Self::MadeAt(made_at), Operator::Operand(Operand::OlderThan { asset, age })) => match made_at {
                None => format!("{asset} has no value that is in use"),
                Some(made_at) => {
                    let old = now.duration_since(*made_at).max(SignedDuration::ZERO);
                    let is = if old.unsigned_abs() >= *age { "older" } else { "not older" };
                    let old = age_in_words(old.unsigned_abs());
                    format!("{asset} is {old} old, {is} than {}", in_words(*age))
                }
            },
            (Self::Questions(0), _) => "no verdict is pending".to_owned(),
            (Self::Questions(1), _) => "1 verdict is pending".to_owned(),
            (Self::Questions(questions), _) => format!("{questions} verdicts are pending"),
            (Self::Evaluations(count), Operator::ForEvaluations(needed)) => {
                format!("at {} of {needed} evaluations", count.min(needed))
            }
            (Self::LastRun(None), _) => "no run was requested yet".to_owned(),
            (Self::LastRun(Some(at)), _) => format!("the last run was requested at {at}"),
            (Self::Runs(requested), Operator::Budget { runs, .. }) => {
                format!("{requested} of {runs} runs were requested")
            }
            // What was stored for another kind of part: only a damaged row has it.
            (
                Self::Number { .. }
                | Self::SincePromotion { .. }
                | Self::Sum(_)
                | Self::MadeAt(_)
                | Self::Evaluations(_)
                | Self::Runs(_),
                _,
            ) => String::new(),
        }
    }
}

/// The number, of a version where one is given, or why there is nothing to compare.
fn missing(
    comparison: &MetricComparison,
    version: Option<VersionNumber>,
    value: Option<Number>,
    coverage: Option<Number>,
) -> Result<String, Number> {
    let MetricComparison { asset, label, .. } = comparison;
    let Some(value) = value else {
        return Ok(match version {
            Some(version) => format!("{asset} has no {label} of version {version}"),
            None => format!("{asset} has no number {label}"),
        });
    };
    if value.finite().is_none() {
        return Ok(format!("{label} of {asset} is {value}"));
    }
    match comparison.coverage {
        Some(least) if !comparison.is_covered(coverage) => {
            let coverage = coverage.map_or_else(|| "none".to_owned(), |coverage| coverage.to_string());
            Ok(format!("{label} of {asset} waits for coverage: {coverage} of {least}"))
        }
        Some(_) | None => Err(value),
    }
}
