//! Versions in shadow: calls beside the version in use, and verdicts by outcomes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody, Mover, NewEvent, ShadowCalled, ShadowOutcome};
use millwork_core::model::{Author, ModelHistory, VersionStatus};
use millwork_core::run::{ReproductionVerdict, RunId};
use millwork_core::version::{AliasName, ReadAs, VersionNumber};
use millwork_core::{
    Absent, AssetDefinition, AssetPartition, BoxError, Computation, Definitions, GateDefinition,
    PartitionKeys, PartitionsDefinition, Requirements, StepContext, StepFunction, StepResult, Verdict,
};
use millwork_engine::{Cancel, TrialOutcome};
use millwork_storage::{Batch, MemoryStore, ShadowCalls, change_model, model_history, shadow_calls};
use serde_json::json;

use crate::support::*;

/// What the functions of the pipeline do, which a test changes on the way.
#[derive(Default)]
struct World {
    /// What is learned next.
    learned: AtomicU64,
    /// The number of outcomes that the gate finds.
    outcomes: AtomicU64,
    /// How often predictions were made in shadow.
    calls: AtomicU64,
    fails: AtomicBool,
    panics: AtomicBool,
    report_fails: AtomicBool,
    /// When the last predictions began, with the version in use and in shadow.
    began_at: std::sync::Mutex<[Option<Timestamp>; 2]>,
}

impl World {
    fn new() -> Arc<Self> {
        let world = Self::default();
        world.learned.store(5, Ordering::SeqCst);
        Arc::new(world)
    }

    fn learns(&self, number: u64) {
        self.learned.store(number, Ordering::SeqCst);
    }

    fn predict(&self, step: &StepContext) -> Result<u64, BoxError> {
        let version = step.version("model", &champion()).ok_or("no champion")?;
        let number = *version.value.clone().downcast::<u64>().expect("models are numbers");
        let stories = *step.input::<u64>("stories")?;
        let is_in_shadow = step.shadow_of().is_some();
        self.began_at.lock().unwrap()[usize::from(is_in_shadow)] = Some(step.started_at());
        if is_in_shadow {
            self.calls.fetch_add(1, Ordering::SeqCst);
            if self.fails.load(Ordering::SeqCst) {
                return Err("it knows no stories".into());
            }
            assert!(!self.panics.load(Ordering::SeqCst), "it panics");
        }
        Ok(number * 100 + stories)
    }
}

/// stories, model → predictions by the champion → report; the gate judges on outcomes.
fn definitions(world: &Arc<World>) -> Definitions {
    let of_predictions = world.clone();
    let predictions = shadow_safe(taking(number("predictions"), &["stories"]))
        .blocking(move |step| of_predictions.predict(&step));
    with_predictions(world, predictions)
}

fn with_predictions(world: &Arc<World>, predictions: AssetDefinition) -> Definitions {
    let (of_model, of_outcomes) = (world.clone(), world.clone());
    let of_report = world.clone();
    let model = number("model").blocking(move |_| Ok(of_model.learned.load(Ordering::SeqCst)));
    let outcomes = number("outcomes").blocking(move |_| Ok(of_outcomes.outcomes.load(Ordering::SeqCst)));
    let report = taking(number("report"), &["predictions"]).blocking(move |step| {
        match of_report.report_fails.load(Ordering::SeqCst) {
            true => Err(BoxError::from("no paper")),
            false => Ok(*step.input::<u64>("predictions")?),
        }
    });
    Definitions::new()
        .assets([constant("stories", 7), model, outcomes, predictions, report])
        .gate(by_outcomes().shadow("predictions"))
}

fn shadow_safe(definition: AssetDefinition) -> AssetDefinition {
    definition.policy(|computation| {
        computation.shadow_safe = true;
        computation.requirements.version::<u64>("model", champion(), Absent::SkipsTheStep);
    })
}

