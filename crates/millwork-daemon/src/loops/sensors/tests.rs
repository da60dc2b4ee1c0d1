//! Sensors that request impossible runs, request the same twice, fail, panic, and block.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use millwork_core::event::{EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation};
use millwork_core::run::{RunId, RunSpec, RunTag};
use millwork_core::sensor::SensorEvent;
use millwork_core::{AssetDefinition, Clock as _, Definitions, TestClock};
use millwork_storage::{Batch, Home, PendingState, RunQuery, Tick};

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::launcher::fake::FakeLauncher;

/// A daemon whose sensors are evaluated one tick at a time.
struct Bench {
    daemon: Daemon,
    sensors: Sensors,
    clock: Arc<TestClock>,
    reported: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(assets: &[&str], sensors: Vec<Sensor>) -> Self {
        let folder = millwork_testing::folder();
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:30Z".parse().expect("an instant")));
        let reported = Arc::default();
        let daemon = daemon(folder.path(), assets, sensors, &clock, &reported).await;
        Self { sensors: daemon.sensors(), daemon, clock, reported, folder }
    }

    /// The daemon is killed, and another one with other definitions goes on.
    async fn restart(&mut self, assets: &[&str], sensors: Vec<Sensor>) {
        self.daemon = daemon(self.folder.path(), assets, sensors, &self.clock, &self.reported).await;
        self.sensors = self.daemon.sensors();
    }

    /// Starts the due evaluations, and waits until they have been recorded.
    async fn tick(&mut self) {
        self.sensors.tick().await.expect("a tick");
        for (_, evaluation) in self.sensors.under_way.drain() {
            evaluation.await.expect("an evaluation");
        }
    }

    /// Moves the wall clock, back if `seconds` is negative, and evaluates.
    async fn after(&mut self, seconds: i64) {
        self.clock.jump(SignedDuration::from_secs(seconds));
        self.tick().await;
    }

    /// The selections of the runs, oldest first.
    async fn runs(&self) -> Vec<String> {
        let mut runs = self.daemon.store.runs(RunQuery::default()).await.expect("runs");
        runs.sort_by_key(|run| (run.created_at, RunTag::RunKey.of(&run.request.tags).map(str::to_owned)));
        runs.into_iter().map(|run| run.request.selection).collect()
    }

    async fn pending(&self) -> Vec<Pending> {
        self.daemon.store.pending(&[], 100).await.expect("what is pending")
    }

    async fn state(&self, sensor: &str) -> InstigatorState {
        self.daemon.store.state(&Instigator::Sensor(sensor.to_owned())).await.expect("a state")
    }

    /// Switches a sensor as commands and pages do.
    async fn switch(&self, sensor: &str, on: bool) {
        let instigator = Instigator::Sensor(sensor.to_owned());
        let cursor = self.daemon.pipeline.switched_cursor(&instigator);
        self.daemon.store.switch(&instigator, Some(on), cursor).await.expect("a switch");
    }

    /// The outcomes of ticks, oldest first.
    async fn outcomes(&self) -> Vec<String> {
        let mut ticks = self.daemon.store.ticks(&[], 100).await.expect("ticks");
        ticks.reverse();
        let outcome = |tick: Tick| match tick.outcome {
            TickOutcome::Requested { .. } => "requested".to_owned(),
            TickOutcome::Backfill { backfill } => format!("backfill {backfill}"),
            TickOutcome::Skipped { ticks } => format!("{ticks} skipped"),
            TickOutcome::Idle { reason } => format!("idle: {reason}"),
            TickOutcome::Cooldown { reason, .. }
            | TickOutcome::BudgetSpent { reason, .. }
            | TickOutcome::RolledBack { reason, .. }
            | TickOutcome::Failed { reason } => format!("failed: {reason}"),
        };
        ticks.into_iter().map(outcome).collect()
    }

    /// An outside system reports that an asset was materialized.
    async fn made(&self, asset: &str) -> u64 {
        let stored =
            StoredValue { location: ValueLocation::Database, bytes: 1, format: "json".into(), hash: None };
        let provenance = Provenance { code_version: "1".into(), inputs: Vec::new(), config: None };
        let metadata = Default::default();
        let body = EventBody::Materialized(Materialization {
            version: None,
            data_version: "1".into(),
            provenance,
            stored,
            metadata,
        });
        let of_run = NewEvent::of_run(RunId::new(self.clock.now()), self.clock.now(), body);
        let event = NewEvent { run: None, asset: Some(asset.into()), ..of_run };
        self.daemon.store.append(Batch { fence: None, events: vec![event] }).await.expect("an event")[0]
    }
}

