//! Looking back at the last materialization.

use millwork_core::{Definitions, Output, IntoProduced};

use crate::support::*;

/// Adds one to its own last value, and tells what that value's metadata said.
fn counter() -> millwork_core::AssetDefinition {
    let counter = deciding(number("counter"), |step| {
        let previous = step.previous("counter");
        let before = previous.and_then(|previous| previous.value.downcast_ref::<u64>()).copied();
        let told = previous.map_or("nothing".into(), |previous| format!("{:?}", previous.metadata.get("round")));
        step.sink().line(millwork_core::LogLevel::Info, format!("before: {before:?}, {told}"));
        let now = before.unwrap_or(0) + 1;
        vec![Output::new(now).metadata("round", now as i64).into_produced()]
    });
    counter.policy(|computation| computation.requirements.previous.push("counter".into()))
}

#[tokio::test]
async fn its_own_former_value() {
    let scenario = Scenario::of([counter()]);
    insta::assert_snapshot!(scenario.run().await, @"");
    insta::assert_snapshot!(scenario.run().await, @"");
    assert_eq!(scenario.value::<u64>("counter").await, 2);
}

/// What the run itself has made is no former value, also not after it was interrupted.
#[tokio::test]
async fn of_a_check_when_resumed() {
    let check = || {
        let mut check = check("grows", "counter", &["counter"], |step| {
            let previous = step.previous("counter").and_then(|previous| previous.value.downcast_ref::<u64>()).copied();
            match step.attempt() {
                1 => Err("not yet".into()),
                _ => Ok(millwork_core::CheckResult::fail(format!("{previous:?} then {}", step.input::<u64>("counter")?))),
            }
        });
        check.computation.requirements.previous.push("counter".into());
        check
    };
    let scenario = Scenario::new(Definitions::new().asset(counter()).check(check()));
    let first = scenario.queued().await;
    scenario.resume(first).await;
    insta::assert_snapshot!(scenario.resume(first).await, @"");
    let second = scenario.queued().await;
    scenario.resume(second).await;
    insta::assert_snapshot!(scenario.resume(second).await, @"");
}
