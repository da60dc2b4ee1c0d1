//! Executes runs of one pipeline in one home.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::definitions::RequestError;
use millwork_core::event::{Environment, Event, EventBody, EventKind, NewEvent, VersionsBacktested};
use millwork_core::graph::{AssetGraph, AssetIndex};
use millwork_core::model::Dated;
use millwork_core::plan::{AliasedVersion, LatestEvaluations, Plan, PlannedInput, StalenessReport};
use millwork_core::run::{RunId, RunRequest, RunState, RunStatus, StepStatus};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{AssetKey, AssetPartition, Clock, IoManager, KeyMoment, Pipeline, SystemClock};
use millwork_storage::{
    Alias, Batch, Claim, EventLog, EventQuery, Fence, Holder, LatestAsset, Lease, NewRun, Order, RunRecord,
    StorageError, Store, key_moment, key_moment_before, model_history, moment_of_run,
};
use serde_json::Value;
use tokio::sync::watch;

use crate::backtest::backtest;
use crate::environment::{EnvironmentProbe, EnvironmentRecord};
use crate::error::register_errors;
use crate::runs::{
    Cancel, DispatchLoop, EarlierExecutions, LEASE, Observer, Original, Pins, PlannedRun, Pools, RecordError,
    RecorderHandle, RunContext, StoredInputs, TimeLimit, keep_lease, start_recorder,
};
use crate::tasks::AbortOnDrop;
use crate::trial::judge_in_shadow;
use crate::{BacktestError, ExecuteError, ObjectStoreIo, TrialError, TrialOutcome, Values};

/// Executes runs of one pipeline in one home.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) values: Values,
    pub(crate) holder: Holder,
    pub(crate) options: EngineOptions,
    /// Where the environment of runs is looked for; `None` if it isn't recorded.
    pub(crate) environment: Option<EnvironmentProbe>,
    /// What runs are to reproduce, to whose steps they are limited; `None` for others.
    pub(crate) original: Option<Arc<Original>>,
}

/// The options of an engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Maximum steps of a run that are executed in parallel; 0 counts as 1.
    pub max_parallel_steps: usize,
    /// How long a blocking step may go on after its run was asked to stop.
    pub grace: Duration,
    /// Whether a timed-out step that runs alone has the processes killed that it has started: only in a process that does nothing but
    /// execute a run.
    pub end_descendants: bool,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
}

impl Default for EngineOptions {
    /// Twice as many parallel steps as processors, and at least eight, since steps mostly wait for I/O; ten seconds of grace; the system's
    /// clock.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            max_parallel_steps: (2 * processors).max(8),
            grace: Duration::from_secs(10),
            end_descendants: false,
            clock: Arc::new(SystemClock),
        }
    }
}

/// The outcome of an executed run: its final state, projected from its events.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// The run's ID.
    pub run: RunId,
    /// The status that the run ended with.
    pub status: RunStatus,
    /// The state of the run, projected from its events.
    pub state: RunState,
    /// The duration of this execution.
    pub duration: Duration,
}

impl RunOutcome {
    /// The number of steps with a status.
    pub fn count(&self, status: StepStatus) -> usize {
        self.state.count(status)
    }
}

impl Engine {
    /// An engine that keeps large values in a folder.
    pub fn new(pipeline: Pipeline, store: Arc<dyn Store>, values: &Path, holder: Holder) -> Self {
        Self::with_io_manager(pipeline, store, Arc::new(ObjectStoreIo::folder(values)), holder)
    }

    /// An engine that keeps large values with an I/O manager.
    pub fn with_io_manager(
        pipeline: Pipeline,
        store: Arc<dyn Store>,
        io_manager: Arc<dyn IoManager>,
        holder: Holder,
    ) -> Self {
        register_errors();
        let log: Arc<dyn EventLog> = store.clone();
        let values = Values::new(log, io_manager, pipeline.io_managers().clone());
        let options = EngineOptions::default();
        Self { pipeline, store, values, holder, options, environment: None, original: None }
    }

    /// The same engine with other options.
    #[must_use]
    pub fn options(self, options: EngineOptions) -> Self {
        Self { options, ..self }
    }

    /// The same engine, which records what each run is executed with.
    #[must_use]
    pub fn record_environment(self, probe: EnvironmentProbe) -> Self {
        Self { environment: Some(probe), ..self }
    }

