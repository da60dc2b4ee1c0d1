//! Histories: a step goes through what was stored since its own last materialization.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use millwork_core::event::{EventBody, InputVersion};
use millwork_core::retention::KeptValues;
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{
    Asset, AssetDefinition, BoxError, Definitions, FromStep as _, History, PartitionsDefinition, StepContext,
    StepTime,
};
use millwork_engine::{Cancel, forget_values};

use crate::support::*;

enum Sales {}

impl Asset for Sales {
    const KEY: &'static str = "sales";
    type Value = u64;
}

/// 1, 10, 100, … so that a total says what it is made of.
fn sales() -> AssetDefinition {
    let calls = AtomicU64::new(0);
    number("sales").blocking(move |_| Ok(10_u64.pow(calls.fetch_add(1, Ordering::SeqCst) as u32)))
}

fn reading_sales(definition: AssetDefinition) -> AssetDefinition {
    definition.policy(|computation| History::<Sales>::requirements(&mut computation.requirements))
}

/// The numbers of all sales that are new, together.
fn new_sales(step: &StepContext) -> Result<u64, BoxError> {
    let history = History::<Sales>::from_step(step)?;
    history.new().try_fold(0, |sum, entry| Ok(sum + *entry?.load()?))
}

/// Its own last value and what is new, unless `fails`.
fn total(fails: Arc<AtomicBool>) -> AssetDefinition {
    reading_sales(adding_up("total", new_sales, fails))
}

fn never() -> Arc<AtomicBool> {
    Arc::default()
}

async fn sell(scenario: &Scenario, times: usize) {
    for _ in 0..times {
        scenario.selecting("sales").run().await;
    }
}

async fn totaled(scenario: &Scenario) -> u64 {
    scenario.selecting("total").run().await;
    scenario.value("total").await
}

/// The newest version that the latest total was made from, and behind which new ones began.
async fn read(scenario: &Scenario) -> (Option<u32>, Option<u32>) {
    let event = scenario.latest("total").await;
    let inputs = &event.body.provenance().unwrap().inputs;
    let [InputVersion { upstream, version, read_as: ReadAs::History { after }, .. }] = &inputs[..] else {
        panic!("{inputs:?}")
    };
    assert_eq!(upstream.asset.as_str(), "sales");
    (version.map(VersionNumber::get), after.map(VersionNumber::get))
}

#[tokio::test]
async fn each_increment_counts_once() {
    let scenario = Scenario::of([sales(), total(never())]);
    assert_eq!(totaled(&scenario).await, 0, "it needs no value");
    assert_eq!(read(&scenario).await, (None, None));
    sell(&scenario, 3).await;
    assert_eq!(totaled(&scenario).await, 111);
    assert_eq!(read(&scenario).await, (Some(3), None));
    assert_eq!(totaled(&scenario).await, 111, "nothing is new");
    assert_eq!(read(&scenario).await, (Some(3), Some(3)));
    sell(&scenario, 2).await;
    assert_eq!(totaled(&scenario).await, 11_111);
    assert_eq!(read(&scenario).await, (Some(5), Some(3)));
    // Without the previous value, without what it was made from.
    scenario.tagged("millwork/previous", "none").selecting("total").run().await;
    assert_eq!(scenario.value::<u64>("total").await, 11_111);
    assert_eq!(read(&scenario).await, (Some(5), None));
}

#[tokio::test]
async fn also_in_sqlite() {
    let scenario = Scenario::of([sales(), total(never())]).in_sqlite().await;
    sell(&scenario, 3).await;
    assert_eq!(totaled(&scenario).await, 111);
    sell(&scenario, 2).await;
    assert_eq!(totaled(&scenario).await, 11_111);
}

/// What another system has reported as made has no value here, and holds up no reader.
#[tokio::test]
async fn what_was_only_reported_is_left_out() {
    let scenario = Scenario::of([sales(), total(never())]);
    sell(&scenario, 1).await;
    scenario.report("sales").await;
    assert_eq!(totaled(&scenario).await, 1);
    assert_eq!(read(&scenario).await.1, None);
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 11);
    assert_eq!(totaled(&scenario).await, 11, "nothing is new");
}

/// More than are read from the log at a time.
#[tokio::test]
async fn hundreds_of_increments() {
    let ones = number("sales").blocking(|_| Ok(1_u64));
    let scenario = Scenario::of([ones, total(never())]);
    sell(&scenario, 200).await;
    assert_eq!(totaled(&scenario).await, 200);
    sell(&scenario, 65).await;
    assert_eq!(totaled(&scenario).await, 265);
}

