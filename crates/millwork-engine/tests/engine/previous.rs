//! Previous values: a step takes its own last materialization.

use millwork_core::{AssetDefinition, Definitions, IntoProduced, Output};

use crate::support::*;

/// Adds one to its own last value, and reports that value's metadata.
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

/// A value that the run itself has made is no previous value, not even after it was interrupted.
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

/// A champion that takes its own previous value, of a type of one's choice, and fails while `broken`.
fn champion<T>(value: fn(Option<&T>) -> T, broken: bool) -> Definitions
where
    T: millwork_core::AssetValue<millwork_core::Json> + Send + Sync + 'static,
{
    let champion = AssetDefinition::new("champion").produces::<T, millwork_core::Json>();
    let champion = champion.blocking(move |step| {
        if broken {
            return Err("it is broken".into());
        }
        Ok(value(step.previous("champion").and_then(|previous| previous.value.downcast_ref::<T>())))
    });
    let champion = champion.policy(|computation| {
        computation.requirements.previous.push("champion".into());
        computation.code_version = std::any::type_name::<T>().into();
    });
    Definitions::new().asset(champion)
}

fn count(previous: Option<&u64>) -> u64 {
    previous.map_or(1, |before| before + 1)
}

fn text(previous: Option<&String>) -> String {
    previous.map_or("first".into(), |before| format!("{before}, next"))
}

#[tokio::test]
async fn a_previous_value_of_another_type_is_none_and_the_log_says_so() {
    let scenario = Scenario::new(champion(count, false));
    scenario.run().await;
    let changed = scenario.with_code(champion(text, false));
    insta::assert_snapshot!(changed.run().await, @r"
    run started (1)
    champion/1 started
    champion/1 logged WARN millwork: the previous value of `champion` is not a `alloc::string::String` any more, so there is none: invalid type: integer `1`, expected a string at line 1 column 1
    champion/1 materialized
    champion/1 succeeded
    run succeeded
    ");
    assert_eq!(changed.value::<String>("champion").await, "first");
    changed.run().await;
    assert_eq!(changed.value::<String>("champion").await, "first, next");
}

#[tokio::test]
async fn a_changed_type_holds_up_neither_a_retry_nor_a_run_of_what_is_stale() {
    let scenario = Scenario::new(champion(count, false));
    scenario.run().await;
    let broken = scenario.with_code(champion(text, true));
    let run = broken.queued().await;
    broken.resume(run).await;
    let changed = scenario.with_code(champion(text, false));
    changed.resume(run).await;
    assert_eq!(changed.value::<String>("champion").await, "first");

    let back = scenario.with_code(champion(count, false)).stale_only();
    back.run().await;
    assert_eq!(back.value::<u64>("champion").await, 1);
}

/// Large enough to be a file.
fn large(previous: Option<&String>) -> String {
    previous.map_or_else(|| "a".repeat(10_000), |before| format!("{before}b"))
}

#[tokio::test]
async fn a_damaged_previous_value_fails_the_step_and_the_hint_is_a_way_out() {
    let scenario = Scenario::new(champion(large, false));
    scenario.run().await;
    std::fs::write(scenario.files().pop().unwrap(), "something else").unwrap();
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    champion/1 started
    champion/1 failed: failed to load the previous value of `champion`: the stored value of `champion` is damaged: its content has changed since it was stored; hint: restore it, or run once without previous values, with the tag `millwork/previous=none`
    run failed: step `champion` failed: failed to load the previous value of `champion`: the stored value of `champion` is damaged: its content has changed since it was stored; hint: restore it, or run once without previous values, with the tag `millwork/previous=none`
    ");
    scenario.tagged("millwork/previous", "none").run().await;
    assert_eq!(scenario.value::<String>("champion").await.len(), 10_000);
    scenario.run().await;
    assert_eq!(scenario.value::<String>("champion").await.len(), 10_001);
}

#[tokio::test]
async fn a_previous_value_that_is_gone_fails_the_step_and_the_hint_is_a_way_out() {
    let scenario = Scenario::new(champion(large, false));
    scenario.run().await;
    std::fs::remove_file(scenario.files().pop().unwrap()).unwrap();
    let told = scenario.run().await;
    let hint = "hint: restore it, or run once without previous values, with the tag `millwork/previous=none`";
    assert!(told.contains("is missing; ") && told.contains(hint), "{told}");
    scenario.tagged("millwork/previous", "none").run().await;
    assert_eq!(scenario.value::<String>("champion").await.len(), 10_000);
}
