//! Partitions: one to one, all to one, and some of them from the store.

use millwork_core::partition::mapping::{Mapping, window};
use millwork_core::partition::{self, TimeWindow, TimeWindows, fixed, weekly};
use millwork_core::{
    AssetDefinition, CheckResult, Definitions, FromStep as _, Partition, PartitionsDefinition, Requirements,
};

use crate::support::*;

fn days() -> PartitionsDefinition {
    PartitionsDefinition::fixed(["mon", "tue", "wed"])
}

/// Each day's number is the length of its key times ten, so that it differs from the sum.
fn daily() -> AssetDefinition {
    let number = number("daily").partitions(days());
    number.blocking(|step| Ok(10 * u64::from(step.partition().unwrap().label().as_bytes()[0])))
}

fn week() -> AssetDefinition {
    number("week").policy(|computation| computation.requirements.partitions::<u64>("daily")).blocking(
        |step| {
            let days = step.partitions::<u64>("daily")?;
            let keys: Vec<_> = days.keys().map(millwork_core::PartitionKey::label).collect();
            step.sink().line(millwork_core::LogLevel::Info, keys.join(" "));
            Ok(days.values().map(|value| **value).sum::<u64>())
        },
    )
}

fn pipeline() -> Scenario {
    Scenario::new(
        Definitions::new().asset(daily()).asset(sum("plus", &["daily"]).partitions(days())).asset(week()),
    )
}

#[tokio::test]
async fn one_to_one_and_all_to_one() {
    let scenario = pipeline();
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    daily[mon]/1 started
    daily[mon]/1 materialized
    daily[mon]/1 succeeded
    daily[tue]/1 started
    daily[tue]/1 materialized
    daily[tue]/1 succeeded
    daily[wed]/1 started
    daily[wed]/1 materialized
    daily[wed]/1 succeeded
    plus[mon]/1 started
    plus[mon]/1 materialized
    plus[mon]/1 succeeded
    plus[tue]/1 started
    plus[tue]/1 materialized
    plus[tue]/1 succeeded
    plus[wed]/1 started
    plus[wed]/1 materialized
    plus[wed]/1 succeeded
    week/1 started
    week/1 logged INFO step: mon tue wed
    week/1 materialized
    week/1 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("week").await, 10 * (109 + 116 + 119));
}

#[tokio::test]
async fn one_partition_and_the_rest_from_the_store() {
    let scenario = pipeline();
    scenario.run().await;
    insta::assert_snapshot!(scenario.partition("tue").run().await, @r"
    run started (1)
    daily[tue]/1 started
    daily[tue]/1 materialized
    daily[tue]/1 succeeded
    plus[tue]/1 started
    plus[tue]/1 materialized
    plus[tue]/1 succeeded
    week/1 started
    week/1 logged INFO step: mon tue wed
    week/1 materialized
    week/1 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("week").await, 10 * (109 + 116 + 119));
}

