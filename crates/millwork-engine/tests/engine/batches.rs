//! One call for many partitions, each of which succeeds or fails by itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use millwork_core::event::EventBody;
use millwork_core::partition::mapping::window;
use millwork_core::partition::{TimeWindow, TimeWindows, daily};
use millwork_core::run::{ReproductionVerdict, RunStatus};
use millwork_core::{
    Asset, AssetDefinition, Batch, BoxError, CheckResult, Definitions, FromStep as _, LogLevel,
    PartitionKeys, Partitions, PartitionsDefinition, Retry, StepContext, StepLog,
};
use millwork_engine::Cancel;

use crate::support::*;

/// The keys of each call, joined.
type Calls = Arc<Mutex<Vec<String>>>;

type Made = Batch<String, Result<u64, BoxError>>;

#[allow(non_camel_case_types)]
enum clicks {}

impl Asset for clicks {
    const KEY: &'static str = "clicks";
    type Value = u64;
}

fn days() -> PartitionsDefinition {
    PartitionsDefinition::fixed(["mon", "tue", "wed"])
}

/// Clicks of each day, and features of them, which `make` makes of all days at once.
fn features(
    make: impl Fn(&StepContext, PartitionKeys<String>) -> Result<Made, BoxError> + Send + Sync + 'static,
) -> (AssetDefinition, Calls) {
    let calls = Calls::default();
    let called = calls.clone();
    let definition = number("features").partitions(days()).batch(move |step, days: PartitionKeys<String>| {
        called.lock().unwrap().push(days.join(" "));
        make(&step, days)
    });
    (taking_clicks(definition), calls)
}

fn taking_clicks(definition: AssetDefinition) -> AssetDefinition {
    definition.policy(|computation| computation.requirements.partitions::<u64>("clicks"))
}

fn clicks_of_days() -> AssetDefinition {
    number("clicks")
        .partitions(days())
        .blocking(|step| Ok(u64::from(step.partition().unwrap().label().as_bytes()[0])))
}

/// One more than the clicks of the same day.
fn one_more(step: &StepContext, day: &String) -> Result<u64, BoxError> {
    Ok(Partitions::<clicks>::from_step(step)?.value_of(day)? + 1)
}

fn each(step: &StepContext, days: PartitionKeys<String>) -> Result<Made, BoxError> {
    Ok(days.map(|day| one_more(step, day)))
}

fn calls_of(calls: &Calls) -> Vec<String> {
    std::mem::take(&mut *calls.lock().unwrap())
}

fn retried(definition: AssetDefinition, times: u32) -> AssetDefinition {
    definition.policy(|computation| computation.retry = Retry::constant(times, Duration::from_millis(10)))
}

#[tokio::test]
async fn one_call_makes_all_partitions() {
    let (features, calls) = features(each);
    let below = sum("below", &["features"]).partitions(days());
    let scenario = Scenario::of([clicks_of_days(), features, below]);
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!(calls_of(&calls), ["mon tue wed"]);
    assert_eq!(scenario.value_of::<u64>("features", "mon").await, 110);
    assert_eq!(scenario.value_of::<u64>("below", "wed").await, 121);
    scenario.partition("tue").run().await;
    assert_eq!(calls_of(&calls), ["tue"]);
}

#[tokio::test]
async fn each_partition_fails_by_itself() {
    let (features, calls) = features(|step, days| {
        Ok(days.map(|day| if day == "tue" { Err(refused()) } else { one_more(step, day) }))
    });
    let below = sum("below", &["features"]).partitions(days());
    insta::assert_snapshot!(Scenario::of([clicks_of_days(), features, below]).run().await);
    assert_eq!(calls_of(&calls), ["mon tue wed"]);
}

/// Those that failed are called for once more, together.
#[tokio::test(start_paused = true)]
async fn only_what_failed_is_retried() {
    let (features, calls) = features(|step, days| {
        let attempt = step.attempt();
        Ok(days.map(|day| if day != "mon" && attempt < 3 { Err(refused()) } else { one_more(step, day) }))
    });
    let scenario = Scenario::of([clicks_of_days(), retried(features, 2)]);
    scenario.selecting("clicks").run().await;
    insta::assert_snapshot!(scenario.selecting("features").run().await);
    assert_eq!(calls_of(&calls), ["mon tue wed", "tue wed", "tue wed"]);
}

