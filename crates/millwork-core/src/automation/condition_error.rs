//! The errors of a condition: what it asks for that can't be, and what to write instead.

use std::borrow::Cow;

use thiserror::Error;

use super::AutomationCondition;
use crate::asset::AssetKey;
use crate::graph::SelectionError;
use crate::problem::{Advice, ErrorClass};
use crate::schedule::ScheduleError;

/// The error of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConditionError {
    /// What `allow` or `ignore` selects can't be read, or names an unknown asset.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A schedule that it waits for can't be kept.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// It is nested too deep.
    #[error("a condition is nested {levels} levels deep, and may be {}", AutomationCondition::MOST_LEVELS)]
    TooDeep {
        /// How many operators and operands lie one below the other.
        levels: usize,
    },
    /// It asks for a check that the asset doesn't have.
    #[error("`{asset}` has no check `{check}`")]
    Check {
        /// The asset with the condition.
        asset: AssetKey,
        /// The name of the check.
        check: String,
    },
    /// It names an asset that isn't defined.
    #[error("its condition asks for `{part}`, and no asset is called `{asset}`")]
    UnknownAsset {
        /// The part that names the asset.
        part: String,
        /// The key of the asset.
        asset: AssetKey,
        /// The key that was meant, or where all are listed.
        hint: String,
    },
    /// It asks for the promotion of what isn't a model.
    #[error("its condition asks for `{part}`, and `{asset}` is not a model")]
    NoModel {
        /// The part that names the model.
        part: String,
        /// The key of the asset.
        asset: AssetKey,
    },
    /// No model is upstream of an asset whose number is compared with that at the model's promotion.
    #[error("its condition asks for `{part}`, and no model is upstream of `{asset}`")]
    NoModelUpstream {
        /// The part that compares the number.
        part: String,
        /// The asset that has the number.
        asset: AssetKey,
    },
    /// Several models are upstream of such an asset.
    #[error(
        "its condition asks for `{part}`, and several models are upstream of `{asset}`: `{}`, `{}`",
        .models[0], .models[1]
    )]
    SeveralModels {
        /// The part that compares the number.
        part: String,
        /// The asset that has the number.
        asset: AssetKey,
        /// Two of the models.
        models: [AssetKey; 2],
    },
    /// It asks for a verdict about what has no gate.
    #[error("its condition asks for `{part}`, and `{asset}` has no gate")]
    NoGate {
        /// The part that names the asset.
        part: String,
        /// The key of the asset.
        asset: AssetKey,
    },
    /// It asks for verdicts about its own models, and has none.
    #[error("its condition asks whether a verdict is pending, and it makes no model that has a gate")]
    NoOwnModel,
    /// It isn't known which of two numbers is better.
    #[error(
        "its condition asks for `{part}`, and `{asset}` doesn't say whether a higher or a lower {label} is better"
    )]
    NoDirection {
        /// The part that compares the number.
        part: String,
        /// The asset that has the number.
        asset: AssetKey,
        /// The label of the number.
        label: String,
    },
    /// A bound or a span can't be compared with.
    #[error("its condition asks for `{part}`, which needs {expected}")]
    Bound {
        /// The part that has the bound.
        part: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// What is particular to the asset or job with the condition stands in a part about other assets.
    #[error("its condition is {part} in a part about other assets")]
    OutOfPlace {
        /// The name of the operator.
        part: String,
    },
    /// The condition of a watch has a part about the asset that has it, or about its runs.
    #[error(
        "its condition asks for `{part}`, which is about an asset or its runs, and a watch is none and has none"
    )]
    OfWatch {
        /// The part.
        part: String,
    },
    /// The condition of a watch is held back, and a watch goes back once.
    #[error("its condition is {part}, and a watch goes back from a version once")]
    HoldsBackWatch {
        /// The name of the operator.
        part: String,
    },
    /// The condition of an asset with partitions counts materializations, which are of whole assets.
    #[error("its condition is `{part}`, which counts materializations, and `{asset}` has partitions")]
    CountsPartitions {
        /// The part that counts.
        part: String,
        /// The asset with the condition.
        asset: AssetKey,
    },
    /// The condition of an asset with partitions names one whose partitions are others, and nothing maps them.
    #[error(
        "its condition asks for `{part}`, and no mapping says which partitions of `{named}` belong to one of `{asset}`"
    )]
    NotMapped {
        /// The part that names an asset.
        part: String,
        /// The asset with the condition.
        asset: AssetKey,
        /// The asset that is named.
        named: AssetKey,
    },
    /// A job's condition has a part about the asset that has it.
    #[error("its condition asks for `{part}`, which is about an asset, and a job is none")]
    OfJob {
        /// The part.
        part: String,
    },
}

impl Advice for ConditionError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Selection(error) => return error.hint(),
            Self::Schedule(error) => return error.hint(),
            Self::TooDeep { .. } => "`&` and `|` join any number of conditions on one level".into(),
            Self::Check { .. } => "`list checks` lists all checks".into(),
            Self::UnknownAsset { hint, .. } => Cow::Borrowed(hint),
            Self::NoModel { .. } => "a model has a gate, or something reads it as `Champion<…>`".into(),
            Self::NoModelUpstream { .. } | Self::SeveralModels { .. } => {
                "name the model: `.worse_than_at_promotion_of(share, \"model\")`, or `.worse_than_before_promotion_of(…)`".into()
            }
            Self::NoGate { .. } => "name a model that a `#[gate]` judges".into(),
            Self::NoOwnModel => "name the model: `& !AutomationCondition::verdict_pending(\"model\")`".into(),
            Self::NoDirection { label, .. } => {
                format!("`#[asset(metric = \"{label}\" lower)]`, or `higher`").into()
            }
            Self::Bound { expected, .. } => format!("give it {expected}").into(),
            Self::CountsPartitions { .. } => {
                "count a number, as in `metric(…).above(x).for_evaluations(n)`, or leave the count out".into()
            }
            Self::NotMapped { asset, named, .. } => {
                format!("add `deps({named})` to `{asset}`, with `map = …`, or name an asset without partitions").into()
            }
            Self::OutOfPlace { .. } => "put it around the whole condition".into(),
            Self::HoldsBackWatch { .. } => "leave it out, or wait for several with `.for_evaluations(n)`".into(),
            Self::OfJob { .. } | Self::OfWatch { .. } => {
                "`AutomationCondition::asset_matches(\"asset\", …)` is about a named asset".into()
            }
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Definitions
    }
}
