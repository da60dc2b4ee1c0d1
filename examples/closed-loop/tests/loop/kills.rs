//! `kill -9` at random moments of the loop: predictions, prices, measures, trainings, verdicts and moves are there once.

use std::path::Path;
use std::process::Child;

use millwork_storage::{Home, Store};
use millwork_testing::wait_for;

use crate::past::Past;

/// More days than pass.
const LONG: u32 = 100_000;
/// The fewest days, by which each part of the loop has had its turn.
const LEAST: u32 = 21;

/// The number of kills: 30, or what `KILL_TEST_ROUNDS` says, as in CI.
fn kills() -> usize {
    std::env::var("KILL_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30)
}

/// Reads from the store, and closes it: what is killed is the last process that has it open.
async fn read<T>(home: &Path, read: impl AsyncFnOnce(&dyn Store) -> T) -> T {
    let store = Home::open(home).await.unwrap().store();
    let found = read(&*store).await;
    store.close().await;
    found
}

/// The service goes on until the log has a number of events, and is killed.
async fn kill_at(home: &Path, mut process: Child, events: u64) {
    read(home, async |store| {
        wait_for(async || {
            assert_eq!(process.try_wait().unwrap(), None, "the service has ended by itself");
            let head = store.head().await.unwrap();
            if head >= events { Ok(()) } else { Err(format!("the log ends with event {head}, not {events}")) }
        })
        .await;
    })
    .await;
    process.kill().unwrap();
    process.wait().unwrap();
}

#[tokio::test]
async fn nothing_is_counted_twice() {
    // Two services at a time, as each waits most of the time.
    let half = kills().div_ceil(2);
    tokio::join!(killed(20_261_130, half), killed(20_261_201, half));
}

/// A service that is killed so many times, at moments that follow from the seed, and then left alone.
async fn killed(seed: u64, kills: usize) {
    println!("seed {seed}: {kills} kills");
    let folder = millwork_testing::folder();
    let home = folder.path();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..kills {
        let head = read(home, async |store| store.head().await.unwrap()).await;
        kill_at(home, crate::start(home, LONG), head + random.u64(..24)).await;
    }
    let passed: jiff::Timestamp = std::fs::read_to_string(home.join("clock")).unwrap().parse().unwrap();
    let days = passed.duration_since(closed_loop::opening()).as_hours() / 24;
    let days = u32::try_from(days + 4).unwrap().max(LEAST);
    let mut process = crate::start(home, days);
    let ended =
        wait_for(async || process.try_wait().unwrap().ok_or_else(|| "the service doesn't end".into())).await;
    assert!(ended.success(), "what was begun can't be finished");
    let past = Past::read(home).await;
    crate::account::check(&past);
    let (trainings, moves) = (past.trainings().count(), past.model.moves.len());
    assert!(trainings > 2 && moves > 2 && !past.in_shadow.is_empty(), "{trainings} trainings, {moves} moves");
    println!(
        "seed {seed}: {days} days, {trainings} trainings, {moves} moves, {} calls in shadow",
        past.in_shadow.len()
    );
}
