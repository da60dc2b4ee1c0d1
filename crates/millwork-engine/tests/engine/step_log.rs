//! Reports of steps: lines, progress; and the time that they are given.

use jiff::SignedDuration;
use millwork_core::event::EventBody;
use millwork_core::{FromStep, LogLevel, StepLog, StepTime};
use millwork_engine::Cancel;

use crate::support::*;

#[tokio::test]
async fn lines() {
    let talks = number("talks").blocking(|step| {
        let log = StepLog::from_step(&step)?;
        log.info(format_args!("{} of {}", 1, 2));
        log.warn("careful");
        Ok(1_u64)
    });
    insta::assert_snapshot!(Scenario::of([talks]).run().await, @r"
    run started (1)
    talks/1 started
    talks/1 logged INFO step: 1 of 2
    talks/1 logged WARN step: careful
    talks/1 materialized
    talks/1 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn too_many_and_too_long() {
    let talks = number("talks").blocking(|step| {
        let log = StepLog::from_step(&step)?;
        log.info("ü".repeat(100_000));
        for line in 1..20_000 {
            log.info(line);
        }
        Ok(1_u64)
    });
    let scenario = Scenario::of([talks]);
    let run = scenario.queued().await;
    scenario.execute(run).await.unwrap();
    let lines: Vec<_> = scenario
        .events(run)
        .await
        .into_iter()
        .filter_map(|event| {
            let EventBody::Logged(line) = event.body else { return None };
            Some((line.level, line.message))
        })
        .collect();
    assert_eq!(lines.len(), 10_001);
    let long = &lines[0].1;
    assert!(long.starts_with('ü') && long.ends_with('ü') && long.contains("üü… (134464 bytes left out) …üü"));
    assert_eq!(
        lines[10_000],
        (LogLevel::Warn, "step `talks` has logged 10000 lines; what follows is not kept".to_owned())
    );
}

#[tokio::test]
async fn progress_is_recorded_once_a_second_and_shown_always() {
    let clock = std::sync::Arc::new(std::sync::Mutex::new(None::<std::sync::Arc<millwork_core::TestClock>>));
    let ticks = clock.clone();
    let works = number("works").blocking(move |step| {
        let clock = ticks.lock().unwrap().clone().unwrap();
        for done in 1..=5 {
            step.sink().progress(done, 5);
            clock.advance(SignedDuration::from_millis(400));
        }
        Ok(1_u64)
    });
    let scenario = Scenario::of([works]);
    *clock.lock().unwrap() = Some(scenario.clock.clone());
    let (observer, lines) = observed();
    let run = scenario.queued().await;
    scenario.engine().execute(run, &Cancel::default(), observer).await.unwrap();
    let lines = lines.lock().unwrap();
    let shown: Vec<_> = lines.iter().filter(|line| line.contains("shows")).collect();
    let recorded: Vec<_> = lines.iter().filter(|line| line.contains("progressed")).collect();
    assert_eq!(
        shown,
        ["works shows 1/5", "works shows 2/5", "works shows 3/5", "works shows 4/5", "works shows 5/5"]
    );
    assert_eq!(recorded, ["works/1 progressed 1/5", "works/1 progressed 4/5"]);
}

/// The time of a step is that of the engine's clock, which a test sets.
#[tokio::test]
async fn a_step_is_given_the_time_at_which_it_began() {
    let asks = number("asks").blocking(|step| Ok(StepTime::from_step(&step)?.as_second() as u64));
    let scenario = Scenario::of([asks]);
    scenario.clock.advance(SignedDuration::from_hours(24));
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("asks").await as i64, scenario.clock_now().as_second());
}

/// The observer is shown the events on disk, in their order.
#[tokio::test]
async fn the_observer_sees_the_log() {
    let scenario = Scenario::of([constant("a", 1), sum("b", &["a"]), failing("c", &["b"])]);
    let (observer, lines) = observed();
    let run = scenario.queued().await;
    scenario.engine().execute(run, &Cancel::default(), observer).await.unwrap();
    let events = scenario.events(run).await;
    assert_eq!(lines.lock().unwrap().join("\n") + "\n", transcript(&events[2..]));
}