#[tokio::test]
async fn an_attempt_that_ends_before_its_value_is_stored_has_counted_nothing() {
    let fails = never();
    let scenario = Scenario::of([sales(), total(fails.clone())]);
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 1);
    sell(&scenario, 1).await;
    fails.store(true, Ordering::SeqCst);
    let run = scenario.selecting("total").queued().await;
    scenario.resume(run).await;
    assert_eq!(scenario.value::<u64>("total").await, 1);
    sell(&scenario, 1).await;
    fails.store(false, Ordering::SeqCst);
    // The same run, and whatever came meanwhile.
    scenario.resume(run).await;
    assert_eq!(scenario.value::<u64>("total").await, 111);
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 1_111);
}

#[tokio::test]
async fn a_run_that_ends_behind_its_value_has_counted_it_once() {
    let last = check("ok", "total", &["total"], |step| match step.attempt() {
        1 => Err("it is killed".into()),
        _ => Ok(millwork_core::CheckResult::pass()),
    });
    let definitions = Definitions::new().assets([sales(), total(never())]).check(last);
    let scenario = Scenario::new(definitions);
    sell(&scenario, 2).await;
    let run = scenario.selecting("total").queued().await;
    scenario.resume(run).await;
    sell(&scenario, 1).await;
    scenario.resume(run).await;
    assert_eq!(scenario.value::<u64>("total").await, 11);
    let run = scenario.selecting("total").queued().await;
    scenario.resume(run).await;
    scenario.resume(run).await;
    assert_eq!(scenario.value::<u64>("total").await, 111);
}

/// Two runs at once begin behind the same version, and the later one doesn't count what the earlier one has stored.
#[tokio::test]
async fn two_runs_at_once_continue_what_they_began_with() {
    let scenario = Scenario::of([sales(), total(never())]);
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 1);
    sell(&scenario, 1).await;
    let fails = Arc::new(AtomicBool::new(true));
    let slow = scenario.with_code(Definitions::new().assets([sales(), total(fails.clone())]));
    let run = slow.selecting("total").queued().await;
    slow.resume(run).await;
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 111);
    fails.store(false, Ordering::SeqCst);
    slow.resume(run).await;
    assert_eq!(scenario.value::<u64>("total").await, 111);
}

#[tokio::test]
async fn what_an_earlier_step_of_the_run_has_made_is_read_if_it_is_waited_for() {
    let after = total(never()).policy(|computation| computation.requirements.after("sales"));
    let scenario = Scenario::of([sales(), after]);
    for expected in [1, 11, 111] {
        scenario.run().await;
        assert_eq!(scenario.value::<u64>("total").await, expected);
    }
}

#[tokio::test]
async fn a_newer_version_makes_the_reader_stale_whatever_its_data() {
    let ones = number("sales").blocking(|_| Ok(1_u64));
    let scenario = Scenario::of([ones, total(never())]);
    sell(&scenario, 1).await;
    let stale = scenario.stale_only();
    assert_eq!(stale.planned().await, "total");
    stale.run().await;
    assert_eq!(stale.planned().await, "");
    sell(&scenario, 1).await;
    assert_eq!(stale.planned().await, "total");
    stale.run().await;
    assert_eq!((stale.planned().await.as_str(), scenario.value::<u64>("total").await), ("", 2));
}

/// What is stale because of something upstream that turns out to be unchanged is left alone, and what has news is not.
#[tokio::test]
async fn steps_of_a_stale_run_that_turn_out_to_be_unchanged() {
    let version = |version: &'static str| {
        constant("base", 5).policy(move |computation| computation.code_version = version.into())
    };
    let on_base = || taking(reading_sales(number("total")), &["base"]).blocking(|step| new_sales(&step));
    let scenario = Scenario::of([sales(), version("1"), on_base()]);
    scenario.run().await;
    let changed = scenario.with_code(Definitions::new().assets([sales(), version("2"), on_base()]));
    let ran = changed.stale_only().selecting("base or total").run().await;
    assert!(ran.contains("total/0 skipped") && !ran.contains("total/1 started"), "{ran}");
    sell(&scenario, 1).await;
    let changed = scenario.with_code(Definitions::new().assets([sales(), version("3"), on_base()]));
    let ran = changed.stale_only().selecting("base or total").run().await;
    assert!(ran.contains("total/1 materialized"), "{ran}");
}

