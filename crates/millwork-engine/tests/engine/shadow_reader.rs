//! Readers of what is made in shadow: each value once, recorded in the provenance, and the same in a reproduction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use millwork_core::event::{EventBody, EventKind, InputVersion};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{
    Absent, Asset, AssetDefinition, AssetPartition, BoxError, Computation, Definitions, FromStep as _,
    GateDefinition, Requirements, Shadow, StepContext, StepFunction, StepResult, Verdict,
};
use millwork_engine::{Cancel, TrialOutcome};
use millwork_storage::{Direction, EventQuery, LineageLimits, LineageNode, lineage};
use serde_json::json;

use crate::support::*;

enum Predictions {}

impl Asset for Predictions {
    const KEY: &'static str = "predictions";
    type Value = u64;
}

fn reading_shadow(definition: AssetDefinition) -> AssetDefinition {
    definition.policy(|computation| Shadow::<Predictions>::requirements(&mut computation.requirements))
}

/// The values of all entries together. That of the version in shadow is 1 the first time, then 10, 100, …
fn seen_by(step: &StepContext) -> Result<u64, BoxError> {
    let shadow = Shadow::<Predictions>::from_step(step)?;
    shadow.entries().try_fold(0, |sum, entry| Ok(sum + entry.load()?.map_or(0, |value| *value)))
}

/// Its own last value and what is new, unless `fails`.
fn total(fails: Arc<AtomicBool>) -> AssetDefinition {
    reading_shadow(adding_up("total", seen_by, fails))
}

/// Promotes the first version, and has the others in shadow until their predictions sum up to 11.
fn by_predictions() -> GateDefinition {
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u64>("model");
    requirements.version::<u64>("model", champion(), Absent::IsNone);
    Shadow::<Predictions>::requirements(&mut requirements);
    let function = StepFunction::Blocking(Arc::new(move |step| {
        let is_first = step.version("model", &champion()).is_none();
        let seen = seen_by(&step)?;
        Ok(StepResult::Gate(match (is_first, seen) {
            (true, _) => Verdict::promote(),
            (false, 0..11) => Verdict::shadow(format!("they sum up to {seen}")),
            (false, _) => Verdict::promote().because(format!("they sum up to {seen}")),
        }))
    }));
    GateDefinition::new("by_predictions", "model", Computation::new(requirements, function))
        .shadow("predictions")
}

fn definitions(fails: Arc<AtomicBool>) -> Definitions {
    let calls = AtomicU64::new(0);
    let predictions = number("predictions").policy(|computation| {
        computation.shadow_safe = true;
        computation.requirements.version::<u64>("model", champion(), Absent::SkipsTheStep);
    });
    let predictions = predictions.blocking(move |step| match step.shadow_of() {
        Some(_) => Ok(10_u64.pow(calls.fetch_add(1, Ordering::SeqCst) as u32)),
        None => Ok(7),
    });
    Definitions::new().assets([constant("model", 1), predictions, total(fails)]).gate(by_predictions())
}

fn never() -> Arc<AtomicBool> {
    Arc::default()
}

/// A scenario with version 1 in use and version 2 in shadow.
async fn in_shadow(scenario: Scenario) -> Scenario {
    scenario.selecting("model").run().await;
    scenario.selecting("model").run().await;
    scenario
}

async fn predict(scenario: &Scenario, times: usize) {
    for _ in 0..times {
        scenario.selecting("predictions").run().await;
    }
}

async fn totaled(scenario: &Scenario) -> u64 {
    scenario.selecting("total").run().await;
    scenario.value("total").await
}

/// The calls in shadow behind which the latest total began and up to which it went, by their numbers; 0 for none.
async fn read(scenario: &Scenario) -> (usize, usize) {
    let event = scenario.latest("total").await;
    let inputs = &event.body.provenance().unwrap().inputs;
    let [InputVersion { upstream, version: None, read_as: ReadAs::Shadow { after, until }, .. }] =
        &inputs[..]
    else {
        panic!("{inputs:?}")
    };
    assert_eq!(upstream.asset.as_str(), "predictions");
    let calls = EventQuery { kinds: Some(EventKind::ShadowCalled.into()), ..EventQuery::default() };
    let mut calls = scenario.store.events(calls).await.unwrap();
    calls.retain(|event| matches!(&event.body, EventBody::ShadowCalled(called) if called.outcome.is_over()));
    let number = |place: u64| match place {
        0 => 0,
        _ => calls.iter().position(|event| event.sequence == place).unwrap() + 1,
    };
    (number(*after), number(*until))
}

#[tokio::test]
async fn each_value_counts_once_and_is_recorded() {
    let scenario = in_shadow(Scenario::new(definitions(never()))).await;
    assert_eq!((totaled(&scenario).await, read(&scenario).await), (0, (0, 0)));
    predict(&scenario, 2).await;
    assert_eq!((totaled(&scenario).await, read(&scenario).await), (11, (0, 2)));
    assert_eq!((totaled(&scenario).await, read(&scenario).await), (11, (2, 2)), "nothing is new");
    predict(&scenario, 1).await;
    assert_eq!(scenario.selecting("total").stale_only().planned().await, "", "it makes nobody stale");
    assert_eq!((totaled(&scenario).await, read(&scenario).await), (111, (2, 3)));
    scenario.tagged("millwork/previous", "none").selecting("total").run().await;
    assert_eq!((scenario.value::<u64>("total").await, read(&scenario).await), (111, (0, 3)));
}

