//! `kill -9` of daemons, and of the runs that they have started, at random moments of backfills: each goes on where it was, no partition is
//! lost, and what is made again was a part of a run that was killed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use millwork_core::backfill::{BackfillStatus, Operation};
use millwork_core::event::EventKind;
use millwork_core::id::BackfillId;
use millwork_core::run::{RunStatus, RunTag};
use millwork_core::{Clock as _, StepPartition, SystemClock};
use millwork_storage::{BackfillQuery, EventQuery, Home, RunQuery, Store, operate_backfill};
use millwork_testing::wait_for;

/// The number of kills: 30, or what `KILL_TEST_ROUNDS` says, as in CI.
fn kills() -> usize {
    std::env::var("KILL_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30)
}

fn start(home: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_partitions"))
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

/// The processes that a process has started.
fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the process, in parentheses, may have any characters.
        let (_, fields) = stat.rsplit_once(')')?;
        (fields.split_whitespace().nth(1)? == parent.to_string()).then_some(process)
    });
    processes.collect()
}

/// Lets a daemon work until the log has a number of events, or nothing is left to do, then kills it, and its runs as well if they are to be.
async fn work_until(home: &Path, events: u64, kills_runs: bool) {
    let mut daemon = start(home, &["daemon"]);
    read(home, async |store| {
        wait_for(async || {
            let open = BackfillQuery { open_only: true, ..BackfillQuery::default() };
            match store.head().await.unwrap() >= events || store.backfills(open).await.unwrap().is_empty() {
                true => Ok(()),
                false => Err(format!("the log hasn't {events} events")),
            }
        })
        .await;
    })
    .await;
    let runs = children(daemon.id());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    for run in runs.into_iter().filter(|_| kills_runs) {
        Command::new("kill").args(["-9", &run.to_string()]).stderr(Stdio::null()).status().unwrap();
    }
}

/// Retries a backfill that has failed, and starts another one where none is open.
async fn keep_busy(home: &Path) {
    let last = BackfillQuery { limit: Some(1), ..BackfillQuery::default() };
    let last = read(home, async |store| store.backfills(last).await.unwrap()).await;
    match last.first() {
        Some(last) if last.status == BackfillStatus::Failed => retry(home, last.id).await,
        Some(last) if !last.status.is_ended() => {}
        _ => {
            let create =
                ["backfill", "create", "*", "--partitions", "*", "--all", "--partitions-per-run", "3"];
            assert!(start(home, &create).wait().unwrap().success());
        }
    }
}

async fn retry(home: &Path, id: BackfillId) {
    let retried = read(home, async |store| {
        operate_backfill(store, id, Operation::Retry, SystemClock.now()).await.unwrap()
    });
    retried.await.unwrap();
}

#[tokio::test]
async fn no_partition_is_lost_and_none_made_twice() {
    let folder = millwork_testing::folder();
    let home = folder.path();
    let mut random = fastrand::Rng::with_seed(20_261_130);
    for _ in 0..kills() {
        keep_busy(home).await;
        let at = read(home, async |store| store.head().await.unwrap()).await + random.u64(1..120);
        work_until(home, at, random.bool()).await;
    }
    // The last one is finished.
    loop {
        work_until(home, u64::MAX, false).await;
        let last = BackfillQuery { limit: Some(1), ..BackfillQuery::default() };
        let last = read(home, async |store| store.backfills(last).await.unwrap()).await.remove(0);
        assert!(last.status.is_ended(), "it is {}", last.status);
        if last.status == BackfillStatus::Succeeded {
            break;
        }
        retry(home, last.id).await;
    }
    read(home, everything_fits).await;
}

async fn everything_fits(store: &dyn Store) {
    let backfills = store.backfills(BackfillQuery::default()).await.unwrap();
    let (mut made, mut again) = (0, 0);
    for record in &backfills {
        assert_eq!(record.status, BackfillStatus::Succeeded, "backfill {}: {}", record.id, record.counts);
        let tag = Some((RunTag::Backfill.key().to_owned(), record.id.to_string()));
        let runs = store.runs(RunQuery { tag, ..RunQuery::default() }).await.unwrap();
        let mut successes: BTreeMap<StepPartition, usize> = BTreeMap::new();
        let mut broken: BTreeMap<StepPartition, usize> = BTreeMap::new();
        for run in &runs {
            let is_broken = [RunStatus::Lost, RunStatus::Failed].contains(&run.status);
            assert!(is_broken || run.status == RunStatus::Succeeded, "run {} is {:?}", run.id, run.status);
            let kinds = Some(EventKind::StepSucceeded.into());
            let query = EventQuery { run: Some(run.id), kinds, ..EventQuery::default() };
            for event in store.events(query).await.unwrap() {
                let step = event.step_partition().unwrap();
                *successes.entry(step.clone()).or_default() += 1;
                *broken.entry(step).or_default() += usize::from(is_broken);
            }
        }
        for (step, successes) in &successes {
            let broken = broken[step];
            assert!(*successes <= broken + 1, "{} was made {successes} times", step.quoted());
            again += successes - 1;
        }
        made += successes.len();
        // 28 days of stories and features, 4 weeks of words, 8 models with gates, 56 scores and a report.
        assert_eq!(successes.len(), 28 + 28 + 4 + 8 + 8 + 56 + 1, "backfill {} made all", record.id);
    }
    println!(
        "{} backfills, {made} steps of partitions, {again} of them made again after a kill",
        backfills.len()
    );
}
