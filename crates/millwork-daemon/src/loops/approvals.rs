//! Approvals: decides about versions of models when people were asked, and none has answered in time, or a gate has asked for outcomes, and
//! they haven't decided in time.
//!
//! A gate may ask so with a time limit and the decision after it. Such questions are read from the log
//! behind a cursor, and stored beside it until they are answered, so that a tick reads only what is new. The decision names the question that
//! it answers, and the store refuses a second answer: of two daemons, or a daemon and a person, one decides. So the cursor needn't be written in
//! the same commit; a daemon that dies in between leaves an answer behind, which the next one reads.
//!
//! A question of a gate that isn't among the definitions waits until it is again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, EventKind, KindSet, Mover, VersionDecided};
use millwork_core::model::{Author, ModelHistory, OperationError, VersionStatus};
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, Clock, Instigator, PartitionKey, Pipeline};
use millwork_storage::{EventQuery, Followed, ModelError, Store, change_model, follow};
use serde::{Deserialize, Serialize};

use crate::activation::{Activation, Activations};
use crate::cursor::Cursor;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::loop_name::LoopName;
use crate::pauses::Pauses;

/// Maximum events that one tick reads.
const MOST_EVENTS: u32 = 500;
/// The events that ask and answer.
const KINDS: KindSet = KindSet::of(&[EventKind::VersionJudged, EventKind::VersionDecided]);

/// Decides when time limits of questions are over.
pub(crate) struct Approvals {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) poll_interval: Duration,
    /// The time limits that were seen, by the sequence numbers of their verdicts.
    pub(crate) limits: Pauses<u64>,
}

/// The stored position, and the questions that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The sequence number of the last event that was read.
    behind: u64,
    /// The questions with a time limit that are not answered.
    #[serde(default)]
    waiting: Vec<Question>,
}

/// A question about a version, with a time limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    /// The sequence number of the verdict that asked.
    verdict: u64,
    asset: AssetKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<PartitionKey>,
    version: VersionNumber,
    asked_at: Timestamp,
    until: Timestamp,
}

impl Question {
    /// The model, and its partition.
    fn of(&self) -> AssetPartition {
        AssetPartition::new(self.asset.clone(), self.partition.clone())
    }
}

impl Position {
    /// Takes in the next event: a verdict replaces an earlier question about its version, and an answer removes it.
    fn apply(&mut self, event: &Event) {
        let Some(of) = event.asset_partition() else { return };
        if let EventBody::VersionJudged(judged) = &event.body {
            self.remove(&of, judged.version);
            if let Some((until, _)) = judged.limit() {
                let (verdict, version, asked_at) = (event.sequence, judged.version, event.at);
                let AssetPartition { asset, partition } = of;
                self.waiting.push(Question { verdict, asset, partition, version, asked_at, until });
            }
        } else if let EventBody::VersionDecided(decided) = &event.body {
            self.remove(&of, decided.version);
        }
    }

    fn remove(&mut self, of: &AssetPartition, version: VersionNumber) {
        self.waiting.retain(|question| question.version != version || question.of() != *of);
    }
}

impl DaemonLoop for Approvals {
    const NAME: LoopName = LoopName::Approvals;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::RunEnded];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        if !self.has_gates() {
            return Ok(NextTick::Poll);
        }
        let cursor: Cursor<Position> =
            Cursor::read(&*self.store, &self.observer, Instigator::Approvals).await?;
        let mut position = match cursor.position.clone() {
            Some(position) => position,
            None => self.first().await?,
        };
        let Followed { events, behind } = follow(&*self.store, position.behind, KINDS, MOST_EVENTS).await?;
        position.behind = behind;
        events.iter().for_each(|event| position.apply(event));
        for question in std::mem::take(&mut position.waiting) {
            if !self.is_over(&question) || !self.decide(&question).await? {
                position.waiting.push(question);
            }
        }
        self.limits.keep(|verdict| position.waiting.iter().any(|question| question.verdict == *verdict));
        if cursor.position.as_ref() != Some(&position) {
            // Another daemon may have read further; its cursor is as good.
            self.store.commit(cursor.moved_to(&position)?).await?;
        }
        Ok(NextTick::Poll)
    }
}