/// Promotes the first version; of the others the larger one, once there are 500 outcomes.
fn by_outcomes() -> GateDefinition {
    let mut requirements = Requirements { challenger: Some("model".into()), ..Requirements::default() };
    requirements.input::<u64>("model");
    requirements.version::<u64>("model", champion(), Absent::IsNone);
    requirements.input::<u64>("outcomes");
    let function = StepFunction::Blocking(Arc::new(move |step| {
        let number = |read_as: &ReadAs| {
            let version = step.version("model", read_as)?;
            Some(*version.value.clone().downcast::<u64>().expect("models are numbers"))
        };
        let challenger = number(&ReadAs::Latest).expect("a gate has a challenger");
        let Some(champion) = number(&champion()) else { return Ok(StepResult::Gate(Verdict::promote())) };
        let outcomes = *step.input::<u64>("outcomes")?;
        Ok(StepResult::Gate(match outcomes {
            0..500 => Verdict::shadow(format!("{outcomes} outcomes")),
            _ => {
                Verdict::promote_if(challenger > champion).because(format!("{challenger} against {champion}"))
            }
        }))
    }));
    GateDefinition::new("by_outcomes", "model", Computation::new(requirements, function))
}

fn model() -> AssetPartition {
    AssetPartition::new("model".into(), None)
}

fn version(number: u32) -> VersionNumber {
    VersionNumber::new(number).unwrap()
}

async fn history(scenario: &Scenario) -> ModelHistory {
    model_history(&*scenario.store, &model()).await.unwrap()
}

/// The words for all versions.
async fn statuses(scenario: &Scenario) -> Vec<&'static str> {
    let history = history(scenario).await;
    let champion = AliasName::champion();
    history.versions.keys().map(|version| history.status(*version, &champion).unwrap().as_str()).collect()
}

/// The calls in shadow of a run that are over.
async fn called(scenario: &Scenario, run: RunId) -> Vec<(Event, ShadowCalled)> {
    let events = scenario.events(run).await.into_iter();
    let called = events.filter_map(|event| {
        let EventBody::ShadowCalled(called) = event.body.clone() else { return None };
        called.outcome.is_over().then_some((event, called))
    });
    called.collect()
}

/// How the calls of a version of the model, or of a partition of it, went since the beginning of the log.
async fn calls_of_model(scenario: &Scenario, partition: Option<&str>, number: u32) -> ShadowCalls {
    let model = AssetPartition::new("model".into(), partition.map(Into::into));
    shadow_calls(&*scenario.store, &"predictions".into(), (&model, version(number)), 0).await.unwrap()
}

/// A scenario with version 1 in use and version 2, which is 9, in shadow.
async fn in_shadow(world: &Arc<World>) -> Scenario {
    let scenario = Scenario::new(definitions(world));
    scenario.run().await;
    world.learns(9);
    scenario.selecting("model").run().await;
    assert_eq!(statuses(&scenario).await, ["in use", "in shadow"]);
    scenario
}

async fn judge(scenario: &Scenario) -> Result<TrialOutcome, String> {
    let of = scenario.pipeline.graph().index("model").unwrap();
    let judged = scenario.engine().judge_in_shadow(&AssetPartition::new(of, None), None, &json!({})).await;
    judged.map_err(|error| text_of(&error))
}

#[tokio::test]
async fn the_version_that_goes_into_shadow_is_called_in_the_same_run() {
    let world = World::new();
    let scenario = Scenario::new(definitions(&world));
    scenario.run().await;
    world.learns(9);
    insta::assert_snapshot!(scenario.run().await);
    assert_eq!(scenario.value::<u64>("predictions").await, 507, "the champion's");
    assert_eq!(scenario.value::<u64>("report").await, 507);
}

#[tokio::test]
async fn the_same_function_is_called_on_the_same_inputs_and_nothing_follows() {
    let world = World::new();
    let scenario = in_shadow(&world).await.selecting("predictions");
    let run = scenario.queued().await;
    insta::assert_snapshot!(scenario.resume(run).await);
    let made = scenario.latest("predictions").await;
    let (event, called) = called(&scenario, run).await.pop().unwrap();
    assert_eq!((called.version, called.beside), (version(2), made.body.version()));
    let of_champion = made.body.provenance().unwrap();
    assert_eq!(called.provenance.code_version, of_champion.code_version);
    let inputs = |provenance: &millwork_core::event::Provenance| {
        let inputs = provenance.inputs.iter();
        inputs.map(|one| (one.upstream.to_string(), one.version.map(VersionNumber::get))).collect::<Vec<_>>()
    };
    assert_eq!(inputs(of_champion), [("stories".to_owned(), Some(1)), ("model".to_owned(), Some(1))]);
    assert_eq!(inputs(&called.provenance), [("stories".to_owned(), Some(1)), ("model".to_owned(), Some(2))]);
    let value_type = scenario.pipeline.graph().asset("predictions").unwrap().spec.value_type.unwrap();
    let value = scenario.engine().values().load(&event, value_type).await.unwrap();
    assert_eq!(*value.downcast::<u64>().unwrap(), 907);
    assert_eq!(scenario.value::<u64>("predictions").await, 507);
    let [champion, shadow] = *world.began_at.lock().unwrap();
    assert_eq!((champion.is_some(), champion), (true, shadow));
    assert_eq!(scenario.selecting("*").stale_only().planned().await, "", "shadow makes nothing stale");
}

