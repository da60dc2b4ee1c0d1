//! One attempt of a step: loads inputs, calls the function, stores the outputs, and reports the result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use millwork_core::event::{InputVersion, NewEvent, Provenance};
use millwork_core::graph::{AssetIndex, StepKind, StepNode};
use millwork_core::plan::PlanIndex;
use millwork_core::run::{Failure, FailureKind};
use millwork_core::version::ReadAs;
use millwork_core::{AssetKey, Cancellation, StepFunction, ValueType};
use millwork_storage::StorageError;
use tokio::sync::oneshot;

use super::call::{Called, call};
use super::descendants::end_descendants;
use super::finish::{self, StepOutput};
use super::judge::{self, Contest, Judged};
use super::load::{self, AttemptInput, Loading};
use crate::logs::{StepRecorder, catch_panic, no_step_runs};
use crate::runs::{Pins, RunContext, StopMode, StoredInput};

/// The input of an attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The step's position in the plan.
    pub(crate) position: PlanIndex,
    /// The number of the attempt.
    pub(crate) number: u32,
    /// The values from other assets that the function takes.
    pub(crate) inputs: Vec<AttemptInput>,
    /// The versions that the function reads by aliases.
    pub(crate) pinned: Vec<(AssetIndex, ReadAs, StoredInput)>,
    /// The versions of everything that it takes or waits for.
    pub(crate) versions: Vec<InputVersion>,
    /// The previous values that the function takes.
    pub(crate) previous: Vec<(AssetKey, ValueType, StoredInput)>,
}

/// The report of an attempt to the dispatcher.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) position: PlanIndex,
    pub(crate) number: u32,
    pub(crate) end: AttemptEnd,
    /// When the attempt began, by the engine's clock: the time that its function was given.
    pub(crate) began_at: Timestamp,
    pub(crate) micros: u64,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum AttemptEnd {
    /// Its outputs are durable; the events are to be recorded together with the step's success.
    Succeeded { outputs: Vec<StepOutput>, events: Vec<NewEvent> },
    /// It failed; the events (of a check's verdict) are to be recorded with the failure.
    Failed { failure: Failure, events: Vec<NewEvent> },
    /// A gate has judged, which is recorded: what aliases mean from now on.
    Judged { pins: Result<Pins, StorageError> },
    /// A gate has judged against a version that is no longer in use.
    JudgeAgain,
    /// It was stopped.
    Canceled,
}

/// The end of an attempt's work, before a verdict is recorded.
enum WorkEnd {
    Over(AttemptEnd),
    Judged(Judged),
}

impl<T: Into<AttemptEnd>> From<T> for WorkEnd {
    fn from(end: T) -> Self {
        Self::Over(end.into())
    }
}

impl From<Failure> for AttemptEnd {
    fn from(failure: Failure) -> Self {
        Self::Failed { failure, events: Vec::new() }
    }
}

/// How long an abandoned future may take to be dropped. One that doesn't reach an `.await` is detached.
pub(super) const LONGEST_DROP: Duration = Duration::from_secs(1);

/// Executes an attempt, which began at this time by the log. Its errors are part of the report.
pub(crate) async fn execute(context: Arc<RunContext>, attempt: Attempt, started_at: Timestamp) -> Report {
    let started = Instant::now();
    let (position, number) = (attempt.position, attempt.number);
    let step = context.planned.step(position);
    let recorder = Arc::new(StepRecorder::new(
        context.run,
        context.planned.step_partition(position),
        number,
        context.recorder.clone(),
        context.clock.clone(),
    ));
    let cancellation = Cancellation::default();
    let timeout = step.computation().timeout;
    let (life, ended) = oneshot::channel();
    let work = attempt_step(&context, (attempt, started_at), &recorder, &cancellation, life);
    let end = within_limits(&context, timeout, (&recorder, &cancellation), ended, work).await;
    let end = end.unwrap_or_else(|cut| match cut {
        Cut::Stopped => AttemptEnd::Canceled.into(),
        Cut::TooLong => timed_out(timeout).into(),
    });
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let end = match end {
        WorkEnd::Over(end) => end,
        WorkEnd::Judged(judged) => judge::record(&context, position, judged, micros, &recorder).await,
    };
    Report { position, number, end, began_at: started_at, micros }
}

/// Why an attempt was abandoned.
pub(super) enum Cut {
    /// The run was stopped at once.
    Stopped,
    /// It took longer than its time limit.
    TooLong,
}

/// Does the work of an attempt, and ends the attempt: within its time limit, and unless the run is stopped at once. `ended` resolves when its
/// future is gone.
pub(super) async fn within_limits<T>(
    context: &RunContext,
    timeout: Option<Duration>,
    (recorder, cancellation): (&StepRecorder, &Cancellation),
    ended: oneshot::Receiver<()>,
    work: impl Future<Output = T>,
) -> Result<T, Cut> {
    let end = tokio::select! {
        biased;
        end = work => Ok(end),
        () = stopped(context, StopMode::AtOnce) => Err(Cut::Stopped),
        () = too_long(timeout) => Err(Cut::TooLong),
    };
    // An abandoned future is dropped when it reaches an `.await`.
    let _ = tokio::time::timeout(LONGEST_DROP, ended).await;
    if matches!(end, Err(Cut::TooLong)) && context.end_descendants && no_step_runs() {
        end_descendants();
    }
    // A blocking function that was left alone is signalled and detached.
    cancellation.request();
    recorder.close();
    end
}

