//! `kill -9` of daemons, of runs' processes, and of both, at random on a busy queue; each failure is alerted exactly once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;

use crate::support::Home;
use millwork_core::event::{EventBody, EventKind, KindSet};
use millwork_core::run::{FailureClass, RunId, RunRequest, RunState, RunStatus, RunTag};
use millwork_storage::{DeliveryState, EventQuery, Home as StoredHome, NewRun, RunQuery, Store};
use millwork_testing::wait_for;

/// The number of rounds: 30, or what `KILL_TEST_ROUNDS` says, as in CI.
fn rounds() -> usize {
    std::env::var("KILL_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30)
}

/// The processes that execute runs of a home.
fn run_processes(home: &Home) -> Vec<u32> {
    let path = home.path().to_string_lossy().into_owned();
    let executes = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(&path) && line.contains("runs execute")
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(executes).collect()
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // It may have ended by itself.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// The number of times that each alert was received, by its key.
type Received = Arc<Mutex<BTreeMap<String, usize>>>;

async fn receive(State(received): State<Received>, headers: HeaderMap) {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    *received.lock().unwrap().entry(key).or_default() += 1;
}

/// A receiver of alerts.
async fn receiver() -> (String, Received) {
    let received = Received::default();
    let router = Router::new().route("/", post(receive)).with_state(received.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

/// Keeps some runs waiting; one of ten fails, however it is executed.
async fn feed(store: &dyn Store, random: &mut fastrand::Rng, wanted: &mut Vec<RunId>) {
    let statuses = vec![RunStatus::Queued];
    let waiting = store.runs(RunQuery { statuses, ..RunQuery::default() }).await.unwrap().len();
    for _ in waiting..6 {
        let now = "2026-11-23T00:00:00Z".parse().unwrap();
        let id = RunId::new(now);
        let pooled = random.bool();
        let asset = if pooled { "hungry" } else { "work" };
        let end = if random.u8(..5) == 0 { "error" } else { "value" };
        let request = RunRequest {
            selection: asset.to_owned(),
            assets: vec![asset.into()],
            config: serde_json::json!({ "work": { "millis": random.u64(0..150), "end": end } }),
            ..RunRequest::default()
        };
        let request = match pooled {
            true => RunRequest { config: serde_json::json!({}), ..request },
            false => request,
        };
        let request = request.tagged(RunTag::Retries, "100000").queued();
        store.create_run(NewRun { id, request, at: now, lease: None }).await.unwrap();
        wanted.push(id);
    }
}

/// Waits until the log has grown by a number of events: so kills come while work is being done, however busy the machine is.
async fn goes_on(store: &dyn Store, events: u64) {
    let aim = store.head().await.unwrap() + events;
    wait_for(async || {
        let head = store.head().await.unwrap();
        if head >= aim { Ok(()) } else { Err(format!("the log ends with event {head}, not {aim}")) }
    })
    .await;
}

#[test]
fn nothing_is_lost_and_nothing_left_behind() {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let home = Home::new();
        let stored = StoredHome::open(home.path()).await.unwrap();
        let store = stored.store();
        let mut random = fastrand::Rng::with_seed(20_261_123);
        let (mut wanted, mut deaths) = (Vec::new(), BTreeMap::from([("daemon", 0), ("run", 0)]));
        let (url, received) = receiver().await;
        let variables = [("SERVICE_WEBHOOK", url.as_str())];
        let mut daemon = home.daemon_with("", &variables);
        for _ in 0..rounds() {
            feed(&*store, &mut random, &mut wanted).await;
            goes_on(&*store, random.u64(..16)).await;
            let (kills_daemon, kills_run) = [(true, false), (false, true), (true, true)][random.usize(..3)];
            if kills_daemon {
                daemon.kill();
                *deaths.get_mut("daemon").unwrap() += 1;
            }
            let processes = run_processes(&home);
            if kills_run && !processes.is_empty() {
                kill(processes[random.usize(..processes.len())]);
                *deaths.get_mut("run").unwrap() += 1;
            }
            if kills_daemon {
                daemon = home.daemon_with("", &variables);
            }
            assert!(daemon.process.try_wait().unwrap().is_none(), "the daemon has ended by itself");
        }
        everything_ends_well(&*store, &wanted).await;
        let alerts = each_is_received_once(&*store, &received, deaths["daemon"]).await;
        drop(daemon);
        crate::support::eventually(|| run_processes(&home).is_empty(), "a process of a run goes on");
        assert_eq!(store.held_slots().await.unwrap(), [], "a slot is still held");
        println!("{} runs, {alerts} alerts, {deaths:?} killed", wanted.len());
    });
}

async fn everything_ends_well(store: &dyn Store, wanted: &[RunId]) {
    for run in wanted {
        wait_for(async || {
            let record = store.run(*run).await.unwrap().unwrap();
            // It fails where it was configured to, and for no other reason.
            let fails = record.request.config["work"]["end"] == "error";
            let expected = if fails { RunStatus::Failed } else { RunStatus::Succeeded };
            let has_class = record.class == fails.then_some(FailureClass::Error).or(record.class);
            let ends_well = record.status == expected && has_class;
            if ends_well { Ok(()) } else { Err(format!("run {run} is {}", record.status)) }
        })
        .await;
        let query = EventQuery { run: Some(*run), ..EventQuery::default() };
        let events = store.events(query).await.unwrap();
        let state = RunState::replay(&events).unwrap();
        let count = |kind| events.iter().filter(|event| event.body.kind() == Some(kind)).count();
        let made = usize::from(state.status == Some(RunStatus::Succeeded));
        assert_eq!(
            (count(EventKind::StepSucceeded), count(EventKind::Materialized)),
            (made, made),
            "run {run}"
        );
        assert_eq!(count(EventKind::RunStarted), state.epoch as usize, "run {run}");
        // Each execution of the step is an attempt of its own.
        let mut attempts: Vec<u32> = events
            .iter()
            .filter(|event| matches!(event.body, EventBody::StepStarted))
            .map(|event| event.attempt)
            .collect();
        attempts.dedup();
        assert_eq!(attempts.len(), count(EventKind::StepStarted), "run {run}");
    }
}

/// Each end of a run that is worth an alert is sent under a key of its own. The same key comes twice only if a daemon was killed between
/// the answer and recording it.
async fn each_is_received_once(store: &dyn Store, received: &Received, deaths: usize) -> usize {
    let kinds = Some(KindSet::RUN_FAILURES);
    let ends = store.events(EventQuery { kinds, ..EventQuery::default() }).await.unwrap().len();
    wait_for(async || {
        let deliveries = store.deliveries(None, 100_000).await.unwrap();
        let delivered = deliveries.iter().filter(|one| one.state == DeliveryState::Delivered).count();
        let are_all = (deliveries.len(), delivered) == (ends, ends);
        if are_all { Ok(()) } else { Err(format!("{delivered} of {} for {ends} ends", deliveries.len())) }
    })
    .await;
    let received = received.lock().unwrap();
    let again: usize = received.values().map(|times| times - 1).sum();
    assert_eq!(received.len(), ends, "alerts under keys of their own");
    assert!(again <= deaths, "{again} were received again, with {deaths} deaths");
    println!("{again} of {ends} alerts were sent again under the same key");
    ends
}
