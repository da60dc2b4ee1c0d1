//! Checks: their verdicts, and what those stop.

use millwork_core::{CheckDefinition, CheckResult, Definitions, Severity};

use crate::support::*;

async fn checked(check: CheckDefinition) -> String {
    let definitions = Definitions::new().asset(constant("a", 1)).asset(constant("other", 9)).asset(sum("below", &["a"]));
    Scenario::new(definitions.check(check)).run().await
}

fn too_big() -> CheckDefinition {
    check("small", "a", &["a"], |_| Ok(CheckResult::fail("it is 1").metadata("value", 1)))
}

#[tokio::test]
async fn passed() {
    insta::assert_snapshot!(checked(check("small", "a", &["a"], |_| Ok(CheckResult::pass()))).await, @"");
}

#[tokio::test]
async fn failed_and_not_blocking() {
    insta::assert_snapshot!(checked(too_big()).await, @"");
}

#[tokio::test]
async fn failed_and_blocking() {
    insta::assert_snapshot!(checked(blocking(too_big())).await, @"");
}

#[tokio::test]
async fn a_blocking_warning_stops_nothing() {
    let warning = CheckDefinition { severity: Severity::Warn, ..blocking(too_big()) };
    insta::assert_snapshot!(checked(warning).await, @"");
}

#[tokio::test]
async fn inputs_of_other_assets() {
    let compared = check("less", "a", &["a", "other"], |step| {
        let (a, other) = (step.input::<u64>("a")?, step.input::<u64>("other")?);
        Ok(CheckResult { description: format!("{a} < {other}"), ..CheckResult::new(a < other) })
    });
    insta::assert_snapshot!(checked(compared).await, @"");
}

#[tokio::test]
async fn a_check_that_fails_itself() {
    insta::assert_snapshot!(checked(check("odd", "a", &[], |_| Err(refused()))).await, @"");
    let blocking = blocking(check("odd", "a", &[], |_| panic!("no verdict")));
    insta::assert_snapshot!(without_lines(&checked(blocking).await), @"");
}
