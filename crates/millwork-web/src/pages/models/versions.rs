//! The table of a model's versions: what each is, what was decided about it, and what can be done to it.

use std::collections::BTreeSet;

use millwork_api::{DecisionView, VerdictView, same_parameters};
use millwork_core::model::{ModelHistory, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetMetric, AssetPartition, RecordedConfig};
use millwork_storage::FoundPerformance;

use super::super::asset::history::{Made, columns};
use super::super::format;
use super::live::LiveCell;
use super::row::{Status, last_event, who};
use crate::models::ModelSnapshot;

/// The table: one row for each version.
pub(super) struct Versions {
    pub(super) columns: Vec<String>,
    /// The number of short facts of the metadata that have no column.
    pub(super) more: usize,
    /// Whether a version was made with a configuration.
    pub(super) has_configs: bool,
    /// The metric of live windows; `None` if nothing measures them.
    pub(super) live: Option<String>,
    pub(super) rows: Vec<VersionRow>,
}

pub(super) struct VersionRow {
    /// The number; `None` for a materialization that no number could be given to.
    pub(super) version: Option<VersionNumber>,
    pub(super) sequence: u64,
    pub(super) at: String,
    pub(super) run: Option<(String, String)>,
    /// The fields of its configuration, those that the run overrode first and with a `*`; of large ones, those that differ.
    pub(super) config: Vec<String>,
    pub(super) cells: Vec<String>,
    /// The newest final window of its live predictions.
    pub(super) live: Option<LiveCell>,
    pub(super) status: Status,
    /// The other aliases that point at it.
    pub(super) aliases: Vec<String>,
    /// What gates and people have decided, oldest first.
    pub(super) decisions: Vec<DecisionLine>,
    /// Whether its value was removed by a retention rule.
    pub(super) is_removed: bool,
    /// The event that its forms go by.
    pub(super) last_event: u64,
    pub(super) can_be_promoted: bool,
    pub(super) can_be_rejected: bool,
}

/// A verdict or a decision in words.
pub(super) struct DecisionLine {
    pub(super) what: String,
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) at: String,
}

/// The model that the versions are of.
pub(super) struct Of<'m> {
    pub(super) models: &'m ModelSnapshot,
    pub(super) asset: &'m AssetPartition,
    /// The alias of what is in use.
    pub(super) alias: &'m AliasName,
    pub(super) metric: Option<&'m AssetMetric>,
    /// What was measured of its live predictions.
    pub(super) live: &'m [FoundPerformance],
    /// The materializations whose values were removed.
    pub(super) removed: &'m BTreeSet<u64>,
}

/// The rows of versions, which are given newest first.
pub(super) fn versions(of: &Of<'_>, made: &[Made<'_>]) -> Versions {
    let (columns, more) = columns(made, of.metric);
    let mut rows: Vec<VersionRow> = made.iter().map(|made| row(of, made, &columns)).collect();
    leave_what_differs(&mut rows);
    Versions {
        columns,
        more,
        has_configs: rows.iter().any(|row| !row.config.is_empty()),
        live: of.live.first().map(|found| found.performance.metric.clone()),
        rows,
    }
}

/// Leaves those fields of large configurations out that are the same in all versions.
fn leave_what_differs(rows: &mut [VersionRow]) {
    if rows.len() < 2 {
        return;
    }
    let same = same_parameters(rows.iter().map(|row| row.config.as_slice()));
    rows.iter_mut().for_each(|row| row.config.retain(|field| !same.contains(field)));
}

fn row(of: &Of<'_>, (event, made): &Made<'_>, columns: &[String]) -> VersionRow {
    let cell = |label: &String| made.metadata.get(label).map(format::metadata).unwrap_or_default();
    let status =
        made.version.map_or(VersionStatus::Unjudged, |version| of.models.status(of.asset, version, of.alias));
    let history = of.models.of(of.asset);
    let aliases = history.into_iter().flat_map(|history| &history.aliases);
    let aliases = aliases.filter(|(alias, at)| *alias != of.alias && Some(**at) == made.version);
    let is_removed = of.removed.contains(&event.sequence);
    let config = made.provenance.config.as_deref().map(RecordedConfig::fields).unwrap_or_default();
    let found = history.zip(made.version);
    let last_event = found.and_then(|(history, version)| last_event(history, version, of.alias));
    VersionRow {
        last_event: last_event.map_or(0, |(sequence, _)| sequence),
        version: made.version,
        sequence: event.sequence,
        at: event.at.to_string(),
        run: event.run.map(|run| (run.to_string(), run.short())),
        config: config.iter().map(ToString::to_string).collect(),
        cells: columns.iter().map(cell).collect(),
        live: made.version.and_then(|version| LiveCell::of(of.live, version, of.alias)),
        status: Status::of(&status),
        aliases: aliases.map(|(alias, _)| alias.to_string()).collect(),
        decisions: found.map(|(history, version)| decisions(history, version, of.alias)).unwrap_or_default(),
        is_removed,
        can_be_promoted: made.version.is_some() && !is_removed && status != VersionStatus::InUse,
        can_be_rejected: made.version.is_some()
            && !matches!(status, VersionStatus::InUse | VersionStatus::Rejected),
    }
}

/// What gates and people have decided about a version, and what has ended its trial, oldest first.
pub(super) fn decisions(
    history: &ModelHistory,
    version: VersionNumber,
    in_use: &AliasName,
) -> Vec<DecisionLine> {
    let Some(found) = history.versions.get(&version) else { return Vec::new() };
    let verdicts = found.verdicts.iter().map(|dated| {
        let judged = &dated.what;
        let mut what = VerdictView::from(dated).in_words();
        if let Some(against) = judged.against {
            what.push_str(&format!(", against {against}"));
        }
        let (by, reason) = (format!("gate {}", judged.gate), judged.reason.clone());
        (dated.sequence, DecisionLine { what, by, reason, at: dated.at.to_string() })
    });
    let decisions = found.decisions.iter().map(|dated| {
        let decided = &dated.what;
        let (by, reason) = (who(&decided.by), decided.reason.clone());
        let what = DecisionView::from(dated).in_words();
        (dated.sequence, DecisionLine { what, by, reason, at: dated.at.to_string() })
    });
    let superseded = history.superseded(version, in_use).map(|end| {
        let what = format!("superseded by version {}", end.newer);
        let (by, reason) = (String::new(), String::new());
        (end.sequence, DecisionLine { what, by, reason, at: end.at.to_string() })
    });
    let mut lines: Vec<(u64, DecisionLine)> = verdicts.chain(decisions).chain(superseded).collect();
    lines.sort_by_key(|(sequence, _)| *sequence);
    lines.into_iter().map(|(_, line)| line).collect()
}