#[tokio::test]
async fn keys_that_are_missing_or_foreign_or_there_twice() {
    let (features, _) = features(|step, _| {
        let keys = ["mon", "wed", "sun", "wed"];
        Ok(keys.map(|day| (day.to_owned(), one_more(step, &"mon".to_owned()))).into_iter().collect())
    });
    let scenario = Scenario::of([clicks_of_days(), features]);
    scenario.selecting("clicks").run().await;
    insta::assert_snapshot!(scenario.selecting("features").run().await);
}

#[tokio::test]
async fn an_error_of_the_call_fails_every_partition() {
    let (features, _) = features(|_, _| Err(refused()));
    let scenario = Scenario::of([clicks_of_days(), features]);
    scenario.selecting("clicks").run().await;
    insta::assert_snapshot!(scenario.selecting("features").run().await);
}

#[tokio::test]
async fn so_does_a_panic() {
    let (features, _) = features(|_, days| panic!("no {}", days[1]));
    let scenario = Scenario::of([clicks_of_days(), features]);
    scenario.selecting("clicks").run().await;
    insta::assert_snapshot!(without_lines(&scenario.selecting("features").run().await));
}

#[tokio::test]
async fn so_does_a_time_out() {
    let (features, _) = features(|step, days| {
        while !step.cancellation().is_requested() {
            std::thread::yield_now();
        }
        each(step, days)
    });
    let limited = features.policy(|computation| computation.timeout = Some(Duration::from_millis(20)));
    let scenario = Scenario::of([clicks_of_days(), limited]);
    scenario.selecting("clicks").run().await;
    insta::assert_snapshot!(scenario.selecting("features").run().await);
}

/// A partition without its inputs is skipped or fails, and holds the others up in nothing.
#[tokio::test]
async fn partitions_without_inputs() {
    let (features, calls) = features(each);
    let definitions = |fails: bool, features| {
        let clicks = number("clicks").partitions(days()).blocking(move |step| {
            match step.partition().unwrap().label() {
                "tue" if fails => Err(refused()),
                _ => Ok(1_u64),
            }
        });
        Definitions::new().assets([clicks, features])
    };
    let scenario = Scenario::new(definitions(true, features.clone()));
    insta::assert_snapshot!(scenario.selecting("features").run().await);
    assert_eq!(calls_of(&calls), Vec::<String>::new());
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!(calls_of(&calls), ["mon wed"]);
    insta::assert_snapshot!(scenario.selecting("features").run().await);
    assert_eq!(calls_of(&calls), ["mon wed"]);
}

/// A partition is made from its own inputs, so that a change of one day makes one day stale.
#[tokio::test]
async fn each_partition_is_made_from_its_own_inputs() {
    let (features, calls) = features(each);
    let definitions = |tuesday: u64| {
        let clicks = number("clicks")
            .partitions(days())
            .blocking(move |step| Ok(if step.partition().unwrap().label() == "tue" { tuesday } else { 1 }));
        let clicks =
            clicks.policy(|computation| computation.code_version = tuesday.to_string().as_str().into());
        Definitions::new().assets([clicks, features.clone()])
    };
    let scenario = Scenario::new(definitions(1)).stale_only();
    let run = scenario.queued().await;
    scenario.execute(run).await.unwrap();
    let mut read = Vec::new();
    for event in scenario.events(run).await {
        if let EventBody::Materialized(made) = &event.body
            && event.asset.as_ref().is_some_and(|asset| asset.as_str() == "features")
        {
            let inputs = made.provenance.inputs.iter().map(|input| input.upstream.quoted().to_string());
            read.push(inputs.collect::<Vec<_>>().join(" "));
        }
    }
    let of_day = |day: &str| format!("`clicks` (partition `{day}`)");
    assert_eq!(read, ["mon", "tue", "wed"].map(of_day));
    assert_eq!(calls_of(&calls), ["mon tue wed"]);
    insta::assert_snapshot!(scenario.with_code(definitions(2)).run().await);
    assert_eq!(calls_of(&calls), ["tue"]);
}