async fn daemon(
    folder: &std::path::Path,
    assets: &[&str],
    sensors: Vec<Sensor>,
    clock: &Arc<TestClock>,
    reported: &Arc<Mutex<Vec<String>>>,
) -> Daemon {
    let home = Home::open(folder).await.expect("a home");
    let asset = |key: &&str| AssetDefinition::new(*key).produces::<u32, _>().blocking(|_| Ok(1_u32));
    let definitions = Definitions::new().assets(assets.iter().map(asset));
    let definitions = sensors.into_iter().fold(definitions, |definitions, sensor| {
        definitions.sensor(sensor.interval(Duration::ZERO).on_by_default())
    });
    let pipeline = definitions.resolve().expect("definitions that fit together");
    let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
    let reported = reported.clone();
    let observer = Arc::new(move |event: &DaemonEvent| reported.lock().unwrap().push(event.to_string()));
    Daemon::new(pipeline, home, Arc::new(FakeLauncher::default()), observer).options(options)
}

type Said = Result<SensorOutcome, &'static str>;

/// A sensor that gives these answers one after the other, and then has nothing to do.
fn says(answers: impl IntoIterator<Item = Said, IntoIter: Send + 'static>) -> Sensor {
    let answers = Mutex::new(answers.into_iter().fuse());
    Sensor::new("says", move |_| {
        let answer = answers.lock().unwrap().next();
        async move { answer.unwrap_or_else(|| Ok(SensorOutcome::default())).map_err(Into::into) }
    })
}

fn key(asset: &str, key: &str) -> RunSpec {
    RunSpec::of(asset).key(key)
}

#[tokio::test]
async fn a_request_that_cannot_be_made_fails_its_tick_and_waits_until_it_can() {
    let answer = SensorOutcome::requests([key("onee", "a"), key("one", "b")]).cursor("b.csv");
    let mut bench = Bench::new(&["one"], vec![says([Ok(answer)])]).await;
    bench.tick().await;
    assert_eq!(bench.runs().await, ["one"], "the rest of the answer goes on");
    let outcomes = bench.outcomes().await;
    assert!(outcomes[0].starts_with("failed: can't request a run of `onee`: "), "{outcomes:?}");
    assert_eq!(outcomes[1..], ["requested"]);
    assert!(bench.reported.lock().unwrap()[0].contains("sensor `says`: can't request a run of `onee`"));
    let state = bench.state("says").await;
    assert_eq!(crate::sensor_cursor(&state).as_deref(), Some("b.csv"), "the cursor goes on");
    // It is retried, after longer and longer pauses, without a tick each time.
    for (pause, attempts) in [(4, 1), (1, 2), (9, 2), (1, 3), (20, 4)] {
        bench.after(pause).await;
        assert_eq!(bench.pending().await[0].attempts, attempts);
    }
    assert_eq!(bench.outcomes().await.len(), 2);
    // Other definitions have the asset.
    bench.restart(&["one", "onee"], vec![says([])]).await;
    bench.after(3_600).await;
    assert_eq!((bench.runs().await, bench.pending().await), (vec!["one".into(), "onee".into()], vec![]));
    bench.after(3_600).await;
    assert_eq!(bench.runs().await.len(), 2);
}

#[tokio::test]
async fn what_is_pending_survives_wrong_clocks_and_waits_while_its_sensor_is_off() {
    let answer = SensorOutcome::requests([key("onee", "a")]);
    let mut bench = Bench::new(&["one"], vec![says([Ok(answer)])]).await;
    bench.tick().await;
    bench.restart(&["onee"], vec![says([])]).await;
    bench.switch("says", false).await;
    bench.after(3_600).await;
    assert_eq!((bench.runs().await.len(), bench.pending().await.len()), (0, 1));
    bench.switch("says", true).await;
    // The clock was a year ahead when it failed.
    bench.after(-365 * 24 * 3_600).await;
    assert_eq!((bench.runs().await, bench.pending().await.len()), (vec!["onee".to_owned()], 0));
}

