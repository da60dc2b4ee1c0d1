//! Sensors: each is evaluated on its own, so that one that hangs holds up no other.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use millwork_core::run::{RunId, RunSpec};
use millwork_core::sensor::{Sensor, SensorContext, SensorEvent, SensorOutcome, SensorSource, WatchedEvents};
use millwork_storage::{Commit, InstigatorState, NewRun, RunQuery, StorageError, Tick, TickOutcome, follow};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cursor::Cursor;
use crate::daemon::{Loop, error_with_causes};
use crate::{Daemon, DaemonError, Happening};

/// The tag with the sensor that requested a run.
const SENSOR_TAG: &str = "millwork/sensor";
/// The tag with the key of a run, behind the name of its sensor.
const KEY_TAG: &str = "millwork/run_key";
/// One evaluation looks at so many events at most.
const MOST_EVENTS: u32 = 200;

/// The evaluations that are under way.
#[derive(Debug, Default)]
pub(crate) struct Sensors {
    under_way: HashMap<String, (JoinHandle<()>, Instant)>,
}

/// How far a sensor has come, as it is stored. The number makes every evaluation's cursor another one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    number: u64,
    /// Behind which event it looks on, for one that reacts to events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behind: Option<u64>,
    /// What its function said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own: Option<String>,
    /// Why there was nothing to do the last time, so that it isn't written down again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle: Option<String>,
}

impl Loop for Sensors {
    fn name(&self) -> &'static str {
        "sensors"
    }

    /// Starts the evaluations that are due.
    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        if daemon.pipeline.sensors().is_empty() {
            return Ok(Duration::from_secs(3600));
        }
        let states = daemon.store.states().await?;
        for sensor in daemon.pipeline.sensors() {
            let state = states.get(&sensor.instigator()).cloned().unwrap_or_default();
            if !state.on.unwrap_or(sensor.default_on) || !self.is_due(sensor) {
                continue;
            }
            let (daemon, sensor_evaluated) = (daemon.clone(), sensor.clone());
            let evaluation = tokio::spawn(async move {
                if let Err(error) = evaluate(&daemon, &sensor_evaluated, state).await {
                    let error = format!("sensor `{}`: {}", sensor_evaluated.name, error_with_causes(&error));
                    daemon.tell(&Happening::Trouble { of: "sensors", error });
                }
            });
            self.under_way.insert(sensor.name.clone(), (evaluation, Instant::now()));
        }
        Ok(daemon.options.beat)
    }
}

impl Sensors {
    fn is_due(&self, sensor: &Sensor) -> bool {
        self.under_way
            .get(&sensor.name)
            .is_none_or(|(evaluation, began)| evaluation.is_finished() && began.elapsed() >= sensor.interval)
    }
}

/// Evaluates a sensor once and records what came of it.
async fn evaluate(daemon: &Daemon, sensor: &Sensor, state: InstigatorState) -> Result<(), DaemonError> {
    let cursor: Cursor<Position> = Cursor::of(daemon, sensor.instigator(), state);
    let before = cursor.position.clone().unwrap_or_default();
    let began = Instant::now();
    let asked = tokio::time::timeout(sensor.timeout, ask(daemon, sensor, &before)).await;
    let (answer, behind) = match asked {
        Ok(asked) => asked?,
        Err(_) => (Err(format!("it took longer than {:?}", sensor.timeout)), before.behind),
    };
    let micros = u64::try_from(began.elapsed().as_micros()).ok();
    record(daemon, sensor, cursor, &before, Asked { answer, behind, micros }).await
}

type Answer = Result<SensorOutcome, String>;

/// What came of asking a sensor's function.
struct Asked {
    answer: Answer,
    /// Behind which event it has to look on.
    behind: Option<u64>,
    /// How long it took.
    micros: Option<u64>,
}

/// What the sensor's function says, and behind which event it has to look on.
async fn ask(
    daemon: &Daemon,
    sensor: &Sensor,
    before: &Position,
) -> Result<(Answer, Option<u64>), DaemonError> {
    let (now, resources) = (daemon.options.clock.now(), daemon.pipeline.resources().clone());
    let context = SensorContext::new(before.own.clone(), now, resources);
    match &sensor.source {
        SensorSource::Outside(poll) => {
            let asked = AssertUnwindSafe(async { poll(context).await }).catch_unwind().await;
            let answer = match asked {
                Ok(answer) => answer.map_err(|error| error_with_causes(&*error)),
                Err(_) => Err("its function panicked".to_owned()),
            };
            Ok((answer, None))
        }
        SensorSource::Events { watched, react } => {
            let (events, behind) = events(daemon, sensor, watched, before.behind).await?;
            let (mut all, mut last) = (SensorOutcome::default(), None);
            for event in events {
                let sequence = event.event.sequence;
                let mut context = context.clone();
                context.cursor = all.cursor.clone().or(context.cursor);
                let answer = std::panic::catch_unwind(AssertUnwindSafe(|| react(context, event)));
                let answer = match answer {
                    Ok(answer) => answer.map_err(|error| error_with_causes(&*error)),
                    Err(_) => Err("its function panicked".to_owned()),
                };
                match answer {
                    Ok(one) => {
                        all.runs.extend(one.runs.into_iter().map(|run| keyed(run, sequence)));
                        all.cursor = one.cursor.or(all.cursor);
                        all.skipped = one.skipped.or(all.skipped);
                        last = Some(sequence);
                    }
                    // What came before is recorded first; the event itself is left behind, as it would fail again.
                    Err(_) if let Some(last) = last => return Ok((Ok(all), Some(last))),
                    Err(error) => return Ok((Err(format!("at event {sequence}: {error}")), Some(sequence))),
                }
            }
            Ok((Ok(all), Some(behind)))
        }
    }
}

