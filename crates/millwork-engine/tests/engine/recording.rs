//! A store that fails in the middle of a run.

use millwork_core::event::EventBody;
use millwork_core::run::RunStatus;
use millwork_core::{Definitions, LogLevel};
use millwork_engine::{Cancel, ExecuteError};

use crate::support::*;

const STEPS: usize = 12;

/// A chain whose steps each add one.
fn chain() -> Definitions {
    let key = |level: usize| format!("level_{level:02}");
    let first = constant(&key(0), 1);
    Definitions::new().asset(first).assets((1..STEPS).map(|level| sum(&key(level), &[&key(level - 1)])))
}

/// Wherever the log breaks off: the run goes on from there, and every step succeeds once.
#[tokio::test]
async fn a_run_goes_on_where_the_log_broke_off() {
    for events in 0..3 * STEPS {
        let scenario = Scenario::new(chain()).max_parallel_steps(4);
        let store = Faulty::new(scenario.store.clone());
        let scenario = scenario.in_store(store.clone());
        let run = scenario.queued().await;
        store.fail_after(events);
        let error = scenario.execute(run).await.unwrap_err();
        assert!(matches!(error, ExecuteError::Record(_)), "{events}: {error}");
        store.fail_after(usize::MAX);
        let before = scenario.events(run).await;
        assert_eq!(scenario.status(run).await, RunStatus::Running);
        scenario.lose(run).await;
        scenario.execute(run).await.unwrap();
        let after = scenario.events(run).await;
        let is_success = |body: &EventBody| matches!(body, EventBody::StepSucceeded { .. });
        assert_eq!(count(&after, is_success), STEPS, "{events}");
        let restarted =
            after[before.len()..].iter().filter(|event| matches!(event.body, EventBody::StepStarted));
        for event in restarted {
            assert!(event.attempt >= 2, "{events}: {}", transcript_of(event));
            let succeeded =
                |before: &&millwork_core::event::Event| is_success(&before.body) && before.step == event.step;
            assert!(
                !before.iter().any(|before| succeeded(&before)),
                "{events}: {} again",
                transcript_of(event)
            );
        }
        assert_eq!(scenario.value::<u64>(&format!("level_{:02}", STEPS - 1)).await, STEPS as u64);
    }
}

/// Running steps are stopped when the store fails.
#[tokio::test]
async fn steps_stop_when_nothing_can_be_recorded() {
    let endless = number("endless").non_blocking(|_| std::future::pending::<Result<u64, _>>());
    let scenario = Scenario::of([endless, constant("short", 1)]).max_parallel_steps(2);
    let store = Faulty::new(scenario.store.clone());
    let scenario = scenario.in_store(store.clone());
    store.fail_after(2);
    let run = scenario.queued().await;
    let error = scenario.execute(run).await.unwrap_err();
    insta::assert_snapshot!(text_of(&error), @"failed to record the run: failed to work in the database: the disk is gone; hint: what was recorded is safe, `runs retry` goes on from there");
}

#[tokio::test]
async fn a_run_that_cannot_be_prepared_is_recorded_as_failed() {
    let scenario = Scenario::of([constant("a", 1), sum("b", &["a"])]).selecting("b");
    let store = Faulty::new(scenario.store.clone());
    let scenario = scenario.in_store(store.clone());
    let run = scenario.queued().await;
    store.fail(Some(Fault::Latest));
    assert!(matches!(scenario.execute(run).await, Err(ExecuteError::Store(_))));
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    run failed: failed to work in the database: the disk is gone
    ");
}

#[tokio::test]
async fn slots_that_cannot_be_taken_or_given_back() {
    for fault in [Fault::TakeSlot, Fault::GiveSlotBack] {
        let pooled = |key| constant(key, 1).pool("api");
        let endless = number("endless").non_blocking(|_| std::future::pending::<Result<u64, _>>());
        let scenario = Scenario::of([endless, pooled("a"), pooled("b")]).max_parallel_steps(3);
        let store = Faulty::new(scenario.store.clone());
        let scenario = scenario.in_store(store.clone());
        let run = scenario.queued().await;
        store.fail(Some(fault));
        assert!(matches!(scenario.execute(run).await, Err(ExecuteError::Store(_))));
        let told = transcript(&scenario.events(run).await);
        insta::allow_duplicates!(
            insta::assert_snapshot!(told.lines().last().unwrap(), @"run failed: failed to work in the database: the disk is gone")
        );
        assert!(told.contains("endless/1 canceled"), "{told}");
        assert_eq!(told.contains("a/1 succeeded"), fault == Fault::GiveSlotBack, "{told}");
    }
}

/// No task of the engine outlives a run that could not be recorded.
#[tokio::test]
async fn nothing_holds_the_store_afterwards() {
    let scenario = Scenario::new(chain());
    let store = Faulty::new(scenario.store.clone());
    let scenario = scenario.in_store(store.clone());
    store.fail_after(7);
    let run = scenario.queued().await;
    scenario.execute(run).await.unwrap_err();
    let running = scenario.with_code(chain()).spawn(run, &Cancel::default());
    assert!(running.await.unwrap().is_err(), "the run isn't lost yet");
    drop(scenario);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(std::sync::Arc::strong_count(&store), 1);
}

/// With tens of thousands of events waiting for the disk no more steps are started, until the disk has caught up, or for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_falls_behind() {
    for is_repaired in [true, false] {
        let (done, mut are_done) = tokio::sync::mpsc::unbounded_channel();
        let chatty = (0..8).map(|index| {
            let done = done.clone();
            number(&format!("chatty_{index}")).blocking(move |step| {
                (0..9_000).for_each(|line: u32| step.sink().line(LogLevel::Info, line.to_string()));
                done.send(()).unwrap();
                Ok(1_u64)
            })
        });
        let scenario = Scenario::of(chatty).max_parallel_steps(4);
        let store = Faulty::new(scenario.store.clone());
        let scenario = scenario.in_store(store.clone());
        let run = scenario.queued().await;
        let slow = store.slow.write().await;
        let running = scenario.spawn(run, &Cancel::default());
        for _ in 0..6 {
            are_done.recv().await.unwrap();
        }
        store.fail((!is_repaired).then_some(Fault::Append));
        drop(slow);
        assert_eq!(running.await.unwrap().is_ok(), is_repaired);
    }
}
