//! Retries and time-outs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use millwork_core::run::RunStatus;
use millwork_core::{AssetDefinition, BoxError, Definitions, Retry, StepContext};

use crate::support::*;

/// Fails until attempt number `succeeds_at`.
fn flaky(succeeds_at: u32, retry: Retry) -> Scenario {
    let function = move |step: StepContext| match step.attempt() {
        attempt if attempt >= succeeds_at => Ok(u64::from(attempt)),
        attempt => Err(BoxError::from(format!("attempt {attempt} failed"))),
    };
    Scenario::of([number("flaky").blocking(function).policy(|computation| computation.retry = retry)])
}

#[tokio::test(start_paused = true)]
async fn a_constant_pause() {
    let scenario = flaky(3, Retry::constant(5, Duration::from_millis(30)));
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    flaky/1 started
    flaky/1 retrying in 30 ms: attempt 1 failed
    flaky/2 started
    flaky/2 retrying in 30 ms: attempt 2 failed
    flaky/3 started
    flaky/3 materialized
    flaky/3 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("flaky").await, 3);
}

#[tokio::test(start_paused = true)]
async fn an_exponential_pause_until_retries_are_exhausted() {
    let before = tokio::time::Instant::now();
    insta::assert_snapshot!(flaky(9, Retry::exponential(3).jitter(false)).run().await, @r"
    run started (1)
    flaky/1 started
    flaky/1 retrying in 1000 ms: attempt 1 failed
    flaky/2 started
    flaky/2 retrying in 2000 ms: attempt 2 failed
    flaky/3 started
    flaky/3 retrying in 4000 ms: attempt 3 failed
    flaky/4 started
    flaky/4 failed: attempt 4 failed
    run failed: step `flaky` failed: attempt 4 failed
    ");
    assert_eq!(before.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_blocking_verdict_and_a_missing_input_are_not_tried_again() {
    let retry =
        |computation: &mut millwork_core::Computation| computation.retry = Retry::constant(5, Duration::ZERO);
    let mut check =
        blocking(check("small", "a", &["a"], |_| Ok(millwork_core::CheckResult::fail("too big"))));
    retry(&mut check.computation);
    let scenario = Scenario::new(Definitions::new().asset(constant("a", 1)).check(check));
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    a:small/1 started
    a:small/1 check failed (error, blocking) too big
    a:small/1 failed: the blocking check `small` of `a` failed: too big
    run failed: step `a:small` failed: the blocking check `small` of `a` failed: too big
    ");
    let scenario = Scenario::of([constant("a", 1), sum("b", &["a"]).policy(retry)]).selecting("b");
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    b/1 started
    b/1 failed: upstream asset `a` has never been materialized; hint: select it too, for example with `+` before the selection
    run failed: step `b` failed: upstream asset `a` has never been materialized; hint: select it too, for example with `+` before the selection
    ");
}

fn impatient(definition: AssetDefinition) -> AssetDefinition {
    definition.policy(|computation| computation.timeout = Some(Duration::from_secs(5)))
}

#[tokio::test(start_paused = true)]
async fn an_async_step_takes_too_long() {
    let slow = impatient(number("slow")).non_blocking(|_| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(1_u64)
    });
    let before = tokio::time::Instant::now();
    insta::assert_snapshot!(Scenario::of([slow, constant("other", 1)]).run().await, @r"
    run started (1)
    slow/1 started
    slow/1 failed: the attempt took longer than 5s
    other/1 started
    other/1 materialized
    other/1 succeeded
    run failed: step `slow` failed: the attempt took longer than 5s
    ");
    assert_eq!(before.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_time_out_covers_what_is_tried_again() {
    let slow = |step: StepContext| async move {
        if step.attempt() == 1 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Ok(u64::from(step.attempt()))
    };
    let retry = Retry::constant(1, Duration::from_secs(1));
    let slow = impatient(number("slow")).non_blocking(slow).policy(|computation| computation.retry = retry);
    insta::assert_snapshot!(Scenario::of([slow]).run().await, @r"
    run started (1)
    slow/1 started
    slow/1 retrying in 1000 ms: the attempt took longer than 5s
    slow/2 started
    slow/2 materialized
    slow/2 succeeded
    run succeeded
    ");
}

/// A blocking function that reports its start, and ends when the test allows it.
fn held(
    key: &str,
) -> (AssetDefinition, tokio::sync::mpsc::UnboundedReceiver<u32>, Sender<()>, Receiver<bool>) {
    let (started, has_started) = tokio::sync::mpsc::unbounded_channel();
    let (end, may_end) = channel();
    let (over, is_over) = channel();
    let may_end = Mutex::new(may_end);
    let definition = number(key).blocking(move |step| {
        started.send(step.attempt()).unwrap();
        if step.attempt() == 1 {
            may_end.lock().unwrap().recv().unwrap();
            // All of this comes too late.
            step.sink().progress(1, 2);
            step.sink().line(millwork_core::LogLevel::Info, "too late".into());
            over.send(step.cancellation().is_requested()).unwrap();
        }
        Ok(u64::from(step.attempt()))
    });
    (definition, has_started, end, is_over)
}

#[tokio::test(start_paused = true)]
async fn the_late_result_of_a_blocking_step_is_ignored() {
    let (held, mut has_started, end, is_over) = held("held");
    let retry = Retry::constant(1, Duration::from_secs(1));
    let held = impatient(held).policy(|computation| computation.retry = retry);
    let (gate, mut gate_started, open, _gate_is_over) = self::held("gate");
    let scenario = Scenario::of([held, gate.after("below"), sum("below", &["held"])]).max_parallel_steps(2);
    let run = scenario.queued().await;
    let running = scenario.spawn(run, &Default::default());
    assert_eq!(has_started.recv().await, Some(1));
    pass(7).await;
    assert_eq!(has_started.recv().await, Some(2));
    assert_eq!(gate_started.recv().await, Some(1));
    end.send(()).unwrap();
    assert!(is_over.recv().unwrap(), "an abandoned function is notified");
    open.send(()).unwrap();
    running.await.unwrap().unwrap();
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    held/1 started
    held/1 retrying in 1000 ms: the attempt took longer than 5s
    held/2 started
    held/2 materialized
    held/2 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    gate/1 started
    gate/1 progressed 1/2
    gate/1 logged INFO step: too late
    gate/1 materialized
    gate/1 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("held").await, 2);
}

/// It can't be dropped, and it isn't waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_future_that_never_awaits_keeps_no_time_limit() {
    let is_over = Arc::new(AtomicBool::new(false));
    let flag = is_over.clone();
    let spins = number("spins")
        .policy(|computation| computation.timeout = Some(Duration::from_millis(50)))
        .non_blocking(move |_| {
            let flag = flag.clone();
            async move {
                while !flag.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                Ok(1_u64)
            }
        });
    let scenario = Scenario::of([spins]);
    let run = scenario.queued().await;
    assert_eq!(scenario.execute(run).await.unwrap().status, RunStatus::Failed);
    is_over.store(true, Ordering::SeqCst);
}