impl Approvals {
    fn has_gates(&self) -> bool {
        let graph = self.pipeline.graph();
        graph.assets().indices().any(|asset| graph.gate(asset).is_some())
    }

    /// The questions that were asked before a daemon has first read the log.
    async fn first(&self) -> Result<Position, DaemonError> {
        let behind = self.store.head().await?;
        let mut position = Position { behind, waiting: Vec::new() };
        let graph = self.pipeline.graph();
        for asset in graph.assets().indices().filter(|asset| graph.gate(*asset).is_some()) {
            let query = EventQuery {
                asset: Some(graph.key(asset).clone()),
                kinds: Some(KINDS),
                before: Some(behind + 1),
                ..EventQuery::default()
            };
            self.store.events(query).await?.iter().for_each(|event| position.apply(event));
        }
        Ok(position)
    }

    /// Whether the time is over. However the clock was or is set, that takes no longer than the limit that the question was asked with.
    fn is_over(&mut self, question: &Question) -> bool {
        let longest = Duration::try_from(question.until.duration_since(question.asked_at));
        self.limits.is_over(question.verdict, question.until, longest.unwrap_or_default(), &*self.clock)
    }

    /// Decides as the question says, unless it was answered. Returns whether it needn't wait any longer.
    async fn decide(&self, question: &Question) -> Result<bool, DaemonError> {
        let graph = self.pipeline.graph();
        let gate = graph.index(question.asset.as_str()).and_then(|asset| graph.gate(asset));
        let Some(gate) = gate else { return Ok(false) };
        let (of, now) = (question.of(), self.clock.now());
        let by_limit = |history: &ModelHistory| history.time_is_up(&of.asset, &gate.alias, question.version);
        let decided = match change_model(&*self.store, &of, now, by_limit).await {
            Err(ModelError::Operation(error)) => {
                let keep = |history: &ModelHistory| keep(history, question, &gate.alias, &error);
                change_model(&*self.store, &of, now, keep).await
            }
            decided => decided,
        };
        let events = match decided {
            Ok(events) => events,
            // The champion is another one now, so the decision may be another one too.
            Err(ModelError::Overtaken { .. }) => return Ok(false),
            Err(ModelError::Answered { .. } | ModelError::Operation(_)) => return Ok(true),
            Err(ModelError::Store(error)) => return Err(error.into()),
        };
        let decision = |event: Event| -> Option<VersionDecided> {
            if let EventBody::VersionDecided(decided) = event.body { Some(decided) } else { None }
        };
        for decided in events.into_iter().filter_map(decision) {
            (self.observer)(&DaemonEvent::VersionDecided { of: of.clone(), decided });
            self.activations.send(Activation::VersionDecided);
        }
        Ok(true)
    }
}

/// Keeps a version that can't be promoted, for the reason in `error`.
fn keep(
    history: &ModelHistory,
    question: &Question,
    in_use: &AliasName,
    error: &OperationError,
) -> Result<Vec<EventBody>, OperationError> {
    match history.status(question.version, in_use) {
        Some(VersionStatus::AwaitsApproval(_) | VersionStatus::InShadow(_)) => {
            let reason = format!("no answer in time, and it can't be promoted: {error}");
            let author = Author { by: Mover::TimeLimit, reason };
            history.keep(&question.asset, in_use, question.version, &author)
        }
        Some(
            VersionStatus::InUse
            | VersionStatus::Retired
            | VersionStatus::Superseded(_)
            | VersionStatus::Kept
            | VersionStatus::Rejected
            | VersionStatus::Unjudged,
        )
        | None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests;
