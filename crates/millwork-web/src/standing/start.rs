//! What is remembered at the start: what the last events say, without the log's whole length.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use millwork_core::AssetKey;
use millwork_core::event::{Event, EventBody, EventKind, KindSet};
use millwork_core::graph::AssetGraph;
use millwork_core::run::{RunId, RunStatus};
use millwork_storage::{EventQuery, Order, RunQuery, StorageError, Store};

use super::memory::{KINDS, Memory, PAGE};

/// Failures are looked for in so many of the last failed runs.
const FAILED_RUNS: u32 = 20;
/// What is latest is read of so many assets at a time.
const KEYS: usize = 200;
/// Trends and checks are gathered from so many of the last events.
const HISTORY: u32 = 3_000;

impl Memory {
    /// Reads what the last events say, without the log's whole length.
    pub(super) async fn read(graph: &AssetGraph, store: &dyn Store) -> Result<Self, StorageError> {
        let mut memory = Self {
            behind: store.head().await?,
            looked_at: Instant::now(),
            seen: Arc::default(),
            latest: HashMap::new(),
            made: HashMap::new(),
            failures: HashMap::new(),
            running: HashMap::new(),
            trends: HashMap::new(),
            checks: BTreeMap::new(),
        };
        let mut history = last_events(store, EventKind::Materialized, memory.behind).await?;
        history.extend(last_events(store, EventKind::CheckEvaluated, memory.behind).await?);
        history.sort_unstable_by_key(|event| event.sequence);
        for event in history {
            memory.take_in(graph, event);
        }
        let statuses = vec![RunStatus::Failed];
        let failed = RunQuery { statuses, limit: Some(FAILED_RUNS), ..RunQuery::default() };
        for run in store.runs(failed).await?.iter().rev() {
            memory.read_run(graph, store, run.id, EventKind::StepFailed.into()).await?;
        }
        let statuses = vec![RunStatus::Running, RunStatus::Canceling];
        for run in store.runs(RunQuery { statuses, ..RunQuery::default() }).await? {
            memory.read_run(graph, store, run.id, KINDS).await?;
        }
        let keys: Vec<AssetKey> = graph.assets().iter().map(|asset| asset.spec.key.clone()).collect();
        for keys in keys.chunks(KEYS) {
            for latest in store.latest(keys).await? {
                memory.take_in_latest(graph, latest.materialization.into_iter().chain([latest.verdict]));
            }
        }
        Ok(memory)
    }

    /// What the steps of a run did; what was made of it since is in `latest`.
    async fn read_run(
        &mut self,
        graph: &AssetGraph,
        store: &dyn Store,
        run: RunId,
        kinds: KindSet,
    ) -> Result<(), StorageError> {
        let query = EventQuery { run: Some(run), kinds: Some(kinds), ..EventQuery::default() };
        for event in store.events(query).await? {
            if event.sequence <= self.behind && event.body.is_step_event() {
                self.take_in(graph, event);
            }
        }
        Ok(())
    }

    /// The verdicts that the store keeps; a failure before them is over.
    fn take_in_latest(&mut self, graph: &AssetGraph, events: impl Iterator<Item = Event>) {
        for event in events {
            if let Some(step) = self.step_of(graph, &event)
                && self.failures.get(&step).is_some_and(|(at, _)| *at < event.sequence)
            {
                self.failures.remove(&step);
            }
            self.take_in_verdict(&event);
            if let (EventBody::Materialized(_), Some(asset)) = (&event.body, event.asset_partition()) {
                self.made.insert(asset, event.at);
            }
        }
    }
}

/// The last events of a kind, of their metadata only the numbers: curves and pictures would fill the memory.
async fn last_events(store: &dyn Store, kind: EventKind, head: u64) -> Result<Vec<Event>, StorageError> {
    let mut before = head + 1;
    let mut events = Vec::new();
    while events.len() < HISTORY as usize {
        let query = EventQuery {
            kinds: Some(kind.into()),
            before: Some(before),
            order: Order::NewestFirst,
            limit: Some(PAGE),
            ..EventQuery::default()
        };
        let page = store.events(query).await?;
        let Some(oldest) = page.last() else { break };
        before = oldest.sequence;
        events.extend(page.into_iter().map(|mut event| {
            if let EventBody::Materialized(made) = &mut event.body {
                made.metadata.retain(|_, value| value.as_f64().is_some());
                made.provenance.inputs = Vec::new();
            }
            event
        }));
    }
    Ok(events)
}