#[tokio::test]
async fn also_in_sqlite() {
    let scenario = in_shadow(Scenario::new(definitions(never())).in_sqlite().await).await;
    predict(&scenario, 2).await;
    assert_eq!(totaled(&scenario).await, 11);
    predict(&scenario, 1).await;
    assert_eq!((totaled(&scenario).await, read(&scenario).await), (111, (2, 3)));
}

#[tokio::test]
async fn an_attempt_that_ends_before_its_value_is_stored_has_counted_nothing() {
    let fails = never();
    let scenario = in_shadow(Scenario::new(definitions(fails.clone()))).await;
    predict(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 1);
    predict(&scenario, 1).await;
    fails.store(true, Ordering::SeqCst);
    let run = scenario.selecting("total").queued().await;
    scenario.resume(run).await;
    predict(&scenario, 1).await;
    fails.store(false, Ordering::SeqCst);
    // The same run, and whatever came meanwhile.
    scenario.resume(run).await;
    assert_eq!((scenario.value::<u64>("total").await, read(&scenario).await), (111, (1, 3)));
    predict(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 1_111);
}

/// A run that failed goes on behind what another one has counted meanwhile.
#[tokio::test]
async fn a_resumed_run_goes_on_behind_what_is_stored_by_then() {
    let fails = Arc::new(AtomicBool::new(true));
    let scenario = in_shadow(Scenario::new(definitions(fails.clone()))).await;
    predict(&scenario, 1).await;
    let slow = scenario.selecting("total").queued().await;
    scenario.resume(slow).await;
    predict(&scenario, 1).await;
    fails.store(false, Ordering::SeqCst);
    assert_eq!(totaled(&scenario).await, 11);
    predict(&scenario, 1).await;
    scenario.resume(slow).await;
    assert_eq!((scenario.value::<u64>("total").await, read(&scenario).await), (111, (2, 3)));
}

#[tokio::test]
async fn a_reproduction_reads_what_the_run_read() {
    let scenario = in_shadow(Scenario::new(definitions(never()))).await;
    let mut runs = Vec::new();
    for times in [2, 0, 3] {
        predict(&scenario, times).await;
        let run = scenario.selecting("total").queued().await;
        scenario.resume(run).await;
        runs.push(run);
    }
    predict(&scenario, 1).await;
    assert_eq!(scenario.value::<u64>("total").await, 11_111);
    for run in runs {
        let engine = scenario.engine();
        let plan = engine.plan_reproduction(run).await.unwrap();
        let reproduction = engine.reproduce(plan, &Cancel::default(), unobserved()).await.unwrap().unwrap();
        let same: Vec<bool> =
            reproduction.assets.iter().map(millwork_core::run::ReproducedAsset::is_identical).collect();
        assert_eq!(same, [true], "{:?}", reproduction.assets);
    }
}

/// All of it, whenever it judges.
#[tokio::test]
async fn a_gate_judges_by_what_its_version_has_made() {
    let scenario = in_shadow(Scenario::new(definitions(never()))).await;
    let of = AssetPartition::new(scenario.pipeline.graph().index("model").unwrap(), None);
    let judge = async || scenario.engine().judge_in_shadow(&of, None, &json!({})).await.unwrap();
    predict(&scenario, 1).await;
    let goes_on = judge().await;
    assert!(
        matches!(&goes_on, TrialOutcome::GoesOn { reason, .. } if reason == "they sum up to 1"),
        "{goes_on:?}"
    );
    predict(&scenario, 1).await;
    let over = judge().await;
    let TrialOutcome::Over { events, .. } = over else { panic!("{over:?}") };
    let judged = events.iter().find_map(|event| {
        if let EventBody::VersionJudged(judged) = &event.body { Some(judged) } else { None }
    });
    let read = judged.unwrap().provenance.inputs.iter().find(|input| input.read_as.is_of_shadow());
    assert!(matches!(read.unwrap().read_as, ReadAs::Shadow { after: 0, until } if until > 0), "{read:?}");
    assert_eq!(judged.unwrap().reason, "they sum up to 11");
}

fn shown(node: &LineageNode, indent: usize, text: &mut String) {
    let version = node.version.map_or_else(String::new, |version| format!("@{version}"));
    let in_shadow = if node.is_in_shadow() { " in shadow" } else { "" };
    text.push_str(&format!("{}{}{version}{in_shadow}\n", " ".repeat(indent), node.of));
    node.next.iter().for_each(|next| shown(next, indent + 1, text));
}

#[tokio::test]
async fn lineage_leads_through_what_was_made_in_shadow() {
    let scenario = in_shadow(Scenario::new(definitions(never()))).await;
    predict(&scenario, 1).await;
    totaled(&scenario).await;
    predict(&scenario, 1).await;
    let check = async |asset: &str, version: u32, direction, expected: &str| {
        let of = AssetPartition::new(asset.into(), None);
        let number = VersionNumber::new(version).unwrap();
        let event = scenario.store.version(&of, number).await.unwrap().unwrap();
        let limits = LineageLimits { depth: 100, versions: 100 };
        let graph = scenario.pipeline.graph();
        let tree = lineage(&*scenario.store, graph, &event, direction, limits).await.unwrap();
        let mut text = String::new();
        shown(&tree, 0, &mut text);
        assert_eq!(text, expected);
    };
    check("total", 1, Direction::Up, "total@1\n predictions in shadow\n  model@2\n").await;
    // The second one wasn't read by any total so far.
    let down = "model@2\n predictions in shadow\n predictions in shadow\n  total@1\n";
    check("model", 2, Direction::Down, down).await;
    check("model", 1, Direction::Down, "model@1\n predictions@2\n predictions@1\n").await;
}