/// Before it read the history, it took the latest version.
#[tokio::test]
async fn a_reader_of_the_latest_version_goes_on_behind_it() {
    let scenario = Scenario::of([sales(), taking(number("total"), &["sales"]).blocking(|_| Ok(0_u64))]);
    sell(&scenario, 2).await;
    scenario.selecting("total").run().await;
    let history = scenario.with_code(Definitions::new().assets([sales(), total(never())]));
    sell(&scenario, 2).await;
    assert_eq!(totaled(&history).await, 1_100);
    assert_eq!(read(&history).await, (Some(4), Some(2)));
}

#[tokio::test]
async fn of_several_outputs_the_one_that_is_furthest_behind_counts() {
    let keeps = Arc::new(AtomicBool::new(true));
    let kept_once = keeps.clone();
    let both = deciding(also(reading_sales(number("total")), "log"), move |step| {
        let sum = new(new_sales(step).unwrap());
        let log = if kept_once.load(Ordering::SeqCst) { kept("not now") } else { new(1) };
        vec![sum, log]
    });
    let scenario = Scenario::of([sales(), both]);
    keeps.store(false, Ordering::SeqCst);
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 1);
    keeps.store(true, Ordering::SeqCst);
    sell(&scenario, 1).await;
    assert_eq!(totaled(&scenario).await, 10);
    sell(&scenario, 1).await;
    // The log was made from the first version only.
    assert_eq!(totaled(&scenario).await, 110);
}

#[tokio::test]
async fn an_own_value_of_another_type_is_begun_anew() {
    let as_text = || {
        let total = AssetDefinition::new("total").produces::<String, _>();
        reading_sales(total).blocking(|step| Ok(new_sales(&step)?.to_string())).policy(|computation| {
            computation.requirements.previous.push("total".into());
            computation.code_version = "text".into();
        })
    };
    let scenario = Scenario::of([sales(), total(never())]);
    sell(&scenario, 2).await;
    assert_eq!(totaled(&scenario).await, 11);
    let text = scenario.with_code(Definitions::new().assets([sales(), as_text()]));
    sell(&scenario, 1).await;
    text.selecting("total").run().await;
    assert_eq!(text.value::<String>("total").await, "111");
}

#[tokio::test]
async fn partitions_have_histories_of_their_own() {
    let days = || PartitionsDefinition::fixed(["mon", "tue"]);
    let scenario = Scenario::of([
        sales().partitions(days()),
        reading_sales(number("total")).blocking(|step| new_sales(&step)).partitions(days()),
    ]);
    scenario.selecting("sales").partition("mon").run().await;
    scenario.selecting("sales").partition("tue").run().await;
    scenario.selecting("sales").partition("tue").run().await;
    for (day, expected) in [("mon", 1), ("tue", 110)] {
        scenario.selecting("total").partition(day).run().await;
        assert_eq!(scenario.value::<u64>("total").await, expected);
    }
}

#[test]
fn an_async_function_reads_it_on_a_runtime_of_several_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let read = runtime.spawn(async {
        let total = reading_sales(number("total")).non_blocking(|step| async move { new_sales(&step) });
        let scenario = Scenario::of([sales(), total]).in_sqlite().await;
        sell(&scenario, 2).await;
        totaled(&scenario).await
    });
    assert_eq!(runtime.block_on(read).unwrap(), 11);
}

enum Reports {}

impl Asset for Reports {
    const KEY: &'static str = "reports";
    type Value = String;
}

