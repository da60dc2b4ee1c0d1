//! Traces: ended runs and their steps as OpenTelemetry spans, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
//!
//! A trace is a projection of the run's events, sent once the run has ended: so it is complete however the run's process died, and costs a
//! run nothing. The form is OTLP over HTTP in JSON, <https://opentelemetry.io/docs/specs/otlp/>.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{AttemptEvent, Event, KindSet};
use millwork_core::run::{RunId, RunState, RunStatus};
use millwork_core::{Instigator, StepPartition};
use millwork_storage::{EventQuery, RunRecord, Store, follow};
use serde_json::{Value, json};

use crate::activation::Activation;
use crate::cursor::{Cursor, begin_at_head};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::Observer;
use crate::http;
use crate::loop_name::LoopName;
use crate::send::Environment;
use crate::variables;

/// Maximum runs that are sent in one request.
const RUNS_AT_ONCE: u32 = 50;
/// The interval at which ended runs are read.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The interval at which the endpoint is checked if none is set.
const IDLE: Duration = Duration::from_secs(3600);
/// A span's kind and status as OTLP numbers them.
const INTERNAL: u8 = 1;
const OK: u8 = 1;
const ERROR: u8 = 2;

/// Sends the traces of ended runs.
pub(crate) struct Traces {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) observer: Observer,
    pub(crate) environment: Arc<Environment>,
}

impl DaemonLoop for Traces {
    const NAME: LoopName = LoopName::Traces;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::RunEnded];

    fn poll_interval(&self) -> Duration {
        if self.endpoint().is_some() { POLL_INTERVAL } else { IDLE }
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        let Some(endpoint) = self.endpoint() else { return Ok(NextTick::Poll) };
        let cursor: Cursor<u64> = Cursor::read(&*self.store, &self.observer, Instigator::Traces).await?;
        let behind = match cursor.position {
            Some(behind) => behind,
            None => self.store.head().await?,
        };
        let ended = follow(&*self.store, behind, KindSet::RUN_ENDS, RUNS_AT_ONCE).await?;
        let mut spans = Vec::new();
        for run in ended.events.iter().filter_map(|event| event.run) {
            if let Some(record) = self.store.run(run).await? {
                let kinds = Some(RunState::KINDS);
                let of_run = EventQuery { run: Some(run), kinds, ..EventQuery::default() };
                let events = self.store.events(of_run).await?;
                spans.extend(spans_of(&record, &events));
            }
        }
        if !spans.is_empty() {
            self.post(&endpoint, spans).await?;
        }
        if cursor.position != Some(ended.behind) {
            self.store.commit(cursor.moved_to(&ended.behind)?).await?;
        }
        Ok(NextTick::Poll)
    }

    async fn begin(&mut self) -> Result<(), DaemonError> {
        match self.endpoint() {
            Some(_) => begin_at_head(&*self.store, &self.observer, Instigator::Traces).await,
            None => Ok(()),
        }
    }
}

impl Traces {
    /// The endpoint, by the variables that OpenTelemetry defines.
    fn endpoint(&self) -> Option<String> {
        (self.environment)(variables::TRACES).or_else(|| {
            let base = (self.environment)(variables::COLLECTOR)?;
            Some(format!("{}/v1/traces", base.trim_end_matches('/')))
        })
    }

