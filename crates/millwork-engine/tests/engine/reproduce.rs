//! Runs that are executed again elsewhere, and compared.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use millwork_core::advice::{Advice as _, ErrorClass};
use millwork_core::param::Absent;
use millwork_core::retention::KeptValues;
use millwork_core::run::{Reproduction, ReproductionVerdict, RunId, RunRequest};
use millwork_core::version::{AliasName, ReadAs};
use millwork_core::{AssetDefinition, BoxError, CheckResult, Definitions, Output, PartitionsDefinition};
use millwork_core::{BoxFuture, IoError, IoManager, ValueAddress};
use millwork_core::{
    Computation, GateDefinition, Requirements, StepContext, StepFunction, StepResult, Verdict,
};
use millwork_core::{Config, FromStep as _, IntoProduced as _};
use millwork_engine::{Cancel, ReproduceError, forget_values};
use serde_json::json;

use crate::support::*;

async fn reproduce(scenario: &Scenario, run: RunId) -> Result<Reproduction, ReproduceError> {
    let engine = scenario.engine();
    let plan = engine.plan_reproduction(run).await?;
    Ok(engine.reproduce(plan, &Cancel::default(), unobserved()).await?.expect("it wasn't canceled"))
}

/// Reproduces a run, and checks that the home is as before. Returns the verdict and a line for each asset.
async fn reproduced(scenario: &Scenario, run: RunId) -> String {
    let before = (scenario.store.head().await.unwrap(), scenario.files());
    let reproduction = reproduce(scenario, run).await.unwrap();
    let after = (scenario.store.head().await.unwrap(), scenario.files());
    assert_eq!(before, after, "it leaves nothing behind");
    let verdict = match reproduction.verdict() {
        ReproductionVerdict::Identical => "identical",
        ReproductionVerdict::Different => "different",
        ReproductionVerdict::OtherCode => "other code",
    };
    let mut lines = vec![verdict.to_owned()];
    for changed in &reproduction.changed_steps {
        lines.push(format!("changed: {}", changed.step));
    }
    for asset in &reproduction.assets {
        let outcome = if asset.is_identical() { "same".to_owned() } else { format!("{:?}", asset.is) };
        let outcome = outcome.split('(').next().unwrap_or_default().to_owned();
        let follows: Vec<String> = asset.follows.iter().map(ToString::to_string).collect();
        let follows =
            if follows.is_empty() { String::new() } else { format!(" after {}", follows.join(", ")) };
        lines.push(format!("{} {outcome}{follows}", asset.asset));
    }
    lines.join("\n")
}

async fn ran(scenario: &Scenario) -> RunId {
    let run = scenario.queued().await;
    scenario.resume(run).await;
    run
}

/// Another number each time.
fn counting(key: &str) -> AssetDefinition {
    let calls = AtomicU64::new(0);
    number(key).blocking(move |_| Ok(calls.fetch_add(1, Ordering::SeqCst)))
}

