//! Metadata is stored as far as it can be read again; metadata that can't be fails its step by name, and no other.

use millwork_core::event::EventBody;
use millwork_core::{CheckResult, FromStep, IntoProduced, MetadataValue, Output, Series, StepLog};
use serde_json::{Value, json};

use crate::support::*;

/// JSON that is nested deeper than the reader accepts.
fn deep() -> Value {
    (0..200).fold(json!(1), |inner, _| json!([inner]))
}

#[tokio::test]
async fn metadata_that_could_not_be_read_fails_its_step_by_its_label() {
    let returned =
        deciding(number("returned"), |_| vec![Output::new(1_u64).metadata("tree", deep()).into_produced()]);
    let told = number("told").blocking(|step| {
        StepLog::from_step(&step)?.metadata("tree", deep());
        Ok(1_u64)
    });
    insta::assert_snapshot!(Scenario::of([returned, told, constant("other", 1)]).run().await, @r"
    run started (1)
    returned/1 started
    returned/1 failed: the metadata `tree` can't be stored: it is nested more than 64 levels deep; hint: store it as the value of an asset, and only a summary as metadata
    told/1 started
    told/1 failed: the metadata `tree` can't be stored: it is nested more than 64 levels deep; hint: store it as the value of an asset, and only a summary as metadata
    other/1 started
    other/1 materialized
    other/1 succeeded
    run failed: step `returned` failed: the metadata `tree` can't be stored: it is nested more than 64 levels deep; hint: store it as the value of an asset, and only a summary as metadata; and 1 more
    ");
}

#[tokio::test]
async fn so_does_that_of_a_check() {
    let check = check("shape", "a", &["a"], |_| Ok(CheckResult::pass().metadata("tree", deep())));
    let definitions = millwork_core::Definitions::new().asset(constant("a", 1)).check(check);
    let told = Scenario::new(definitions).run().await;
    assert!(told.contains("a:shape/1 failed: the metadata `tree` can't be stored"), "{told}");
}

#[tokio::test]
async fn curves_with_holes_are_read_back() {
    let curve = || Series::by_index("round", [("loss".to_owned(), vec![0.7, f64::NAN, f64::INFINITY])]);
    let trained = deciding(number("trained"), move |_| {
        vec![Output::new(1_u64).metadata("loss", curve()).into_produced()]
    });
    let scenario = Scenario::of([trained]);
    let run = scenario.queued().await;
    scenario.execute(run).await.unwrap();
    let events = scenario.events(run).await;
    let made = events.iter().find_map(|event| {
        let EventBody::Materialized(made) = &event.body else { return None };
        Some(&made.metadata)
    });
    let MetadataValue::Series(loss) = &made.unwrap()["loss"] else { panic!("{made:?}") };
    assert_eq!(format!("{:?}", loss.y["loss"]), "[0.7, NaN, inf]");
}