#[tokio::test]
async fn outcomes_decide() {
    let world = World::new();
    let scenario = in_shadow(&world).await;
    let head = scenario.store.head().await.unwrap();
    let goes_on = judge(&scenario).await.unwrap();
    assert!(matches!(&goes_on, TrialOutcome::GoesOn { reason, .. } if reason == "0 outcomes"), "{goes_on:?}");
    assert_eq!(scenario.store.head().await.unwrap(), head, "nothing is recorded");
    world.outcomes.store(500, Ordering::SeqCst);
    scenario.selecting("outcomes").run().await;
    let over = judge(&scenario).await.unwrap();
    let TrialOutcome::Over { verdict, events, .. } = over else { panic!("{over:?}") };
    assert_eq!(
        verdict.to_string(),
        "gate `by_outcomes` judged version 2 against 1: promote after shadow (9 against 5)"
    );
    assert_eq!(events.len(), 2, "the verdict and the move are one append");
    assert_eq!(statuses(&scenario).await, ["retired", "in use"]);
    let error = judge(&scenario).await.unwrap_err();
    assert!(error.starts_with("no version of `model` is in shadow; hint: "), "{error}");
    scenario.run().await;
    assert_eq!(scenario.value::<u64>("predictions").await, 907);
}

#[tokio::test]
async fn worse_outcomes_keep_the_champion_and_people_may_decide_first() {
    let world = World::new();
    let scenario = in_shadow(&world).await;
    world.learns(3);
    scenario.selecting("model").run().await;
    assert_eq!(statuses(&scenario).await, ["in use", "superseded", "in shadow"]);
    let superseded = history(&scenario).await.status(version(2), &AliasName::champion());
    assert_eq!(superseded, Some(VersionStatus::Superseded(version(3))));
    world.outcomes.store(500, Ordering::SeqCst);
    scenario.selecting("outcomes").run().await;
    let over = judge(&scenario).await.unwrap();
    assert!(matches!(&over, TrialOutcome::Over { version, .. } if version.get() == 3), "{over:?}");
    assert_eq!(statuses(&scenario).await, ["in use", "superseded", "kept"]);
    // The one that was superseded can be promoted by hand.
    let author = Author { by: Mover::Person("ada".into()), reason: String::new() };
    let promote = |history: &ModelHistory| {
        history.promote(&"model".into(), &AliasName::champion(), version(2), &author)
    };
    change_model(&*scenario.store, &model(), scenario.clock_now(), promote).await.unwrap();
    assert_eq!(statuses(&scenario).await, ["retired", "in use", "kept"]);
}

