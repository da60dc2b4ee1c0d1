//! Sensors that react to events: the events that they watch, and the answers of their functions.
//!
//! The log is read behind the sensor's cursor. The cursor passes an event only once the function has answered; one at which it failed
//! becomes pending in the same commit and is retried beside new events.

use std::sync::Arc;

use millwork_core::event::Event;
use millwork_core::run::{RunSpec, RunTag};
use millwork_core::sensor::{React, Sensor, SensorContext, SensorEvent, WatchedEvents};
use millwork_storage::{EventQuery, Pending, PendingWork, StorageError, Store, follow};

use crate::error::DaemonError;
use crate::evaluation_context::EvaluationContext;
use crate::functions::guarded;
use crate::sensor_call::{Asked, Subject, answered};

/// Maximum events that one evaluation reads.
const MOST_EVENTS: u32 = 200;

/// The sensor's answers for the next events that it watches, and for those at which it failed before. A failure at one event doesn't affect
/// the others.
pub(crate) async fn reactions(
    evaluation: &EvaluationContext,
    sensor: &Sensor,
    watched: Option<&WatchedEvents>,
    react: &Arc<React>,
    context: SensorContext,
    behind: Option<u64>,
    pending: &[Pending],
) -> Result<Asked, DaemonError> {
    let (mut events, found) = match watched {
        Some(watched) => next_events(evaluation, sensor, watched, behind).await?,
        None => (Vec::new(), behind),
    };
    let subject = |event: &SensorEvent| Subject::Event { sequence: event.event.sequence, pending: None };
    let mut subjects: Vec<Subject> = events.iter().map(subject).collect();
    let (new, mut gone) = (events.len(), Vec::new());
    // New events come first, as the function may not return from one at which it failed before.
    for one in pending {
        let PendingWork::Event { sequence } = one.work else { continue };
        match event_at(&*evaluation.store, sequence).await? {
            Some(event) => {
                subjects.push(Subject::Event { sequence, pending: Some(Box::new(one.clone())) });
                events.push(event);
            }
            None => gone.push(one.clone()),
        }
    }
    if events.is_empty() {
        return Ok(Asked { behind: found, gone, ..Asked::default() });
    }
    let sequences: Vec<u64> = events.iter().take(new).map(|event| event.event.sequence).collect();
    let react = react.clone();
    let call = evaluation.functions.call(&sensor.name, sensor.timeout, move |answers| {
        let mut context = context;
        for event in events {
            if answers.are_unwanted() {
                return;
            }
            let answer = guarded(|| react(context.clone(), event));
            if let Ok(outcome) = &answer {
                context.cursor = outcome.cursor.clone().or(context.cursor);
            }
            answers.leave(answer);
        }
    });
    let asked = answered(call, subjects, sensor.timeout).await?;
    let behind = match asked.answers.len() {
        answered if answered >= sequences.len() => found,
        0 => behind,
        answered => Some(sequences[answered - 1]),
    };
    Ok(Asked { behind, gone, ..asked })
}

/// Each event requests the same run once: a run without a key gets one that is made of the event.
pub(crate) fn keyed(mut runs: Vec<RunSpec>, sequence: u64) -> Vec<RunSpec> {
    let mut derived: Vec<String> = Vec::new();
    for run in runs.iter_mut().filter(|run| run.key.is_none()) {
        let base = format!("event {sequence} {}", run.target);
        // Several runs of one answer are intended.
        let same = derived.iter().filter(|key| **key == base).count();
        derived.push(base.clone());
        run.key = Some(if same == 0 { base } else { format!("{base} #{}", same + 1) });
    }
    runs
}

/// The next events that the sensor watches, and the last one that was read.
async fn next_events(
    evaluation: &EvaluationContext,
    sensor: &Sensor,
    watched: &WatchedEvents,
    behind: Option<u64>,
) -> Result<(Vec<SensorEvent>, Option<u64>), DaemonError> {
    let Some(behind) = behind else {
        // Events from before it was switched on don't concern it.
        return Ok((Vec::new(), Some(evaluation.store.head().await?)));
    };
    let graph = evaluation.pipeline.graph();
    // The selection was checked when the definitions were resolved.
    let assets = watched.assets(graph).unwrap_or_default();
    let found = follow(&*evaluation.store, behind, watched.kinds(), MOST_EVENTS).await?;
    let mut events = Vec::new();
    for event in found.events.into_iter().filter(|event| watched.includes(event, &assets, graph)) {
        let event = with_request(&*evaluation.store, event).await?;
        // Runs that it has requested itself don't trigger it again.
        let is_own = matches!(watched, WatchedEvents::Runs { .. })
            && event
                .request
                .as_ref()
                .is_some_and(|request| RunTag::Sensor.of(&request.tags) == Some(&*sensor.name));
        if !is_own {
            events.push(event);
        }
    }
    Ok((events, Some(found.behind)))
}

async fn event_at(store: &dyn Store, sequence: u64) -> Result<Option<SensorEvent>, StorageError> {
    let (after, before) = (Some(sequence.saturating_sub(1)), Some(sequence + 1));
    let query = EventQuery { after, before, limit: Some(1), ..EventQuery::default() };
    match store.events(query).await?.into_iter().next() {
        Some(event) => with_request(store, event).await.map(Some),
        None => Ok(None),
    }
}

async fn with_request(store: &dyn Store, event: Event) -> Result<SensorEvent, StorageError> {
    let record = match event.run {
        Some(run) => store.run(run).await?,
        None => None,
    };
    Ok(SensorEvent { event, request: record.map(|record| record.request) })
}