#[tokio::test]
async fn the_same_code_on_the_same_inputs_is_identical() {
    let value = Arc::new(AtomicU64::new(1));
    let source = value.clone();
    let source = number("source").blocking(move |_| Ok(source.load(Ordering::SeqCst)));
    let scenario = Scenario::of([source, sum("a", &["source"]), sum("b", &["a", "source"])]);
    ran(&scenario.selecting("source")).await;
    let run = ran(&scenario.selecting("a or b")).await;
    // What is current since then isn't read.
    value.store(5, Ordering::SeqCst);
    ran(&scenario).await;
    insta::assert_snapshot!(reproduced(&scenario, run).await, @r"
    identical
    a same
    b same
    ");
    assert_eq!(scenario.value::<u64>("a").await, 6);
}

#[tokio::test]
async fn what_differs_is_named_with_what_follows_from_it() {
    let scenario = Scenario::of([counting("dice"), constant("one", 1), sum("below", &["dice", "one"])]);
    let run = ran(&scenario).await;
    insta::assert_snapshot!(reproduced(&scenario, run).await, @r"
    different
    below Value after dice
    dice Value
    one same
    ");
}

#[tokio::test]
async fn changed_code_is_named_whatever_it_makes() {
    let versioned = |version: &'static str, value| {
        constant("a", value).policy(|computation| computation.code_version = version.into())
    };
    let scenario = Scenario::of([versioned("v1", 1), sum("b", &["a"])]);
    let run = ran(&scenario).await;
    let same = scenario.with_code(Definitions::new().asset(versioned("v2", 1)).asset(sum("b", &["a"])));
    insta::assert_snapshot!(reproduced(&same, run).await, @r"
    other code
    changed: a
    a same
    b same
    ");
    let failing = failing("a", &[]).policy(|computation| computation.code_version = "v3".into());
    let other = scenario.with_code(Definitions::new().asset(failing).asset(sum("b", &["a"])));
    insta::assert_snapshot!(reproduced(&other, run).await, @r"
    other code
    changed: a
    a Failed
    b Failed after a
    ");
    let renamed = scenario.with_code(Definitions::new().asset(constant("other", 1)));
    let error = reproduce(&renamed, run).await.unwrap_err();
    assert!(text_of(&error).contains("no longer defined: `a`, `b`; hint: "), "{}", text_of(&error));
    let without = scenario.with_code(Definitions::new().asset(versioned("v1", 1)));
    let error = reproduce(&without, run).await.unwrap_err();
    assert!(
        text_of(&error)
            .starts_with(&format!("run {run} has executed what is no longer defined: `b`; hint: "))
    );
}

#[tokio::test]
async fn partitions_one_of_them_or_all() {
    let days = || PartitionsDefinition::fixed(["mon", "tue"]);
    let daily = number("daily").partitions(days());
    let daily = daily.blocking(|step| Ok(u64::from(step.partition().unwrap().label().as_bytes()[0])));
    let week = number("week").policy(|computation| computation.requirements.partitions::<u64>("daily"));
    let week =
        week.blocking(|step| Ok(step.partitions::<u64>("daily")?.values().map(|day| **day).sum::<u64>()));
    let scenario = Scenario::of([daily, sum("plus", &["daily"]).partitions(days()), week]);
    let all = ran(&scenario).await;
    let one = ran(&scenario.selecting("plus").partition("tue")).await;
    let week = ran(&scenario.selecting("week")).await;
    insta::assert_snapshot!(reproduced(&scenario, all).await, @r"
    identical
    daily (mon) same
    daily (tue) same
    plus (mon) same
    plus (tue) same
    week same
    ");
    insta::assert_snapshot!(reproduced(&scenario, one).await, @r"
    identical
    plus (tue) same
    ");
    insta::assert_snapshot!(reproduced(&scenario, week).await, @r"
    identical
    week same
    ");
}

/// A model that is kept once there is one, and what reads it.
fn keeping() -> [AssetDefinition; 2] {
    let is_first = AtomicBool::new(true);
    let model = deciding(number("model"), move |_| {
        if is_first.swap(false, Ordering::SeqCst) { vec![new(40)] } else { vec![kept("it is worse")] }
    });
    [model, sum("scores", &["model"])]
}

#[tokio::test]
async fn kept_values_are_those_that_were_kept() {
    let scenario = Scenario::of(keeping());
    let first = ran(&scenario).await;
    let second = ran(&scenario).await;
    insta::assert_snapshot!(reproduced(&scenario, second).await, @r"
    identical
    model same
    scores same
    ");
    // It keeps now what it made then, and there is no value before that one.
    insta::assert_snapshot!(reproduced(&scenario, first).await, @r"
    different
    model Kept
    scores Failed after model
    ");
}

/// One more than its own previous value, with the previous run in its metadata.
fn chain() -> AssetDefinition {
    let chain = deciding(number("chain"), |step| {
        let previous = step.previous("chain");
        let run = previous.and_then(|previous| previous.run).map_or(0, |_| 1);
        let before = previous.and_then(|previous| previous.value.downcast_ref::<u64>()).copied();
        vec![Output::new(before.unwrap_or(0) + run + 1).into_produced()]
    });
    chain.policy(|computation| computation.requirements.previous.push("chain".into()))
}

#[tokio::test]
async fn previous_values_are_those_of_then() {
    let scenario = Scenario::of([chain()]);
    let runs = [ran(&scenario).await, ran(&scenario).await, ran(&scenario).await];
    let without = ran(&scenario.tagged("millwork/previous", "none")).await;
    for run in runs.into_iter().chain([without]) {
        assert_eq!(reproduced(&scenario, run).await, "identical\nchain same");
    }
    assert_eq!(scenario.value::<u64>("chain").await, 1);
}

/// Each execution has read what was current when it began.
#[tokio::test]
async fn a_resumed_run_is_reproduced_execution_by_execution() {
    let (value, is_broken) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicBool::new(true)));
    let (source, broken) = (value.clone(), is_broken.clone());
    let source = number("source").blocking(move |_| Ok(source.load(Ordering::SeqCst)));
    let late = taking(number("late"), &["source", "early"]).blocking(move |step| {
        if broken.load(Ordering::SeqCst) {
            return Err(BoxError::from("broken"));
        }
        Ok(100 * *step.input::<u64>("source")? + *step.input::<u64>("early")?)
    });
    let scenario = Scenario::of([source, sum("early", &["source"]), late]);
    ran(&scenario.selecting("source")).await;
    let run = ran(&scenario.selecting("early or late")).await;
    let error = reproduce(&scenario, run).await.unwrap_err();
    let short = run.short();
    assert_eq!(
        text_of(&error),
        format!(
            "run {run} is failed, and only a run that has succeeded can be reproduced; hint: `runs retry {short}` goes on where it stopped"
        )
    );
    value.store(7, Ordering::SeqCst);
    ran(&scenario.selecting("source")).await;
    is_broken.store(false, Ordering::SeqCst);
    scenario.resume(run).await;
    assert_eq!(scenario.value::<u64>("late").await, 702);
    value.store(9, Ordering::SeqCst);
    ran(&scenario.selecting("source")).await;
    insta::assert_snapshot!(reproduced(&scenario, run).await, @r"
    identical
    early same
    late same
    ");
}

/// A run of what was stale had fewer steps than were selected.
#[tokio::test]
async fn only_the_steps_that_were_executed() {
    let scenario = Scenario::of([constant("a", 1), sum("b", &["a"]), sum("c", &["b"])]);
    ran(&scenario.selecting("a or b")).await;
    let run = ran(&scenario.stale_only()).await;
    insta::assert_snapshot!(reproduced(&scenario, run).await, @r"
    identical
    c same
    ");
}

#[tokio::test]
async fn checks_are_left_out() {
    let check = check("is_odd", "a", &["a"], |_| Ok(CheckResult::pass()));
    let scenario = Scenario::new(
        Definitions::new().asset(constant("a", 1)).check(blocking(check)).asset(sum("b", &["a"])),
    );
    let run = ran(&scenario).await;
    insta::assert_snapshot!(reproduced(&scenario, run).await, @r"
    identical
    a same
    b same
    ");
}

/// Large values are files of the home, and named I/O managers aren't asked to store any.
#[tokio::test]
async fn large_values_and_named_io_managers() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = millwork_engine::ObjectStoreIo::folder(folder.path());
    let large = AssetDefinition::new("large").produces::<Vec<u64>, _>().blocking(|_| Ok(vec![7_u64; 10_000]));
    let stored = number("stored").input::<Vec<u64>>("large");
    let stored = stored.blocking(|step| Ok(step.input::<Vec<u64>>("large")?.len() as u64));
    let stored = AssetDefinition { io_manager: Some("warehouse".into()), ..stored };
    let definitions = Definitions::new().io_manager("warehouse", warehouse).asset(large).asset(stored);
    let scenario = Scenario::new(definitions.asset(sum("below", &["stored"])));
    ran(&scenario.selecting("large")).await;
    let run = ran(&scenario.selecting("stored")).await;
    let below = ran(&scenario.selecting("below")).await;
    let objects = || std::fs::read_dir(folder.path().join("stored")).unwrap().count();
    assert_eq!(objects(), 1);
    for run in [run, below] {
        assert!(reproduced(&scenario, run).await.starts_with("identical\n"));
    }
    assert_eq!(objects(), 1);
}

/// Values by a name that no file of the temporary folder can have.
#[derive(Debug)]
struct LongNames(Mutex<BTreeMap<String, Vec<u8>>>);

impl IoManager for LongNames {
    fn store(&self, address: ValueAddress, bytes: Vec<u8>) -> BoxFuture<Result<String, IoError>> {
        self.0.lock().unwrap().insert(address.path(), bytes);
        Box::pin(std::future::ready(Ok(address.path())))
    }

    fn load(&self, location: String) -> BoxFuture<Result<Vec<u8>, IoError>> {
        let found = self.0.lock().unwrap().get(&location).cloned();
        Box::pin(std::future::ready(found.ok_or(IoError::Missing { location })))
    }

    fn delete(&self, _: String) -> BoxFuture<Result<(), IoError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn a_temporary_folder_that_cannot_store_is_an_error() {
    let stored = AssetDefinition::new("stored").produces::<Vec<u64>, _>().describe(|spec| {
        spec.value_type.as_mut().unwrap().extension = "x".repeat(300).leak();
    });
    let stored = stored.blocking(|_| Ok(vec![7_u64; 10_000]));
    let stored = AssetDefinition { io_manager: Some("warehouse".into()), ..stored };
    let below = number("below").input::<Vec<u64>>("stored");
    let below = below.blocking(|step| Ok(step.input::<Vec<u64>>("stored")?.len() as u64));
    let definitions = Definitions::new().io_manager("warehouse", LongNames(Mutex::default()));
    let scenario = Scenario::new(definitions.asset(stored).asset(below));
    let made = ran(&scenario.selecting("stored")).await;
    let read = ran(&scenario.selecting("below")).await;
    for run in [made, read] {
        let error = reproduce(&scenario, run).await.unwrap_err();
        assert!(
            error.to_string().starts_with("failed to store a value in the temporary folder `"),
            "{error}"
        );
        assert_eq!(error.class(), ErrorClass::Home);
        assert_eq!(error.hint().unwrap(), "make room there, or set TMPDIR to another folder");
    }
}

#[tokio::test]
async fn what_the_run_read_may_be_gone() {
    let large = AssetDefinition::new("large").produces::<Vec<u64>, _>().blocking(|_| Ok(vec![7_u64; 10_000]));
    let of_large = number("of_large").input::<Vec<u64>>("large");
    let of_large = of_large.blocking(|step| Ok(step.input::<Vec<u64>>("large")?.len() as u64));
    let scenario = Scenario::of([counting("small"), sum("of_small", &["small"]), large, of_large]);
    ran(&scenario.selecting("small or large")).await;
    let small = ran(&scenario.selecting("of_small")).await;
    let large = ran(&scenario.selecting("of_large")).await;
    ran(&scenario.selecting("small or large")).await;
    assert!(reproduced(&scenario, small).await.starts_with("identical\n"));
    let engine = scenario.engine();
    let kept = KeptValues { newest: 1, younger: std::time::Duration::ZERO };
    let now = scenario.clock_now() + jiff::SignedDuration::from_hours(1);
    forget_values(&*scenario.store, engine.values(), kept, now).await.unwrap();
    for (run, asset) in [(small, "small"), (large, "large")] {
        let error = reproduce(&scenario, run).await.unwrap_err();
        let text = text_of(&error);
        assert!(
            text.starts_with(&format!("the value of `{asset}` that the run read can't be loaded")),
            "{text}"
        );
        assert!(text.contains("hint: a value that was removed can't be made again as it was"), "{text}");
    }
}

/// What another system has made is waited for, not read.
#[tokio::test]
async fn reported_values() {
    let scenario = Scenario::of([constant("raw", 1), number("after").after("raw").blocking(|_| Ok(3_u64))]);
    scenario.report("raw").await;
    let run = ran(&scenario.selecting("after")).await;
    assert_eq!(reproduced(&scenario, run).await, "identical\nafter same");
}

/// A run of which a step takes too long now.
#[tokio::test(start_paused = true)]
async fn tags_with_a_meaning_hold() {
    let is_slow = Arc::new(AtomicBool::new(false));
    let slow = is_slow.clone();
    let waiting = number("waiting").non_blocking(move |_| {
        let slow = slow.clone();
        async move {
            if slow.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            Ok(1_u64)
        }
    });
    let scenario = Scenario::of([waiting, sum("below", &["waiting"])]).tagged("millwork/max_runtime", "1h");
    let run = ran(&scenario).await;
    is_slow.store(true, Ordering::SeqCst);
    let reproduction = reproduce(&scenario, run).await.unwrap();
    let ends: Vec<String> = reproduction.assets.iter().map(|asset| format!("{:?}", asset.is)).collect();
    assert!(ends[0].contains("took longer than 3600s"), "{ends:?}");
}

#[tokio::test]
async fn a_run_that_has_made_nothing_or_does_not_exist() {
    let scenario = Scenario::of([constant("a", 1), sum("b", &["a"])]);
    let unknown = reproduce(&scenario, RunId::from_u128(7)).await.unwrap_err();
    assert!(text_of(&unknown).contains("not found"), "{}", text_of(&unknown));
    let queued = scenario.queued().await;
    let error = reproduce(&scenario, queued).await.unwrap_err();
    assert!(text_of(&error).contains("is queued, and only"), "{}", text_of(&error));
    ran(&scenario).await;
    let nothing = ran(&scenario.stale_only()).await;
    let error = reproduce(&scenario, nothing).await.unwrap_err();
    assert!(matches!(error, ReproduceError::NothingMade { .. }), "{error}");
}

#[tokio::test]
async fn a_canceled_reproduction_has_no_result() {
    let scenario = Scenario::of([constant("a", 1)]);
    let run = ran(&scenario).await;
    let (engine, cancel) = (scenario.engine(), Cancel::default());
    cancel.request();
    let plan = engine.plan_reproduction(run).await.unwrap();
    assert_eq!(plan.steps(), 1);
    assert_eq!(engine.reproduce(plan, &cancel, unobserved()).await.unwrap(), None);
}

/// Words, which are one more in each run, a model made from them, a gate that promotes larger models up to a limit, and predictions by the
/// champion and the words that it was made from.
fn judged(limit: u64) -> Definitions {
    let words = deciding(number("words"), |step| {
        let before = step.previous("words").and_then(|words| words.value.downcast_ref::<u64>()).copied();
        vec![new(before.unwrap_or(0) + 1)]
    });
    let words = words.policy(|computation| computation.requirements.previous.push("words".into()));
    let champion = ReadAs::Alias(AliasName::champion());
    let of_champion = ReadAs::InputOf { model: "model".into(), alias: AliasName::champion() };
    let predictions = number("predictions").policy(|computation| {
        computation.requirements.version::<u64>("model", champion.clone(), Absent::SkipsTheStep);
        computation.requirements.version::<u64>("words", of_champion.clone(), Absent::SkipsTheStep);
    });
    let (by_alias, of_model) = (champion.clone(), of_champion);
    let predictions = predictions.blocking(move |step| {
        let value = |asset: &str, read_as| {
            let version = step.version(asset, read_as).expect("there is a champion");
            *version.value.downcast_ref::<u64>().expect("a number")
        };
        Ok(100 * value("model", &by_alias) + value("words", &of_model))
    });
    let mut requirements = Requirements::default();
    requirements.input::<u64>("model");
    requirements.challenger = Some("model".into());
    requirements.version::<u64>("model", champion.clone(), Absent::IsNone);
    let judge = move |step: StepContext| {
        let number =
            |read_as| step.version("model", read_as).and_then(|model| model.value.downcast_ref::<u64>());
        let challenger = *number(&ReadAs::Latest).expect("a challenger");
        let champion = number(&champion).copied().unwrap_or(0);
        Ok(StepResult::Gate(Verdict::promote_if(champion < challenger && challenger <= limit)))
    };
    let gate = GateDefinition::new(
        "better",
        "model",
        Computation::new(requirements, StepFunction::Blocking(Arc::new(judge))),
    );
    Definitions::new().asset(words).asset(sum("model", &["words"])).asset(predictions).gate(gate)
}

/// Runs in which the gate has promoted, has kept the champion, and had no part.
#[tokio::test]
async fn gates_judge_again_and_aliases_are_those_of_then() {
    let scenario = Scenario::new(judged(3));
    let promoted = [ran(&scenario).await, ran(&scenario).await];
    let kept = ran(&scenario).await;
    assert_eq!((scenario.value::<u64>("model").await, scenario.value::<u64>("predictions").await), (4, 302));
    let predicted = ran(&scenario.selecting("predictions")).await;
    // Since then another champion is in use.
    let scenario = scenario.with_code(judged(100));
    ran(&scenario).await;
    assert_eq!(scenario.value::<u64>("predictions").await, 504);
    for run in promoted {
        let expected = "identical\nmodel same\npredictions same\nwords same";
        assert_eq!(reproduced(&scenario, run).await, expected);
    }
    assert_eq!(reproduced(&scenario, predicted).await, "identical\npredictions same");
    // A gate that promotes more now leads to other predictions.
    insta::assert_snapshot!(reproduced(&scenario, kept).await, @r"
    different
    model same
    predictions Value
    words same
    ");
    let as_then = scenario.with_code(judged(3));
    assert!(reproduced(&as_then, kept).await.starts_with("identical\n"));
}

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Training {
    #[serde(default)]
    rounds: u64,
}

/// A model of as many rounds as its configuration says.
fn trained(standing: u64) -> Definitions {
    let model = number("model").blocking(|step| Ok(Config::<Training>::from_step(&step)?.rounds));
    let model = model.policy(|computation| Config::<Training>::requirements(&mut computation.requirements));
    Definitions::new().asset(model).config(json!({ "model": { "rounds": standing } }))
}

#[tokio::test]
async fn the_configuration_is_the_recorded_one() {
    let scenario = Scenario::new(trained(20));
    let standing = ran(&scenario).await;
    let request = RunRequest { config: json!({ "model": { "rounds": 7 } }), ..scenario.request() };
    let overridden = scenario.engine().request(request).await.unwrap();
    scenario.resume(overridden).await;
    assert_eq!(scenario.value::<u64>("model").await, 7);
    let now = scenario.with_code(trained(40));
    for run in [standing, overridden] {
        assert_eq!(reproduced(&now, run).await, "identical\nmodel same");
    }
}