    /// The stored values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Records that a run is requested. Unless it is left to a daemon, this engine's holder owns it from then on: the run is found to be
    /// lost if that process ends without executing it.
    pub async fn request(&self, request: RunRequest) -> Result<RunId, StorageError> {
        let at = self.options.clock.now();
        let id = RunId::new(at);
        let lease = (!request.is_queued()).then(|| Lease { holder: self.holder.clone(), until: at + LEASE });
        self.store.create_run(NewRun { id, request, at, lease }).await?;
        Ok(id)
    }

    /// The plan of a request. With `stale_only` it holds only the steps that are stale or missing.
    ///
    /// # Errors
    ///
    /// When the request doesn't fit the definitions, or the store can't be read.
    pub async fn plan(&self, request: &RunRequest) -> Result<Plan, ExecuteError> {
        self.plan_at(request, &self.key_moment(self.options.clock.now()).await?).await
    }

    /// The plan of a run that is to be resumed, of the partitions that there were when it was requested.
    ///
    /// # Errors
    ///
    /// As [`plan`](Self::plan).
    pub async fn plan_of(&self, run: &RunRecord) -> Result<Plan, ExecuteError> {
        let moment = moment_of_run(&*self.store, self.pipeline.graph(), run).await?;
        self.plan_at(&run.request, &moment).await
    }

    async fn plan_at(&self, request: &RunRequest, moment: &KeyMoment) -> Result<Plan, ExecuteError> {
        let whole = self.whole_plan(request, moment)?;
        let plan = if request.stale_only {
            let verdicts = self.verdicts(&whole).await?;
            whole.stale_part(self.pipeline.graph(), &verdicts, &RunState::default())
        } else {
            whole
        };
        self.check_config(request, &plan)?;
        Ok(plan)
    }

    /// Judges stored versions of a model by the function of its gate, outside of a run, in this order. Each is compared with the version
    /// in use, on the data that is stored now. Nothing follows from the verdicts, and nothing is recorded. `config` is the gate's
    /// configuration, as an object by step.
    ///
    /// # Errors
    ///
    /// When the asset has no gate, or what the gate judges on can't be loaded.
    pub async fn backtest(
        &self,
        of: &AssetPartition<AssetIndex>,
        versions: &[VersionNumber],
        config: &Value,
    ) -> Result<VersionsBacktested, BacktestError> {
        let parts = (&self.pipeline, &self.store, &self.values);
        let moment = self.key_moment(self.options.clock.now()).await?;
        backtest(parts, of, versions, (config, &moment)).await
    }

    /// Has the gate of a model judge the version in shadow again, on what is stored now, outside of a run. If a version is named, it has to
    /// be that one. What the gate decides is recorded, with the move of the alias; that it asks for more outcomes isn't. `config` is the
    /// gate's configuration, as an object by step.
    ///
    /// # Errors
    ///
    /// When the version isn't in shadow, it can't be judged, or the store can't be written.
    pub async fn judge_in_shadow(
        &self,
        of: &AssetPartition<AssetIndex>,
        version: Option<VersionNumber>,
        config: &Value,
    ) -> Result<TrialOutcome, TrialError> {
        let parts = (&self.pipeline, &self.store, &self.values);
        judge_in_shadow(parts, of, version, (config, &*self.options.clock)).await
    }

    /// Judges the newest versions of a model, this number of them or all, as [`backtest`](Self::backtest) does, and records the table.
    ///
    /// # Errors
    ///
    /// When they can't be judged, there is none, or the store can't be written.
    pub async fn record_backtest(
        &self,
        of: &AssetPartition<AssetIndex>,
        last: Option<usize>,
        config: &Value,
    ) -> Result<Dated<VersionsBacktested>, BacktestError> {
        let key = of.by_key(self.pipeline.graph());
        let history = model_history(&*self.store, &key).await?;
        let newest = history.versions.iter().rev().filter(|(_, version)| version.made.is_some());
        let versions: Vec<VersionNumber> =
            newest.map(|(number, _)| *number).take(last.unwrap_or(usize::MAX)).collect();
        let what = self.backtest(of, &versions, config).await?;
        if what.versions.is_empty() {
            return Err(BacktestError::NoVersions { of: key.quoted() });
        }
        let at = self.options.clock.now();
        let event = NewEvent::of_asset(key, at, EventBody::VersionsBacktested(what.clone()));
        let sequences = self.store.append(Batch { fence: None, events: vec![event] }).await?;
        let sequence = sequences.first().copied().unwrap_or_default();
        Ok(Dated { sequence, at, run: None, what })
    }

