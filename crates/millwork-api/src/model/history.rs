//! The history of one version, from training over the verdict of its gate to how good it was in use, in the order of time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::event::{AliasMoved, EventBody};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::{Dated, ModelHistory};
use millwork_core::run::RunId;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetMetric, AssetPartition, Decision, PartitionKey};
use millwork_storage::{FoundPerformance, Store, live_performances, version_life};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::version::{change_in_words, number, numbers, verdict_in_words};
use super::{
    AskedView, LiveMeasureView, MadeVersion, ShadowCallsView, ShadowTrialView, VersionError,
    VersionStatusView,
};
use crate::asset::MetricView;
use crate::names::DecisionName;

/// The history of a version: what happened to it, and how good it was in use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VersionHistory {
    /// The key of the asset.
    #[schema(value_type = String)]
    pub key: AssetKey,
    /// The partition; `null` if the asset has none.
    #[schema(required, value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The number of the version.
    #[schema(value_type = u32)]
    pub version: VersionNumber,
    /// What it is to its model.
    pub status: VersionStatusView,
    /// The aliases that point at it.
    #[schema(value_type = Vec<String>)]
    pub aliases: Vec<AliasName>,
    /// The number that the model's versions are measured by when they are made; `null` if its author names none. The metric of live windows
    /// is measured on other rows, so that the two can't be compared.
    #[schema(required)]
    pub metric: Option<MetricView>,
    /// What happened, oldest first. A window is where it ends.
    pub entries: Vec<HistoryEntry>,
    /// The number of older windows that are kept no more, of all versions together.
    pub windows_left_out: u64,
    /// How the calls of its last trial in shadow went; `null` if it had none.
    #[schema(required)]
    pub shadow_calls: Option<ShadowCallsView>,
}

/// What happened to a version at one time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HistoryEntry {
    /// When it happened; of a window, its end.
    pub at: Timestamp,
    /// The run in which it happened; `null` outside of runs, and for a window.
    #[schema(required, value_type = Option<String>)]
    pub run: Option<RunId>,
    /// What happened.
    #[serde(flatten)]
    pub step: HistoryStep,
}

/// What happened to a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HistoryStep {
    /// It was made.
    Made {
        /// The model's metric: a number, or one of the texts `NaN`, `inf` and `-inf`; `null` if it has none.
        #[schema(required)]
        metric: Option<Value>,
        /// The numbers of its metadata, by label.
        numbers: BTreeMap<String, Value>,
    },
    /// A gate has judged it.
    Judged {
        /// The name of the gate.
        gate: String,
        /// The version that it was compared with; `null` if none was in use.
        #[schema(required, value_type = Option<u32>)]
        against: Option<VersionNumber>,
        /// The model's metric of that version when it was made; `null` if it has none.
        #[schema(required)]
        against_metric: Option<Value>,
        /// The decision; `null` if people, or outcomes, were asked.
        #[schema(required, value_type = Option<DecisionName>)]
        decision: Option<Decision>,
        /// The question to people; `null` if they weren't asked.
        #[schema(required)]
        asked: Option<AskedView>,
        /// The trial in shadow that it began; `null` if the gate asked for no outcomes.
        #[schema(required)]
        shadow: Option<ShadowTrialView>,
        /// Whether it ended a trial in shadow.
        after_shadow: bool,
        /// The reason in words; empty if the gate gave none.
        reason: String,
        /// The numbers behind it, of the rows that were held out, by label.
        numbers: BTreeMap<String, Value>,
    },
    /// A newer version has ended its trial in shadow.
    Superseded {
        /// The newer version, which went into shadow, or came into use.
        #[schema(value_type = u32)]
        newer: VersionNumber,
    },
    /// It was decided about, by no gate.
    Decided {
        /// The decision.
        #[schema(value_type = DecisionName)]
        decision: Decision,
        /// Who made it.
        by: String,
        /// The reason in words; empty if none was given.
        reason: String,
    },
    /// An alias was moved to it, or from it to another one.
    Moved {
        /// The alias.
        #[schema(value_type = String)]
        alias: AliasName,
        /// The version that it pointed at before; `null` if it didn't exist.
        #[schema(required, value_type = Option<u32>)]
        from: Option<VersionNumber>,
        /// The version that it points at since; `null` if it was removed.
        #[schema(required, value_type = Option<u32>)]
        to: Option<VersionNumber>,
        /// What the move was: `promoted`, `set`, `rolled back` or `removed`.
        change: String,
        /// Who moved it.
        by: String,
        /// The reason in words; empty if none was given.
        reason: String,
    },
    /// A window of its predictions ended.
    Live {
        /// The asset that measured them.
        #[schema(value_type = String)]
        asset: AssetKey,
        /// The name of the window: the date at which it begins, or the hour in UTC.
        window: String,
        /// When the window began.
        start: Timestamp,
        /// Whether its measures don't change any more; those of an open window are unfinished.
        #[serde(rename = "final")]
        is_final: bool,
        /// The metric that was measured.
        metric: MetricView,
        /// The names of the baselines.
        baselines: Vec<String>,
        /// What was measured.
        measure: LiveMeasureView,
    },
}

