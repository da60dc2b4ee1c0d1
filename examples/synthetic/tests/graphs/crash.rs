//! `kill -9` at random moments loses no event, repeats no step unrecorded, and leaves nothing locked.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use millwork_core::event::EventBody;
use millwork_core::run::{RunState, RunStatus, StepStatus};
use millwork_storage::{EventQuery, Home, RunQuery, Store};
use millwork_testing::wait_for;

const KILLS: usize = 100;
const LAYERS: usize = 100;

/// The number of assets of a layer: 10, or what `CRASH_TEST_WIDTH` says, as in CI.
fn width() -> usize {
    std::env::var("CRASH_TEST_WIDTH").ok().and_then(|width| width.parse().ok()).unwrap_or(10)
}

fn start(home: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_synthetic"))
        .env("SYNTHETIC_GRAPH", format!("layered:{LAYERS}x{}", width()))
        .env("MILLWORK_HOME", home)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads from the store, and closes it: what is killed is the last process that has it open.
async fn read<T>(home: &Path, read: impl AsyncFnOnce(&dyn Store) -> T) -> T {
    let store = Home::open(home).await.unwrap().store();
    let found = read(&*store).await;
    store.close().await;
    found
}

async fn events(home: &Path) -> u64 {
    read(home, async |store| store.head().await.unwrap()).await
}

/// Lets a process go on until the log has a number of events, then kills it, unless it has ended by itself.
async fn kill_at(home: &Path, mut process: Child, events: u64) -> Option<ExitStatus> {
    let ended = read(home, async |store| {
        wait_for(async || match process.try_wait().unwrap() {
            Some(status) => Ok(Some(status)),
            None if store.head().await.unwrap() >= events => Ok(None),
            None => Err(format!("the log hasn't {events} events")),
        })
        .await
    })
    .await;
    if ended.is_none() {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    ended
}

/// Continues the last run if it isn't finished, else starts one.
async fn next_command(home: &Path) -> &'static [&'static str] {
    let last = RunQuery { limit: Some(1), ..RunQuery::default() };
    let last = read(home, async |store| store.runs(last).await.unwrap()).await;
    match last.first().map(|run| run.status) {
        None | Some(RunStatus::Succeeded) => &["materialize"],
        Some(_) => &["runs", "retry", "last"],
    }
}

#[tokio::test]
async fn killed_a_hundred_times_and_resumed_each_time() {
    let folder = millwork_testing::folder();
    let home = folder.path();
    let mut random = fastrand::Rng::with_seed(20_261_123);
    assert!(start(home, &["materialize"]).wait().unwrap().success());
    let whole = events(home).await;
    let mut kills = 0;
    while kills < KILLS {
        // As often in the first events of a process as in the middle of its work.
        let more = (whole as f64 / 2.0).powf(random.f64()) as u64;
        let at = events(home).await + more;
        let process = start(home, next_command(home).await);
        match kill_at(home, process, at).await {
            None => kills += 1,
            Some(status) => assert!(status.success(), "ended by itself with {status}"),
        }
    }
    while next_command(home).await != ["materialize"] {
        let status = start(home, next_command(home).await).wait().unwrap();
        assert!(status.success(), "the last run ended with {status}");
    }
    let status = start(home, &["materialize"]).wait().unwrap();
    assert!(status.success(), "a further run ended with {status}");
    everything_is_there(home).await;
}

async fn everything_is_there(path: &Path) {
    let home = Home::open(path).await.unwrap();
    let store = home.store();
    let runs = store.runs(RunQuery::default()).await.unwrap();
    assert!(!runs.is_empty());
    let mut executions = 0;
    for run in runs {
        assert_eq!(run.status, RunStatus::Succeeded, "run {}", run.id);
        executions += run.epoch;
        let events = store.events(EventQuery { run: Some(run.id), ..EventQuery::default() }).await.unwrap();
        let state = RunState::replay(&events).unwrap();
        assert_eq!(state.count(StepStatus::Succeeded), LAYERS * width());
        let mut materializations = HashMap::new();
        for event in &events {
            if let EventBody::Materialized(_) = event.body {
                *materializations.entry(event.asset.clone().unwrap()).or_insert(0) += 1;
                let value = store.value(event.sequence).await.unwrap().unwrap();
                let asset = event.asset.as_ref().unwrap().as_str();
                let layer: u64 = asset.split('_').nth(1).unwrap().parse().unwrap();
                assert_eq!(value, (layer + 1).to_string().as_bytes(), "{asset}");
            }
        }
        assert_eq!(materializations.len(), LAYERS * width());
        assert!(materializations.values().all(|count| *count == 1), "run {}", run.id);
    }
    println!("{executions} executions, {KILLS} of them killed");
    let locks = std::fs::read_dir(path.join("processes")).map_or(0, |entries| {
        entries
            .flatten()
            .filter(|entry| std::fs::File::open(entry.path()).unwrap().try_lock().is_err())
            .count()
    });
    assert_eq!(locks, 0, "a process is still thought to be alive");
}
