//! Failures and panics: their messages, and the steps that they stop.

use millwork_core::{AssetDefinition, BoxError};

use crate::support::*;

#[tokio::test]
async fn only_what_depends_on_a_failed_step_is_skipped() {
    let scenario = Scenario::of([
        constant("source", 1),
        failing("bad", &["source"]),
        sum("below", &["bad"]),
        sum("further", &["below", "source"]),
        sum("beside", &["source"]),
    ]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    source/1 started
    source/1 materialized
    source/1 succeeded
    bad/1 started
    bad/1 failed: the API did not answer: connection refused
    below/0 skipped: upstream step `bad` failed
    further/0 skipped: upstream step `bad` failed
    beside/1 started
    beside/1 materialized
    beside/1 succeeded
    run failed: step `bad` failed: the API did not answer: connection refused
    ");
}

#[tokio::test]
async fn two_failures_are_counted() {
    let scenario = Scenario::of([failing("a", &[]), failing("b", &[]), sum("c", &["a", "b"])]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 failed: the API did not answer: connection refused
    c/0 skipped: upstream step `a` failed
    b/1 started
    b/1 failed: the API did not answer: connection refused
    run failed: step `a` failed: the API did not answer: connection refused; and 1 more
    ");
}

fn panicking(key: &str) -> AssetDefinition {
    number(key).blocking::<u64>(|_| panic!("no {}", "luck"))
}

#[tokio::test]
async fn panics() {
    let definitions = [
        panicking("blocking"),
        number("asynchronous").non_blocking(|_| async {
            tokio::task::yield_now().await;
            let numbers: Vec<u64> = Vec::new();
            Ok(numbers[3])
        }),
        number("payload").blocking::<u64>(|_| std::panic::panic_any(7)),
        number("at_once")
            .non_blocking(|_| -> std::future::Ready<Result<u64, BoxError>> { panic!("before the future") }),
        constant("other", 1),
    ];
    insta::assert_snapshot!(without_lines(&Scenario::of(definitions).run().await), @r"
    run started (1)
    blocking/1 started
    blocking/1 failed: panicked: no luck (at crates/millwork-engine/tests/engine/failures.rs:…)
    asynchronous/1 started
    asynchronous/1 failed: panicked: index out of bounds: the len is 0 but the index is 3 (at crates/millwork-engine/tests/engine/failures.rs:…)
    payload/1 started
    payload/1 failed: panicked: a value that isn't text (at crates/millwork-engine/tests/engine/failures.rs:…)
    at_once/1 started
    at_once/1 failed: panicked: before the future (at crates/millwork-engine/tests/engine/failures.rs:…)
    other/1 started
    other/1 materialized
    other/1 succeeded
    run failed: step `blocking` failed: panicked: no luck (at crates/millwork-engine/tests/engine/failures.rs:…); and 3 more
    ");
}

/// A value whose stored form can't be written.
#[tokio::test]
async fn encoding_fails() {
    enum Stubborn {}
    struct Value;
    impl millwork_core::AssetValue<Stubborn> for Value {
        const EXTENSION: &'static str = "x";
        const MEDIA_TYPE: &'static str = "x/x";
        fn encode(&self, _: &mut Vec<u8>) -> Result<(), BoxError> {
            Err("it has a hole".into())
        }
        fn decode(_: &[u8]) -> Result<Self, BoxError> {
            Ok(Self)
        }
    }
    let asset = AssetDefinition::new("cheese").produces::<Value, _>().blocking(|_| Ok(Value));
    insta::assert_snapshot!(Scenario::of([asset]).run().await, @r"
    run started (1)
    cheese/1 started
    cheese/1 failed: failed to encode the value of `cheese`: it has a hole
    run failed: step `cheese` failed: failed to encode the value of `cheese`: it has a hole
    ");
}

#[tokio::test]
async fn an_asset_that_is_gone_fails_the_run() {
    let scenario = Scenario::of([constant("a", 1), constant("b", 1)]);
    let run = scenario.queued().await;
    let scenario = scenario.with_code(millwork_core::Definitions::new().asset(constant("a", 1)));
    let error = scenario.execute(run).await.unwrap_err();
    let record = scenario.store.run(run).await.unwrap().unwrap();
    assert_eq!(record.reason, Some(text_of(&error)));
    assert!(
        text_of(&error).contains("asks for asset `b`, which is not part of the definitions any more"),
        "{error}"
    );
}