/// The history of a version.
///
/// # Errors
///
/// When there is no such version, and those of the store.
pub async fn version_history(
    store: &dyn Store,
    graph: &AssetGraph,
    (asset, of): (AssetIndex, &AssetPartition),
    version: VersionNumber,
) -> Result<VersionHistory, VersionError> {
    let life = version_life(store, of, version).await?;
    let live = live_performances(store, graph, asset, of.partition.as_ref()).await?;
    let history = VersionHistory::new(graph, (asset, of), version, (&life, &live));
    let history = history.ok_or_else(|| VersionError::NoVersion { of: of.clone(), version })?;
    Ok(VersionHistory { shadow_calls: ShadowCallsView::of(store, (&life, of), version).await?, ..history })
}

impl VersionHistory {
    /// The history of a version by what happened to the model's versions and what was measured of them, without its calls in shadow; `None`
    /// if there is no such version.
    pub fn new(
        graph: &AssetGraph,
        (asset, of): (AssetIndex, &AssetPartition),
        version: VersionNumber,
        (life, live): (&ModelHistory, &[FoundPerformance]),
    ) -> Option<Self> {
        let (metric, in_use) = (graph.assets()[asset].spec.metric.as_ref(), graph.alias_in_use(asset));
        let at = life.aliases.iter().filter(|(_, at)| **at == version);
        Some(Self {
            key: of.asset.clone(),
            partition: of.partition.clone(),
            version,
            status: (&life.status(version, &in_use)?).into(),
            aliases: at.map(|(alias, _)| alias.clone()).collect(),
            metric: metric.map(MetricView::from),
            entries: entries((life, &in_use), version, metric, live),
            windows_left_out: live.iter().map(|found| found.performance.left_out).sum(),
            shadow_calls: None,
        })
    }
}

