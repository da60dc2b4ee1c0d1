//! The log on the page of a run: its lines, filtered by text, level and step.

use std::collections::BTreeSet;

use millwork_core::event::{Event, EventBody, EventKind, KindSet};
use millwork_core::run::RunId;
use millwork_storage::{EventQuery, Order, StorageError, Store};
use serde::{Deserialize, Serialize};

/// The maximum number of lines that are searched, from the end of the log.
const LINES: u32 = 400;
/// The kinds of events that are shown as lines of the log.
const LOGGED: KindSet = KindSet::RUN_FAILURES.union(KindSet::of(&[
    EventKind::Logged,
    EventKind::StepStarted,
    EventKind::StepSucceeded,
    EventKind::StepFailed,
    EventKind::StepRetrying,
    EventKind::StepSkipped,
    EventKind::Materialized,
    EventKind::CheckEvaluated,
    EventKind::ShadowCalled,
]));
/// The levels, from the most to the least severe.
pub(super) const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];

/// The filter of the log; empty fields don't filter.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in super::super) struct LogQuery {
    pub(super) q: String,
    pub(super) level: String,
    pub(super) step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<u64>,
}

pub(super) struct Log {
    pub(super) lines: Vec<Line>,
    pub(super) steps: Vec<String>,
    /// The address of the lines before these; `None` if there are none.
    pub(super) earlier: Option<String>,
}

pub(super) struct Line {
    pub(super) sequence: u64,
    pub(super) at: String,
    pub(super) step: String,
    pub(super) level: &'static str,
    pub(super) target: String,
    pub(super) text: String,
}

/// The last of the lines that match the filter.
pub(super) async fn log(store: &dyn Store, run: RunId, wanted: &LogQuery) -> Result<Log, StorageError> {
    let query = EventQuery {
        run: Some(run),
        kinds: Some(LOGGED),
        step: (!wanted.step.is_empty()).then(|| wanted.step.as_str().into()),
        before: wanted.before,
        order: Order::NewestFirst,
        limit: Some(LINES),
        ..EventQuery::default()
    };
    let mut events = store.events(query).await?;
    events.reverse();
    let steps: BTreeSet<String> =
        events.iter().filter_map(|event| Some(event.step.as_ref()?.to_string())).collect();
    let is_full = events.len() == LINES as usize;
    let earlier = events.first().filter(|_| is_full).map(|event| {
        let earlier = LogQuery { before: Some(event.sequence), ..wanted.clone() };
        format!("?{}#log", serde_urlencoded::to_string(earlier).unwrap_or_default())
    });
    let lines = events.iter().filter_map(line).filter(|line| wanted.admits(line)).collect();
    Ok(Log { lines, steps: steps.into_iter().collect(), earlier })
}

impl LogQuery {
    fn admits(&self, line: &Line) -> bool {
        let loudness = |level: &str| LEVELS.iter().position(|known| *known == level);
        let is_loud = loudness(&self.level).is_none_or(|least| loudness(line.level) <= Some(least));
        is_loud && (self.q.is_empty() || line.text.to_lowercase().contains(&self.q.to_lowercase()))
    }
}

fn line(event: &Event) -> Option<Line> {
    const LONGEST: usize = 4_000;
    let (mut target, mut fields) = (String::new(), String::new());
    let of = event.asset_partition().map(|of| format!("{}: ", of.quoted())).unwrap_or_default();
    let (level, text) = match &event.body {
        EventBody::Logged(line) => {
            target.clone_from(&line.target);
            fields = line.fields.iter().map(|(key, value)| format!(" {key}={value}")).collect();
            let level = line.level.to_string().to_lowercase();
            let level = LEVELS.iter().find(|known| **known == level).copied().unwrap_or("info");
            (level, line.message.clone())
        }
        EventBody::StepStarted => ("debug", format!("attempt {} begins", event.attempt)),
        EventBody::StepSucceeded { micros } => {
            ("debug", format!("succeeded in {:.1} ms", *micros as f64 / 1e3))
        }
        EventBody::StepSkipped { reason } => ("info", format!("skipped: {reason}")),
        EventBody::StepFailed { failure } => ("error", failure.to_string()),
        EventBody::StepRetrying { failure, delay_ms } => {
            ("warn", format!("tried again in {delay_ms} ms: {failure}"))
        }
        EventBody::Materialized(made) => {
            let asset = event.asset.as_ref().map(ToString::to_string).unwrap_or_default();
            let version: String = made.data_version.as_str().chars().take(12).collect();
            ("debug", format!("{asset} is materialized, version {version}"))
        }
        EventBody::CheckEvaluated(check) if check.passed => {
            ("debug", format!("check {} passed", check.check))
        }
        EventBody::CheckEvaluated(check) => {
            ("warn", format!("check {} failed: {}", check.check, check.description))
        }
        EventBody::VersionJudged(judged) => ("info", format!("{of}{judged}")),
        EventBody::AliasMoved(moved) => ("info", format!("{of}{moved}")),
        EventBody::VersionDecided(decided) => ("info", format!("{of}{decided}")),
        EventBody::VersionsBacktested(tested) => ("info", format!("{of}{tested}")),
        EventBody::PartitionsChanged(changed) => ("info", changed.to_string()),
        EventBody::AssetRenamed(renamed) => ("info", renamed.to_string()),
        EventBody::PartitionsRenamed(renamed) => ("info", renamed.to_string()),
        EventBody::ShadowCalled(called) => {
            let level = if called.outcome.is_bad() { "warn" } else { "debug" };
            (level, format!("{of}{called}"))
        }
        EventBody::AliasPinned(pinned) => ("debug", format!("{of}{pinned}")),
        EventBody::RunFailed { reason, .. } | EventBody::RunLost { reason, .. } => ("error", reason.clone()),
        EventBody::Unreadable(unreadable) => {
            ("error", format!("event {} can't be read: {}", event.sequence, unreadable.reason))
        }
        EventBody::RunQueued
        | EventBody::RunStarted { .. }
        | EventBody::RunCanceling
        | EventBody::RunSucceeded
        | EventBody::RunCanceled
        | EventBody::RunRetrying { .. }
        | EventBody::StepProgressed { .. }
        | EventBody::StepCanceled
        | EventBody::Kept { .. }
        | EventBody::NotMaterialized { .. }
        | EventBody::Observed { .. }
        | EventBody::EnvironmentRecorded(_) => return None,
    };
    let mut text: String = text.chars().take(LONGEST).collect();
    text.push_str(&fields.chars().take(LONGEST).collect::<String>());
    Some(Line {
        sequence: event.sequence,
        at: event.at.to_string(),
        step: event.step.as_ref().map(ToString::to_string).unwrap_or_default(),
        level,
        target,
        text,
    })
}
