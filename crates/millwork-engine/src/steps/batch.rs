//! One call of a function for many partitions of its step: loads the inputs of all, calls the function once, and stores what it returned of
//! each partition. The result is a report for each, as if it had been attempted by itself.
//!
//! What the call logs, prints and reports as progress is recorded with the first of its partitions, once. Metadata that it reports is that of
//! everything which it makes. A partition whose inputs can't be loaded fails by itself, and the function is called for the others. A time-out,
//! a panic or an error of the call is one of every partition.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use millwork_core::event::{LogLine, Provenance};
use millwork_core::partition::Key;
use millwork_core::plan::PlanIndex;
use millwork_core::run::{Failure, FailureKind};
use millwork_core::{AssetKey, Cancellation, LogLevel, PartitionKey, SharedValue, StepContextBuilder};
use tokio::sync::oneshot;

use super::attempt::{
    Attempt, AttemptEnd, Cut, Report, provenance, stopped, stopped_after_grace, timed_out, within_limits,
};
use super::call::{Called, CalledBatch, call};
use super::finish::{self, wrong_kind};
use super::load::{self, AttemptInput, InputSource, Loading};
use crate::logs::StepRecorder;
use crate::runs::{PlannedRun, RunContext, StopMode};
use crate::values::ValueError;

/// Maximum keys that are named in a line.
const MOST_NAMED: usize = 10;

/// The partitions of an input that belong to a key.
type Taken = Arc<[Option<PartitionKey>]>;

/// The keys of the partitions of a call, and which partitions of its inputs belong to each.
#[derive(Debug)]
pub(super) struct BatchKeys {
    keys: Vec<(PartitionKey, Key)>,
    /// The partitions of each gathered input that belong to each key.
    taken: Vec<(AssetKey, Vec<Taken>)>,
}

impl BatchKeys {
    /// Those of some partitions of one step; `None` if its function is called for one at a time.
    pub(super) fn of(planned: &PlannedRun, positions: &[PlanIndex]) -> Option<Self> {
        let step = planned.step(*positions.first()?);
        if !step.computation().requirements.is_batch() {
            return None;
        }
        let steps = positions.iter().map(|position| &planned.plan.steps[*position]);
        let space = planned.graph.step_partitions(steps.clone().next()?.step)?.space(&planned.moment);
        let key_of = |partition: &PartitionKey| {
            let key = space.index_of(partition).and_then(|index| space.key_at(&index));
            key.unwrap_or_else(|| Key::texts([partition.label()]))
        };
        let partitions = steps.clone().filter_map(|step| step.partition.clone());
        let keys = partitions.map(|partition| {
            let key = key_of(&partition);
            (partition, key)
        });
        let mut taken: Vec<(AssetKey, Vec<_>)> = Vec::new();
        let inputs = planned.plan.steps[positions[0]].inputs.iter().enumerate();
        for (place, input) in inputs.filter(|(_, input)| input.gathered) {
            let of_keys = steps.clone().map(|step| step.inputs[place].partitions.clone());
            taken.push((planned.graph.key(input.asset).clone(), of_keys.collect()));
        }
        Some(Self { keys: keys.collect(), taken })
    }

    pub(super) fn add_to(self, builder: StepContextBuilder) -> StepContextBuilder {
        let builder = builder.batch(self.keys);
        self.taken.into_iter().fold(builder, |builder, (asset, of_keys)| builder.taken(asset, of_keys))
    }
}

/// How a call for many partitions ended.
enum BatchEnd {
    /// Each partition by itself, in their order.
    Each(Vec<AttemptEnd>),
    /// Every partition with the same failure.
    Failed(Failure),
    /// It was stopped.
    Canceled,
}

/// Executes attempts of partitions of one step by one call, which began at this time by the log.
pub(crate) async fn execute_batch(
    context: Arc<RunContext>,
    attempts: Vec<Attempt>,
    started_at: Timestamp,
) -> Vec<Report> {
    let started = Instant::now();
    let of: Vec<(PlanIndex, u32)> =
        attempts.iter().map(|attempt| (attempt.position, attempt.number)).collect();
    let Some(&first) = of.first() else { return Vec::new() };
    let recorder = recorder_of(&context, first);
    let cancellation = Cancellation::default();
    let timeout = context.planned.step(first.0).computation().timeout;
    let (life, ended) = oneshot::channel();
    let work = attempt_batch(&context, (attempts, started_at), &recorder, &cancellation, life);
    let end = within_limits(&context, timeout, (&recorder, &cancellation), ended, work).await;
    let end = end.unwrap_or_else(|cut| match cut {
        Cut::Stopped => BatchEnd::Canceled,
        Cut::TooLong => BatchEnd::Failed(timed_out(timeout)),
    });
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let ends: Vec<AttemptEnd> = match end {
        BatchEnd::Each(ends) => ends,
        BatchEnd::Failed(failure) => of.iter().map(|_| failure.clone().into()).collect(),
        BatchEnd::Canceled => of.iter().map(|_| AttemptEnd::Canceled).collect(),
    };
    let reports = of.into_iter().zip(ends);
    let report = |((position, number), end)| Report { position, number, end, began_at: started_at, micros };
    reports.map(report).collect()
}

fn recorder_of(context: &RunContext, (position, number): (PlanIndex, u32)) -> Arc<StepRecorder> {
    let of = context.planned.step_partition(position);
    let (recorder, clock) = (context.recorder.clone(), context.clock.clone());
    Arc::new(StepRecorder::new(context.run, of, number, recorder, clock))
}

/// The end of each attempt so far; `None` for those for which the function is called.
type Ends = Vec<Option<AttemptEnd>>;