/// What has succeeded is made, whatever becomes of the process, and the next execution calls for the rest.
#[tokio::test]
async fn a_run_is_resumed_with_what_is_left() {
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_failing = fails.clone();
    let (features, calls) = features(move |step, days| {
        let fails = is_failing.load(std::sync::atomic::Ordering::SeqCst);
        Ok(days.map(|day| if fails && day != "tue" { Err(refused()) } else { one_more(step, day) }))
    });
    let scenario = Scenario::of([clicks_of_days(), features]);
    let run = scenario.queued().await;
    scenario.resume(run).await;
    fails.store(false, std::sync::atomic::Ordering::SeqCst);
    insta::assert_snapshot!(scenario.resume(run).await);
    assert_eq!(calls_of(&calls), ["mon tue wed", "mon wed"]);
}

/// A reproduction makes what was made, by calls as well.
#[tokio::test]
async fn a_run_of_a_call_is_reproduced() {
    let fails = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_failing = fails.clone();
    let (features, calls) = features(move |step, days| {
        let fails = is_failing.load(std::sync::atomic::Ordering::SeqCst);
        Ok(days.map(|day| if fails && day == "tue" { Err(refused()) } else { one_more(step, day) }))
    });
    let scenario = Scenario::of([clicks_of_days(), features]);
    let run = scenario.queued().await;
    scenario.execute(run).await.unwrap();
    fails.store(false, std::sync::atomic::Ordering::SeqCst);
    scenario.execute(run).await.unwrap();
    assert_eq!(calls_of(&calls), ["mon tue wed", "tue"]);
    let engine = scenario.engine();
    let plan = engine.plan_reproduction(run).await.unwrap();
    let reproduction = engine.reproduce(plan, &Cancel::default(), unobserved()).await.unwrap().unwrap();
    assert_eq!(reproduction.verdict(), ReproductionVerdict::Identical);
    assert!(!calls_of(&calls).is_empty());
}

/// A call has one place among the steps in parallel, and one set of slots.
#[tokio::test]
async fn a_call_takes_its_slots_once() {
    let (features, calls) = features(each);
    let definitions = Definitions::new().assets([clicks_of_days(), features.pool("api")]).pool("api", 1);
    let store = Faulty::new(Arc::new(millwork_storage::MemoryStore::new()));
    let scenario = Scenario::new(definitions).in_store(store.clone()).max_parallel_steps(8);
    let run = scenario.queued().await;
    assert_eq!(scenario.execute(run).await.unwrap().status, RunStatus::Succeeded);
    assert_eq!((calls_of(&calls), store.slots_held()), (vec!["mon tue wed".to_owned()], 0));
}

#[tokio::test]
async fn a_stop_cancels_every_partition_of_the_call() {
    let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
    let (features, _) = features(move |step, days| {
        started.send(()).unwrap();
        while !step.cancellation().is_requested() {
            std::thread::yield_now();
        }
        Ok(days.map(|_| Err(refused())))
    });
    let scenario = Scenario::of([clicks_of_days(), features]);
    scenario.selecting("clicks").run().await;
    let scenario = scenario.selecting("features");
    let (run, cancel) = (scenario.queued().await, Cancel::default());
    let running = scenario.spawn(run, &cancel);
    has_started.recv().await.unwrap();
    cancel.request();
    running.await.unwrap().unwrap();
    insta::assert_snapshot!(transcript(&scenario.events(run).await));
}

/// What the call reports is recorded once, with its first partition, and its metadata with each.
#[tokio::test]
async fn lines_and_metadata_of_a_call() {
    let (features, _) = features(|step, days| {
        let log = StepLog::from_step(step)?;
        log.info("reads clicks");
        log.metadata("rows", 3);
        step.sink().line(LogLevel::Warn, "few of them".to_owned());
        each(step, days)
    });
    let scenario = Scenario::of([clicks_of_days(), features]);
    scenario.selecting("clicks").run().await;
    let run = scenario.selecting("features").queued().await;
    scenario.execute(run).await.unwrap();
    let events = scenario.events(run).await;
    let with_rows = count(
        &events,
        |body| matches!(body, EventBody::Materialized(made) if made.metadata.contains_key("rows")),
    );
    assert_eq!(with_rows, 3);
    insta::assert_snapshot!(transcript(&events));
}