    /// The staleness of everything that a plan would materialize.
    pub async fn staleness(&self, plan: &Plan) -> Result<StalenessReport, StorageError> {
        Ok(StalenessReport::new(self.pipeline.graph(), plan, &self.verdicts(plan).await?))
    }

    /// Claims a queued run and executes it to its end. A run that fails is not an error of this function. A claimed run that can't be
    /// executed is recorded as failed, if the store still accepts that.
    pub async fn execute(
        &self,
        run: RunId,
        cancel: &Cancel,
        observer: Observer,
    ) -> Result<RunOutcome, ExecuteError> {
        self.claim_and_execute(run, false, cancel, observer).await
    }

    /// As [`execute`](Self::execute), but a run that failed, was canceled or was lost goes on where it stopped.
    pub async fn resume(
        &self,
        run: RunId,
        cancel: &Cancel,
        observer: Observer,
    ) -> Result<RunOutcome, ExecuteError> {
        self.claim_and_execute(run, true, cancel, observer).await
    }

    async fn claim_and_execute(
        &self,
        run: RunId,
        resumes: bool,
        cancel: &Cancel,
        observer: Observer,
    ) -> Result<RunOutcome, ExecuteError> {
        let started = Instant::now();
        let record = self.store.run(run).await?.ok_or(StorageError::UnknownRun { run })?;
        let fence = self.claim(run, resumes).await?;
        let lease = tokio::spawn(keep_lease(
            self.store.clone(),
            self.options.clock.clone(),
            fence,
            self.holder.clone(),
            cancel.clone(),
        ));
        let _lease = AbortOnDrop(lease);
        let executed = match record.damage {
            Some(damage) => Err(ExecuteError::Damaged { run, damage }),
            None => {
                let request = (record.request, record.created_at);
                self.execute_claimed(fence, request, cancel, observer).await
            }
        };
        if let Err(error) = &executed {
            let failed = EventBody::run_failed(one_line_of(error));
            let event = NewEvent::of_run(run, self.options.clock.now(), failed);
            // If the failure can't be recorded, the next search for lost runs finds this one.
            let _ = self.store.append(Batch { fence: Some(fence), events: vec![event] }).await;
        }
        let state = executed?;
        let status = state.status.unwrap_or(RunStatus::Lost);
        Ok(RunOutcome { run, status, state, duration: started.elapsed() })
    }