async fn attempt_batch(
    context: &RunContext,
    (mut attempts, started_at): (Vec<Attempt>, Timestamp),
    recorder: &Arc<StepRecorder>,
    cancellation: &Cancellation,
    life: oneshot::Sender<()>,
) -> BatchEnd {
    let step = context.planned.step(attempts[0].position);
    let base = match provenance(context, step, Vec::new()) {
        Ok(provenance) => provenance,
        Err(failure) => return BatchEnd::Failed(failure),
    };
    let loaded = tokio::select! {
        loaded = load_all(context, &mut attempts) => loaded,
        () = stopped(context, StopMode::Asked) => return BatchEnd::Canceled,
    };
    let (inputs, mut ends) = loaded;
    let called: Vec<usize> = (0..attempts.len()).filter(|place| ends[*place].is_none()).collect();
    let Some(&lead) = called.first() else { return BatchEnd::Each(ends.into_iter().flatten().collect()) };
    let positions: Vec<PlanIndex> = called.iter().map(|place| attempts[*place].position).collect();
    let first = &mut attempts[lead];
    let (pinned, previous) = (std::mem::take(&mut first.pinned), std::mem::take(&mut first.previous));
    let batch = BatchKeys::of(&context.planned, &positions);
    let loading = Loading { inputs, pinned, previous, started_at, contest: None, shadow_of: None, batch };
    let step_context = tokio::select! {
        loaded = load::step_context(context, positions[0], loading, recorder, cancellation) => match loaded {
            Ok((step_context, _)) => step_context,
            Err(error) => return BatchEnd::Failed(Failure::of_error(FailureKind::Input, &error)),
        },
        () = stopped(context, StopMode::Asked) => return BatchEnd::Canceled,
    };
    let returned = tokio::select! {
        returned = call(step, step_context, recorder.clone(), life) => returned,
        () = stopped_after_grace(context, &step.computation().function, cancellation) => {
            return BatchEnd::Canceled;
        }
    };
    let CalledBatch { of_keys, foreign } = match returned {
        Called::Batch(batch) if batch.of_keys.len() == called.len() => batch,
        Called::Failed(_) if context.cancel.stop() != StopMode::No => return BatchEnd::Canceled,
        Called::Failed(failure) => return BatchEnd::Failed(failure),
        Called::Batch(_) | Called::Assets(_) | Called::Check(_) | Called::Gate(_) => {
            return BatchEnd::Failed(wrong_kind("a function for many partitions returned no batch of them"));
        }
    };
    if !foreign.is_empty() {
        recorder.log(not_asked_for(&foreign));
    }
    let reported = recorder.take_metadata();
    for (place, made) in called.into_iter().zip(of_keys) {
        let Attempt { position, number, versions, .. } = &mut attempts[place];
        let end = match made {
            Ok(made) => {
                let provenance = Provenance { inputs: std::mem::take(versions), ..base.clone() };
                let of = recorder_of(context, (*position, *number));
                let stored = finish::store_outputs(context, step, made, (provenance, reported.clone()), &of);
                stored.await.unwrap_or_else(|error| Failure::of_error(FailureKind::Output, &error).into())
            }
            Err(_) if context.cancel.stop() != StopMode::No => AttemptEnd::Canceled,
            Err(failure) => failure.into(),
        };
        ends[place] = Some(end);
    }
    BatchEnd::Each(ends.into_iter().flatten().collect())
}

/// Loads the inputs of all attempts, each value once. An attempt that lacks one of its own fails.
async fn load_all(context: &RunContext, attempts: &mut [Attempt]) -> (Vec<AttemptInput>, Ends) {
    let graph = &context.planned.graph;
    let mut all: Vec<AttemptInput> = Vec::new();
    let mut known: Vec<HashMap<Option<PartitionKey>, SharedValue>> = Vec::new();
    let mut ends = Vec::with_capacity(attempts.len());
    let mut taken: HashSet<(usize, Option<PartitionKey>)> = HashSet::new();
    for attempt in attempts {
        let (mut failure, mut own) = (None, Vec::new());
        for (place, input) in std::mem::take(&mut attempt.inputs).into_iter().enumerate() {
            let AttemptInput { asset, gathered, values } = input;
            if all.len() == place {
                all.push(AttemptInput { asset, gathered, values: Vec::new() });
                known.push(HashMap::new());
            }
            let spec = &graph.assets()[asset].spec;
            for (partition, source) in values {
                own.push((place, partition.clone()));
                if known[place].contains_key(&partition) {
                    continue;
                }
                match source.load(context, &spec.key, spec.value_type).await {
                    Ok(value) => drop(known[place].insert(partition, value)),
                    Err(error) => {
                        failure.get_or_insert_with(|| input_failure(&error));
                    }
                }
            }
        }
        if failure.is_none() {
            taken.extend(own);
        }
        ends.push(failure.map(AttemptEnd::from));
    }
    for (place, (input, known)) in all.iter_mut().zip(known).enumerate() {
        let values = known.into_iter().filter(|(partition, _)| taken.contains(&(place, partition.clone())));
        input.values = values.map(|(partition, value)| (partition, InputSource::Memory(value))).collect();
    }
    (all, ends)
}

fn input_failure(error: &ValueError) -> Failure {
    Failure::of_error(FailureKind::Input, error)
}

/// The line that says that a batch has keys for which nothing was asked.
fn not_asked_for(foreign: &[String]) -> LogLine {
    let named = foreign.iter().take(MOST_NAMED).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let more = match foreign.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message =
        format!("the batch has keys that were not asked for, and of which nothing is stored: {named}{more}");
    LogLine { level: LogLevel::Error, target: "millwork".into(), message, fields: BTreeMap::new() }
}
