//! Large runs, and slow branches.

use std::sync::Arc;
use std::time::Duration;

use millwork_core::event::EventBody;
use millwork_core::run::RunStatus;
use millwork_core::{BoxError, Definitions};
use tokio::sync::Notify;

use crate::support::*;

fn fan_out() -> Definitions {
    let keys: Vec<String> = (0..1_000).map(|index| format!("leaf_{index:04}")).collect();
    let leaves = keys.iter().map(|key| sum(key, &["root"]));
    let inputs: Vec<&str> = keys.iter().map(String::as_str).collect();
    Definitions::new().asset(constant("root", 0)).assets(leaves).asset(sum("all", &inputs))
}

/// 20 layers of 100 steps, each made from three of the layer before.
fn layers() -> Definitions {
    let key = |layer: usize, index: usize| format!("layer_{layer:02}_{:03}", index % 100);
    let first = (0..100).map(|index| constant(&key(0, index), 1));
    let others = (1..20).flat_map(|layer| (0..100).map(move |index| (layer, index))).map(|(layer, index)| {
        let inputs = [index, index + 7, index + 31].map(|index| key(layer - 1, index));
        sum(&key(layer, index), &inputs.each_ref().map(String::as_str))
    });
    Definitions::new().assets(first).assets(others)
}

async fn check(scenario: Scenario, steps: usize, last: &str, value: u64) {
    let scenario = scenario.max_parallel_steps(8);
    let run = scenario.queued().await;
    let outcome = scenario.execute(run).await.unwrap();
    assert_eq!(outcome.status, RunStatus::Succeeded);
    let events = scenario.events(run).await;
    assert_eq!(count(&events, |body| matches!(body, EventBody::StepSucceeded { .. })), steps);
    assert_eq!(scenario.value::<u64>(last).await, value);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fan_out_of_a_thousand() {
    check(Scenario::new(fan_out()), 1_002, "all", 1_001).await;
    check(Scenario::new(fan_out()).in_sqlite().await, 1_002, "all", 1_001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_steps_in_layers() {
    // x → 3 x + 1, nineteen times from 1.
    let value = (0..19).fold(1_u64, |value, _| 3 * value + 1);
    check(Scenario::new(layers()), 2_000, "layer_19_042", value).await;
    check(Scenario::new(layers()).in_sqlite().await, 2_000, "layer_19_042", value).await;
}

/// The straggler waits for the end of the chain: if it held up the chain, neither would end.
#[tokio::test]
async fn a_slow_branch_holds_nothing_up() {
    let end_of_chain = Arc::new(Notify::new());
    let waits = end_of_chain.clone();
    let straggler = number("straggler").non_blocking(move |_| {
        let waits = waits.clone();
        async move {
            waits.notified().await;
            Ok::<u64, BoxError>(1)
        }
    });
    let key = |level: usize| format!("chain_{level:02}");
    let chain = (1..50).map(|level| sum(&key(level), &[&key(level - 1)]));
    let last = taking(number("last"), &[&key(49)]).blocking(move |_| {
        end_of_chain.notify_one();
        Ok(1_u64)
    });
    let definitions = Definitions::new().asset(constant(&key(0), 1)).assets(chain).assets([straggler, last]);
    let scenario =
        Scenario::new(definitions.asset(sum("both", &["straggler", "last"]))).max_parallel_steps(2);
    let run = scenario.queued().await;
    let running = tokio::time::timeout(Duration::from_secs(300), scenario.execute(run));
    assert_eq!(running.await.unwrap().unwrap().status, RunStatus::Succeeded);
}
