//! Runs limited to stale and missing steps.

use millwork_core::{AssetDefinition, Definitions, Produced};

use crate::support::*;

fn versioned(definition: AssetDefinition, version: &str) -> AssetDefinition {
    definition.policy(|computation| computation.code_version = version.into())
}

/// `a` → `b` → `c`, where the value of `b` doesn't depend on that of `a`.
fn chain(version: &str, a: u64) -> Definitions {
    let b = taking(number("b"), &["a"]).blocking(|_| Ok(10_u64));
    Definitions::new().assets([versioned(constant("a", a), version), b, sum("c", &["b"])])
}

#[tokio::test]
async fn nothing_to_do() {
    let scenario = Scenario::new(chain("1", 1)).stale_only();
    assert_eq!(scenario.planned().await, "a b c");
    scenario.run().await;
    assert_eq!(scenario.planned().await, "");
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    run succeeded
    ");
}

#[tokio::test]
async fn new_code_with_another_value() {
    let scenario = Scenario::new(chain("1", 1)).stale_only();
    scenario.run().await;
    let scenario = scenario.with_code(chain("2", 2));
    assert_eq!(scenario.planned().await, "a b c");
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    b/1 started
    b/1 materialized
    b/1 succeeded
    c/0 skipped: code and inputs are unchanged
    run succeeded
    ");
}

/// Early cut-off: the new code gives the old value, so no other step runs, however long the chain.
#[tokio::test]
async fn new_code_with_the_same_value() {
    let scenario = Scenario::new(chain("1", 1)).stale_only();
    scenario.run().await;
    insta::assert_snapshot!(scenario.with_code(chain("2", 1)).run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    b/0 skipped: code and inputs are unchanged
    c/0 skipped: code and inputs are unchanged
    run succeeded
    ");
}

/// In the middle of unchanged steps, one runs for a reason of its own.
#[tokio::test]
async fn below_an_unchanged_step() {
    let code = |version: &str, of_c: &str| {
        Definitions::new().assets([
            versioned(constant("a", 1), version),
            sum("b", &["a"]),
            versioned(sum("c", &["b"]), of_c),
            sum("d", &["c", "b"]),
        ])
    };
    let scenario = Scenario::new(code("1", "1")).stale_only();
    scenario.run().await;
    let scenario = scenario.with_code(code("2", "2"));
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    b/0 skipped: code and inputs are unchanged
    c/1 started
    c/1 materialized
    c/1 succeeded
    d/0 skipped: code and inputs are unchanged
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("d").await, 6);
}

/// An asset that declined to have a value, or kept its own, counts as evaluated with its code and data.
#[tokio::test]
async fn absent_and_kept_values_are_up_to_date() {
    let code = |version: &str, verdict: fn() -> Produced| {
        let decides = deciding(taking(number("decides"), &["a"]), move |_| vec![verdict()]);
        let below = [sum("below", &["decides"]), sum("further", &["below"])];
        Definitions::new().assets([versioned(constant("a", 1), version), decides]).assets(below)
    };
    let scenario = Scenario::new(code("1", || Produced::Nothing)).stale_only();
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    decides/1 started
    decides/1 not materialized
    decides/1 succeeded
    below/0 skipped: upstream asset `decides` was not materialized
    further/0 skipped: upstream asset `decides` was not materialized
    run succeeded
    ");
    assert_eq!(scenario.planned().await, "");
    let scenario = scenario.with_code(code("2", || Produced::Nothing));
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    decides/0 skipped: code and inputs are unchanged
    below/0 skipped: upstream asset `decides` was not materialized
    further/0 skipped: upstream asset `decides` was not materialized
    run succeeded
    ");
    let scenario = Scenario::new(code("1", || new(5)));
    scenario.run().await;
    let scenario = scenario.with_code(code("1", || kept("it is worse")));
    scenario.selecting("decides").run().await;
    assert_eq!(scenario.stale_only().planned().await, "");
}

#[tokio::test]
async fn a_check_is_run_with_its_asset() {
    let code = |version: &str, a: u64| {
        let check = blocking(check("fine", "b", &["b"], |_| Ok(millwork_core::CheckResult::pass())));
        chain(version, a).check(check)
    };
    let scenario = Scenario::new(code("1", 1)).stale_only();
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    b/1 started
    b/1 materialized
    b/1 succeeded
    b:fine/1 started
    b:fine/1 check passed (error, blocking)
    b:fine/1 succeeded
    c/1 started
    c/1 materialized
    c/1 succeeded
    run succeeded
    ");
    assert_eq!(scenario.planned().await, "");
    insta::assert_snapshot!(scenario.with_code(code("2", 1)).run().await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    b/0 skipped: code and inputs are unchanged
    b:fine/1 started
    b:fine/1 check passed (error, blocking)
    b:fine/1 succeeded
    c/0 skipped: code and inputs are unchanged
    run succeeded
    ");
}

#[tokio::test]
async fn resumed() {
    let scenario = Scenario::new(chain("1", 1)).stale_only();
    scenario.run().await;
    let store = Faulty::new(scenario.store.clone());
    let scenario = scenario.with_code(chain("2", 2)).in_store(store.clone());
    let run = scenario.queued().await;
    store.fail_after(4);
    scenario.execute(run).await.unwrap_err();
    store.fail_after(usize::MAX);
    scenario.lose(run).await;
    insta::assert_snapshot!(transcript(&scenario.events(run).await), @r"
    run queued
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    b/1 started
    run lost: the machine was restarted
    ");
    insta::assert_snapshot!(scenario.resume(run).await, @r"
    run started (2)
    b/2 started
    b/2 materialized
    b/2 succeeded
    c/1 skipped: code and inputs are unchanged
    run succeeded
    ");
}
