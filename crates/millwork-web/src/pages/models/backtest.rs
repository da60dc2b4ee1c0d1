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

/// The maximum number of columns, and of plots.
const COLUMNS: usize = 5;
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
    /// Each number over the versions.
    pub(super) plots: Vec<(String, String)>,
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
    let columns: Vec<String> = columns.into_iter().take(COLUMNS).cloned().collect();
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
    let several = points.into_iter().filter(|(_, points)| points.len() > 1);
    let plots = several.map(|(label, points)| {
        let plot = Plot::lines(format!("{label} over versions"), [(label.as_str(), points)]);
        (label.clone(), plot.labels("version", "").to_svg())
    });
    Backtest {
        at: tested.at.to_string(),
        gate: gate.clone(),
        against: *against,
        plots: plots.collect(),
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
        BacktestOutcome::Asked { .. } => "warn",
        BacktestOutcome::ValueRemoved => "off",
    }
}