    async fn post(&self, endpoint: &str, spans: Vec<Value>) -> Result<(), DaemonError> {
        let service = (self.environment)("OTEL_SERVICE_NAME").unwrap_or_else(|| "millwork".to_owned());
        let body = json!({ "resourceSpans": [{
        "resource": { "attributes": [attribute("service.name", &service)] },
        "scopeSpans": [{ "scope": { "name": "millwork" }, "spans": spans }],
    }] });
        let client = http::client().build().map_err(|source| DaemonError::Traces { source })?;
        let mut request =
            client.post(endpoint).header("content-type", "application/json").body(body.to_string());
        let headers = (self.environment)(variables::HEADERS).and_then(|list| variables::headers(&list));
        for (name, value) in headers.unwrap_or_default() {
            request = request.header(name, value);
        }
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        // The URL may hold a secret.
        answer.map(drop).map_err(|error| DaemonError::Traces { source: error.without_url() })
    }
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// The span of a run and those of its steps' attempts. A trace's id is the run's.
fn spans_of(record: &RunRecord, events: &[Event]) -> Vec<Value> {
    let run = record.id;
    let started = record.started_at.unwrap_or(record.created_at);
    let ended = record.finished_at.unwrap_or(started);
    let mut attributes: Vec<Value> = vec![
        attribute("millwork.run", &run.to_string()),
        attribute("millwork.selection", &record.request.selection),
        attribute("millwork.status", record.status.as_str()),
    ];
    attributes.extend(
        record.request.tags.iter().map(|(key, value)| attribute(&format!("millwork.tag.{key}"), value)),
    );
    let error = record.reason.as_deref().filter(|_| record.status != RunStatus::Succeeded);
    let name = format!("run {}", record.request.selection);
    let mut spans = vec![span(run, "", None, &name, (started, ended), error, &attributes)];
    let mut begun: BTreeMap<StepPartition, (Timestamp, u32)> = BTreeMap::new();
    for event in events {
        if event.body.run_status().is_some_and(RunStatus::is_finished) {
            // What was running then has recorded no end of its own.
            let ended = std::mem::take(&mut begun).into_iter();
            spans.extend(
                ended.map(|(key, begun)| attempt_span(run, key, begun, event.at, Some("ended with its run"))),
            );
            continue;
        }
        let Some(key) = event.step_partition() else { continue };
        let Some(of_attempt) = event.body.attempt_event() else { continue };
        let error = match of_attempt {
            AttemptEvent::Started => {
                begun.insert(key, (event.at, event.attempt));
                continue;
            }
            AttemptEvent::Succeeded => None,
            AttemptEvent::Failed(failure) | AttemptEvent::Retrying(failure) => Some(failure.to_string()),
            AttemptEvent::Canceled => Some("canceled".to_owned()),
        };
        let Some(begun) = begun.remove(&key) else { continue };
        spans.push(attempt_span(run, key, begun, event.at, error.as_deref()));
    }
    spans
}

/// The span of an attempt; `begun` is when it began, and its number.
fn attempt_span(
    run: RunId,
    of: StepPartition,
    (from, attempt): (Timestamp, u32),
    to: Timestamp,
    error: Option<&str>,
) -> Value {
    let StepPartition { step, partition } = of;
    let partition = partition.map_or(String::new(), |partition| partition.to_string());
    let mut attributes =
        vec![attribute("millwork.step", step.as_str()), attribute("millwork.attempt", &attempt.to_string())];
    if !partition.is_empty() {
        attributes.push(attribute("millwork.partition", &partition));
    }
    let place = format!("{step}/{partition}/{attempt}");
    span(run, &place, Some(""), step.as_str(), (from, to), error, &attributes)
}

fn span(
    run: RunId,
    place: &str,
    parent: Option<&str>,
    name: &str,
    (from, to): (Timestamp, Timestamp),
    error: Option<&str>,
    attributes: &[Value],
) -> Value {
    let nanoseconds = |at: Timestamp| at.as_nanosecond().to_string();
    // If the clock was set back meanwhile, the duration isn't known.
    let to = to.max(from);
    json!({
        "traceId": run.to_string().replace('-', ""),
        "spanId": span_id(run, place),
        "parentSpanId": parent.map_or(String::new(), |place| span_id(run, place)),
        "name": name,
        "kind": INTERNAL,
        "startTimeUnixNano": nanoseconds(from),
        "endTimeUnixNano": nanoseconds(to),
        "attributes": attributes,
        "status": { "code": if error.is_some() { ERROR } else { OK }, "message": error.unwrap_or_default() },
    })
}

/// Eight bytes that are derived from the run and the place in it, so that a span that is sent twice is the same span.
fn span_id(run: RunId, place: &str) -> String {
    blake3::hash(format!("{run}/{place}").as_bytes()).to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use millwork_core::event::{EventBody, NewEvent};
    use millwork_core::run::RunRequest;
    use millwork_storage::{MemoryStore, NewRun, RunStore as _};

    use super::*;

    #[tokio::test]
    async fn an_attempt_that_ended_with_its_run_has_a_span() {
        let (store, run, at) = (MemoryStore::default(), RunId::from_u128(1), Timestamp::UNIX_EPOCH);
        let new = NewRun { id: run, request: RunRequest::default(), at, lease: None };
        store.create_run(new).await.expect("a run");
        let record = store.run(run).await.expect("a run").expect("it is there");
        let lost = NewEvent::of_run(run, at, EventBody::run_lost("gone")).at_sequence(3);
        let started = NewEvent::of_run(run, at, EventBody::StepStarted).at_sequence(2);
        let started = Event { step: Some("load".into()), attempt: 1, ..started };
        let spans = spans_of(&record, &[started, lost]);
        let ended: Vec<_> = spans.iter().map(|span| (&span["name"], &span["status"]["message"])).collect();
        assert_eq!(ended[1], (&json!("load"), &json!("ended with its run")), "{ended:?}");
    }
}
