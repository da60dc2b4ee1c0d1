//! Something that rules may want to tell.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::asset::{AssetKey, Metadata};
use crate::event::{CheckEvaluation, Event, EventBody, EventKind, KindSet};
use crate::freshness::Freshness;
use crate::graph::AssetGraph;
use crate::partition::PartitionKey;
use crate::run::{RunId, RunRequest, RunStatus};

/// Something that rules may want to tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// When it happened.
    pub at: Timestamp,
    /// The run it happened in.
    pub run: Option<RunId>,
    /// The tags of that run.
    pub tags: BTreeMap<String, String>,
    /// The assets that it is about; of a run, those that it was to make.
    pub assets: Vec<AssetKey>,
    /// The partition that it is about.
    pub partition: Option<PartitionKey>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A run ended.
    RunEnded {
        /// How.
        status: RunStatus,
        /// Why.
        reason: Option<String>,
        /// What asked for it, or what it was to make: runs of the same origin are compared with each other.
        origin: String,
    },
    /// The step of an asset failed for good.
    AssetFailed {
        /// Why.
        reason: String,
    },
    /// An asset has a new value.
    Materialized {
        /// What its function told about it.
        metadata: Metadata,
        /// What it told about the value before, if that is known.
        previous: Option<Metadata>,
    },
    /// A check has its verdict.
    CheckEvaluated(CheckEvaluation),
    /// The freshness of an asset was looked at.
    Freshness {
        /// The state.
        state: Freshness,
        /// Since when.
        since: Option<Timestamp>,
        /// The policy in words.
        policy: String,
        /// When the asset was last materialized.
        last: Option<Timestamp>,
    },
    /// A schedule, a sensor or an automation was evaluated.
    Ticked {
        /// Which one, with its kind: ``schedule `hourly` ``.
        of: String,
        /// Why it could not be.
        error: Option<String>,
        /// The command that shows more.
        look: String,
    },
    /// A loop of the daemon did its work, or failed to.
    Looped {
        /// Which one.
        of: String,
        /// Why it failed.
        error: Option<String>,
    },
}

impl Occurrence {
    /// The kinds of events that may become occurrences.
    pub const KINDS: KindSet = KindSet::RUN_ENDS.union(KindSet::of(&[
        EventKind::StepFailed,
        EventKind::Materialized,
        EventKind::CheckEvaluated,
    ]));

    /// What an event means to rules; nothing if it means nothing. The request is that of the event's run, `previous` the
    /// metadata of the value before a materialization.
    pub fn of_event(
        event: &Event,
        graph: &AssetGraph,
        request: Option<&RunRequest>,
        previous: Option<Metadata>,
    ) -> Option<Self> {
        let mut assets: Vec<AssetKey> = event.asset.iter().cloned().collect();
        let what = match &event.body {
            EventBody::StepFailed { failure } => {
                let step = graph.step_index(event.step.as_ref()?.as_str())?;
                // A failed check says so itself, or makes its run fail.
                assets = graph.outputs(step).iter().map(|&asset| graph.key(asset).clone()).collect();
                if assets.is_empty() {
                    return None;
                }
                What::AssetFailed { reason: failure.to_string() }
            }
            EventBody::Materialized(materialization) => {
                What::Materialized { metadata: materialization.metadata.clone(), previous }
            }
            EventBody::CheckEvaluated(evaluation) => What::CheckEvaluated(evaluation.clone()),
            body => {
                let status = body.run_status().filter(|status| status.is_finished())?;
                assets = request.map(|request| request.assets.clone()).unwrap_or_default();
                let reason = match body {
                    EventBody::RunFailed { reason, .. } | EventBody::RunLost { reason, .. } => {
                        Some(reason.clone())
                    }
                    _ => None,
                };
                What::RunEnded { status, reason, origin: request.map(origin).unwrap_or_default() }
            }
        };
        let tags = request.map(|request| request.tags.clone()).unwrap_or_default();
        let partition = event.partition.clone();
        Some(Self { at: event.at, run: event.run, tags, assets, partition, what })
    }

    /// Something that happened outside of runs, to no asset.
    pub fn elsewhere(at: Timestamp, what: What) -> Self {
        let (tags, assets) = (BTreeMap::new(), Vec::new());
        Self { at, run: None, tags, assets, partition: None, what }
    }
}

/// What asked for a run, or what it was to make.
fn origin(request: &RunRequest) -> String {
    request.origin().unwrap_or_else(|| format!("selection `{}`", request.selection))
}
