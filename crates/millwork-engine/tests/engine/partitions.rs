//! Partitions: one to one, all to one, and some of them from the store.

use millwork_core::{AssetDefinition, Definitions, PartitionsDefinition};

use crate::support::*;

fn days() -> PartitionsDefinition {
    PartitionsDefinition::fixed(["mon", "tue", "wed"])
}

/// Each day's number is the length of its key times ten, so that it differs from the sum.
fn daily() -> AssetDefinition {
    let number = number("daily").partitions(days());
    number.blocking(|step| Ok(10 * u64::from(step.partition().unwrap().as_str().as_bytes()[0])))
}

fn week() -> AssetDefinition {
    number("week").policy(|computation| computation.requirements.all_partitions::<u64>("daily")).blocking(
        |step| {
            let days = step.partitions::<u64>("daily")?;
            let keys: Vec<_> = days.keys().map(millwork_core::PartitionKey::as_str).collect();
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
    week/1 failed: upstream asset `daily` (partition `mon`) has never been materialized; hint: select it too, for example with `+` before the selection
    run failed: step `week` failed: upstream asset `daily` (partition `mon`) has never been materialized; hint: select it too, for example with `+` before the selection
    ");
}

#[tokio::test]
async fn a_failed_partition_stops_the_fan_in_and_its_own_line() {
    let daily =
        number("daily").partitions(days()).blocking(|step| match step.partition().unwrap().as_str() {
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