/// A version that a watch has gone back from, which the gate tries once more, and whose outcomes are good.
#[tokio::test]
async fn outcomes_do_not_promote_what_a_watch_has_gone_back_from() {
    let world = World::new();
    let scenario = in_shadow(&world).await;
    let change = async |by: Mover, to: Option<u32>| {
        let (model_key, champion) = ("model".into(), AliasName::champion());
        let author = Author { by, reason: "worse".into() };
        let change = |history: &ModelHistory| match to {
            Some(number) => history.promote(&model_key, &champion, version(number), &author),
            None => history.roll_back(&model_key, &champion, None, &author),
        };
        change_model(&*scenario.store, &model(), scenario.clock_now(), change).await.unwrap();
    };
    let tried = history(&scenario).await.in_shadow(&AliasName::champion()).unwrap().1.what.clone();
    change(Mover::Person("ada".into()), Some(2)).await;
    change(Mover::Watch, None).await;
    let again = NewEvent::of_asset(model(), scenario.clock_now(), EventBody::VersionJudged(tried));
    scenario.store.append(Batch { fence: None, events: vec![again] }).await.unwrap();
    assert_eq!(statuses(&scenario).await, ["in use", "in shadow"]);
    world.outcomes.store(500, Ordering::SeqCst);
    scenario.selecting("outcomes").run().await;
    let over = judge(&scenario).await.unwrap();
    let TrialOutcome::Over { verdict, events, .. } = over else { panic!("{over:?}") };
    assert_eq!(
        verdict.to_string(),
        "gate `by_outcomes` judged version 2 against 1: keep after shadow (9 against 5; the watch has gone back from it, so that only \
         people promote it)"
    );
    assert_eq!(events.len(), 1, "nothing is moved");
    assert_eq!(history(&scenario).await.at(&AliasName::champion()), Some(version(1)));
}

