//! Calls in shadow: a step's function once more, with a version in shadow in the place of the one in use, on the same inputs.
//!
//! It begins when what was made with the version in use is on disk, and nothing waits for it but the end of the run. That it begins is
//! recorded first: a version during whose calls the process has ended several times isn't called any more, or it would take every run with it.
//! Whatever goes wrong is
//! recorded as what became of the call, and harms nothing else. What the function logs and prints is dropped: it would stand in the run's log
//! like that of the step. The value isn't stored by the I/O manager that the asset names, since others may look there.

use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::event::{
    EventBody, EventKind, NewEvent, Provenance, ShadowCalled, ShadowOutcome, ShadowValue,
};
use millwork_core::graph::{AssetIndex, StepNode};
use millwork_core::run::{Failure, FailureKind};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition, Cancellation, DataVersion, ValueAddress};
use millwork_storage::{EventQuery, Order, StorageError};
use tokio::sync::oneshot;

use super::Attempt;
use super::attempt::{LONGEST_DROP, provenance, stopped, timed_out, too_long};
use super::batch::BatchKeys;
use super::call::{Called, Encoded, call};
use super::finish::{with_reported, wrong_kind};
use super::load::{self, Loading};
use crate::logs::{StepRecorder, shorten};
use crate::runs::{RunContext, StopMode};
use crate::values::ValueError;

/// A call of a step's function with a version in shadow.
#[derive(Debug)]
pub(crate) struct ShadowCall {
    /// The step and its inputs, with the version in shadow among them.
    pub(crate) attempt: Attempt,
    /// When the attempt began that has succeeded with the version in use; `None` if that isn't known.
    pub(crate) began_at: Option<Timestamp>,
    /// The model whose version is in shadow.
    pub(crate) model: AssetKey,
    /// That version.
    pub(crate) version: VersionNumber,
    /// What the call is for, of all that the function makes.
    pub(crate) output: AssetIndex,
}

/// Maximum bytes of a failure's message.
const LONGEST_MESSAGE: usize = 4 * 1024;

/// What a call made: what became of it, and the bytes that are stored beside its event.
type Made = (ShadowOutcome, Option<Vec<u8>>);

/// The calls with a version during which the process may end before it is called no more.
const MOST_ENDS: usize = 2;

/// Makes calls, one after the other, and records what became of them. A stop of the run ends them.
pub(crate) async fn call_in_shadow(context: Arc<RunContext>, calls: Vec<ShadowCall>) {
    // What the version in use has made is on disk then.
    if context.recorder.commit(Vec::new()).await.is_err() {
        return;
    }
    for call in calls {
        match outcome(&context, call).await {
            Ok(event) => context.recorder.record(vec![event]),
            // The recorder has given up, and has reported it.
            Err(_) => return,
        }
    }
}

/// Makes a call, and what is to be recorded of it.
async fn outcome(context: &RunContext, call: ShadowCall) -> Result<NewEvent, StorageError> {
    let ShadowCall { attempt, began_at, model, version, output } = call;
    let (planned, position) = (&context.planned, attempt.position);
    let step = planned.step(position);
    let of = planned.step_partition(position);
    let recorder =
        StepRecorder::new(context.run, of, attempt.number, context.recorder.clone(), context.clock.clone());
    let recorder = Arc::new(recorder);
    // Nothing that it reports is recorded, but for metadata.
    recorder.close();
    let code_version = step.computation().code_version.clone();
    let event = |outcome: ShadowOutcome, provenance: Provenance| {
        let beside = Some(planned.next_version(&planned.output(position, output)));
        let called = ShadowCalled { model: model.clone(), version, beside, outcome, provenance };
        let asset = Some(planned.graph.key(output).clone());
        NewEvent { asset, ..recorder.event(EventBody::ShadowCalled(called)) }
    };
    let (made, provenance) = match provenance(context, step, attempt.versions.clone()) {
        Ok(provenance) => {
            let made = match ends(context, &planned.output(position, output), (&model, version)).await? {
                ended if ended >= MOST_ENDS => Ok((ShadowOutcome::NotCalled, None)),
                _ => {
                    context.recorder.commit(vec![event(ShadowOutcome::Begun, provenance.clone())]).await?;
                    let began_at = began_at.unwrap_or_else(|| context.clock.now());
                    let made = limited(context, step, (attempt, began_at, model.clone(), output), &recorder);
                    made.await.unwrap_or(Ok((ShadowOutcome::Stopped, None)))
                }
            };
            (made, provenance)
        }
        Err(failure) => (Err(failure), Provenance { code_version, inputs: attempt.versions, config: None }),
    };
    let (outcome, value) = made.unwrap_or_else(|mut failure| {
        failure.chain.iter_mut().for_each(|message| shorten(message, LONGEST_MESSAGE));
        (ShadowOutcome::Failed { failure }, None)
    });
    Ok(NewEvent { value: value.map(Arc::new), ..event(outcome, provenance) })
}