async fn attempt_step(
    context: &RunContext,
    (attempt, started_at): (Attempt, Timestamp),
    recorder: &Arc<StepRecorder>,
    cancellation: &Cancellation,
    life: oneshot::Sender<()>,
) -> WorkEnd {
    let Attempt { position, inputs, pinned, versions, previous, .. } = attempt;
    let step = context.planned.step(position);
    let mut provenance = match provenance(context, step, versions) {
        Ok(provenance) => provenance,
        Err(failure) => return failure.into(),
    };
    let contest = match &step.kind {
        StepKind::Gate { definition, .. } => match Contest::now(context, position).await {
            Ok(contest) => {
                match contest.lack(&context.planned.graph, &context.planned.plan.steps[position], definition)
                {
                    Some(failure) => return failure.into(),
                    None => Some(contest),
                }
            }
            Err(error) => return Failure::of_error(FailureKind::Input, &error).into(),
        },
        StepKind::Assets { .. } | StepKind::Check { .. } => None,
    };
    let loading = Loading {
        inputs,
        pinned,
        previous,
        started_at,
        contest: contest.as_ref(),
        shadow_of: None,
        batch: None,
    };
    let step_context = tokio::select! {
        loaded = load::step_context(context, position, loading, recorder, cancellation) => match loaded {
            Ok((step_context, histories)) => {
                provenance.inputs.extend(histories);
                step_context
            }
            Err(error) => return Failure::of_error(FailureKind::Input, &error).into(),
        },
        () = stopped(context, StopMode::Asked) => return AttemptEnd::Canceled.into(),
    };
    let called = tokio::select! {
        called = call(step, step_context, recorder.clone(), life) => called,
        () = stopped_after_grace(context, &step.computation().function, cancellation) => {
            return AttemptEnd::Canceled.into();
        }
    };
    let end = match called {
        Called::Assets(produced) => {
            let made_from = (provenance, recorder.take_metadata());
            finish::store_outputs(context, step, produced, made_from, recorder)
                .await
                .unwrap_or_else(|error| Failure::of_error(FailureKind::Output, &error).into())
        }
        Called::Batch(_) => finish::wrong_kind("a function for one partition returned a batch").into(),
        Called::Check(result) => finish::conclude_check(context, step, result, recorder),
        Called::Gate(verdict) => match contest {
            Some(contest) => {
                let (graph, judged) = (&context.planned.graph, judge::judged_by(context, position).1);
                let inputs = contest.complete(graph, &judged.by_key(graph), provenance.inputs);
                let provenance = Provenance { inputs, ..provenance };
                return WorkEnd::Judged(Judged { contest, verdict, provenance });
            }
            None => finish::wrong_kind("a function that isn't a gate's returned a verdict").into(),
        },
        Called::Failed(_) if context.cancel.stop() != StopMode::No => AttemptEnd::Canceled,
        Called::Failed(failure) => failure.into(),
    };
    WorkEnd::Over(end)
}

/// What the outputs of a step are made from, or a gate's verdict. A configuration that can't be recorded fails the attempt before it does
/// any work; those of checks aren't recorded.
pub(super) fn provenance(
    context: &RunContext,
    step: &StepNode,
    inputs: Vec<InputVersion>,
) -> Result<Provenance, Failure> {
    let is_recorded = match &step.kind {
        StepKind::Assets { .. } | StepKind::Gate { .. } => true,
        StepKind::Check { .. } => false,
    };
    let config = match &step.config {
        Some(standing) if is_recorded => {
            let (name, own) = (step.key.as_str(), context.config.get(step.key.as_str()));
            // Types are read and written by code of the pipeline.
            let recorded = catch_panic(|| standing.recorded(name, own))?;
            recorded.map_err(|error| Failure::of_error(FailureKind::Error, &error))?
        }
        Some(_) | None => None,
    };
    Ok(Provenance {
        code_version: step.computation().code_version.clone(),
        inputs,
        config: config.map(Arc::new),
    })
}

/// Waits until the run is to stop with at least this urgency.
pub(super) async fn stopped(context: &RunContext, urgency: StopMode) {
    let mut stop = context.cancel.subscribe();
    if stop.wait_for(|stop| *stop >= urgency).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until a running step should be abandoned: an async one at once, as dropping it ends it cleanly; a blocking one after its grace
/// period, as it can only be detached.
pub(super) async fn stopped_after_grace(
    context: &RunContext,
    function: &StepFunction,
    cancellation: &Cancellation,
) {
    stopped(context, StopMode::Asked).await;
    cancellation.request();
    if let StepFunction::Blocking(_) = function {
        tokio::time::sleep(context.grace).await;
    }
}

pub(super) async fn too_long(timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep(timeout).await,
        None => std::future::pending().await,
    }
}

pub(super) fn timed_out(timeout: Option<Duration>) -> Failure {
    let timeout = timeout.unwrap_or_default();
    Failure::new(FailureKind::Timeout, format!("the attempt took longer than {timeout:?}"))
}
