//! The configuration that a step ran with: recorded with its outputs, over the standing one, and compared by runs of stale steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use millwork_core::event::EventBody;
use millwork_core::run::{RunId, RunRequest};
use millwork_core::{
    AssetDefinition, BoxError, Config, Definitions, FromStep, PartitionKey, PartitionsDefinition, Produced,
    RecordedConfig, StepContext,
};
use serde_json::{Value, json};

use crate::support::*;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Training {
    #[serde(default = "twenty")]
    rounds: u64,
    #[serde(default)]
    tree: Tree,
}

#[derive(Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Tree {
    #[serde(default)]
    depth: f32,
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Seed {
    #[serde(default)]
    seed: u64,
}

/// Its keys are no texts, so it isn't JSON.
#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct ByPoint {
    #[serde(default = "ByPoint::points")]
    #[schemars(skip)]
    points: BTreeMap<(u8, u8), u8>,
}

impl ByPoint {
    fn points() -> BTreeMap<(u8, u8), u8> {
        [((1, 2), 3)].into()
    }
}

fn twenty() -> u64 {
    20
}

fn takes<T: FromStep>(definition: AssetDefinition) -> AssetDefinition {
    definition.policy(|computation| T::requirements(&mut computation.requirements))
}

/// The number of rounds.
fn model() -> AssetDefinition {
    let model = number("model").blocking(|context| Ok(Config::<Training>::from_step(&context)?.rounds));
    takes::<Config<Training>>(model)
}

async fn run(scenario: &Scenario, config: Value) -> RunId {
    let request = RunRequest { config, ..scenario.request() };
    let run = scenario.engine().request(request).await.unwrap();
    scenario.execute(run).await.unwrap();
    run
}

/// What a run recorded of each of its outputs.
async fn recorded(scenario: &Scenario, run: RunId) -> Vec<Option<RecordedConfig>> {
    let events = scenario.events(run).await;
    events
        .iter()
        .filter_map(|event| event.body.provenance())
        .map(|made| made.config.as_deref().cloned())
        .collect()
}

fn training(rounds: u64, depth: f32) -> Value {
    json!({ "rounds": rounds, "tree": { "depth": depth } })
}

#[tokio::test]
async fn the_whole_configuration_is_recorded_with_what_a_run_overrides() {
    let standing = json!({ "model": { "tree": { "depth": 0.5 } } });
    let definitions = || Definitions::new().asset(model()).asset(constant("plain", 1));
    let scenario = Scenario::new(definitions().config(standing));
    let plain = run(&scenario, json!({})).await;
    let of_plain = [Some(RecordedConfig { effective: training(20, 0.5), standing: None }), None];
    assert_eq!(recorded(&scenario, plain).await, of_plain);
    let scenario = scenario.selecting("model");
    let overridden = run(&scenario, json!({ "model": { "rounds": 40 } })).await;
    let expected = RecordedConfig { effective: training(40, 0.5), standing: Some(training(20, 0.5)) };
    assert_eq!(recorded(&scenario, overridden).await, [Some(expected)]);
    assert_eq!(scenario.value::<u64>("model").await, 40);
    // What a run gives that is the standing value overrides nothing.
    let same = run(&scenario, json!({ "model": { "rounds": 20, "tree": { "depth": 0.5 } } })).await;
    assert_eq!(recorded(&scenario, same).await[0].as_ref().unwrap().standing, None);
}

