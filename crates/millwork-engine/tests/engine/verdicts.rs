//! No value this time, and the last value kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use millwork_core::{Definitions, Produced};

use crate::support::*;

#[tokio::test]
async fn what_takes_an_absent_value_is_skipped() {
    let scenario = Scenario::of([
        deciding(number("maybe"), |_| vec![Produced::Nothing]),
        sum("below", &["maybe"]),
        sum("further", &["below"]),
        constant("other", 1),
    ]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    maybe/1 started
    maybe/1 not materialized
    maybe/1 succeeded
    below/0 skipped: upstream asset `maybe` was not materialized
    further/0 skipped: upstream asset `maybe` was not materialized
    other/1 started
    other/1 materialized
    other/1 succeeded
    run succeeded
    ");
}

#[tokio::test]
async fn of_two_outputs_only_the_absent_ones_takers_are_skipped() {
    let scenario = Scenario::of([
        deciding(also(number("one"), "two"), |_| vec![Produced::Nothing, new(2)]),
        sum("of_one", &["one"]),
        sum("of_two", &["two"]),
        sum("of_both", &["one", "two"]),
    ]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    one/1 started
    one/1 not materialized
    one/1 materialized two
    one/1 succeeded
    of_one/0 skipped: upstream asset `one` was not materialized
    of_both/0 skipped: upstream asset `one` was not materialized
    of_two/1 started
    of_two/1 materialized
    of_two/1 succeeded
    run succeeded
    ");
}

/// E5: a challenger that is worse doesn't stop the steps downstream.
#[tokio::test]
async fn downstream_goes_on_with_the_kept_value() {
    let is_first = Arc::new(AtomicBool::new(true));
    let model = deciding(number("model"), move |_| {
        if is_first.swap(false, Ordering::Relaxed) { vec![new(40)] } else { vec![kept("it is worse")] }
    });
    let scenario = Scenario::of([model, sum("prediction", &["model"])]);
    scenario.run().await;
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    model/1 started
    model/1 kept: it is worse
    model/1 succeeded
    prediction/1 started
    prediction/1 materialized
    prediction/1 succeeded
    run succeeded
    ");
    assert_eq!(scenario.value::<u64>("prediction").await, 41);
    let model = scenario.latest("model").await;
    let prediction = scenario.latest("prediction").await;
    assert_ne!(model.run, prediction.run);
    let millwork_core::event::EventBody::Materialized(model) = model.body else { panic!() };
    let inputs = &prediction.body.provenance().unwrap().inputs;
    assert_eq!(inputs[0].data_version, Some(model.data_version));
}

#[tokio::test]
async fn nothing_to_keep() {
    let scenario = Scenario::of([
        deciding(number("model"), |_| vec![kept("it is worse")]),
        sum("prediction", &["model"]),
    ]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    model/1 started
    model/1 kept: it is worse
    model/1 succeeded
    prediction/0 skipped: upstream asset `model` was not materialized
    run succeeded
    ");
}

#[tokio::test]
async fn an_absent_value_is_not_checked() {
    let check = check("positive", "maybe", &["maybe"], |_| Ok(millwork_core::CheckResult::pass()));
    let maybe = deciding(number("maybe"), |_| vec![Produced::Nothing]);
    insta::assert_snapshot!(Scenario::new(Definitions::new().asset(maybe).check(check)).run().await, @r"
    run started (1)
    maybe/1 started
    maybe/1 not materialized
    maybe/1 succeeded
    maybe:positive/0 skipped: upstream asset `maybe` was not materialized
    run succeeded
    ");
}