/// How often the process has ended during the newest calls with a version, as far as it matters.
async fn ends(
    context: &RunContext,
    of: &AssetPartition<AssetIndex>,
    (model, version): (&AssetKey, VersionNumber),
) -> Result<usize, StorageError> {
    let of = of.by_key(&context.planned.graph);
    let query = EventQuery {
        asset: Some(of.asset),
        partition: Some(of.partition),
        kinds: Some(EventKind::ShadowCalled.into()),
        order: Order::NewestFirst,
        // Those of other models, and of runs at the same time, are among them.
        limit: Some(16),
        ..EventQuery::default()
    };
    let mut ends = 0;
    for event in context.store.events(query).await? {
        let EventBody::ShadowCalled(called) = event.body else { continue };
        if called.model != *model || called.version != version {
            continue;
        }
        match called.outcome {
            ShadowOutcome::Begun => ends += 1,
            ShadowOutcome::NotCalled => return Ok(MOST_ENDS),
            ShadowOutcome::Made(_)
            | ShadowOutcome::Nothing
            | ShadowOutcome::Failed { .. }
            | ShadowOutcome::Stopped => break,
        }
    }
    Ok(ends)
}

/// Makes a call within the time limit of its step; `None` if the run was stopped.
async fn limited(
    context: &RunContext,
    step: &StepNode,
    call: (Attempt, Timestamp, AssetKey, AssetIndex),
    recorder: &Arc<StepRecorder>,
) -> Option<Result<Made, Failure>> {
    let (cancellation, timeout) = (Cancellation::default(), step.computation().timeout);
    let (life, ended) = oneshot::channel();
    let made = tokio::select! {
        biased;
        made = make(context, step, call, recorder, &cancellation, life) => Some(made),
        () = stopped(context, StopMode::Asked) => None,
        () = too_long(timeout) => Some(Err(timed_out(timeout))),
    };
    // An abandoned future is dropped when it reaches an `.await`; a blocking function is signalled and detached.
    let _ = tokio::time::timeout(LONGEST_DROP, ended).await;
    cancellation.request();
    made
}

async fn make(
    context: &RunContext,
    step: &StepNode,
    (attempt, began_at, model, output): (Attempt, Timestamp, AssetKey, AssetIndex),
    recorder: &Arc<StepRecorder>,
    cancellation: &Cancellation,
    life: oneshot::Sender<()>,
) -> Result<Made, Failure> {
    let Attempt { position, inputs, pinned, previous, .. } = attempt;
    let started_at = began_at;
    let batch = BatchKeys::of(&context.planned, &[position]);
    let loading =
        Loading { inputs, pinned, previous, started_at, contest: None, shadow_of: Some(model), batch };
    let loaded = load::step_context(context, position, loading, recorder, cancellation).await;
    let (step_context, _) = loaded.map_err(|error| Failure::of_error(FailureKind::Input, &error))?;
    let encoded = match call(step, step_context, recorder.clone(), life).await {
        Called::Assets(encoded) => encoded,
        // Each partition is called for by itself.
        Called::Batch(batch) => match batch.of_keys.into_iter().next() {
            Some(made) => made?,
            None => return Err(wrong_kind("the function returned an empty batch")),
        },
        Called::Failed(failure) => return Err(failure),
        Called::Check(_) | Called::Gate(_) => {
            return Err(wrong_kind("an asset's function returned a verdict"));
        }
    };
    let outputs = context.planned.outputs(position).iter().zip(encoded);
    let made = outputs.filter(|(asset, _)| **asset == output).map(|(_, encoded)| encoded).next();
    let stored = store(context, output, made.unwrap_or(Encoded::Nothing), recorder).await;
    stored.map_err(|error| Failure::of_error(FailureKind::Output, &error))
}

async fn store(
    context: &RunContext,
    output: AssetIndex,
    encoded: Encoded,
    recorder: &StepRecorder,
) -> Result<Made, ValueError> {
    let (encoded, metadata, data_version) = match encoded {
        Encoded::New { encoded, metadata, data_version, .. } => (encoded, metadata, data_version),
        Encoded::Nothing | Encoded::Kept { .. } => return Ok((ShadowOutcome::Nothing, None)),
    };
    // Checked before the value is stored: a call that fails leaves nothing behind.
    let metadata = with_reported(&recorder.take_metadata(), metadata)?;
    data_version.as_ref().map_or(Ok(()), DataVersion::check)?;
    let spec = &context.planned.graph.assets()[output].spec;
    let address = ValueAddress {
        asset: spec.key.clone(),
        partition: recorder.of.partition.clone(),
        run: context.run,
        attempt: recorder.attempt,
        extension: spec.value_type.map_or("", |value_type| value_type.extension),
    };
    let hash = encoded.hash.clone();
    let (mut stored, bytes) = context.values.store(None, address, encoded.bytes).await?;
    let data_version = data_version.unwrap_or_else(|| hash.clone());
    stored.hash = (hash != data_version).then_some(hash);
    Ok((ShadowOutcome::Made(ShadowValue { data_version, stored, metadata }), bytes))
}