/// How many values there are, and how many are gone.
#[tokio::test]
async fn a_value_that_is_gone_is_an_error_that_a_function_can_pass() {
    let reports =
        || AssetDefinition::new("reports").produces::<String, _>().blocking(|_| Ok("r".repeat(10_000)));
    let count = |passes: bool| {
        let count = number("count").policy(|computation| {
            History::<Reports>::requirements(&mut computation.requirements);
        });
        count.blocking(move |step| {
            let mut there = 0_u64;
            for entry in &History::<Reports>::from_step(&step)? {
                match entry?.load() {
                    Ok(_) => there += 1,
                    Err(error) if passes && error.is_gone() => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(there)
        })
    };
    let scenario = Scenario::of([reports(), count(false)]);
    for _ in 0..3 {
        scenario.selecting("reports").run().await;
    }
    let kept = KeptValues { newest: 1, younger: std::time::Duration::ZERO };
    let engine = scenario.engine();
    let later = scenario.clock_now() + jiff::SignedDuration::from_secs(1);
    forget_values(&*scenario.store, engine.values(), kept, later).await.unwrap();
    let told = scenario.selecting("count").run().await;
    let expected = "failed to load version 1 of `reports`";
    assert!(
        told.contains(expected) && told.contains("or leave out entries whose error `is_gone()`"),
        "{told}"
    );
    let passing = scenario.with_code(Definitions::new().assets([reports(), count(true)]));
    passing.selecting("count").run().await;
    assert_eq!(passing.value::<u64>("count").await, 1);
}

/// The total, and the time at which its step began.
fn stamped() -> AssetDefinition {
    let total = reading_sales(AssetDefinition::new("total").produces::<String, _>()).blocking(|step| {
        let before = step.previous("total").and_then(|previous| previous.value.downcast_ref::<String>());
        let before = before.cloned().unwrap_or_default();
        Ok(format!("{before} {}@{}", new_sales(&step)?, *StepTime::from_step(&step)?))
    });
    total.policy(|computation| computation.requirements.previous.push("total".into()))
}

#[tokio::test]
async fn a_reproduction_begins_when_the_step_began_and_reads_what_it_read() {
    let scenario = Scenario::of([sales(), stamped()]);
    let mut runs = Vec::new();
    for times in [2, 0, 3] {
        sell(&scenario, times).await;
        let run = scenario.selecting("total").queued().await;
        scenario.clock.advance(jiff::SignedDuration::from_secs(3_600));
        scenario.resume(run).await;
        runs.push(run);
    }
    sell(&scenario, 1).await;
    scenario.clock.advance(jiff::SignedDuration::from_secs(3_600));
    let value = scenario.value::<String>("total").await;
    assert!(value.starts_with(" 11@2027") && value.contains(" 11100@"), "{value}");
    for run in runs {
        let engine = scenario.engine();
        let plan = engine.plan_reproduction(run).await.unwrap();
        let reproduction = engine.reproduce(plan, &Cancel::default(), unobserved()).await.unwrap().unwrap();
        let same: Vec<bool> =
            reproduction.assets.iter().map(millwork_core::run::ReproducedAsset::is_identical).collect();
        assert_eq!(same, [true], "{:?}", reproduction.assets);
    }
    assert_eq!(scenario.value::<String>("total").await, value);
}

#[tokio::test]
async fn the_time_of_a_step_is_that_of_its_start_in_the_log() {
    let time = AssetDefinition::new("time").produces::<String, _>();
    let scenario = Scenario::of([time.blocking(|step| Ok(StepTime::from_step(&step)?.to_string()))]);
    let run = scenario.queued().await;
    scenario.resume(run).await;
    let started = scenario.events(run).await.into_iter().find(|event| event.body == EventBody::StepStarted);
    assert_eq!(scenario.value::<String>("time").await, started.unwrap().at.to_string());
}

#[tokio::test]
async fn a_gate_reads_the_history_of_what_is_made_with_its_model() {
    let gate = {
        let mut gate = gate("model", |_, _| unreachable!("its function is replaced"));
        gate.computation.requirements.history::<u64>("predictions");
        gate.computation.function = millwork_core::StepFunction::Blocking(Arc::new(|step| {
            let history = step.history("predictions").ok_or("no history")?;
            let newest = history.newest.as_ref().and_then(|newest| newest.version);
            let at = step.started_at().as_second();
            let verdict = millwork_core::Verdict::promote_if(true);
            let reason = format!("{} at {at}", newest.map_or(0, VersionNumber::get));
            Ok(millwork_core::StepResult::Gate(verdict.because(reason)))
        }));
        gate
    };
    let definitions =
        Definitions::new().assets([constant("model", 1), following("predictions", "model")]).gate(gate);
    let scenario = Scenario::new(definitions);
    scenario.run().await;
    scenario.clock.advance(jiff::SignedDuration::from_secs(100));
    let told = scenario.run().await;
    assert!(told.contains("1 at 1800000100"), "{told}");
    // Judged outside of a run, at the time at which each version was made.
    let graph = scenario.pipeline.graph();
    let of = millwork_core::AssetPartition::new(graph.index("model").unwrap(), None);
    let versions = [1, 2].map(|version| VersionNumber::new(version).unwrap());
    let judged = scenario.engine().backtest(&of, &versions, &serde_json::json!({})).await.unwrap();
    let reasons: Vec<&str> = judged.versions.iter().map(|version| version.reason.as_str()).collect();
    assert_eq!(reasons, ["2 at 1800000000", "2 at 1800000100"]);
    let read = judged.provenance.inputs.iter().find(|input| input.read_as.is_of_many());
    assert_eq!(read.and_then(|input| input.version), VersionNumber::new(2));
}
