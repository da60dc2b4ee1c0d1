//! Something that may fire an alert: an event, the freshness of an asset, a tick, the state of a loop of the daemon.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::asset::{AssetKey, Metadata};
use crate::automation::AtPromotion;
use crate::event::{
    AliasMoved, CheckEvaluation, Event, EventBody, EventKind, KindSet, ShadowCalled, VersionDecided,
    VersionJudged,
};
use crate::freshness::{AssetFreshness, FreshnessPolicy};
use crate::graph::AssetGraph;
use crate::instigator::Instigator;
use crate::partition::PartitionKey;
use crate::run::{self, RunId, RunRequest, RunStatus};
use crate::version::VersionNumber;

/// Something that may fire an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// The time of the occurrence.
    pub at: Timestamp,
    /// The run it happened in; `None` outside of runs.
    pub run: Option<RunId>,
    /// The tags of that run.
    pub tags: BTreeMap<String, String>,
    /// The assets that it is about; of a run, those that it was to make.
    pub assets: Vec<AssetKey>,
    /// The partition that it is about; `None` for an unpartitioned asset or none.
    pub partition: Option<PartitionKey>,
    /// What happened, with its details.
    pub kind: OccurrenceKind,
}

/// The kinds of occurrences that rules react to.
#[derive(Clone, Debug, PartialEq)]
pub enum OccurrenceKind {
    /// A run has its final status.
    RunEnded {
        /// The status it ended in.
        status: RunStatus,
        /// Why it failed or was lost; `None` for other statuses.
        reason: Option<String>,
        /// What asked for it, or what it was to make: runs of the same origin are compared with each other. Alerts are stored under it.
        origin: String,
    },
    /// The step of an asset failed for good.
    AssetFailed {
        /// Why it failed, with causes.
        reason: String,
    },
    /// An asset has a new value.
    Materialized {
        /// The metadata that its function attached to the value.
        metadata: Metadata,
        /// The metadata of the value before; `None` if it is unknown.
        previous: Option<Metadata>,
        /// The numbers at the promotion of the model's version in use; `None` if no rule asks for them, or there is no version in use.
        at_promotion: Option<AtPromotion>,
    },
    /// A condition holds, and its budget of runs holds it back.
    BudgetSpent {
        /// The asset or job that has the condition.
        subject: AssetKey,
        /// What holds it back and until when, and why the condition holds.
        reason: String,
    },
    /// A check has its verdict.
    CheckEvaluated(CheckEvaluation),
    /// A gate has judged a version of a model.
    VersionJudged(VersionJudged),
    /// A person or a time limit has decided about a version of a model.
    VersionDecided(VersionDecided),
    /// An alias of a model was moved.
    AliasMoved(AliasMoved),
    /// An asset's function was called with a version in shadow.
    ShadowCalled(ShadowCalled),
    /// The freshness of an asset was evaluated.
    Freshness {
        /// The asset's freshness.
        found: AssetFreshness,
        /// The policy that it follows from.
        policy: FreshnessPolicy,
        /// When the asset was last materialized; `None` if never.
        last: Option<Timestamp>,
    },
    /// A schedule, a sensor or an automation was evaluated.
    Ticked {
        /// The schedule, sensor or other instigator whose tick it was.
        of: Instigator,
        /// Why it could not be evaluated; `None` if it was evaluated.
        error: Option<String>,
        /// The command that shows more.
        look: String,
    },
    /// A loop of the daemon did its work, or failed to.
    Looped {
        /// The loop's name in the store, under which the state of its alerts is kept.
        stored_name: String,
        /// The loop in words.
        of: String,
        /// Why it failed; `None` if it didn't fail.
        error: Option<String>,
    },
}

impl OccurrenceKind {
    /// The version of a model that it is about; `None` if it isn't about one.
    pub(super) fn version(&self) -> Option<VersionNumber> {
        match self {
            Self::VersionJudged(judged) => Some(judged.version),
            Self::VersionDecided(decided) => Some(decided.version),
            Self::AliasMoved(moved) => moved.to,
            Self::RunEnded { .. }
            | Self::AssetFailed { .. }
            | Self::Materialized { .. }
            | Self::BudgetSpent { .. }
            | Self::CheckEvaluated(_)
            | Self::ShadowCalled(_)
            | Self::Freshness { .. }
            | Self::Ticked { .. }
            | Self::Looped { .. } => None,
        }
    }
}

