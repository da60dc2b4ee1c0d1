//! Two processes that both believe a run is theirs.

use millwork_core::run::RunStatus;
use millwork_engine::{Cancel, ExecuteError};
use millwork_storage::StorageError;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_process_that_missed_its_lease_stops() {
    let (started, mut has_started) = mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let waits = go_on.clone();
    let slow = number("slow").non_blocking(move |_| {
        let (started, waits) = (started.clone(), waits.clone());
        async move {
            started.send(()).unwrap();
            waits.notified().await;
            Ok(1_u64)
        }
    });
    let endless = number("endless").non_blocking(|_| std::future::pending::<Result<u64, _>>());
    let scenario = Scenario::of([slow, sum("below", &["slow"]), endless]).max_parallel_steps(2);
    let run = scenario.queued().await;
    let first = scenario.spawn(run, &Cancel::default());
    has_started.recv().await.unwrap();
    scenario.take_over(run).await;
    let before = scenario.events(run).await;
    go_on.notify_one();
    let error = first.await.unwrap().unwrap_err();
    assert!(matches!(error, ExecuteError::Store(StorageError::Fenced { .. })), "{error:?}");
    insta::assert_snapshot!(text_of(&error).replace(&run.to_string(), "<run>"), @"run <run> was taken over by another process; hint: this process missed its lease, for example because it was suspended");
    assert_eq!(
        transcript(&scenario.events(run).await),
        transcript(&before),
        "nothing of the first is recorded"
    );
    assert_eq!(scenario.status(run).await, RunStatus::Running);
}

/// A process without anything to record notices it as well, when it renews its lease.
#[tokio::test(start_paused = true)]
async fn a_silent_step_is_stopped_too() {
    let (started, mut has_started) = mpsc::unbounded_channel();
    let endless = number("endless").non_blocking(move |_| {
        started.send(()).unwrap();
        std::future::pending::<Result<u64, _>>()
    });
    let scenario = Scenario::of([endless]);
    let run = scenario.queued().await;
    let first = scenario.spawn(run, &Cancel::default());
    has_started.recv().await.unwrap();
    scenario.take_over(run).await;
    let error = first.await.unwrap().unwrap_err();
    assert!(matches!(error, ExecuteError::Store(StorageError::Fenced { .. })), "{error:?}");
}

/// A daemon was killed after it had launched a process for a run, and the next daemon has launched another.
#[tokio::test(start_paused = true)]
async fn a_process_that_is_launched_late_repeats_nothing() {
    let broken = number("broken").blocking(|_| Err::<u64, _>("it is broken".into()));
    let scenario = Scenario::of([broken]);
    let run = scenario.queued().await;
    let launched = async || scenario.engine().execute(run, &Cancel::default(), unobserved()).await;
    assert_eq!(launched().await.unwrap().status, RunStatus::Failed);
    let ended = scenario.events(run).await;
    let late = launched().await.unwrap_err();
    assert!(matches!(late, ExecuteError::Store(StorageError::NotClaimable { .. })), "{late:?}");
    assert_eq!(scenario.events(run).await, ended);
}