#[tokio::test]
async fn a_check_tests_each_partition() {
    let (features, _) = features(each);
    let check = blocking(check("small", "features", &["features"], |step| {
        let value = *step.input::<u64>("features")?;
        Ok(if value > 115 { CheckResult::fail("too large") } else { CheckResult::pass() })
    }));
    let definitions = Definitions::new()
        .assets([clicks_of_days(), features, sum("below", &["features"]).partitions(days())])
        .check(check);
    let scenario = Scenario::new(definitions);
    scenario.selecting("clicks").run().await;
    insta::assert_snapshot!(scenario.selecting("features+").run().await);
}

fn january() -> TimeWindows {
    daily("UTC").from("2026-01-01").until("2026-01-06")
}

/// A key finds the partitions that belong to it by the mapping, and each is made from those.
#[tokio::test]
async fn several_partitions_belong_to_each_key() {
    let clicks_of_windows = number("clicks").partitions(january()).blocking(|step| {
        let label = step.partition().unwrap().label().to_owned();
        Ok(label[8..].parse::<u64>()?)
    });
    let rolling = number("rolling").partitions(january()).batch(|step, days: PartitionKeys<TimeWindow>| {
        let clicks = Partitions::<clicks>::from_step(&step)?;
        step.sink().line(LogLevel::Info, format!("{} partitions", clicks.len()));
        Ok(days.map(|day| Ok(clicks.of(day).map(|(_, value)| *value).sum::<u64>())))
    });
    let rolling = rolling.policy(|computation| {
        let mapping = window(-1, 0).tolerate_missing();
        computation.requirements.mapped(&mapping, |requirements| requirements.partitions::<u64>("clicks"));
    });
    let scenario = Scenario::of([clicks_of_windows, rolling]);
    scenario.selecting("clicks").partitions("*").run().await;
    let told = scenario.selecting("rolling").partitions("2026-01-03..").run().await;
    assert!(told.contains("rolling[2026-01-03]/1 logged INFO step: 4 partitions"), "{told}");
    assert_eq!(scenario.value_of::<u64>("rolling", "2026-01-03").await, 5);
    assert_eq!(scenario.value_of::<u64>("rolling", "2026-01-05").await, 9);
    scenario.selecting("rolling").partitions("2026-01-01").run().await;
    assert_eq!(scenario.value_of::<u64>("rolling", "2026-01-01").await, 1);
}

#[tokio::test]
async fn keys_that_the_type_does_not_tell_apart() {
    let hours = millwork_core::partition::hourly("UTC").from("2026-01-01").until("2026-01-02");
    let rates = number("rates")
        .partitions(hours)
        .batch(|_, days: PartitionKeys<jiff::civil::Date>| Ok(days.map(|_| Ok(1_u64))));
    let scenario = Scenario::of([rates]).partitions("2026-01-01-00:00..2026-01-01-01:00");
    insta::assert_snapshot!(scenario.run().await);
}

/// One call, and as many events as if each partition were made by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_partitions_are_one_call() {
    let keys: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let partitions = PartitionsDefinition::fixed(keys);
    let calls = Calls::default();
    let called = calls.clone();
    let together =
        number("rates").partitions(partitions.clone()).batch(move |_, keys: PartitionKeys<u64>| {
            called.lock().unwrap().push(keys.len().to_string());
            Ok(keys.map(|key| Ok(*key)))
        });
    let alone = number("rates").partitions(partitions).blocking(|_| Ok(1_u64));
    let mut counts = Vec::new();
    for definition in [together, alone] {
        let scenario = Scenario::of([definition]);
        let run = scenario.queued().await;
        assert_eq!(scenario.execute(run).await.unwrap().status, RunStatus::Succeeded);
        counts.push(scenario.events(run).await.len());
    }
    assert_eq!(calls_of(&calls), ["1000"]);
    assert_eq!(counts[0], counts[1]);
}