#[tokio::test]
async fn a_partition_that_was_never_made() {
    insta::assert_snapshot!(pipeline().partition("tue").run().await, @r"
    run started (1)
    daily[tue]/1 started
    daily[tue]/1 materialized
    daily[tue]/1 succeeded
    plus[tue]/1 started
    plus[tue]/1 materialized
    plus[tue]/1 succeeded
    week/1 started
    week/1 failed: upstream asset `daily` (partition `mon`) has never been materialized; hint: materialize it first, for example with `materialize daily --partition 'mon'`
    run failed: step `week` failed: upstream asset `daily` (partition `mon`) has never been materialized; hint: materialize it first, for example with `materialize daily --partition 'mon'`
    ");
}

#[tokio::test]
async fn a_failed_partition_stops_the_fan_in_and_its_own_line() {
    let daily = number("daily").partitions(days()).blocking(|step| match step.partition().unwrap().label() {
        "tue" => Err(refused()),
        _ => Ok(1_u64),
    });
    let definitions =
        Definitions::new().asset(daily).asset(sum("plus", &["daily"]).partitions(days())).asset(week());
    insta::assert_snapshot!(Scenario::new(definitions).run().await, @r"
        run started (1)
        daily[mon]/1 started
        daily[mon]/1 materialized
        daily[mon]/1 succeeded
        daily[tue]/1 started
        daily[tue]/1 failed: the API did not answer: connection refused
        plus[tue]/0 skipped: upstream step `daily` (partition `tue`) failed
        week/0 skipped: upstream step `daily` (partition `tue`) failed
        daily[wed]/1 started
        daily[wed]/1 materialized
        daily[wed]/1 succeeded
        plus[mon]/1 started
        plus[mon]/1 materialized
        plus[mon]/1 succeeded
        plus[wed]/1 started
        plus[wed]/1 materialized
        plus[wed]/1 succeeded
        run failed: step `daily` (partition `tue`) failed: the API did not answer: connection refused
        ");
}

fn january() -> TimeWindows {
    partition::daily("Europe/Berlin").from("2026-01-04").until("2026-01-18")
}

/// The hours of each day that an asset makes, which its typed key has.
fn hours() -> AssetDefinition {
    let hours = number("hours").partitions(january());
    let hours = hours.policy(|computation| {
        Partition::<TimeWindow>::requirements(&mut computation.requirements);
    });
    hours.blocking(|step| {
        let day = Partition::<TimeWindow>::from_step(&step)?;
        Ok(u64::try_from(day.end().duration_since(day.start()).as_hours())?)
    })
}

/// The sum of the partitions that a step takes.
fn gathered(key: &str, upstream: &'static str, mapping: &Mapping) -> AssetDefinition {
    let takes = |requirements: &mut Requirements| requirements.partitions::<u64>(upstream);
    number(key).policy(|computation| computation.requirements.mapped(mapping, takes)).blocking(move |step| {
        Ok(step.partitions::<u64>(upstream)?.values().map(|value| **value).sum::<u64>())
    })
}

#[tokio::test]
async fn a_week_is_made_from_its_days() {
    let weeks = weekly("Europe/Berlin").from("2026-01-04").until("2026-01-18");
    let week = gathered("week", "hours", &Mapping::inferred()).partitions(weeks);
    let scenario = Scenario::new(Definitions::new().asset(hours()).asset(week));
    scenario.selecting("hours").partitions("2026-01-04..2026-01-10").run().await;
    insta::assert_snapshot!(scenario.selecting("week").partitions("2026-01-04").run().await, @r"
    run started (1)
    week[2026-01-04]/1 started
    week[2026-01-04]/1 materialized
    week[2026-01-04]/1 succeeded
    run succeeded
    ");
    let made = scenario.value_of::<u64>("week", "2026-01-04").await;
    assert_eq!(made, 7 * 24);
    insta::assert_snapshot!(scenario.selecting("week").partitions("2026-01-11").run().await, @r"
    run started (1)
    week[2026-01-11]/1 started
    week[2026-01-11]/1 failed: upstream asset `hours` (partition `2026-01-11`) has never been materialized; hint: materialize it first, for example with `materialize hours --partition '2026-01-11'`
    run failed: step `week` (partition `2026-01-11`) failed: upstream asset `hours` (partition `2026-01-11`) has never been materialized; hint: materialize it first, for example with `materialize hours --partition '2026-01-11'`
    ");
}

#[tokio::test]
async fn a_mapping_may_tolerate_what_is_missing_and_what_fails() {
    let flaky =
        number("flaky").partitions(january()).blocking(|step| match step.partition().unwrap().label() {
            "2026-01-05" => Err(refused()),
            _ => Ok(1_u64),
        });
    let rolling = gathered("rolling", "flaky", &window(-6, 0).tolerate_missing()).partitions(january());
    let scenario = Scenario::new(Definitions::new().asset(flaky).asset(rolling));
    let run = scenario.partitions("2026-01-04..2026-01-06");
    insta::assert_snapshot!(run.run().await, @r"
    run started (1)
    flaky[2026-01-04]/1 started
    flaky[2026-01-04]/1 materialized
    flaky[2026-01-04]/1 succeeded
    flaky[2026-01-05]/1 started
    flaky[2026-01-05]/1 failed: the API did not answer: connection refused
    flaky[2026-01-06]/1 started
    flaky[2026-01-06]/1 materialized
    flaky[2026-01-06]/1 succeeded
    rolling[2026-01-04]/1 started
    rolling[2026-01-04]/1 materialized
    rolling[2026-01-04]/1 succeeded
    rolling[2026-01-05]/1 started
    rolling[2026-01-05]/1 materialized
    rolling[2026-01-05]/1 succeeded
    rolling[2026-01-06]/1 started
    rolling[2026-01-06]/1 materialized
    rolling[2026-01-06]/1 succeeded
    run failed: step `flaky` (partition `2026-01-05`) failed: the API did not answer: connection refused
    ");
    let mut sums = Vec::new();
    for day in ["2026-01-04", "2026-01-05", "2026-01-06"] {
        sums.push(scenario.value_of::<u64>("rolling", day).await);
    }
    assert_eq!(sums, [1, 1, 2]);
    let again = scenario.selecting("rolling").partitions("2026-01-04..2026-01-06").stale_only();
    assert_eq!(again.planned().await, "", "what was missing then, and still is, makes nothing stale");
    let again = scenario.partitions("2026-01-04..2026-01-06").stale_only();
    assert_eq!(again.planned().await, "flaky");
}

/// What a check compares its partition with isn't the value of the partitions before, but what was counted of them.
#[tokio::test]
async fn a_check_takes_what_was_counted_of_the_windows_before() {
    let counted = inferred_one(number("counted"), "hours").partitions(january());
    let counted = counted.blocking(|step| Ok(*step.input::<u64>("hours")?));
    let mut usual = check("usual", "hours", &["hours"], |step| {
        let earlier = step.partitions::<u64>("counted")?;
        let words: Vec<String> = earlier.iter().map(|(key, count)| format!("{key}: {count}")).collect();
        Ok(CheckResult::fail(format!("beside {words:?}")))
    });
    let takes = |requirements: &mut Requirements| requirements.partitions::<u64>("counted");
    usual.computation.requirements.mapped(&window(-2, -1).tolerate_missing(), takes);
    let scenario = Scenario::new(Definitions::new().asset(hours()).asset(counted).check(usual));
    let day = |day: &str| scenario.selecting("hours or counted").partitions(day);
    assert!(day("2026-01-04").run().await.contains("beside []"), "the first window has none before");
    day("2026-01-05").run().await;
    day("2026-01-06").run().await;
    let last = day("2026-01-07").run().await;
    assert!(last.contains(r#"beside ["2026-01-05: 24", "2026-01-06: 24"]"#), "{last}");
}

#[tokio::test]
async fn every_value_of_one_dimension_goes_with_every_one_of_the_other() {
    let slices = january().by(fixed(["a", "b"]).named("arm"));
    let slice = inferred_one(number("slice"), "hours").partitions(slices).policy(|computation| {
        Partition::<(TimeWindow, String)>::requirements(&mut computation.requirements);
    });
    let slice = slice.blocking(|step| {
        let key = Partition::<(TimeWindow, String)>::from_step(&step)?;
        let extra = u64::from(key.1 == "b");
        Ok(*step.input::<u64>("hours")? + extra)
    });
    let scenario = Scenario::new(Definitions::new().asset(hours()).asset(slice));
    scenario.selecting("hours").partitions("2026-01-04").run().await;
    scenario.selecting("slice").partitions("2026-01-04|*").run().await;
    assert_eq!(scenario.value_of::<u64>("slice", "2026-01-04|a").await, 24);
    assert_eq!(scenario.value_of::<u64>("slice", "2026-01-04|b").await, 25);
}

fn inferred_one(definition: AssetDefinition, upstream: &'static str) -> AssetDefinition {
    definition.policy(|computation| computation.requirements.input::<u64>(upstream))
}