/// Each event asks for the same run once.
fn keyed(run: RunSpec, sequence: u64) -> RunSpec {
    let key = run.key.clone().unwrap_or_else(|| format!("event {sequence} {}", run.selection));
    run.key(key)
}

/// The next events that the sensor watches, and the last one that was looked at.
async fn events(
    daemon: &Daemon,
    sensor: &Sensor,
    watched: &WatchedEvents,
    behind: Option<u64>,
) -> Result<(Vec<SensorEvent>, u64), DaemonError> {
    let Some(behind) = behind else {
        // What happened before it was switched on is none of its business.
        return Ok((Vec::new(), daemon.store.head().await?));
    };
    let graph = daemon.pipeline.graph();
    // The selection was checked when the definitions were resolved.
    let assets = watched.assets(graph).unwrap_or_default();
    let found = follow(&*daemon.store, behind, watched.kinds(), MOST_EVENTS).await?;
    let mut events = Vec::new();
    for event in found.events.into_iter().filter(|event| watched.includes(event, &assets, graph)) {
        let record = match event.run {
            Some(run) => daemon.store.run(run).await?,
            None => None,
        };
        let request = record.map(|record| record.request);
        let is_own = |tags: &std::collections::BTreeMap<String, String>| {
            tags.get(SENSOR_TAG) == Some(&sensor.name) && matches!(watched, WatchedEvents::Runs { .. })
        };
        if !request.as_ref().is_some_and(|request| is_own(&request.tags)) {
            events.push(SensorEvent { event, request });
        }
    }
    Ok((events, found.behind))
}

async fn record(
    daemon: &Daemon,
    sensor: &Sensor,
    from: Cursor<Position>,
    before: &Position,
    Asked { answer, behind, micros }: Asked,
) -> Result<(), DaemonError> {
    let now = daemon.options.clock.now();
    let instigator = sensor.instigator();
    let tick = |outcome| Tick { instigator: instigator.clone(), due: now, at: now, micros, outcome };
    let mut cursor = Position { number: before.number + 1, behind, ..before.clone() };
    let (mut runs, mut ticks) = (Vec::new(), Vec::new());
    match answer {
        Err(reason) => {
            let error = format!("sensor `{}` failed: {reason}", sensor.name);
            daemon.tell(&Happening::Trouble { of: "sensors", error });
            cursor.idle = None;
            ticks.push(tick(TickOutcome::Failed { reason }));
        }
        Ok(outcome) => {
            let mut idle = outcome.skipped;
            for run in outcome.runs {
                match new_run(daemon, sensor, run, now).await? {
                    Ok(run) => {
                        ticks.push(tick(TickOutcome::Requested { run: run.id }));
                        runs.push(run);
                    }
                    Err(reason) => idle = Some(reason),
                }
            }
            cursor.own = outcome.cursor.or(cursor.own);
            if let Some(reason) = idle.as_ref().filter(|_| ticks.is_empty() && idle != before.idle) {
                ticks.push(tick(TickOutcome::Idle { reason: reason.clone() }));
            }
            cursor.idle = idle;
        }
    }
    let has_moved = (&cursor.own, cursor.behind) != (&before.own, before.behind);
    let is_news = !ticks.is_empty() || from.is_first() || has_moved;
    if !is_news {
        return Ok(());
    }
    let requested: Vec<RunId> = runs.iter().map(|run| run.id).collect();
    let commit = Commit { runs, ticks, ..from.moved_to(&cursor)? };
    if daemon.store.commit(commit).await? {
        for run in requested {
            daemon.tell(&Happening::Requested { by: instigator.to_string(), due: None, run });
        }
        daemon.wake().notify_waiters();
    }
    Ok(())
}

/// The run to request, or why it isn't: it can't be, or its key is taken.
async fn new_run(
    daemon: &Daemon,
    sensor: &Sensor,
    run: RunSpec,
    now: Timestamp,
) -> Result<Result<NewRun, String>, StorageError> {
    let key = run.key.as_ref().map(|key| format!("{}/{key}", sensor.name));
    if let Some(key) = &key {
        let tag = Some((KEY_TAG.to_owned(), key.clone()));
        let query = RunQuery { tag, limit: Some(1), ..RunQuery::default() };
        let taken = daemon
            .store
            .runs(query)
            .await?
            .into_iter()
            .find(|taken| now.duration_since(taken.created_at).unsigned_abs() < sensor.dedup_window);
        if let Some(taken) = taken {
            return Ok(Err(format!("run {} has the key `{key}` already", taken.id.short())));
        }
    }
    Ok(run.request(daemon.pipeline.graph()).map_err(|error| error.to_string()).map(|mut request| {
        request.tags.insert(SENSOR_TAG.to_owned(), sensor.name.clone());
        request.tags.extend(key.map(|key| (KEY_TAG.to_owned(), key)));
        NewRun { id: RunId::new(now), request, at: now }
    }))
}