fn entries(
    (history, in_use): (&ModelHistory, &AliasName),
    version: VersionNumber,
    metric: Option<&AssetMetric>,
    live: &[FoundPerformance],
) -> Vec<HistoryEntry> {
    let mut entries: Vec<(u64, HistoryEntry)> = Vec::new();
    if let Some(found) = history.versions.get(&version) {
        entries.extend(found.made.iter().filter_map(|event| {
            let EventBody::Materialized(made) = &event.body else { return None };
            let numbers = numbers(&made.metadata);
            let metric = metric.and_then(|metric| numbers.get(&metric.label).cloned());
            let (at, run) = (event.at, event.run);
            Some((event.sequence, HistoryEntry { at, run, step: HistoryStep::Made { metric, numbers } }))
        }));
        entries.extend(found.verdicts.iter().map(|judged| {
            let against = judged.what.against;
            let step = HistoryStep::Judged {
                gate: judged.what.gate.clone(),
                against,
                against_metric: against.and_then(|against| metric_of(history, against, metric)),
                decision: judged.what.decision,
                asked: judged.what.asked.as_ref().map(AskedView::from),
                shadow: judged.what.shadow.as_ref().map(ShadowTrialView::from),
                after_shadow: judged.what.answers.is_some(),
                reason: judged.what.reason.clone(),
                numbers: numbers(&judged.what.metadata),
            };
            entry(judged, step)
        }));
        // A promotion is the move that came with it.
        let is_move = |at: Timestamp| {
            history.moves.iter().any(|moved| moved.at == at && moved.what.to == Some(version))
        };
        let decisions = found.decisions.iter();
        let decisions =
            decisions.filter(|decided| decided.what.decision != Decision::Promote || !is_move(decided.at));
        entries.extend(decisions.map(|decided| {
            let (decision, by) = (decided.what.decision, decided.what.by.to_string());
            entry(decided, HistoryStep::Decided { decision, by, reason: decided.what.reason.clone() })
        }));
    }
    entries.extend(history.superseded(version, in_use).map(|end| {
        let step = HistoryStep::Superseded { newer: end.newer };
        (end.sequence, HistoryEntry { at: end.at, run: None, step })
    }));
    let moves = history.moves.iter();
    let moves = moves.filter(|moved| [moved.what.from, moved.what.to].contains(&Some(version)));
    entries.extend(moves.map(|moved| {
        let AliasMoved { alias, from, to, data_version: _, change, by, reason } = moved.what.clone();
        let (change, by) = (change_in_words(change).to_owned(), by.to_string());
        entry(moved, HistoryStep::Moved { alias, from, to, change, by, reason })
    }));
    entries.extend(live.iter().flat_map(|found| windows(found, version)));
    entries.sort_by_key(|(sequence, entry)| (entry.at, *sequence));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

fn entry<T>(dated: &Dated<T>, step: HistoryStep) -> (u64, HistoryEntry) {
    (dated.sequence, HistoryEntry { at: dated.at, run: dated.run, step })
}

/// The model's metric of a version when it was made.
fn metric_of(history: &ModelHistory, version: VersionNumber, metric: Option<&AssetMetric>) -> Option<Value> {
    let event = history.versions.get(&version)?.made.as_ref()?;
    MadeVersion::new(event, &[])?.metric(metric)
}

/// The windows of a version, where they end.
fn windows(found: &FoundPerformance, version: VersionNumber) -> impl Iterator<Item = (u64, HistoryEntry)> {
    found.performance.of(version).map(move |(window, measure)| {
        let step = HistoryStep::Live {
            asset: found.by.asset.clone(),
            window: window.label(),
            start: window.start,
            is_final: window.is_final,
            metric: MetricView { label: found.performance.metric.clone(), better: found.performance.better },
            baselines: found.performance.baselines.clone(),
            measure: measure.into(),
        };
        (found.sequence, HistoryEntry { at: window.end, run: None, step })
    })
}

impl HistoryStep {
    /// What happened to the version, in words: `judged: keep, against version 3`.
    pub fn in_words(&self, version: VersionNumber) -> String {
        match self {
            Self::Made { .. } => "made".to_owned(),
            Self::Judged { against, decision, asked, shadow, after_shadow, .. } => {
                let decision = verdict_in_words(*decision, asked.as_ref(), shadow.as_ref(), *after_shadow);
                let against = against.map(|against| format!(", against version {against}"));
                format!("judged: {decision}{}", against.unwrap_or_default())
            }
            Self::Superseded { newer } => format!("superseded by version {newer}"),
            Self::Decided { decision, .. } => format!("decided: {}", decision.as_str()),
            Self::Moved { alias, from, to, change, .. } => match (*to == Some(version), from, to) {
                (true, Some(from), _) => format!("{alias}: {change}, after version {from}"),
                (true, None, _) => format!("{alias}: {change}"),
                (false, _, Some(to)) => format!("{alias}: version {to} {change} in its place"),
                (false, _, None) => format!("{alias}: removed"),
            },
            Self::Live { window, is_final, measure, .. } => {
                let state = if *is_final { "" } else { ", unfinished" };
                format!("{} in window {window}{state}", measure.role)
            }
        }
    }

    /// Who did it: a person, a gate, or the asset that measured; empty for what was made.
    pub fn by(&self) -> String {
        match self {
            Self::Made { .. } | Self::Superseded { .. } => String::new(),
            Self::Judged { gate, .. } => format!("gate `{gate}`"),
            Self::Decided { by, .. } | Self::Moved { by, .. } => by.clone(),
            Self::Live { asset, .. } => asset.to_string(),
        }
    }

    /// The reason that was given; empty if there was none.
    pub fn reason(&self) -> &str {
        match self {
            Self::Made { .. } | Self::Superseded { .. } | Self::Live { .. } => "",
            Self::Judged { reason, .. } | Self::Decided { reason, .. } | Self::Moved { reason, .. } => reason,
        }
    }

    /// The figures behind it with their labels. Those of live predictions say that they are.
    pub fn figures(&self, metric: Option<&MetricView>) -> Vec<(String, Value)> {
        let by_label = |numbers: &BTreeMap<String, Value>| -> Vec<(String, Value)> {
            let mut figures: Vec<_> = numbers.clone().into_iter().collect();
            figures.sort_by_key(|(label, _)| metric.is_none_or(|metric| metric.label != *label));
            figures
        };
        match self {
            Self::Made { numbers, .. } => by_label(numbers),
            Self::Judged { against, against_metric, numbers, .. } => {
                let mut figures = by_label(numbers);
                figures.extend(metric.zip(*against).zip(against_metric.clone()).map(
                    |((metric, against), value)| {
                        (format!("{} of version {against} when it was made", metric.label), value)
                    },
                ));
                figures
            }
            Self::Superseded { .. } | Self::Decided { .. } | Self::Moved { .. } => Vec::new(),
            Self::Live { metric, baselines, measure, .. } => {
                let value = |value: Option<f64>| value.map_or(Value::Null, number);
                let baselines = baselines.iter().zip(&measure.baselines);
                let of_baseline = |(name, of): (&String, &Option<f64>)| (name.clone(), value(*of));
                let mut figures = vec![(format!("live {}", metric.label), value(measure.value))];
                figures.extend(baselines.map(of_baseline));
                figures
            }
        }
    }
}
