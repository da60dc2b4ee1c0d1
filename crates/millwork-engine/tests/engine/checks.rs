//! Checks: their verdicts, and the steps that those stop.

use millwork_core::{CheckDefinition, CheckResult, Definitions, Severity};

use crate::support::*;

async fn checked(check: CheckDefinition) -> String {
    let definitions =
        Definitions::new().asset(constant("a", 1)).asset(constant("other", 9)).asset(sum("below", &["a"]));
    Scenario::new(definitions.check(check)).run().await
}

fn too_big() -> CheckDefinition {
    check("small", "a", &["a"], |_| Ok(CheckResult::fail("it is 1").metadata("value", 1)))
}

#[tokio::test]
async fn passed() {
    insta::assert_snapshot!(checked(check("small", "a", &["a"], |_| Ok(CheckResult::pass()))).await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    other/1 started
    other/1 materialized
    other/1 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    a:small/1 started
    a:small/1 check passed (error)
    a:small/1 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn failed_and_not_blocking() {
    insta::assert_snapshot!(checked(too_big()).await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    other/1 started
    other/1 materialized
    other/1 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    a:small/1 started
    a:small/1 check failed (error) it is 1
    a:small/1 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn failed_and_blocking() {
    insta::assert_snapshot!(checked(blocking(too_big())).await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    a:small/1 started
    a:small/1 check failed (error, blocking) it is 1
    a:small/1 failed: the blocking check `small` of `a` failed: it is 1
    below/0 skipped: upstream step `a:small` failed
    other/1 started
    other/1 materialized
    other/1 succeeded
    run failed: step `a:small` failed: the blocking check `small` of `a` failed: it is 1
    ");
}

#[tokio::test]
async fn a_blocking_warning_stops_nothing() {
    let warning = CheckDefinition { severity: Severity::Warn, ..blocking(too_big()) };
    insta::assert_snapshot!(checked(warning).await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    a:small/1 started
    a:small/1 check failed (warn, blocking) it is 1
    a:small/1 succeeded
    other/1 started
    other/1 materialized
    other/1 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn inputs_of_other_assets() {
    let compared = check("less", "a", &["a", "other"], |step| {
        let (a, other) = (step.input::<u64>("a")?, step.input::<u64>("other")?);
        Ok(CheckResult { description: format!("{a} < {other}"), ..CheckResult::new(a < other) })
    });
    insta::assert_snapshot!(checked(compared).await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    other/1 started
    other/1 materialized
    other/1 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    a:less/1 started
    a:less/1 check passed (error) 1 < 9
    a:less/1 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn a_check_that_fails_itself() {
    insta::assert_snapshot!(checked(check("odd", "a", &[], |_| Err(refused()))).await, @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    other/1 started
    other/1 materialized
    other/1 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    a:odd/1 started
    a:odd/1 failed: the API did not answer: connection refused
    run failed: step `a:odd` failed: the API did not answer: connection refused
    ");
    let blocking = blocking(check("odd", "a", &[], |_| panic!("no verdict")));
    insta::assert_snapshot!(without_lines(&checked(blocking).await), @r"
    run started (1)
    a/1 started
    a/1 materialized
    a/1 succeeded
    a:odd/1 started
    a:odd/1 failed: panicked: no verdict (at crates/millwork-engine/tests/engine/checks.rs:…)
    below/0 skipped: upstream step `a:odd` failed
    other/1 started
    other/1 materialized
    other/1 succeeded
    run failed: step `a:odd` failed: panicked: no verdict (at crates/millwork-engine/tests/engine/checks.rs:…)
    ");
}
