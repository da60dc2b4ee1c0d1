//! The environment of a run: definitions, a store, a folder of values, a clock that stands still.

mod assets;
mod faulty;
mod transcript;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::event::{
    Event, EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
};
use millwork_core::graph::Selection;
use millwork_core::run::{RunId, RunRequest, RunStatus};
use millwork_core::{Definitions, IoManager, KeyMoment, PartitionKey, Pipeline, TestClock};
use millwork_engine::{Cancel, Engine, EngineOptions, ExecuteError, Observation, Observer, RunOutcome};
use millwork_storage::{Batch, Claim, EventQuery, Fence, Holder, LatestAsset, MemoryStore, Store, connect};
use tempfile::TempDir;

pub(crate) use assets::*;
pub(crate) use faulty::{Fault, Faulty};
pub(crate) use transcript::{transcript, transcript_of, without_lines};

/// Definitions in a home of their own. One step at a time, so that the order of events is certain.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) holder: Holder,
    folder: Arc<TempDir>,
    io_manager: Option<Arc<dyn IoManager>>,
    max_parallel_steps: usize,
    grace: Duration,
    request: RunRequest,
}

impl Scenario {
    pub(crate) fn new(definitions: Definitions) -> Self {
        Self {
            pipeline: definitions.resolve().unwrap(),
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(TestClock::at(Timestamp::from_second(1_800_000_000).unwrap())),
            holder: Holder::this_process(),
            folder: Arc::new(TempDir::new().unwrap()),
            io_manager: None,
            max_parallel_steps: 1,
            grace: Duration::from_secs(10),
            request: RunRequest { selection: "*".into(), ..RunRequest::default() },
        }
    }

    pub(crate) fn of(definitions: impl IntoIterator<Item = millwork_core::AssetDefinition>) -> Self {
        Self::new(Definitions::new().assets(definitions))
    }

    /// The same home with other code.
    pub(crate) fn with_code(&self, definitions: Definitions) -> Self {
        Self { pipeline: definitions.resolve().unwrap(), ..self.clone() }
    }

    pub(crate) async fn in_sqlite(self) -> Self {
        let store = connect(self.folder.path().to_str().unwrap()).await.unwrap();
        self.in_store(store)
    }