#[tokio::test]
async fn a_failing_call_harms_nothing() {
    for panics in [false, true] {
        let world = World::new();
        let scenario = in_shadow(&world).await;
        let which = if panics { &world.panics } else { &world.fails };
        which.store(true, Ordering::SeqCst);
        let run = scenario.queued().await;
        let log = scenario.resume(run).await;
        assert!(log.trim_end().ends_with("run succeeded"), "{log}");
        let ShadowCalled { version, outcome, .. } = called(&scenario, run).await.pop().unwrap().1;
        let ShadowOutcome::Failed { failure } = outcome else { panic!("{outcome:?}") };
        let expected = if panics { "it panics" } else { "it knows no stories" };
        assert!(failure.to_string().contains(expected), "{failure}");
        let calls = calls_of_model(&scenario, None, version.get()).await;
        assert_eq!((calls.made, calls.failed, calls.failure), (0, 1, Some(failure.to_string())));
        assert_eq!(scenario.value::<u64>("report").await, 507);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_is_ended_by_the_time_limit_of_its_step() {
    let world = World::new();
    let slow = shadow_safe(taking(number("predictions"), &["stories"]))
        .policy(|computation| computation.timeout = Some(Duration::from_secs(60)))
        .non_blocking(|step: StepContext| async move {
            if step.shadow_of().is_some() {
                std::future::pending::<()>().await;
            }
            Ok(1_u64)
        });
    let scenario = Scenario::new(with_predictions(&world, slow));
    scenario.run().await;
    world.learns(9);
    let run = scenario.queued().await;
    let log = scenario.resume(run).await;
    assert!(log.trim_end().ends_with("run succeeded"), "{log}");
    let outcome = called(&scenario, run).await.pop().unwrap().1.outcome;
    let ShadowOutcome::Failed { failure } = outcome else { panic!("{outcome:?}") };
    assert!(failure.to_string().contains("took longer than 60s"), "{failure}");
}

#[tokio::test]
async fn a_resumed_run_does_not_call_twice() {
    let world = World::new();
    let scenario = in_shadow(&world).await;
    world.report_fails.store(true, Ordering::SeqCst);
    let scenario = scenario.selecting("predictions+");
    let run = scenario.queued().await;
    scenario.resume(run).await;
    assert_eq!((called(&scenario, run).await.len(), world.calls.load(Ordering::SeqCst)), (1, 1));
    world.report_fails.store(false, Ordering::SeqCst);
    let log = scenario.resume(run).await;
    assert!(log.trim_end().ends_with("run succeeded"), "{log}");
    assert_eq!((called(&scenario, run).await.len(), world.calls.load(Ordering::SeqCst)), (1, 1));
}

/// A run whose process dies after some events; `None` if it got through.
async fn dies(scenario: &Scenario, store: &Faulty, events: usize) -> Option<RunId> {
    let run = scenario.queued().await;
    store.fail_after(events);
    let outcome = scenario.execute(run).await;
    store.fail_after(usize::MAX);
    if outcome.is_ok() {
        return None;
    }
    if !scenario.status(run).await.is_finished() {
        scenario.lose(run).await;
    }
    Some(run)
}

/// Whenever the process dies, the run that is resumed has what was made in shadow once.
#[tokio::test]
async fn a_process_that_dies_loses_and_doubles_nothing() {
    let mut died = 0;
    for events in 0..60 {
        let world = World::new();
        let store = Faulty::new(Arc::new(MemoryStore::new()));
        let scenario = Scenario::new(definitions(&world)).in_store(store.clone());
        scenario.run().await;
        world.learns(9);
        let Some(run) = dies(&scenario, &store, events).await else { break };
        died += 1;
        let log = scenario.resume(run).await;
        assert!(log.trim_end().ends_with("run succeeded"), "after {events} events: {log}");
        let all = scenario.events(run).await;
        let of_predictions = all
            .iter()
            .filter(|event| event.body.is_materialization() && event.asset == Some("predictions".into()));
        let made: Vec<_> = of_predictions.map(|event| event.body.version()).collect();
        let called = called(&scenario, run).await;
        let beside: Vec<_> = called.iter().map(|(_, called)| called.beside).collect();
        assert!(made.len() == 1 && beside == made, "after {events} events: {beside:?} beside {made:?}");
        assert_eq!(statuses(&scenario).await, ["in use", "in shadow"], "after {events} events");
    }
    assert!(died > 8, "{died}");
}

/// A version that takes its process with it takes no third run with it.
#[tokio::test]
async fn a_version_during_whose_calls_the_process_ends_is_called_no_more() {
    let world = World::new();
    let scenario = in_shadow(&world).await.selecting("predictions");
    let mut last: Option<(Event, ShadowCalled)> = None;
    for (ends, is_called) in [(0, true), (1, true), (2, false), (0, false)] {
        for _ in 0..ends {
            let (event, call) = last.clone().unwrap();
            let body = EventBody::ShadowCalled(ShadowCalled { outcome: ShadowOutcome::Begun, ..call });
            let begun = NewEvent::of_run(event.run.unwrap(), event.at, body);
            let begun = NewEvent { run: None, asset: event.asset, ..begun };
            scenario.store.append(Batch { fence: None, events: vec![begun] }).await.unwrap();
        }
        let run = scenario.queued().await;
        let log = scenario.resume(run).await;
        assert!(log.trim_end().ends_with("run succeeded"), "{log}");
        let (event, call) = called(&scenario, run).await.pop().unwrap();
        assert_eq!(matches!(call.outcome, ShadowOutcome::Made(_)), is_called, "after {ends}: {call}");
        last = Some((event, call));
    }
}

/// The call of a step with a pool takes the slots again.
#[tokio::test]
async fn a_resumed_run_owes_the_calls_of_steps_with_pools_as_well() {
    let mut owed = 0;
    for events in 0..60 {
        let world = World::new();
        let store = Faulty::new(Arc::new(MemoryStore::new()));
        let of_predictions = world.clone();
        let predictions = shadow_safe(taking(number("predictions"), &["stories"]))
            .pool("api")
            .blocking(move |step| of_predictions.predict(&step));
        let definitions = with_predictions(&world, predictions).pool("api", 1);
        let scenario = Scenario::new(definitions).in_store(store.clone());
        scenario.run().await;
        world.learns(9);
        let Some(run) = dies(&scenario, &store, events).await else { break };
        let made =
            |event: &&Event| event.body.is_materialization() && event.asset == Some("predictions".into());
        let is_made = scenario.events(run).await.iter().any(|event| made(&event));
        let was_called = !called(&scenario, run).await.is_empty();
        owed += usize::from(is_made && !was_called);
        let log = scenario.resume(run).await;
        assert!(log.trim_end().ends_with("run succeeded"), "after {events} events: {log}");
        assert_eq!(called(&scenario, run).await.len(), 1, "after {events} events");
        assert_eq!(store.slots_held(), 0, "after {events} events");
    }
    assert!(owed > 0, "the step has succeeded, and the call was not made");
}

#[tokio::test]
async fn a_gate_that_can_not_ask_for_outcomes_fails() {
    let check = async |definitions: Definitions, expected: &str| {
        let scenario = Scenario::new(definitions);
        let log = scenario.run().await;
        assert!(log.contains(expected), "{log}");
    };
    let asks = || gate("model", |_, _| Ok(Verdict::shadow("who knows")));
    let base = || Definitions::new().asset(constant("model", 1)).asset(constant("stories", 1));
    check(base().gate(asks()), "gate `larger` asked for outcomes, but names no asset for them").await;
    let world = World::new();
    let predictions =
        shadow_safe(taking(number("predictions"), &["stories"])).blocking(move |step| world.predict(&step));
    check(
        base().asset(predictions).gate(asks().shadow("predictions")),
        "gate `larger` asked for outcomes of version 1, but `model` has no champion beside which it could predict",
    )
    .await;
}

#[tokio::test]
async fn each_partition_of_a_model_has_its_own_trial() {
    let world = World::new();
    let keys = || PartitionsDefinition::fixed(["a", "b"]);
    let of_model = world.clone();
    let model =
        number("model").partitions(keys()).blocking(move |_| Ok(of_model.learned.load(Ordering::SeqCst)));
    let of_predictions = world.clone();
    let predictions = shadow_safe(taking(number("predictions"), &["stories"]))
        .partitions(keys())
        .blocking(move |step| of_predictions.predict(&step));
    let definitions = Definitions::new()
        .assets([constant("stories", 7), model, constant("outcomes", 0), predictions])
        .gate(by_outcomes().shadow("predictions"));
    let scenario = Scenario::new(definitions);
    scenario.selecting("stories").run().await;
    scenario.selecting("outcomes").run().await;
    for partition in ["a", "b"] {
        scenario.selecting("model").partition(partition).run().await;
    }
    world.learns(9);
    scenario.selecting("model").partition("a").run().await;
    for (partition, expected) in [("a", 1), ("b", 0)] {
        let scenario = scenario.selecting("predictions").partition(partition);
        let run = scenario.queued().await;
        scenario.resume(run).await;
        assert_eq!(called(&scenario, run).await.len(), expected, "{partition}");
        let calls = calls_of_model(&scenario, Some(partition), 2).await;
        assert_eq!(calls, ShadowCalls { made: expected as u64, ..ShadowCalls::default() }, "{partition}");
    }
}

/// Of partitions that one call makes, each is called for by itself.
#[tokio::test]
async fn each_partition_of_a_batch_is_called_for() {
    let world = World::new();
    let keys = || PartitionsDefinition::fixed(["a", "b"]);
    let of_predictions = world.clone();
    let predictions = taking(number("predictions"), &["stories"]).partitions(keys());
    let predictions = predictions
        .batch(move |step, keys: PartitionKeys<String>| Ok(keys.map(|_| of_predictions.predict(&step))));
    let scenario = Scenario::new(with_predictions_of_day(&world, shadow_safe(predictions)));
    scenario.run().await;
    world.learns(9);
    scenario.selecting("model").run().await;
    let scenario = scenario.selecting("predictions");
    let run = scenario.queued().await;
    insta::assert_snapshot!(scenario.resume(run).await);
    assert_eq!((called(&scenario, run).await.len(), world.calls.load(Ordering::SeqCst)), (2, 2));
}

/// What makes predictions with partitions: the same without a report.
fn with_predictions_of_day(world: &Arc<World>, predictions: AssetDefinition) -> Definitions {
    let of_model = world.clone();
    let model = number("model").blocking(move |_| Ok(of_model.learned.load(Ordering::SeqCst)));
    Definitions::new()
        .assets([constant("stories", 7), model, constant("outcomes", 0), predictions])
        .gate(by_outcomes().shadow("predictions"))
}

/// The call is part of the past, and not of what is made again.
#[tokio::test]
async fn a_run_with_a_call_in_shadow_is_reproduced() {
    let world = World::new();
    let scenario = in_shadow(&world).await.selecting("predictions");
    let run = scenario.queued().await;
    scenario.resume(run).await;
    let calls = world.calls.load(Ordering::SeqCst);
    let engine = scenario.engine();
    let plan = engine.plan_reproduction(run).await.unwrap();
    let reproduction = engine.reproduce(plan, &Cancel::default(), unobserved()).await.unwrap();
    assert_eq!(reproduction.unwrap().verdict(), ReproductionVerdict::Identical);
    assert_eq!(world.calls.load(Ordering::SeqCst), calls);
}