impl Occurrence {
    /// The kinds of events that may become occurrences.
    pub const KINDS: KindSet = KindSet::RUN_ENDS.union(KindSet::of(&[
        EventKind::StepFailed,
        EventKind::Materialized,
        EventKind::CheckEvaluated,
        EventKind::VersionJudged,
        EventKind::VersionDecided,
        EventKind::AliasMoved,
        EventKind::ShadowCalled,
    ]));

    /// What an event means to rules; `None` if it can't fire any. The request is that of the event's run, `previous` the
    /// metadata of the value before a materialization, `at_promotion` the numbers that it is compared with.
    pub fn of_event(
        event: &Event,
        graph: &AssetGraph,
        request: Option<&RunRequest>,
        previous: Option<Metadata>,
        at_promotion: Option<AtPromotion>,
    ) -> Option<Self> {
        let mut assets: Vec<AssetKey> = event.asset.iter().cloned().collect();
        let ended = |assets: &mut Vec<AssetKey>, reason| {
            *assets = request.map(|request| request.assets.clone()).unwrap_or_default();
            let origin = request.map(origin).unwrap_or_default();
            Some(OccurrenceKind::RunEnded { status: event.body.run_status()?, reason, origin })
        };
        let kind = match &event.body {
            EventBody::StepFailed { failure } => {
                let step = graph.step_index(event.step.as_ref()?.as_str())?;
                // A failed check has its own occurrence, or fails its run.
                assets = graph.outputs(step).iter().map(|&asset| graph.key(asset).clone()).collect();
                if assets.is_empty() {
                    return None;
                }
                OccurrenceKind::AssetFailed { reason: failure.to_string() }
            }
            EventBody::Materialized(materialization) => {
                let metadata = materialization.metadata.clone();
                OccurrenceKind::Materialized { metadata, previous, at_promotion }
            }
            EventBody::CheckEvaluated(evaluation) => OccurrenceKind::CheckEvaluated(evaluation.clone()),
            EventBody::VersionJudged(judged) => OccurrenceKind::VersionJudged(judged.clone()),
            EventBody::VersionDecided(decided) => OccurrenceKind::VersionDecided(decided.clone()),
            EventBody::AliasMoved(moved) => OccurrenceKind::AliasMoved(moved.clone()),
            EventBody::ShadowCalled(called) => OccurrenceKind::ShadowCalled(called.clone()),
            EventBody::RunFailed { reason, .. } | EventBody::RunLost { reason, .. } => {
                ended(&mut assets, Some(reason.clone()))?
            }
            EventBody::RunSucceeded | EventBody::RunCanceled => ended(&mut assets, None)?,
            EventBody::RunQueued
            | EventBody::RunRetrying { .. }
            | EventBody::RunStarted { .. }
            | EventBody::RunCanceling
            | EventBody::StepStarted
            | EventBody::StepProgressed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::StepSucceeded { .. }
            | EventBody::StepSkipped { .. }
            | EventBody::StepCanceled
            | EventBody::Kept { .. }
            | EventBody::NotMaterialized { .. }
            | EventBody::Observed { .. }
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::AliasPinned(_)
            | EventBody::Logged(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Unreadable(_) => return None,
        };
        let tags = request.map(|request| request.tags.clone()).unwrap_or_default();
        let partition = event.partition.clone();
        Some(Self { at: event.at, run: event.run, tags, assets, partition, kind })
    }

    /// Something that happened outside of runs, to no asset.
    pub fn elsewhere(at: Timestamp, kind: OccurrenceKind) -> Self {
        let (tags, assets) = (BTreeMap::new(), Vec::new());
        Self { at, run: None, tags, assets, partition: None, kind }
    }
}

/// What asked for a run, or what it was to make. It is part of the name under which alerts are stored, so it never changes.
fn origin(request: &RunRequest) -> String {
    match run::origin(&request.tags) {
        Some((kind, name)) => format!("{kind} `{name}`"),
        None => format!("selection `{}`", request.selection),
    }
}