    pub(crate) fn in_store(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    pub(crate) fn io_manager(self, io_manager: impl IoManager + 'static) -> Self {
        Self { io_manager: Some(Arc::new(io_manager)), ..self }
    }

    pub(crate) fn max_parallel_steps(self, max_parallel_steps: usize) -> Self {
        Self { max_parallel_steps, ..self }
    }

    /// The same home seen from another process.
    pub(crate) fn in_another_process(&self) -> Self {
        Self { holder: Holder::this_process(), ..self.clone() }
    }

    pub(crate) fn selecting(&self, selection: &str) -> Self {
        let request = RunRequest { selection: selection.into(), ..self.request.clone() };
        Self { request, ..self.clone() }
    }

    pub(crate) fn partition(&self, partition: &str) -> Self {
        let request = RunRequest { partitions: vec![PartitionKey::from(partition)], ..self.request.clone() };
        Self { request, ..self.clone() }
    }

    /// A run of a set of partitions, as text.
    pub(crate) fn partitions(&self, set: &str) -> Self {
        let moment = KeyMoment::at(self.clock_now());
        let partitions = self.request().find_partitions(set, &self.pipeline, &moment).unwrap();
        Self { request: RunRequest { partitions, ..self.request.clone() }, ..self.clone() }
    }

    pub(crate) fn stale_only(&self) -> Self {
        let request = RunRequest { stale_only: true, ..self.request.clone() };
        Self { request, ..self.clone() }
    }

    pub(crate) fn tagged(&self, tag: &str, value: &str) -> Self {
        let mut request = self.request.clone();
        request.tags.insert(tag.into(), value.into());
        Self { request, ..self.clone() }
    }

    pub(crate) fn values_path(&self) -> PathBuf {
        self.folder.path().join("values")
    }

    pub(crate) fn engine(&self) -> Engine {
        let (pipeline, store, holder) = (self.pipeline.clone(), self.store.clone(), self.holder.clone());
        let engine = match &self.io_manager {
            Some(io_manager) => Engine::with_io_manager(pipeline, store, io_manager.clone(), holder),
            None => Engine::new(pipeline, store, &self.values_path(), holder),
        };
        let (max_parallel_steps, grace, clock) = (self.max_parallel_steps, self.grace, self.clock.clone());
        engine.options(EngineOptions { max_parallel_steps, grace, clock, end_descendants: false })
    }

    pub(crate) fn request(&self) -> RunRequest {
        let graph = self.pipeline.graph();
        let selected = Selection::parse(&self.request.selection).unwrap().select(graph).unwrap();
        let assets = selected.iter().map(|asset| graph.key(*asset).clone()).collect();
        RunRequest { assets, ..self.request.clone() }
    }

    pub(crate) async fn queued(&self) -> RunId {
        self.engine().request(self.request()).await.unwrap()
    }

    /// The names of the steps that would run.
    pub(crate) async fn planned(&self) -> String {
        let plan = self.engine().plan(&self.request()).await.unwrap();
        let graph = self.pipeline.graph();
        let keys = plan.steps.indices().map(|position| plan.step_key(graph, position).to_string());
        keys.collect::<Vec<_>>().join(" ")
    }

    /// Executes a run that is queued, or has ended without success.
    pub(crate) async fn execute(&self, run: RunId) -> Result<RunOutcome, ExecuteError> {
        self.engine().resume(run, &Cancel::default(), unobserved()).await
    }

    /// Executes in a task of its own, so that the test can interfere.
    pub(crate) fn spawn(&self, run: RunId, cancel: &Cancel) -> Spawned {
        let (engine, cancel) = (self.engine(), cancel.clone());
        tokio::spawn(async move { engine.resume(run, &cancel, unobserved()).await })
    }

    /// Queues a run, executes it, and returns its events as text.
    pub(crate) async fn run(&self) -> String {
        let run = self.queued().await;
        self.resume(run).await
    }

    /// Executes a run that was executed before, and returns the events of this execution as text.
    pub(crate) async fn resume(&self, run: RunId) -> String {
        let before = self.events(run).await.len();
        let outcome = self.execute(run).await.unwrap();
        let events = self.events(run).await;
        let status = self.store.run(run).await.unwrap().unwrap().status;
        assert_eq!(outcome.status, status, "the outcome is what is stored");
        transcript(&events[before..])
    }

    pub(crate) async fn events(&self, run: RunId) -> Vec<Event> {
        self.store.events(EventQuery { run: Some(run), ..EventQuery::default() }).await.unwrap()
    }

    /// Waits until a run's log holds this line.
    pub(crate) async fn until(&self, run: RunId, line: &str) {
        while !self.events(run).await.iter().any(|event| transcript_of(event) == line) {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn status(&self, run: RunId) -> RunStatus {
        self.store.run(run).await.unwrap().unwrap().status
    }

    /// Marks the process that executes a run as dead.
    pub(crate) async fn lose(&self, run: RunId) {
        let epoch = self.store.run(run).await.unwrap().unwrap().epoch;
        let now = self.clock_now();
        assert!(
            self.store
                .end_run(Fence { run, epoch }, EventBody::run_lost("the machine was restarted"), now)
                .await
                .unwrap()
        );
    }

    /// Takes a run over, as another process would.
    pub(crate) async fn take_over(&self, run: RunId) {
        self.lose(run).await;
        let now = self.clock_now();
        let holder = Holder::this_process();
        let until = now + jiff::SignedDuration::from_secs(30);
        self.store.claim(Claim { run, holder, now, until, resumes: true }).await.unwrap();
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        use millwork_core::Clock;
        self.clock.now()
    }

    /// The last materialization of an asset.
    pub(crate) async fn latest(&self, asset: &str) -> Event {
        let latest = self.store.latest(&[asset.into()]).await.unwrap();
        latest.into_iter().next_back().unwrap().materialization.unwrap()
    }

    /// Another system reports that it has made an asset.
    pub(crate) async fn report(&self, asset: &str) {
        let stored =
            StoredValue { location: ValueLocation::Elsewhere, bytes: 0, format: String::new(), hash: None };
        let body = EventBody::Materialized(Materialization {
            data_version: "r1".into(),
            version: None,
            provenance: Provenance::reported(),
            stored,
            metadata: [].into(),
        });
        let reported = NewEvent::of_run(RunId::from_u128(1), self.clock_now(), body);
        let reported = NewEvent { run: None, asset: Some(asset.into()), ..reported };
        self.store.append(Batch { fence: None, events: vec![reported] }).await.unwrap();
    }

    /// The stored value of an asset.
    pub(crate) async fn value<T: Clone + Send + Sync + 'static>(&self, asset: &str) -> T {
        let event = self.latest(asset).await;
        let value_type = self.pipeline.graph().asset(asset).unwrap().spec.value_type.unwrap();
        let value = self.engine().values().load(&event, value_type).await.unwrap();
        T::clone(&value.downcast().unwrap())
    }

    /// The stored value of a partition of an asset, by its label.
    pub(crate) async fn value_of<T: Clone + Send + Sync + 'static>(&self, asset: &str, partition: &str) -> T {
        let latest = self.store.latest(&[asset.into()]).await.unwrap();
        let is_it =
            |latest: &LatestAsset| latest.partition.as_ref().is_some_and(|key| key.label() == partition);
        let event = latest.into_iter().find(is_it).and_then(|latest| latest.materialization).unwrap();
        let value_type = self.pipeline.graph().asset(asset).unwrap().spec.value_type.unwrap();
        let value = self.engine().values().load(&event, value_type).await.unwrap();
        T::clone(&value.downcast().unwrap())
    }

    /// The files below the folder of values, sorted, without the runs' ids.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: PathBuf, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(self.values_path(), &mut found);
        found.sort();
        found
    }
}

pub(crate) type Spawned = tokio::task::JoinHandle<Result<RunOutcome, ExecuteError>>;

/// Lets everything happen that needs no time.
pub(crate) async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass second by second, as it doesn't by itself while a blocking function runs.
pub(crate) async fn pass(seconds: u64) {
    for _ in 0..seconds {
        settle().await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    settle().await;
}

pub(crate) fn unobserved() -> Observer {
    Arc::new(|_| {})
}

/// An observer, and its observations: a line for each.
pub(crate) fn observed() -> (Observer, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = lines.clone();
    let observer: Observer = Arc::new(move |observation| {
        let line = match observation {
            Observation::Recorded(event) => transcript_of(event),
            Observation::Progress { step, done, of } => format!("{} shows {done}/{of}", step.step),
        };
        seen.lock().unwrap().push(line);
    });
    (observer, lines)
}

/// An error's message, with its causes.
pub(crate) fn text_of(error: &(dyn std::error::Error + 'static)) -> String {
    one_line_of(error)
}

/// The number of events of a kind.
pub(crate) fn count(events: &[Event], is_meant: impl Fn(&EventBody) -> bool) -> usize {
    events.iter().filter(|event| is_meant(&event.body)).count()
}
