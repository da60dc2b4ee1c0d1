//! The steps of a run, over time and in a table.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_api::VerdictView;
use millwork_core::event::{AttemptEvent, Event, EventBody};
use millwork_core::model::Dated;
use millwork_core::run::{RunState, RunStatus, StepState};
use millwork_core::{RecordedConfig, StepPartition};
use millwork_draw::plot::{GanttRow, Segment, gantt};

use super::super::asset::compare::input_version;
use super::super::format;
use super::super::forms::SelectedStep;
use super::super::models::of_model;

/// The maximum number of steps in the table and the chart; others are found in the log.
const LISTED: usize = 200;

#[derive(Debug)]
pub(super) struct Steps {
    pub(super) gantt: String,
    pub(super) rows: Vec<Row>,
    pub(super) all: usize,
    pub(super) done: usize,
}

#[derive(Debug)]
pub(super) struct Row {
    /// The verdict of a gate, with the path of its model's page; `None` of other steps, and before it.
    pub(super) verdict: Option<(String, String)>,
    pub(super) name: String,
    pub(super) step: String,
    /// What the form to run it again sends.
    pub(super) selected: String,
    pub(super) status: &'static str,
    pub(super) attempt: u32,
    pub(super) took: String,
    pub(super) progress: Option<(u64, u64)>,
    pub(super) reason: String,
}

/// An output: a value that the run has materialized.
pub(super) struct Output {
    pub(super) asset: String,
    pub(super) partition: String,
    pub(super) sequence: u64,
    /// The number of the version; empty if it has none.
    pub(super) number: String,
    pub(super) version: String,
    pub(super) size: String,
    pub(super) inputs: Vec<(String, String)>,
    /// The configuration that it was made with: its fields, those that the run overrode first and with a `*`.
    pub(super) config: Vec<String>,
}

/// The steps in the order in which they started.
pub(super) fn steps(events: &[Event], course: &RunState, now: Timestamp) -> Steps {
    let mut steps: Vec<_> = course.steps.iter().collect();
    steps.sort_by_key(|(_, step)| (step.started_at.is_none(), step.started_at));
    let bars = bars(events, now);
    let mut verdicts: BTreeMap<StepPartition, (String, String)> =
        events.iter().filter_map(|event| Some((event.step_partition()?, verdict(event)?))).collect();
    let drawn: Vec<GanttRow> = steps
        .iter()
        .filter_map(|(key, _)| Some(GanttRow { name: key.to_string(), segments: bars.get(key)?.clone() }))
        .collect();
    Steps {
        gantt: if drawn.is_empty() { String::new() } else { gantt("When each step ran", &drawn) },
        rows: steps
            .iter()
            .take(LISTED)
            .map(|(key, step)| row(key, step, verdicts.remove(*key), now))
            .collect(),
        done: steps.iter().filter(|(_, step)| step.finished_at.is_some()).count(),
        all: steps.len(),
    }
}

