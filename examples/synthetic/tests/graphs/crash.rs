//! `kill -9` at random moments loses no event, repeats no step unrecorded, and leaves nothing locked.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use millwork_core::event::EventBody;
use millwork_core::run::{RunState, RunStatus, StepStatus};
use millwork_storage::{EventQuery, Home, RunQuery};

const KILLS: usize = 100;
const LAYERS: usize = 100;

/// The number of assets of a layer: 30, and in CI, where `CRASH_TEST_WIDTH` is set, 100.
fn width() -> usize {
    std::env::var("CRASH_TEST_WIDTH").ok().and_then(|width| width.parse().ok()).unwrap_or(30)
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

/// Lets the process run for a random part of `whole`, then kills it, unless it has ended by itself.
fn kill_at_random(mut process: Child, whole: Duration, random: &mut fastrand::Rng) -> Option<ExitStatus> {
    std::thread::sleep(whole.mul_f64(random.f64()));
    if let Some(status) = process.try_wait().unwrap() {
        return Some(status);
    }
    process.kill().unwrap();
    process.wait().unwrap();
    None
}

/// Continues the last run if it isn't finished, else starts one.
fn next_command(home: &Path) -> &'static [&'static str] {
    let output = Command::new(env!("CARGO_BIN_EXE_synthetic"))
        .env("MILLWORK_HOME", home)
        .args(["runs", "list", "--limit", "1"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    if list.contains("succeeded") || list.contains("No runs yet") {
        &["materialize"]
    } else {
        &["runs", "retry", "last"]
    }
}

#[test]
fn killed_a_hundred_times_and_resumed_each_time() {
    let home = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(20_261_123);
    let started = Instant::now();
    assert!(start(home.path(), &["materialize"]).wait().unwrap().success());
    let whole = started.elapsed();
    let mut kills = 0;
    while kills < KILLS {
        let process = start(home.path(), next_command(home.path()));
        match kill_at_random(process, whole, &mut random) {
            None => kills += 1,
            Some(status) => assert!(status.success(), "ended by itself with {status}"),
        }
    }
    while next_command(home.path()) != ["materialize"] {
        let status = start(home.path(), next_command(home.path())).wait().unwrap();
        assert!(status.success(), "the last run ended with {status}");
    }
    let status = start(home.path(), &["materialize"]).wait().unwrap();
    assert!(status.success(), "a further run ended with {status}");
    tokio::runtime::Runtime::new().unwrap().block_on(everything_is_there(home.path()));
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