    async fn execute_claimed(
        &self,
        fence: Fence,
        (request, requested_at): (RunRequest, Timestamp),
        cancel: &Cancel,
        observer: Observer,
    ) -> Result<RunState, ExecuteError> {
        let run = fence.run;
        let events = self.course(run).await?;
        let contradiction = |source| ExecuteError::Contradiction { run, source };
        let state = RunState::of_stored(&events);
        if let Some(damage) = state.damage {
            return Err(ExecuteError::Damaged { run, damage });
        }
        let graph = self.pipeline.graph().clone();
        // The keys are those of the request, so that a run that is resumed has the same plan.
        let first = events.first().map_or(u64::MAX, |first| first.sequence);
        let moment = key_moment_before(&*self.store, &graph, requested_at, first).await?;
        let mut plan = self.whole_plan(&request, &moment)?;
        let verdicts = if request.stale_only { Some(self.verdicts(&plan).await?) } else { None };
        if let Some(verdicts) = &verdicts {
            plan = plan.stale_part(&graph, verdicts, &state);
        }
        self.check_config(&request, &plan)?;
        let mut read = self.read_from_store(&plan);
        if verdicts.is_some() {
            // Outputs that turn out to be unchanged are read from the store, too.
            read.extend(plan.steps.iter().flat_map(|step| graph.outputs(step.step)));
        }
        let stored = StoredInputs::pin(&*self.store, &graph, run, &of_plan(&graph, &plan, &read)).await?;
        let last_versions = self.last_versions(&plan, &events).await?;
        let pinned_at = (run, self.options.clock.now());
        let (pins, new_pins) = Pins::of_run(&*self.store, &graph, &plan, pinned_at, &events).await?;
        let (recorder, recorder_failed, recorded) =
            start_recorder(self.store.clone(), fence, state.clone(), observer);
        if !new_pins.is_empty() {
            recorder.record(new_pins);
        }
        let environment = self.start_environment(&state, run, &recorder).await?;
        let limit = TimeLimit::start(&request, cancel);
        let without_previous = request.is_without_previous();
        let context = Arc::new(RunContext {
            run,
            planned: Arc::new(PlannedRun {
                run,
                graph,
                plan,
                moment,
                stored,
                last_versions,
                pins,
                verdicts,
                without_previous,
            }),
            pipeline: self.pipeline.clone(),
            config: request.config,
            store: self.store.clone(),
            values: self.values.clone(),
            recorder: recorder.clone(),
            clock: self.options.clock.clone(),
            cancel: cancel.clone(),
            grace: self.options.grace,
            end_descendants: self.options.end_descendants,
            original: self.original.clone(),
        });
        let ended = self.dispatch(context, events, &state, recorder_failed).await;
        let ended = ended.map(|end| match &limit {
            Some(limit) => limit.end_of(end),
            None => end,
        });
        let body = match &ended {
            Ok(body) => body.clone(),
            Err(error) => EventBody::run_failed(one_line_of(error)),
        };
        if let Some(environment) = environment {
            environment.finish().await;
        }
        recorder.record(vec![NewEvent::of_run(run, self.options.clock.now(), body)]);
        match recorded.await {
            Ok(Ok(state)) => ended.map(|_| state).map_err(ExecuteError::Store),
            Ok(Err(RecordError::Store(error @ StorageError::Fenced { .. }))) => {
                Err(ExecuteError::Store(error))
            }
            Ok(Err(RecordError::Store(error))) => Err(ExecuteError::Record(error)),
            Ok(Err(RecordError::Contradiction(source))) => Err(contradiction(source)),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    async fn dispatch(
        &self,
        context: Arc<RunContext>,
        events: Vec<Event>,
        state: &RunState,
        recorder_failed: watch::Receiver<bool>,
    ) -> Result<EventBody, StorageError> {
        let (store, clock, holder) = (self.store.clone(), self.options.clock.clone(), self.holder.clone());
        let planned = context.planned.clone();
        let pools = Pools { store, clock, holder };
        let mut dispatch_loop =
            DispatchLoop::new(context, pools, self.options.max_parallel_steps, recorder_failed);
        if state.epoch > 1 {
            dispatch_loop.resume(EarlierExecutions::of(&planned, events, state)).await?;
        }
        dispatch_loop.run().await
    }

    /// Begins to gather what this execution is made with, if that is to be recorded.
    async fn start_environment(
        &self,
        state: &RunState,
        run: RunId,
        recorder: &RecorderHandle,
    ) -> Result<Option<EnvironmentRecord>, StorageError> {
        let Some(probe) = self.environment.clone() else { return Ok(None) };
        let earlier = if state.epoch > 1 { self.recorded_environment(run).await? } else { None };
        let clock = self.options.clock.clone();
        Ok(Some(EnvironmentRecord::start(probe, earlier, run, clock, recorder.clone())))
    }

    /// The environment that earlier executions of a run have recorded last.
    async fn recorded_environment(&self, run: RunId) -> Result<Option<Environment>, StorageError> {
        let last = EventQuery {
            run: Some(run),
            kinds: Some(EventKind::EnvironmentRecorded.into()),
            order: Order::NewestFirst,
            limit: Some(1),
            ..EventQuery::default()
        };
        let last = self.store.events(last).await?.pop();
        let Some(EventBody::EnvironmentRecorded(environment)) = last.map(|event| event.body) else {
            return Ok(None);
        };
        Ok(Some(environment))
    }

    async fn claim(&self, run: RunId, resumes: bool) -> Result<Fence, StorageError> {
        let now = self.options.clock.now();
        let holder = self.holder.clone();
        self.store.claim(Claim { run, holder, now, until: now + LEASE, resumes }).await
    }

    /// The events that determine the progress of a run.
    async fn course(&self, run: RunId) -> Result<Vec<Event>, StorageError> {
        // Calls in shadow change nothing of a run, but aren't made twice.
        let kinds = Some(RunState::RESUME_KINDS.union(EventKind::ShadowCalled.into()));
        let query = EventQuery { run: Some(run), kinds, ..EventQuery::default() };
        self.store.events(query).await
    }

    /// The keys of partitions at a time.
    async fn key_moment(&self, at: Timestamp) -> Result<KeyMoment, StorageError> {
        key_moment(&*self.store, self.pipeline.graph(), at).await
    }

    fn whole_plan(&self, request: &RunRequest, moment: &KeyMoment) -> Result<Plan, RequestError> {
        let graph = self.pipeline.graph();
        let plan = Plan::new(graph, &request.selected(graph)?, &request.partitions, moment)?;
        Ok(match &self.original {
            Some(original) => plan.filtered(|_, step| original.steps.contains_key(&step.by_key(graph))),
            None => plan,
        })
    }

    /// No run may execute with a configuration that is ignored: an unknown name would leave defaults in force.
    fn check_config(&self, request: &RunRequest, plan: &Plan) -> Result<(), RequestError> {
        let steps = plan.steps.indices().map(|step| plan.step_key(self.pipeline.graph(), step).as_str());
        Ok(self.pipeline.check_config(&request.config, steps)?)
    }

    async fn verdicts(&self, plan: &Plan) -> Result<LatestEvaluations, StorageError> {
        let latest = self.store.latest_of(&plan.compared(self.pipeline.graph())).await?;
        let mut evaluations: LatestEvaluations = latest.into_iter().map(LatestAsset::into_verdict).collect();
        for Alias { asset, alias, version, data_version, .. } in self.store.aliases(&[]).await? {
            let aliased = AliasedVersion { version, data_version };
            evaluations.entry(asset).or_default().aliases.insert(alias, aliased);
        }
        Ok(evaluations)
    }

    /// The last number of a version of everything that a plan makes, before the run that has recorded `events` so far.
    async fn last_versions(
        &self,
        plan: &Plan,
        events: &[Event],
    ) -> Result<HashMap<AssetPartition<AssetIndex>, VersionNumber>, StorageError> {
        let graph = self.pipeline.graph();
        let made: BTreeSet<AssetIndex> =
            plan.steps.iter().flat_map(|step| graph.outputs(step.step).iter().copied()).collect();
        if made.is_empty() {
            return Ok(HashMap::new());
        }
        let keys: Vec<AssetKey> = made.into_iter().map(|asset| graph.key(asset).clone()).collect();
        let last = self.store.last_versions(&keys).await?.into_iter();
        let mut last: HashMap<_, _> =
            last.filter_map(|(of, version)| Some((of.by_index(graph)?, version))).collect();
        // What an earlier execution has made has its number already, whatever was made since.
        for event in events {
            let EventBody::Materialized(made) = &event.body else { continue };
            let of = event.asset_partition().and_then(|of| of.by_index(graph));
            let (Some(of), Some(version)) = (of, made.version) else { continue };
            match VersionNumber::new(version.get() - 1) {
                Some(before) => last.insert(of, before),
                None => last.remove(&of),
            };
        }
        Ok(last)
    }

    /// The assets that a plan reads from the store: inputs that it doesn't materialize, and previous values.
    fn read_from_store(&self, plan: &Plan) -> BTreeSet<AssetIndex> {
        let graph = self.pipeline.graph();
        let mut made = BTreeSet::new();
        for step in &plan.steps {
            made.extend(graph.outputs(step.step).iter().map(|output| step.at_partition(*output)));
        }
        let mut read = BTreeSet::new();
        for step in &plan.steps {
            for input in step.inputs.iter().filter(|input| input.read_as == ReadAs::Latest) {
                if !input.asset_partitions().all(|input| made.contains(&input)) {
                    read.insert(input.asset);
                }
            }
            let previous = &graph.steps()[step.step].computation().requirements.previous;
            read.extend(previous.iter().filter_map(|key| graph.index(key.as_str())));
            let step_node = &graph.steps()[step.step];
            let shadows = &step_node.computation().requirements.shadows;
            if !step_node.histories.is_empty() || !shadows.is_empty() {
                // What they were made from says what of a history, and in shadow, is new.
                read.extend(graph.outputs(step.step));
            }
        }
        read
    }
}

/// The partitions of some assets that a plan takes, makes or takes the previous values of.
fn of_plan(
    graph: &AssetGraph,
    plan: &Plan,
    assets: &BTreeSet<AssetIndex>,
) -> BTreeSet<AssetPartition<AssetIndex>> {
    let mut read = BTreeSet::new();
    for step in &plan.steps {
        let previous = graph.steps()[step.step].computation().requirements.previous.iter();
        let previous = previous.filter_map(|key| graph.index(key.as_str()));
        let at_partition = |asset: AssetIndex| match graph.partitions(asset) {
            Some(_) => step.at_partition(asset),
            None => AssetPartition::new(asset, None),
        };
        let own = graph.outputs(step.step).iter().copied().chain(graph.examined_asset(step.step));
        let own = own.chain(previous).filter(|asset| assets.contains(asset)).map(at_partition);
        read.extend(own);
        let taken = step.inputs.iter().filter(|input| assets.contains(&input.asset));
        read.extend(taken.flat_map(PlannedInput::asset_partitions));
    }
    read
}
