//! Looking back at the last materialization.

use millwork_core::{Definitions, IntoProduced, Output};

use crate::support::*;

/// Adds one to its own last value, and tells what that value's metadata said.
fn counter() -> millwork_core::AssetDefinition {
    let counter = deciding(number("counter"), |step| {
        let previous = step.previous("counter");
        let before = previous.and_then(|previous| previous.value.downcast_ref::<u64>()).copied();
        let told =
            previous.map_or("nothing".into(), |previous| format!("{:?}", previous.metadata.get("round")));
        step.sink().line(millwork_core::LogLevel::Info, format!("before: {before:?}, {told}"));
        let now = before.unwrap_or(0) + 1;
        vec![Output::new(now).metadata("round", now as i64).into_produced()]
    });
    counter.policy(|computation| computation.requirements.previous.push("counter".into()))
}

#[tokio::test]
async fn its_own_former_value() {
    let scenario = Scenario::of([counter()]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    counter/1 started
    counter/1 logged INFO step: before: None, nothing
    counter/1 materialized
    counter/1 succeeded
    run succeeded
    ");
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    counter/1 started
    counter/1 logged INFO step: before: Some(1), Some(Int(1))
    counter/1 materialized
    counter/1 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("counter").await, 2);
}

/// What the run itself has made is no former value, also not after it was interrupted.
#[tokio::test]
async fn of_a_check_when_resumed() {
    let check = || {
        let mut check = check("grows", "counter", &["counter"], |step| {
            let previous =
                step.previous("counter").and_then(|previous| previous.value.downcast_ref::<u64>()).copied();
            match step.attempt() {
                1 => Err("not yet".into()),
                _ => Ok(millwork_core::CheckResult::fail(format!(
                    "{previous:?} then {}",
                    step.input::<u64>("counter")?
                ))),
            }
        });
        check.computation.requirements.previous.push("counter".into());
        check
    };
    let scenario = Scenario::new(Definitions::new().asset(counter()).check(check()));
    let first = scenario.queued().await;
    scenario.resume(first).await;
    insta::assert_snapshot!(scenario.resume(first).await, @r"
    run started (2)
    counter:grows/2 started
    counter:grows/2 check failed (error) None then 1
    counter:grows/2 succeeded
    run succeeded
    ");
    let second = scenario.queued().await;
    scenario.resume(second).await;
    insta::assert_snapshot!(scenario.resume(second).await, @r"
    run started (2)
    counter:grows/2 started
    counter:grows/2 check failed (error) Some(1) then 2
    counter:grows/2 succeeded
    run succeeded
    ");
}
