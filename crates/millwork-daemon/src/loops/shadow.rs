//! Versions in shadow: has their gates judge again when there are new values to judge on.
//!
//! A trial is due when an asset that the gate reads, beside the versions that it compares, was materialized after the verdict that began
//! the trial and after the gate has last judged it. Which materialization that was is the cursor. What the gate decides is recorded by the
//! engine, in one append that the store refuses if the trial was ended before. So the cursor needn't be written in the same commit: a daemon
//! that dies in between leaves a trial behind that is over, or is judged once more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use millwork_core::advice::one_line_of;
use millwork_core::event::KindSet;
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::ModelHistory;
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition, GateDefinition, Instigator, PartitionKey, Pipeline};
use millwork_engine::{BacktestError, Engine, TrialError, TrialOutcome};
use millwork_storage::{EventQuery, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::activation::{Activation, Activations};
use crate::cursor::Cursor;
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::functions::{Answer, Functions, stuck};
use crate::loop_name::LoopName;

/// The time limit of a gate without one of its own.
const LONGEST_JUDGEMENT: Duration = Duration::from_secs(3600);

/// Has gates judge again about versions in shadow.
pub(crate) struct Trials {
    pub(crate) engine: Engine,
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) observer: Observer,
    pub(crate) functions: Functions,
    pub(crate) activations: Activations,
    pub(crate) poll_interval: Duration,
}

/// The stored position: what the versions in shadow were last judged on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    #[serde(default)]
    judged: Vec<Judged>,
}

/// A trial, and what it was last judged on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Judged {
    asset: AssetKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<PartitionKey>,
    /// The sequence number of the verdict that began the trial.
    verdict: u64,
    /// The sequence number of the newest materialization that it was judged on.
    on: u64,
}

/// A version in shadow.
struct Trial {
    of: AssetPartition<AssetIndex>,
    version: VersionNumber,
    verdict: u64,
    /// The sequence number of the newest materialization that its gate judges on; `None` if there is none.
    newest: Option<u64>,
}

impl Position {
    /// The materialization up to which a trial was judged: at first what there was when it began.
    fn judged_on(&self, trial: &Trial) -> u64 {
        let judged = self.judged.iter().find(|judged| judged.verdict == trial.verdict);
        judged.map_or(trial.verdict, |judged| judged.on)
    }
}

impl DaemonLoop for Trials {
    const NAME: LoopName = LoopName::Shadow;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::RunEnded, Activation::VersionDecided];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let graph = self.pipeline.graph().clone();
        let mut models = graph.assets().indices().filter_map(|model| with_shadow(&graph, model)).peekable();
        if models.peek().is_none() {
            return Ok(NextTick::Poll);
        }
        let cursor: Cursor<Position> = Cursor::read(&*self.store, &self.observer, Instigator::Shadow).await?;
        let before = cursor.position.clone().unwrap_or_default();
        let mut position = Position::default();
        for (model, gate) in models {
            for trial in self.trials(model, gate).await? {
                let (on, of) = (before.judged_on(&trial), trial.of.by_key(&graph));
                let due = trial.newest.filter(|newest| *newest > on);
                let is_over = match due {
                    Some(_) => self.judge(gate, &trial).await?,
                    None => false,
                };
                if !is_over {
                    let (on, verdict) = (due.unwrap_or(on), trial.verdict);
                    position.judged.push(Judged { asset: of.asset, partition: of.partition, verdict, on });
                }
            }
        }
        if before != position {
            // Another daemon may have judged later; its cursor is as good.
            self.store.commit(cursor.moved_to(&position)?).await?;
        }
        Ok(NextTick::Poll)
    }
}

/// The gate of a model, if it may ask for outcomes.
fn with_shadow(graph: &AssetGraph, model: AssetIndex) -> Option<(AssetIndex, &GateDefinition)> {
    graph.gate(model).filter(|gate| gate.shadow.is_some()).map(|gate| (model, gate))
}

impl Trials {
    /// The versions of a model in shadow, one of each partition at most.
    async fn trials(&self, model: AssetIndex, gate: &GateDefinition) -> Result<Vec<Trial>, DaemonError> {
        let query = EventQuery {
            asset: Some(gate.asset.clone()),
            kinds: Some(KindSet::VERSIONS),
            ..EventQuery::default()
        };
        let mut histories = BTreeMap::<Option<PartitionKey>, ModelHistory>::new();
        for event in self.store.events(query).await? {
            histories.entry(event.partition.clone()).or_default().apply(event);
        }
        let mut trials = Vec::new();
        for (partition, history) in histories {
            let Some((version, verdict)) = history.in_shadow(&gate.alias) else { continue };
            let newest = self.newest(gate, partition.as_ref()).await?;
            let of = AssetPartition::new(model, partition);
            trials.push(Trial { of, version, verdict: verdict.sequence, newest });
        }
        Ok(trials)
    }

    /// The newest materialization of what a gate judges on, of a partition or of assets without partitions.
    async fn newest(
        &self,
        gate: &GateDefinition,
        partition: Option<&PartitionKey>,
    ) -> Result<Option<u64>, DaemonError> {
        let keys: Vec<AssetKey> = gate.judges_on().cloned().collect();
        let latest = self.store.latest(&keys).await?.into_iter();
        let of_partition = latest.filter(|latest| {
            partition.is_none() || latest.partition.is_none() || latest.partition.as_ref() == partition
        });
        Ok(of_partition.filter_map(|latest| Some(latest.materialization?.sequence)).max())
    }

    /// Has a gate judge, on a thread of its own. Returns whether the trial is over.
    async fn judge(&self, gate: &GateDefinition, trial: &Trial) -> Result<bool, DaemonError> {
        let (engine, asked, version) = (self.engine.clone(), trial.of.clone(), trial.version);
        let limit = gate.computation.timeout.unwrap_or(LONGEST_JUDGEMENT);
        let call = self.functions.call(&gate.name, limit, move |answers| {
            let config = Value::Object(Map::new());
            let judged = engine.judge_in_shadow(&asked, Some(version), &config);
            answers.leave(Handle::current().block_on(judged));
        });
        let Some(mut call) = call else { return Err(DaemonError::TooManyCalls) };
        let of = trial.of.by_key(self.pipeline.graph());
        let error = match call.next().await {
            Answer::Of(Ok(TrialOutcome::Over { verdict, .. })) => {
                (self.observer)(&DaemonEvent::TrialOver { of, verdict: verdict.to_string() });
                self.activations.send(Activation::VersionDecided);
                return Ok(true);
            }
            Answer::Of(Ok(TrialOutcome::GoesOn { .. })) => return Ok(false),
            // It was decided meanwhile, by another daemon, a person or a time limit.
            Answer::Of(Err(TrialError::EndedMeanwhile { .. } | TrialError::Operation(_))) => return Ok(true),
            Answer::Of(Err(TrialError::Judging(BacktestError::Store(error)))) => return Err(error.into()),
            Answer::Of(Err(
                error @ (TrialError::Judging(_) | TrialError::NotJudged { .. } | TrialError::Failed { .. }),
            )) => one_line_of(&error),
            Answer::Returned => "the function of its gate ended without an answer".to_owned(),
            Answer::Stuck => stuck(limit),
        };
        (self.observer)(&DaemonEvent::TrialNotJudged { of, error });
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