/// The text of a sensor that polls is its only record of what it has requested; a sensor of events begins with those after the switch.
#[tokio::test]
async fn off_and_on_again_a_sensor_that_polls_goes_on_and_one_of_events_begins_anew() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let of_function = seen.clone();
    let polls = Sensor::new("polls", move |context| {
        of_function.lock().unwrap().push(context.cursor);
        async { Ok(SensorOutcome::request(RunSpec::of("one").key("a")).cursor("a.csv")) }
    });
    let reacts =
        Sensor::on_materialization("reacts", "one", |_, _| Ok(SensorOutcome::request(RunSpec::of("two"))));
    let mut bench = Bench::new(&["one", "two"], vec![polls, reacts]).await;
    bench.tick().await;
    for sensor in ["polls", "reacts"] {
        bench.switch(sensor, false).await;
    }
    bench.made("one").await;
    bench.after(60).await;
    for sensor in ["polls", "reacts"] {
        bench.switch(sensor, true).await;
    }
    bench.after(60).await;
    assert_eq!(*seen.lock().unwrap(), [None, Some("a.csv".to_owned())], "it isn't called while it is off");
    assert_eq!(bench.runs().await, ["one"], "what happened meanwhile is not made up for");
    bench.made("one").await;
    bench.after(60).await;
    assert_eq!(bench.runs().await, ["one", "two"]);
}

#[tokio::test]
async fn a_key_holds_inside_an_answer_across_answers_and_for_what_is_pending() {
    let hour = Duration::from_secs(3_600);
    let same = || Ok(SensorOutcome::requests([key("one", "7"), key("one", "7"), key("two", "8")]));
    let pending = || Ok(SensorOutcome::requests([key("onee", "9"), key("two", "9")]));
    let sensor = says([same(), same(), pending(), pending(), same(), same()]).dedup_window(hour);
    let mut bench = Bench::new(&["one", "two"], vec![sensor]).await;
    bench.tick().await;
    assert_eq!(bench.runs().await, ["one", "two"]);
    bench.tick().await;
    assert_eq!(bench.runs().await.len(), 2);
    assert!(bench.outcomes().await[2].starts_with("idle: run "), "{:?}", bench.outcomes().await);
    bench.tick().await;
    bench.tick().await;
    assert_eq!((bench.runs().await.len(), bench.pending().await.len()), (2, 1));
    // The clock is set back by more than the window, and later the window is over.
    bench.after(-7_200).await;
    assert_eq!(bench.runs().await.len(), 2, "the runs seem to come from the future");
    bench.after(7_200 + 3_600).await;
    assert_eq!(bench.runs().await.len(), 4);
}

#[tokio::test]
async fn a_function_that_fails_or_panics_leaves_the_cursor_and_keeps_nothing_back() {
    let answers = [Ok(SensorOutcome::skip("not yet").cursor("1")), Err("it can't be reached")];
    let panics = Sensor::new("panics", |context| {
        assert_eq!(context.cursor, None, "it never had one");
        let panics = context.cursor.is_none();
        async move { if panics { panic!("oh no") } else { Ok(SensorOutcome::default()) } }
    });
    let at_once = Sensor::new("at_once", |context: SensorContext| {
        if context.cursor.is_none() {
            panic!("before there was a future")
        }
        async { Ok(SensorOutcome::default()) }
    });
    let mut bench = Bench::new(&["one"], vec![says(answers), panics, at_once]).await;
    bench.tick().await;
    bench.tick().await;
    let outcomes = bench.outcomes().await;
    for expected in [
        "failed: its function panicked: oh no",
        "failed: its function panicked: before there was a future",
        "failed: it can't be reached",
    ] {
        assert!(outcomes.iter().any(|outcome| outcome == expected), "{expected}: {outcomes:?}");
    }
    assert_eq!(crate::sensor_cursor(&bench.state("says").await).as_deref(), Some("1"));
}

/// A sensor that blocks its thread until something is sent, and counts how often it is called.
fn blocks(calls: &Arc<AtomicUsize>) -> (Sensor, Sender<()>) {
    let (release, blocked) = channel::<()>();
    let (blocked, calls) = (Mutex::new(blocked), calls.clone());
    let sensor = Sensor::new("blocks", move |_| {
        calls.fetch_add(1, Ordering::SeqCst);
        let _ = blocked.lock().unwrap().recv();
        async { Ok(SensorOutcome::request(RunSpec::of("one"))) }
    });
    (sensor.timeout(Duration::ZERO), release)
}

