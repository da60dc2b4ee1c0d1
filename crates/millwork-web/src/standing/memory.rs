//! What is remembered of the log.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, EventKind, KindSet};
use millwork_core::graph::AssetGraph;
use millwork_core::plan::LatestVerdicts;
use millwork_core::run::RunId;
use millwork_core::{AssetKey, AssetPartition, StepPartition};
use millwork_storage::{StorageError, Store, follow};
use tokio::sync::Mutex;

use super::{Progress, Standings, Trend};

/// The log is looked at again after so long at the earliest.
const PAUSE: Duration = Duration::from_millis(50);
/// What depends on the time of day is looked at again after so long.
const LONGEST: Duration = Duration::from_secs(5);
/// So many events are read at a time.
pub(super) const PAGE: u32 = 500;
/// The tag with the label of an asset's main number.
const METRIC_TAG: &str = "metric";
/// What changes how an asset stands. Neither a log line does, nor that somebody asked a run to stop.
pub(crate) const KINDS: KindSet =
    KindSet::ASSET.union(KindSet::STEP).union(KindSet::RUN).without(KindSet::of(&[EventKind::RunCanceling]));

/// Looks at the log when a page asks, and remembers.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    memory: Mutex<Option<Memory>>,
}

/// What the log has said so far.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) behind: u64,
    pub(super) looked_at: Instant,
    pub(super) seen: Arc<Standings>,
    pub(super) latest: LatestVerdicts,
    pub(super) made: HashMap<AssetPartition, Timestamp>,
    pub(super) failures: HashMap<StepPartition, (u64, String)>,
    pub(super) running: HashMap<StepPartition, Progress>,
    pub(super) trends: HashMap<AssetKey, Trend>,
    pub(super) checks: BTreeMap<AssetPartition, BTreeMap<String, bool>>,
}

impl Lookout {
    /// How the assets stand now, or stood a moment ago.
    pub(crate) async fn look(
        &self,
        graph: &AssetGraph,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Arc<Standings>, StorageError> {
        let mut memory = self.memory.lock().await;
        if let Some(memory) = memory.as_ref().filter(|memory| memory.looked_at.elapsed() < PAUSE) {
            return Ok(memory.seen.clone());
        }
        let memory = match memory.as_mut() {
            Some(memory) => memory,
            None => memory.insert(Memory::read(graph, store).await?),
        };
        let has_changed = memory.catch_up(graph, store).await?;
        if has_changed || memory.seen.all().is_empty() || memory.looked_at.elapsed() > LONGEST {
            memory.seen = Arc::new(memory.seen(graph, now));
            memory.looked_at = Instant::now();
        }
        Ok(memory.seen.clone())
    }
}

impl Memory {
    async fn catch_up(&mut self, graph: &AssetGraph, store: &dyn Store) -> Result<bool, StorageError> {
        let before = self.behind;
        let mut has_changed = false;
        loop {
            let followed = follow(store, self.behind, KINDS, PAGE).await?;
            self.behind = followed.behind;
            let found = followed.events.len();
            has_changed |= found > 0;
            for event in followed.events {
                self.take_in(graph, event);
            }
            if found < PAGE as usize {
                return Ok(has_changed || before != self.behind);
            }
        }
    }

    /// The step that makes the asset of an event.
    pub(super) fn step_of(&self, graph: &AssetGraph, event: &Event) -> Option<StepPartition> {
        graph.maker(&event.asset_partition()?.by_index(graph)?)
    }

    /// Remembers what a verdict was made from.
    pub(super) fn take_in_verdict(&mut self, event: &Event) {
        let (Some(asset), Some(provenance)) = (event.asset_partition(), event.body.provenance()) else {
            return;
        };
        let verdict = self.latest.entry(asset).or_default();
        verdict.provenance = Some(provenance.clone());
        match &event.body {
            EventBody::Materialized(made) => verdict.data_version = Some(made.data_version.clone()),
            EventBody::NotMaterialized { .. } => verdict.data_version = None,
            _ => {}
        }
    }

    /// Remembers what an event says.
    pub(super) fn take_in(&mut self, graph: &AssetGraph, event: Event) {
        self.take_in_verdict(&event);
        let (asset, step) = (event.asset_partition(), event.step_partition());
        match (event.body, asset, step, event.run) {
            (EventBody::Materialized(made), Some(asset), ..) => {
                let key = &asset.asset;
                let named = graph.asset(key.as_str()).and_then(|node| node.spec.tags.get(METRIC_TAG));
                let before = self.trends.remove(key);
                if let Some(trend) = Trend::after(before, named.map(String::as_str), &made) {
                    self.trends.insert(key.clone(), trend);
                }
                if let Some(maker) = asset.by_index(graph).and_then(|asset| graph.maker(&asset)) {
                    self.failures.remove(&maker);
                }
                self.made.insert(asset, event.at);
            }
            (EventBody::CheckEvaluated(check), Some(asset), ..) => {
                self.checks.entry(asset).or_default().insert(check.check, check.passed);
            }
            (EventBody::StepStarted, _, Some(step), Some(run)) => {
                self.running.insert(step, Progress { run, done: None });
            }
            (EventBody::StepProgressed { done, of }, _, Some(step), Some(run)) => {
                self.running.insert(step, Progress { run, done: Some((done, of)) });
            }
            (EventBody::StepFailed { failure }, _, Some(step), _) => {
                self.running.remove(&step);
                self.failures.insert(step, (event.sequence, failure.to_string()));
            }
            (EventBody::StepSucceeded { .. }, _, Some(step), _) => {
                self.running.remove(&step);
                self.failures.remove(&step);
            }
            (EventBody::StepSkipped { .. } | EventBody::StepCanceled, _, Some(step), _) => {
                self.running.remove(&step);
            }
            (body, _, _, Some(run)) if body.is_run_event() => self.forget_running(run, false),
            _ => {}
        }
    }

    /// A run that isn't executed has no running steps.
    fn forget_running(&mut self, run: RunId, is_open: bool) {
        if !is_open {
            self.running.retain(|_, progress| progress.run != run);
        }
    }
}
