//! The page of one version: its history from training over its gate to how good it was in use.

use askama::Template;
use millwork_api::{HistoryEntry, HistoryStep, ShadowCallsView, VersionError, VersionHistory, find_model};
use millwork_core::asset::plot::short_number;
use millwork_core::model::VersionStatus;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_draw::plot::UseSpan;
use millwork_storage::{FoundPerformance, live_performances, version_life};
use serde_json::Value;

use super::address::{ModelQuery, label_of, of_model, query};
use super::live::{LiveView, uses};
use super::row::Status;
use crate::error::ApiError;
use crate::state::AppState;

#[derive(Template)]
#[template(path = "model_history.html")]
pub(super) struct History {
    head: u64,
    key: String,
    partition: String,
    back: String,
    /// What addresses of other pages keep of this one: the partition.
    kept: String,
    version: VersionNumber,
    status: Status,
    aliases: Vec<String>,
    moments: Vec<Moment>,
    live: Vec<LiveView>,
    /// The number of older windows that are kept no more, of all versions together.
    windows_left_out: u64,
    /// How the calls of its last trial in shadow went, in words; `None` if it had none.
    shadow_calls: Option<String>,
    /// The versions before and after this one.
    neighbours: Vec<(&'static str, String)>,
}

/// A point of the timeline.
struct Moment {
    /// The class of its sign.
    class: &'static str,
    what: String,
    at: String,
    run: Option<(String, String)>,
    by: String,
    reason: String,
    /// Figures with their labels: of a verdict those on held-out rows.
    figures: Vec<(String, String)>,
    windows: Option<Windows>,
}

/// Windows that follow each other in the timeline, of one asset.
struct Windows {
    asset: String,
    metric: String,
    better: &'static str,
    baselines: Vec<String>,
    rows: Vec<WindowRow>,
}

struct WindowRow {
    window: String,
    is_final: bool,
    role: String,
    value: String,
    baselines: Vec<String>,
    coverage: u32,
    matched: u64,
    predictions: u64,
}

impl History {
    fn current(&self) -> &'static str {
        "Models"
    }
}

pub(super) async fn load(state: &AppState, key: &str, wanted: &ModelQuery) -> Result<History, ApiError> {
    let (graph, store) = (state.pipeline.graph(), &*state.store);
    let partition = Some(wanted.partition.as_str()).filter(|partition| !partition.is_empty());
    let (index, of) = find_model(graph, key, partition, &state.moment().await?)?;
    // Read first: the page follows the log from here.
    let head = store.head().await?;
    let alias = graph.alias_in_use(index);
    let last = store.last_versions(std::slice::from_ref(&of.asset)).await?;
    let last = last.into_iter().find(|(found, _)| *found == of).map(|(_, version)| version);
    let models = state.models(head).await?;
    let version = wanted.version.or(models.at(&of, &alias)).or(last);
    let version = version.ok_or_else(|| VersionError::NoVersions { of: of.clone() })?;
    let life = version_life(store, &of, version).await?;
    let found = live_performances(store, graph, index, of.partition.as_ref()).await?;
    let history = VersionHistory::new(graph, (index, &of), version, (&life, &found));
    let history = history.ok_or_else(|| VersionError::NoVersion { of: of.clone(), version })?;
    let shadow_calls = ShadowCallsView::of(store, (&life, &of), version).await?;
    let with_partition = partition.map(|partition| ("partition", partition));
    let beside = |version: Option<VersionNumber>| {
        let version = version.filter(|version| last.is_some_and(|last| *version <= last))?.to_string();
        let parameters: Vec<_> = [("version", version.as_str())].into_iter().chain(with_partition).collect();
        Some(format!("/models/{key}/history?{}", query(&parameters)))
    };
    let neighbours = [
        ("Version before", beside(version.get().checked_sub(1).and_then(VersionNumber::new))),
        ("Version after", beside(VersionNumber::new(version.get() + 1))),
    ];
    let neighbours = neighbours.into_iter().filter_map(|(name, address)| Some((name, address?)));
    let used = uses(&life, &alias, state.clock.now());
    let status = life.status(version, &alias).unwrap_or(VersionStatus::Unjudged);
    Ok(History {
        head,
        key: of.asset.to_string(),
        back: of_model(of.asset.as_str(), of.partition.as_ref()),
        kept: with_partition.map(|parameter| format!("&{}", query(&[parameter]))).unwrap_or_default(),
        partition: label_of(of.partition.as_ref()),
        version,
        status: Status::of(&status),
        aliases: history.aliases.iter().map(ToString::to_string).collect(),
        live: found.iter().filter_map(|found| picture(found, version, &alias, &used)).collect(),
        moments: moments(&history, version),
        windows_left_out: history.windows_left_out,
        shadow_calls: shadow_calls.map(|calls| calls.in_words()),
        neighbours: neighbours.collect(),
    })
}