/// Every attempt of each step, and the pauses between them, in seconds since the run's first event.
fn bars(events: &[Event], now: Timestamp) -> BTreeMap<StepPartition, Vec<Segment>> {
    let began = events.iter().find(|event| event.body.is_step_event()).map_or(now, |event| event.at);
    let seconds = |at: Timestamp| at.duration_since(began).as_secs_f64().max(0.0);
    let mut open: BTreeMap<StepPartition, (Timestamp, &'static str, u32)> = BTreeMap::new();
    let mut bars: BTreeMap<StepPartition, Vec<Segment>> = BTreeMap::new();
    let mut end = |key: &StepPartition,
                   (from, state, attempt): (Timestamp, &'static str, u32),
                   ended: &'static str,
                   at: Timestamp| {
        let shown = if state == "running" { ended } else { state };
        let title = match state {
            "waiting" => format!("waits {} for the next attempt", format::between(from, at)),
            _ => format!("attempt {attempt} {ended}, {}", format::between(from, at)),
        };
        let segment = Segment { state: shown, from: seconds(from), to: seconds(at), title };
        bars.entry(key.clone()).or_default().push(segment);
    };
    for event in events {
        // What was running then has recorded no end of its own.
        if event.body.run_status().is_some_and(RunStatus::is_finished) {
            for (key, before) in std::mem::take(&mut open) {
                end(&key, before, "canceled", event.at);
            }
        }
        let Some(key) = event.step_partition() else { continue };
        let Some(of_attempt) = event.body.attempt_event() else { continue };
        let (ended, next) = match of_attempt {
            AttemptEvent::Started => ("failed", Some("running")),
            AttemptEvent::Retrying(_) => ("failed", Some("waiting")),
            AttemptEvent::Succeeded => ("succeeded", None),
            AttemptEvent::Failed(_) => ("failed", None),
            AttemptEvent::Canceled => ("canceled", None),
        };
        if let Some(before) = open.remove(&key) {
            end(&key, before, ended, event.at);
        }
        open.extend(next.map(|next| (key, (event.at, next, event.attempt))));
    }
    for (key, before) in open {
        end(&key, before, "running", now);
    }
    bars
}

/// The verdict that an event of the run records, and the path of the model that it is about.
fn verdict(event: &Event) -> Option<(String, String)> {
    let EventBody::VersionJudged(judged) = &event.body else { return None };
    let (sequence, at, run) = (event.sequence, event.at, event.run);
    let what = VerdictView::from(&Dated { sequence, at, run, what: judged.clone() }).in_words();
    let because = if judged.reason.is_empty() { String::new() } else { format!(" ({})", judged.reason) };
    Some((
        format!("version {}: {what}{because}", judged.version),
        of_model(event.asset.as_ref()?.as_str(), event.partition.as_ref()),
    ))
}

fn row(key: &StepPartition, step: &StepState, verdict: Option<(String, String)>, now: Timestamp) -> Row {
    let took = step.started_at.map(|from| format::between(from, step.finished_at.unwrap_or(now)));
    let failure = step.failure.as_ref().map(ToString::to_string);
    Row {
        verdict,
        name: key.to_string(),
        step: key.step.to_string(),
        selected: SelectedStep::of(key).text(),
        status: step.status.as_str(),
        attempt: step.attempt,
        took: took.unwrap_or_default(),
        progress: step.progress.filter(|_| step.finished_at.is_none()),
        reason: failure.or_else(|| step.reason.clone()).unwrap_or_default(),
    }
}

/// The output that an event of the run records; `None` for other events.
pub(super) fn output(event: &Event) -> Option<Output> {
    let EventBody::Materialized(made) = &event.body else { return None };
    let short = |version: &str| version.chars().take(12).collect::<String>();
    let input =
        |input: &millwork_core::event::InputVersion| (input.upstream.asset.to_string(), input_version(input));
    let config = made.provenance.config.as_deref().map(RecordedConfig::fields).unwrap_or_default();
    Some(Output {
        asset: event.asset.as_ref()?.to_string(),
        partition: event.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
        sequence: event.sequence,
        number: made.version.map(|version| version.to_string()).unwrap_or_default(),
        version: short(made.data_version.as_str()),
        size: format::bytes(made.stored.bytes),
        inputs: made.provenance.inputs.iter().map(input).collect(),
        config: config.iter().map(ToString::to_string).collect(),
    })
}

#[cfg(test)]
mod tests {
    use millwork_core::event::NewEvent;
    use millwork_core::run::RunId;

    use super::*;

    #[test]
    fn a_step_that_was_running_when_its_run_was_lost_ends_with_it() {
        let at = |seconds| Timestamp::from_second(seconds).expect("a moment");
        let event = |step: Option<&str>, seconds, body| {
            let event = NewEvent::of_run(RunId::from_u128(1), at(seconds), body).at_sequence(1);
            Event { step: step.map(Into::into), attempt: 1, ..event }
        };
        let events = [
            event(None, 0, EventBody::RunQueued),
            event(None, 0, EventBody::RunStarted { epoch: 1 }),
            event(Some("load"), 1, EventBody::StepStarted),
            event(None, 4, EventBody::run_lost("its process has ended")),
        ];
        let steps = steps(&events, &RunState::of_stored(&events), at(60));
        assert_eq!((steps.done, steps.all), (1, 1));
        let Row { status, took, reason, .. } = &steps.rows[0];
        assert_eq!((*status, took.as_str(), reason.as_str()), ("canceled", "3.0 s", "its run was lost"));
        assert!(steps.gantt.contains("attempt 1 canceled, 3.0 s"), "{}", steps.gantt);
    }
}