/// On a runtime with one thread, as on a machine with one processor.
#[tokio::test(flavor = "current_thread")]
async fn a_sensor_that_blocks_is_stuck_and_holds_up_no_other() {
    let calls = Arc::default();
    let (blocks, release) = blocks(&calls);
    // It never runs out of requests, however many ticks a fast machine takes until the other one is stuck.
    let says = says((0..).map(|number: u64| Ok(SensorOutcome::request(key("one", &number.to_string())))));
    let mut bench = Bench::new(&["one"], vec![blocks, says]).await;
    // Ticks go on until the sensor that blocks is recorded as stuck; the other one is evaluated meanwhile.
    while bench.state("blocks").await.stuck_since.is_none() {
        bench.sensors.tick().await.expect("a tick");
        tokio::task::yield_now().await;
    }
    let before = bench.runs().await.len();
    assert!(before > 0, "the other sensor was evaluated");
    while bench.runs().await.len() < before + 3 {
        bench.sensors.tick().await.expect("a tick");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1, "it isn't called while it hasn't returned");
    let is_stuck = |outcome: &&String| outcome.contains("isn't called again until it returns");
    assert_eq!(bench.outcomes().await.iter().filter(is_stuck).count(), 1);
    // It returns, too late for its answer to count, and is called again.
    release.send(()).expect("it waits");
    drop(release);
    while bench.state("blocks").await.stuck_since.is_some() || calls.load(Ordering::SeqCst) < 2 {
        bench.sensors.tick().await.expect("a tick");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_daemon_stops_although_a_sensor_blocks_and_others_wait() {
    let (blocks, _release) = blocks(&Arc::default());
    let hangs = Sensor::new("hangs", |_| std::future::pending());
    let bench = Bench::new(&["one"], vec![blocks.timeout(Duration::from_secs(60)), hangs]).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let daemon = bench.daemon.clone();
    let running = tokio::spawn(async move { daemon.run(stopped).await });
    while bench.daemon.functions.under_way() < 2 {
        tokio::task::yield_now().await;
    }
    stop.send(true).expect("the daemon listens");
    running.await.expect("the daemon stops");
    assert_eq!(bench.outcomes().await, Vec::<String>::new(), "nothing failed");
}

/// Reacts to `one`, and fails at the given events.
fn reacts(fails_at: &Arc<Mutex<Vec<u64>>>) -> Sensor {
    let fails_at = fails_at.clone();
    Sensor::on_materialization("reacts", "one", move |_, event: SensorEvent| {
        let sequence = event.event.sequence;
        let place = fails_at.lock().unwrap().iter().position(|at| *at == sequence);
        match place {
            Some(0) => panic!("at {sequence}"),
            Some(_) => Err("it is broken".into()),
            None => Ok(SensorOutcome::request(RunSpec::of("two")).cursor(sequence.to_string())),
        }
    })
}

#[tokio::test]
async fn an_event_at_which_a_reaction_fails_is_pending_and_the_others_go_on() {
    let fails_at: Arc<Mutex<Vec<u64>>> = Arc::default();
    let mut bench = Bench::new(&["one", "two"], vec![reacts(&fails_at)]).await;
    bench.tick().await;
    let mut events = Vec::new();
    for _ in 0..4 {
        events.push(bench.made("one").await);
    }
    *fails_at.lock().unwrap() = vec![events[1], events[2]];
    bench.tick().await;
    assert_eq!(bench.runs().await.len(), 2, "for the first and the last event");
    let failed = [
        format!("failed: at event {}: its function panicked: at {0}", events[1]),
        format!("failed: at event {}: it is broken", events[2]),
    ];
    let outcomes = bench.outcomes().await;
    assert!(failed.iter().all(|expected| outcomes.contains(expected)), "{outcomes:?}");
    assert_eq!(bench.pending().await.len(), 2);
    // One of them is fixed; the other one fails for good.
    fails_at.lock().unwrap().pop();
    bench.after(5).await;
    assert_eq!((bench.runs().await.len(), bench.pending().await.len()), (3, 1));
    for _ in 0..8 {
        bench.after(3_600).await;
    }
    let given_up = bench.pending().await.remove(0);
    assert_eq!((given_up.state, given_up.attempts), (PendingState::GivenUp, 10));
    assert!(bench.outcomes().await.last().is_some_and(|last| last.contains("given up after 10 attempts")));
    // A person has it retried.
    fails_at.lock().unwrap().clear();
    bench.daemon.store.retry_pending(given_up.id, bench.clock.now()).await.expect("it is there");
    bench.tick().await;
    assert_eq!((bench.runs().await.len(), bench.pending().await.len()), (4, 0));
}

#[tokio::test]
async fn an_event_may_ask_for_several_runs_of_the_same_assets() {
    let both = Sensor::on_materialization("both", "one", |_, _| {
        Ok(SensorOutcome::requests(["de", "fr"].map(|country| RunSpec::of("two").tag("country", country))))
    });
    let mut bench = Bench::new(&["one", "two"], vec![both]).await;
    bench.tick().await;
    bench.made("one").await;
    bench.tick().await;
    bench.tick().await;
    assert_eq!(bench.runs().await, ["two", "two"]);
}
