//! Calls a step's function, and encodes what it returns on the same thread.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use millwork_core::graph::{StepKind, StepNode};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::{
    AssetSpec, BatchResult, BatchedOutcome, BoxError, CheckResult, DataVersion, Metadata, Produced,
    SharedValue, StepContext, StepFunction, StepResult, Verdict,
};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::logs::{
    Printing, StepRecorder, WithStep, as_step, catch_panic, observe_panics, panicked,
    wait_for_captured_output,
};
use crate::tasks::AbortOnDrop;
use crate::values::{EncodedValue, ValueError, encode};

/// The result of a call.
pub(super) enum Called {
    Assets(Vec<Encoded>),
    Batch(CalledBatch),
    Check(CheckResult),
    Gate(Verdict),
    Failed(Failure),
}

/// The result of a call for many partitions.
pub(super) struct CalledBatch {
    /// What was made of each partition of the call.
    pub(super) of_keys: Vec<Result<Vec<Encoded>, Failure>>,
    /// Keys that were not asked for, as text.
    pub(super) foreign: Vec<String>,
}

/// What a function reported about one of its outputs, ready to be stored.
pub(super) enum Encoded {
    New { value: SharedValue, encoded: EncodedValue, metadata: Metadata, data_version: Option<DataVersion> },
    Nothing,
    Kept { reason: String, metadata: Metadata },
}

/// Calls the function of `step`. A future that it returns holds `life` until it is done or dropped.
pub(super) async fn call(
    step: &StepNode,
    context: StepContext,
    recorder: Arc<StepRecorder>,
    life: oneshot::Sender<()>,
) -> Called {
    observe_panics();
    // Held until the output is in the log: printed text is read with a delay.
    let printing = Printing::begin(recorder.clone());
    let specs = output_specs(step);
    let called = match step.computation().function.clone() {
        StepFunction::Blocking(function) => {
            drop(life);
            let of_thread = printing.of_thread();
            let work = move || {
                let _of_thread = of_thread;
                conclude(catch_panic(|| function(context)), &specs)
            };
            spawn_blocking(move || as_step(recorder, work)).await
        }
        StepFunction::Async(function) => {
            let future = AssertUnwindSafe(async move { function(context).await });
            let future = WithStep::new(recorder.clone(), future.catch_unwind());
            // In a task of its own: a future that doesn't reach an `.await` then blocks neither its time limit nor other steps.
            let mut task = AbortOnDrop(tokio::spawn(async move {
                let _life = life;
                future.await
            }));
            let result = match (&mut task.0).await {
                Ok(returned) => returned.map_err(|payload| panicked(&*payload)),
                Err(error) => return Called::Failed(Failure::of_error(FailureKind::Panic, &error)),
            };
            spawn_blocking(move || as_step(recorder, || conclude(result, &specs))).await
        }
    };
    called.unwrap_or_else(|error| Called::Failed(Failure::of_error(FailureKind::Panic, &error)))
}

fn output_specs(step: &StepNode) -> Vec<AssetSpec> {
    match &step.kind {
        StepKind::Assets { definition, .. } => definition.outputs.clone(),
        StepKind::Check { .. } | StepKind::Gate { .. } => Vec::new(),
    }
}

fn conclude(result: Result<Result<StepResult, BoxError>, Failure>, specs: &[AssetSpec]) -> Called {
    wait_for_captured_output();
    match result {
        Ok(Ok(StepResult::Check(result))) => Called::Check(result),
        Ok(Ok(StepResult::Gate(verdict))) => Called::Gate(verdict),
        Ok(Ok(StepResult::Assets(produced))) => {
            encode_all(specs, produced).map_or_else(Called::Failed, Called::Assets)
        }
        Ok(Ok(StepResult::Batch(BatchResult { of_keys, foreign }))) => {
            let of_keys = of_keys.into_iter().map(|outcome| encode_outcome(specs, outcome, &foreign));
            Called::Batch(CalledBatch { of_keys: of_keys.collect(), foreign })
        }
        Ok(Err(error)) => Called::Failed(Failure::of_error(FailureKind::Error, &*error)),
        Err(panic) => Called::Failed(panic),
    }
}

fn encode_outcome(
    specs: &[AssetSpec],
    outcome: BatchedOutcome,
    foreign: &[String],
) -> Result<Vec<Encoded>, Failure> {
    match outcome {
        BatchedOutcome::Made(produced) => encode_all(specs, produced),
        BatchedOutcome::Failed(error) => Err(Failure::of_error(FailureKind::Error, &*error)),
        BatchedOutcome::Missing => {
            let failure = Failure::new(FailureKind::Output, "the batch has nothing for this partition");
            Err(match foreign.first() {
                Some(key) => failure.with_hint(format!("it has `{key}`, which was not asked for")),
                None => failure,
            })
        }
        BatchedOutcome::Twice => {
            Err(Failure::new(FailureKind::Output, "the batch has this partition more than once"))
        }
    }
}

fn encode_all(specs: &[AssetSpec], produced: Vec<Produced>) -> Result<Vec<Encoded>, Failure> {
    if produced.len() != specs.len() {
        let message = format!("the function returned {} values for {} assets", produced.len(), specs.len());
        return Err(Failure::new(FailureKind::Output, message));
    }
    let pairs = specs.iter().zip(produced);
    let encoded: Result<Vec<_>, ValueError> =
        catch_panic(|| pairs.map(|(spec, produced)| encode_one(spec, produced)).collect())?;
    encoded.map_err(|error| Failure::of_error(FailureKind::Output, &error))
}

fn encode_one(spec: &AssetSpec, produced: Produced) -> Result<Encoded, ValueError> {
    Ok(match produced {
        Produced::New { value, metadata, data_version } => {
            let Some(value_type) = &spec.value_type else {
                return Err(ValueError::NoValue { asset: spec.key.clone() });
            };
            let encoded = encode(&spec.key, value_type, &value)?;
            Encoded::New { value, encoded, metadata, data_version }
        }
        Produced::Nothing => Encoded::Nothing,
        Produced::Kept { reason, metadata } => Encoded::Kept { reason, metadata },
    })
}