#[tokio::test]
async fn numbers_are_recorded_as_they_are_written() {
    let scenario = Scenario::of([model()]);
    let run = run(&scenario, json!({ "model": { "tree": { "depth": 0.1 } } })).await;
    let recorded = recorded(&scenario, run).await.remove(0).unwrap();
    assert_eq!(recorded.effective["tree"].to_string(), r#"{"depth":0.1}"#);
}

#[tokio::test]
async fn a_standing_configuration_is_what_a_step_runs_with() {
    let scenario =
        Scenario::new(Definitions::new().asset(model()).config(json!({ "model": { "rounds": 7 } })));
    run(&scenario, Value::Null).await;
    assert_eq!(scenario.value::<u64>("model").await, 7);
}

#[tokio::test]
async fn two_types_of_one_function_are_recorded_together() {
    let both = takes::<Config<Seed>>(model());
    let scenario = Scenario::new(Definitions::new().asset(both).config(json!({ "model": { "seed": 3 } })));
    let run = run(&scenario, json!({ "model": { "seed": 4 } })).await;
    let recorded = recorded(&scenario, run).await.remove(0).unwrap();
    assert_eq!(recorded.effective, json!({ "rounds": 20, "seed": 4, "tree": { "depth": 0.0 } }));
    assert_eq!(recorded.overrides()[0].to_string(), "seed 3 → 4");
}

#[tokio::test]
async fn every_decision_and_every_partition_has_its_configuration() {
    let decide = |context: &StepContext| {
        vec![match context.partition().map(PartitionKey::label) {
            Some("kept") => kept("no better"),
            Some("nothing") => Produced::Nothing,
            _ => new(1),
        }]
    };
    let partitions = PartitionsDefinition::fixed(["kept", "new", "nothing"]);
    let decides = takes::<Config<Training>>(deciding(number("model"), decide).partitions(partitions));
    let scenario = Scenario::of([decides]);
    let run = run(&scenario, json!({ "model": { "rounds": 5 } })).await;
    let names: Vec<_> = scenario.events(run).await.iter().map(|event| event.body.name()).collect();
    for name in ["kept", "materialized", "not_materialized"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let recorded = recorded(&scenario, run).await;
    assert_eq!(recorded.len(), 3);
    for recorded in recorded {
        assert_eq!(recorded.unwrap().effective["rounds"], 5);
    }
}

#[tokio::test]
async fn a_type_that_does_not_serialize_fails_its_step() {
    let scenario = Scenario::of([takes::<Config<ByPoint>>(constant("model", 1)), sum("below", &["model"])]);
    insta::assert_snapshot!(scenario.run().await, @r"
    run started (1)
    model/1 started
    model/1 failed: the configuration of `model` can't be serialized as JSON, so it can't be recorded: key must be a string; hint: derive `Serialize` for its type, with texts as the keys of maps, or leave the field out by `#[serde(skip_serializing)]`
    below/0 skipped: upstream step `model` failed
    run failed: step `model` failed: the configuration of `model` can't be serialized as JSON, so it can't be recorded: key must be a string; hint: derive `Serialize` for its type, with texts as the keys of maps, or leave the field out by `#[serde(skip_serializing)]`
    ");
    let run = scenario.queued().await;
    let outcome = scenario.execute(run).await.unwrap();
    let failure = outcome.state.steps.values().find_map(|step| step.failure.clone()).unwrap();
    assert!(failure.hint.unwrap().contains("texts as the keys of maps"));
}

#[tokio::test]
async fn a_resumed_run_has_its_own_configuration() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let broken = is_broken.clone();
    let model = number("model").blocking(move |context| {
        let rounds = Config::<Training>::from_step(&context)?.rounds;
        if broken.load(Ordering::SeqCst) { Err(BoxError::from("broken")) } else { Ok(rounds) }
    });
    let model = takes::<Config<Training>>(model);
    let definitions = |rounds: u64| {
        Definitions::new().asset(model.clone()).config(json!({ "model": { "rounds": rounds } }))
    };
    let scenario = Scenario::new(definitions(20));
    let run = run(&scenario, json!({ "model": { "tree": { "depth": 2.0 } } })).await;
    assert!(recorded(&scenario, run).await.is_empty());
    is_broken.store(false, Ordering::SeqCst);
    // The definitions have changed meanwhile, as the code may have.
    let scenario = scenario.with_code(definitions(30));
    scenario.execute(run).await.unwrap();
    let expected = RecordedConfig { effective: training(30, 2.0), standing: Some(training(30, 0.0)) };
    assert_eq!(recorded(&scenario, run).await, [Some(expected)]);
    assert_eq!(scenario.value::<u64>("model").await, 30);
}

fn chain(standing: Value) -> Definitions {
    // The value doesn't depend on the configuration, so what is below stays as it is.
    let model = takes::<Config<Training>>(constant("model", 1));
    let below = takes::<Config<Seed>>(sum("below", &["model"]));
    Definitions::new().assets([model, below]).config(standing)
}

#[tokio::test]
async fn runs_of_stale_steps_compare_what_stands() {
    let scenario = Scenario::new(chain(json!({})));
    run(&scenario, json!({ "model": { "rounds": 500 }, "below": { "seed": 9 } })).await;
    // An override makes nothing stale, neither when it is there nor when it is gone.
    assert_eq!(scenario.stale_only().planned().await, "");
    let changed = scenario.with_code(chain(json!({ "model": { "rounds": 40 } }))).stale_only();
    assert_eq!(changed.planned().await, "model below");
    insta::assert_snapshot!(changed.run().await, @r"
    run started (1)
    model/1 started
    model/1 materialized
    model/1 succeeded
    below/0 skipped: code and inputs are unchanged
    run succeeded
    ");
    assert_eq!(changed.planned().await, "");
    let both = chain(json!({ "model": { "rounds": 50 }, "below": { "seed": 1 } }));
    insta::assert_snapshot!(scenario.with_code(both).stale_only().run().await, @r"
    run started (1)
    model/1 started
    model/1 materialized
    model/1 succeeded
    below/1 started
    below/1 materialized
    below/1 succeeded
    run succeeded
    ");
}

/// Homes of versions that didn't record configurations.
#[tokio::test]
async fn what_was_made_before_configurations_were_recorded_stays_fresh() {
    let scenario = Scenario::new(chain(json!({})));
    let made = run(&scenario, json!({})).await;
    let earlier = Scenario::new(chain(json!({})));
    for event in scenario.events(made).await {
        let mut body = event.body.clone();
        let EventBody::Materialized(materialization) = &mut body else { continue };
        materialization.provenance.config = None;
        let event = millwork_core::event::NewEvent {
            run: None,
            at: event.at,
            step: event.step,
            asset: event.asset,
            partition: event.partition,
            attempt: event.attempt,
            body,
            value: None,
        };
        let batch = millwork_storage::Batch { fence: None, events: vec![event] };
        earlier.store.append(batch).await.unwrap();
    }
    let changed = earlier.with_code(chain(json!({ "model": { "rounds": 40 } }))).stale_only();
    assert_eq!(changed.planned().await, "");
}
