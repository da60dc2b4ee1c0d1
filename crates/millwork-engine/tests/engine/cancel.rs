//! Runs that are asked to stop.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use millwork_core::{AssetDefinition, BoxError, Retry};
use millwork_engine::Cancel;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::*;

/// An async step that reports its start, and never ends by itself. The flag is set when it is dropped.
fn endless(key: &str) -> (AssetDefinition, UnboundedReceiver<()>, Arc<AtomicBool>) {
    struct Dropped(Arc<AtomicBool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (started, has_started) = unbounded_channel();
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = dropped.clone();
    let definition = number(key).non_blocking(move |_| {
        let (started, dropped) = (started.clone(), Dropped(flag.clone()));
        async move {
            let _dropped = dropped;
            started.send(()).unwrap();
            std::future::pending::<Result<u64, BoxError>>().await
        }
    });
    (definition, has_started, dropped)
}

/// Nothing else watches a run that the process which requested it executes.
#[tokio::test(start_paused = true)]
async fn a_run_that_takes_longer_than_its_tag_allows_has_failed() {
    let (endless, _has_started, _dropped) = endless("endless");
    let scenario = Scenario::of([endless, sum("below", &["endless"])]).tagged("millwork/max_runtime", "2h");
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    endless/1 started
    endless/1 canceled
    run failed: it took longer than 7200s
    ");
    let run = &scenario.store.runs(Default::default()).await.unwrap()[0];
    assert_eq!(run.class, Some(millwork_core::FailureClass::Timeout));
}

/// A limit that is reached while the run stops anyway changes nothing, and a daemon keeps the limits of runs that are left to it.
#[tokio::test(start_paused = true)]
async fn a_run_that_was_asked_to_stop_before_its_limit_is_canceled() {
    let (endless, _has_started, _dropped) = endless("endless");
    let local = Scenario::of([endless]).tagged("millwork/max_runtime", "2h");
    let queued = local.tagged("millwork/max_runtime", "1s").tagged("millwork/queue", "default");
    for scenario in [local, queued] {
        let (run, cancel) = (scenario.queued().await, Cancel::default());
        let running = scenario.spawn(run, &cancel);
        tokio::time::sleep(Duration::from_secs(3600)).await;
        cancel.request();
        let outcome = running.await.unwrap().unwrap();
        assert_eq!(outcome.status, millwork_core::run::RunStatus::Canceled);
    }
}

#[tokio::test(start_paused = true)]
async fn an_async_step_ends_at_its_next_await() {
    let (endless, mut has_started, dropped) = endless("endless");
    let scenario =
        Scenario::of([instant("before", 1), endless, sum("below", &["endless"])]).max_parallel_steps(2);
    let (run, cancel) = (scenario.queued().await, Cancel::default());
    let running = scenario.spawn(run, &cancel);
    has_started.recv().await.unwrap();
    scenario.until(run, "before/1 succeeded").await;
    cancel.request();
    running.await.unwrap().unwrap();
    assert!(dropped.load(Ordering::SeqCst));
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    endless/1 started
    before/1 started
    before/1 materialized
    before/1 succeeded
    endless/1 canceled
    run canceled
    ");
    let finished = scenario.with_code(millwork_core::Definitions::new().assets([
        instant("before", 1),
        instant("endless", 2),
        sum("below", &["endless"]),
    ]));
    insta::assert_snapshot!(finished.resume(run).await, @r"
    run started (2)
    endless/2 started
    endless/2 materialized
    endless/2 succeeded
    below/2 started
    below/2 materialized
    below/2 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn a_blocking_step_that_asks_ends() {
    let (started, mut has_started) = unbounded_channel();
    let polls = number("polls").blocking::<u64>(move |step| {
        started.send(()).unwrap();
        while !step.cancellation().is_requested() {
            std::thread::yield_now();
        }
        Err("stopped half-way".into())
    });
    let scenario = Scenario::of([polls]);
    let (run, cancel) = (scenario.queued().await, Cancel::default());
    let running = scenario.spawn(run, &cancel);
    has_started.recv().await.unwrap();
    cancel.request();
    running.await.unwrap().unwrap();
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    polls/1 started
    polls/1 canceled
    run canceled
    ");
}

/// A blocking step that finishes within its grace period has succeeded; with nothing left to do, so has the run.
#[tokio::test]
async fn what_is_nearly_done_is_finished() {
    let (started, mut has_started) = unbounded_channel();
    let nearly = number("nearly").blocking(move |step| {
        started.send(()).unwrap();
        while !step.cancellation().is_requested() {
            std::thread::yield_now();
        }
        Ok(1_u64)
    });
    let scenario = Scenario::of([nearly]);
    let (run, cancel) = (scenario.queued().await, Cancel::default());
    let running = scenario.spawn(run, &cancel);
    has_started.recv().await.unwrap();
    cancel.request();
    running.await.unwrap().unwrap();
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    nearly/1 started
    nearly/1 materialized
    nearly/1 succeeded
    run succeeded
    ");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_does_not_listen_is_left_alone() {
    for at_once in [false, true] {
        let (started, mut has_started) = unbounded_channel();
        let (end, may_end) = channel::<()>();
        let may_end = Mutex::new(may_end);
        let deaf = number("deaf").blocking(move |_| {
            started.send(()).unwrap();
            let _ = may_end.lock().unwrap().recv();
            Ok(1_u64)
        });
        let scenario = Scenario::of([deaf]);
        let (run, cancel) = (scenario.queued().await, Cancel::default());
        let running = scenario.spawn(run, &cancel);
        has_started.recv().await.unwrap();
        cancel.request();
        settle().await;
        assert!(!running.is_finished(), "it has a grace period");
        if at_once {
            cancel.request();
        } else {
            pass(10).await;
        }
        running.await.unwrap().unwrap();
        let told = transcript(&scenario.events(run).await);
        insta::allow_duplicates!(insta::assert_snapshot!(told, @r"
        run queued
        run started (1)
        deaf/1 started
        deaf/1 canceled
        run canceled
        "));
        drop(end);
    }
}

#[tokio::test(start_paused = true)]
async fn from_another_process() {
    let (endless, mut has_started, _) = endless("endless");
    let scenario = Scenario::of([endless]);
    let run = scenario.queued().await;
    let running = scenario.spawn(run, &Cancel::default());
    has_started.recv().await.unwrap();
    scenario.store.request_cancel(run, scenario.clock_now()).await.unwrap();
    running.await.unwrap().unwrap();
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    endless/1 started
    run canceling
    endless/1 canceled
    run canceled
    ");
}

/// Steps that wait for their next attempt aren't started: this includes one that waits for a slot, and one whose pause ends while another
/// step still uses its grace period.
#[tokio::test(start_paused = true)]
async fn pending_retries() {
    let (started, mut has_started) = unbounded_channel();
    let (end, may_end) = channel::<()>();
    let may_end = Mutex::new(may_end);
    let deaf = number("deaf").blocking(move |_| {
        started.send(()).unwrap();
        let _ = may_end.lock().unwrap().recv();
        Ok(1_u64)
    });
    let retrying = |key, pause| {
        let retry = Retry::constant(9, Duration::from_secs(pause));
        let definition = number(key).non_blocking(|_| async { Err::<u64, BoxError>("no".into()) });
        definition.policy(|computation| computation.retry = retry)
    };
    let (holding, mut holds, _) = endless("holding");
    let pooled = |definition: AssetDefinition| definition.pool("api");
    let scenario =
        Scenario::of([deaf, retrying("soon", 5), retrying("late", 3600), pooled(retrying("pooled", 2))])
            .max_parallel_steps(9);
    let other =
        scenario.with_code(millwork_core::Definitions::new().asset(pooled(holding))).in_another_process();
    let (run, cancel) = (scenario.queued().await, Cancel::default());
    let running = scenario.spawn(run, &cancel);
    has_started.recv().await.unwrap();
    for line in [
        "soon/1 retrying in 5000 ms: no",
        "late/1 retrying in 3600000 ms: no",
        "pooled/1 retrying in 2000 ms: no",
    ] {
        scenario.until(run, line).await;
    }
    let (of_other, other_cancel) = (other.queued().await, Cancel::default());
    let holds_slot = other.spawn(of_other, &other_cancel);
    holds.recv().await.unwrap();
    pass(3).await;
    cancel.request();
    pass(10).await;
    running.await.unwrap().unwrap();
    let told = transcript(&scenario.events(run).await);
    let mut canceled: Vec<&str> = told.lines().filter(|line| line.ends_with("/1 canceled")).collect();
    canceled.sort_unstable();
    assert_eq!(
        canceled,
        ["deaf/1 canceled", "late/1 canceled", "pooled/1 canceled", "soon/1 canceled"],
        "{told}"
    );
    assert!(!told.contains("/2"), "{told}");
    assert!(told.ends_with("run canceled\n"), "{told}");
    drop(end);
    other_cancel.request();
    holds_slot.await.unwrap().unwrap();
}
