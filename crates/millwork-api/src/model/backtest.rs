//! Backtests: the verdicts of a gate about stored versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::Decision;
use millwork_core::event::{BacktestOutcome, BacktestedVersion, VersionsBacktested};
use millwork_core::version::VersionNumber;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::InputView;
use super::version::numbers;
use crate::names::DecisionName;

/// The verdicts of a gate about stored versions, on the data of one moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BacktestView {
    /// When it was done.
    pub at: Timestamp,
    /// The name of the gate.
    pub gate: String,
    /// The version that each was compared with; `null` if none was in use.
    #[schema(required, value_type = Option<u32>)]
    pub against: Option<VersionNumber>,
    /// The versions of the data that they were judged on.
    pub inputs: Vec<InputView>,
    /// The versions, newest first.
    pub versions: Vec<BacktestedVersionView>,
}

/// The verdict of a backtest about one version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BacktestedVersionView {
    /// The version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// The decision; `null` if the gate would ask people or for outcomes, if it failed, or if the value was removed.
    #[schema(required, value_type = Option<DecisionName>)]
    pub decision: Option<Decision>,
    /// The outcome in words: the decision, who would be asked, `in shadow`, `failed`, or `value removed`.
    pub outcome: String,
    /// The reason of the verdict or of the failure; empty if there is none.
    pub reason: String,
    /// The numbers of the verdict, by label.
    pub numbers: BTreeMap<String, Value>,
}

impl BacktestView {
    /// A backtest that was done at a time.
    pub fn new(at: Timestamp, backtest: &VersionsBacktested) -> Self {
        let VersionsBacktested { gate, against, versions, provenance } = backtest;
        Self {
            at,
            gate: gate.clone(),
            against: *against,
            inputs: provenance.inputs.iter().map(InputView::from).collect(),
            versions: versions.iter().map(BacktestedVersionView::from).collect(),
        }
    }

    /// The table: its headings, of which the numbers' labels stand before the last one, and a row for each version. `number` writes a number.
    pub fn table<'h>(
        &'h self,
        [version, outcome, reason]: [&'h str; 3],
        number: impl Fn(&Value) -> String,
    ) -> (Vec<&'h str>, Vec<Vec<String>>) {
        let labels = self.labels();
        let headings = [version, outcome].into_iter().chain(labels.iter().copied()).chain([reason]);
        let row = |tested: &BacktestedVersionView| {
            let numbers = labels.iter().map(|label| tested.numbers.get(*label).map(&number));
            let numbers = numbers.map(Option::unwrap_or_default);
            let first = [tested.version.to_string(), tested.outcome.clone()];
            first.into_iter().chain(numbers).chain([tested.reason.clone()]).collect()
        };
        (headings.collect(), self.versions.iter().map(row).collect())
    }

    /// The labels of the numbers of all versions, in order.
    pub fn labels(&self) -> Vec<&str> {
        let labels = self.versions.iter().flat_map(|version| version.numbers.keys());
        let labels: std::collections::BTreeSet<&str> = labels.map(String::as_str).collect();
        labels.into_iter().collect()
    }
}

impl From<&BacktestedVersion> for BacktestedVersionView {
    fn from(BacktestedVersion { version, outcome, reason, metadata }: &BacktestedVersion) -> Self {
        let decision = match outcome {
            BacktestOutcome::Judged { decision } => Some(*decision),
            BacktestOutcome::Asked { .. }
            | BacktestOutcome::InShadow
            | BacktestOutcome::Failed
            | BacktestOutcome::ValueRemoved => None,
        };
        let (outcome, reason) = (outcome.in_words(), reason.clone());
        Self { version: *version, decision, outcome, reason, numbers: numbers(metadata) }
    }
}
