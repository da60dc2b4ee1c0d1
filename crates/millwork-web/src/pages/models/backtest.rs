//! The last backtest of a model: what its gate decides about every stored version on the same data.

use std::collections::{BTreeMap, BTreeSet};

use millwork_core::asset::Decision;
use millwork_core::asset::plot::Plot;
use millwork_core::event::{BacktestOutcome, VersionsBacktested};
use millwork_core::model::{Dated, VersionStatus};
use millwork_core::version::VersionNumber;
use millwork_draw::plot::ToSvg as _;

use super::super::format;
use super::row::Status;

/// The maximum number of plots; all numbers have a column.
const PLOTS: usize = 5;
/// The maximum number of versions that are listed; all are plotted.
const LISTED: usize = 50;

pub(super) struct Backtest {
    pub(super) at: String,
    pub(super) gate: String,
    /// The version that each was compared with; `None` if there was none.
    pub(super) against: Option<VersionNumber>,
    pub(super) columns: Vec<String>,
    /// The versions, newest first.
    pub(super) rows: Vec<BacktestRow>,
    pub(super) all: usize,
    /// The first numbers over the versions.
    pub(super) plots: Vec<(String, String)>,
    pub(super) all_plots: usize,
}

pub(super) struct BacktestRow {
    pub(super) version: VersionNumber,
    pub(super) outcome: String,
    pub(super) class: &'static str,
    pub(super) reason: String,
    pub(super) cells: Vec<String>,
}

/// A backtest in rows and plots.
pub(super) fn backtest(tested: &Dated<VersionsBacktested>) -> Backtest {
    let VersionsBacktested { gate, against, versions, .. } = &tested.what;
    let columns: BTreeSet<&String> = versions.iter().flat_map(|version| version.metadata.keys()).collect();
    let columns: Vec<String> = columns.into_iter().cloned().collect();
    let rows = versions.iter().take(LISTED).map(|version| BacktestRow {
        version: version.version,
        outcome: version.outcome.in_words(),
        class: class(&version.outcome),
        reason: version.reason.clone(),
        cells: columns
            .iter()
            .map(|label| version.metadata.get(label).map(format::metadata).unwrap_or_default())
            .collect(),
    });
    let mut points: BTreeMap<&String, Vec<(f64, f64)>> = BTreeMap::new();
    for version in versions.iter().rev() {
        for label in &columns {
            let number = version.metadata.get(label).and_then(millwork_core::MetadataValue::as_f64);
            if let Some(number) = number.filter(|number| number.is_finite()) {
                points.entry(label).or_default().push((f64::from(version.version.get()), number));
            }
        }
    }
    let several: Vec<_> = points.into_iter().filter(|(_, points)| points.len() > 1).collect();
    let all_plots = several.len();
    let plots = several.into_iter().take(PLOTS).map(|(label, points)| {
        let plot = Plot::lines(format!("{label} over versions"), [(label.as_str(), points)]);
        (label.clone(), plot.labels("version", "").to_svg())
    });
    Backtest {
        at: tested.at.to_string(),
        gate: gate.clone(),
        against: *against,
        plots: plots.collect(),
        all_plots,
        rows: rows.collect(),
        columns,
        all: versions.len(),
    }
}

/// The class of the style sheet, as of the status that would follow.
fn class(outcome: &BacktestOutcome) -> &'static str {
    match outcome {
        BacktestOutcome::Judged { decision: Decision::Promote } => Status::of(&VersionStatus::InUse).class,
        BacktestOutcome::Judged { decision: Decision::Keep } => Status::of(&VersionStatus::Kept).class,
        BacktestOutcome::Judged { decision: Decision::Reject } | BacktestOutcome::Failed => {
            Status::of(&VersionStatus::Rejected).class
        }
        BacktestOutcome::Asked { .. } | BacktestOutcome::InShadow => "warn",
        BacktestOutcome::ValueRemoved => "off",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use millwork_core::event::{BacktestedVersion, Provenance};

    use super::*;

    #[test]
    fn every_number_has_a_column_and_the_first_have_plots() {
        let version = |number: u32| BacktestedVersion {
            version: VersionNumber::new(number).unwrap(),
            outcome: BacktestOutcome::Failed,
            reason: String::new(),
            metadata: (0..8)
                .map(|label| (format!("error {label}"), f64::from(label * number).into()))
                .collect(),
        };
        let what = VersionsBacktested {
            gate: "better".to_owned(),
            against: None,
            versions: vec![version(2), version(1)],
            provenance: Provenance::reported(),
        };
        let shown = backtest(&Dated { sequence: 1, at: Timestamp::UNIX_EPOCH, run: None, what });
        assert_eq!((shown.columns.len(), shown.plots.len(), shown.all_plots), (8, 5, 8));
        assert_eq!(shown.rows[0].cells, ["0", "2", "4", "6", "8", "10", "12", "14"]);
    }
}