/// The picture of a version alone; `None` if nothing was measured of it.
fn picture(
    found: &FoundPerformance,
    version: VersionNumber,
    in_use: &AliasName,
    uses: &[UseSpan],
) -> Option<LiveView> {
    let mut of_version = found.clone();
    let windows = &mut of_version.performance.windows;
    windows.iter_mut().for_each(|window| window.measures.retain(|measure| measure.version == version));
    windows.retain(|window| !window.measures.is_empty());
    let roles: Vec<&AliasName> =
        of_version.performance.measures().map(|(_, measure)| &measure.role).collect();
    let role = if roles.contains(&in_use) { in_use.clone() } else { (*roles.first()?).clone() };
    Some(LiveView::of_model(&of_version, &role, uses))
}

fn moments(history: &VersionHistory, version: VersionNumber) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    for entry in &history.entries {
        let moment = moment(history, entry, version);
        // Windows that follow each other are one part of the timeline.
        match (moments.last_mut().and_then(|last| last.windows.as_mut()), moment.windows) {
            (Some(before), Some(windows)) if before.asset == windows.asset => {
                before.rows.extend(windows.rows);
            }
            (_, windows) => moments.push(Moment { windows, ..moment }),
        }
    }
    moments
}

fn moment(history: &VersionHistory, entry: &HistoryEntry, version: VersionNumber) -> Moment {
    let HistoryEntry { at, run, step } = entry;
    let words = |value: &Value| value.as_f64().map_or_else(|| value.to_string(), short_number);
    let (class, windows) = match step {
        HistoryStep::Made { .. } => ("made", None),
        HistoryStep::Judged { .. } | HistoryStep::Superseded { .. } | HistoryStep::Decided { .. } => {
            ("judged", None)
        }
        HistoryStep::Moved { to, .. } if *to == Some(version) => ("on", None),
        HistoryStep::Moved { .. } => ("left", None),
        HistoryStep::Live { asset, window, start: _, is_final, metric, baselines, measure } => {
            let number = |value: &Option<f64>| value.map_or_else(|| "none".to_owned(), short_number);
            let row = WindowRow {
                window: window.clone(),
                is_final: *is_final,
                role: measure.role.to_string(),
                value: number(&measure.value),
                baselines: measure.baselines.iter().map(number).collect(),
                coverage: (measure.coverage * 100.0).floor() as u32,
                matched: measure.matched,
                predictions: measure.predictions,
            };
            let windows = Windows {
                asset: asset.to_string(),
                metric: metric.label.clone(),
                better: metric.better.in_words(),
                baselines: baselines.clone(),
                rows: vec![row],
            };
            ("live", Some(windows))
        }
    };
    let figures = step.figures(history.metric.as_ref());
    Moment {
        class,
        what: if windows.is_some() { "live, window by window".to_owned() } else { step.in_words(version) },
        at: at.to_string(),
        run: run.map(|run| (run.to_string(), run.short())),
        by: step.by().replace('`', ""),
        reason: step.reason().to_owned(),
        figures: figures
            .iter()
            .filter(|_| windows.is_none())
            .map(|(label, value)| (label.clone(), words(value)))
            .collect(),
        windows,
    }
}
