//! The effects of each input, as scripts: a line that begins with `>` is an input, the lines below it are its effects.

use std::time::Duration;

use millwork_core::event::NewEvent;
use millwork_core::plan::{LatestEvaluation, PlanIndex};
use millwork_core::run::{Failure, FailureKind, RunId};
use millwork_core::{
    AssetDefinition, AssetPartition, CheckDefinition, Computation, DataVersion, Definitions,
    PartitionsDefinition, Requirements, Retry, StepFunction,
};
use millwork_storage::{SlotId, StorageError};

use super::planned::{asset, lines, materialized, name, planned, provenance, stored, value};
use crate::runs::dispatcher::{Dispatcher, Input};
use crate::runs::{PlannedRun, StoredInputs};
use crate::steps::{AttemptEnd, Report, StepOutput};

/// Hands in the inputs of a script, and compares their effects with the script.
fn check(run: PlannedRun, max_parallel_steps: usize, script: &str) {
    let script: String = script.trim().lines().map(|line| line.trim().to_owned() + "\n").collect();
    let run = std::sync::Arc::new(run);
    let mut dispatcher = Dispatcher::new(run.clone(), max_parallel_steps);
    let mut happened = String::new();
    for line in script.lines() {
        if let Some(text) = line.strip_prefix("> ") {
            let effects = dispatcher.handle(input(&run, text));
            happened += &format!("> {text}\n{}", lines(&run, &effects));
        }
    }
    assert!(script == happened, "expected:\n{script}\nhappened:\n{happened}");
}

fn input(run: &PlannedRun, text: &str) -> Input {
    let full = || StorageError::FullDisk { action: "append" };
    let number = |text: &str| SlotId(text.parse().unwrap());
    match text.split_once(' ').unwrap_or((text, "")) {
        ("poll", _) => Input::Poll,
        ("stop", _) => Input::Stop,
        ("slots", "none") => Input::Slots(Ok(None)),
        ("slots", "fail") => Input::Slots(Err(full())),
        ("slots", slots) => Input::Slots(Ok(Some(slots.split(' ').map(number).collect()))),
        ("recorder", "fails") => Input::RecorderFailed,
        ("store", "fails") => Input::StoreFailed(full()),
        (step, "pause over") => Input::PauseOver(position(run, step)),
        ("together", reports) => {
            let reports = reports.split(", ").map(|text| text.split_once(' ').unwrap());
            let reports = reports.map(|(attempt, end)| report(run, attempt, end)).collect();
            Input::BatchReport { reports, last_values: Ok(StoredInputs::default()), jitter: 0.5 }
        }
        (attempt, end) => {
            let report = report(run, attempt, end);
            let outputs = run.outputs(report.position).iter();
            let kept = outputs.map(|asset| stored(run, &run.output(report.position, *asset), "v0"));
            let last_values = Ok(StoredInputs::of(kept.filter(|_| run.verdicts.is_some())));
            Input::Report { report, last_values, jitter: 0.5 }
        }
    }
}

/// The report of an attempt that ended in this way.
fn report(run: &PlannedRun, attempt: &str, end: &str) -> Report {
    let (step, number) = attempt.split_once('/').unwrap();
    let position = position(run, step);
    let outputs = run.outputs(position).iter();
    let failure = |kind| AttemptEnd::from(Failure::new(kind, "no answer"));
    let end = match end {
        "succeeds" => succeeded(outputs.map(|_| StepOutput::New(value("new"), "v1".into()))),
        "makes nothing" => succeeded(outputs.map(|_| StepOutput::Nothing)),
        "keeps" => succeeded(outputs.map(|_| StepOutput::Kept)),
        "fails" => failure(FailureKind::Error),
        "panics" => failure(FailureKind::Panic),
        "times out" => failure(FailureKind::Timeout),
        "fails as a check" => failure(FailureKind::Check),
        "is canceled" => AttemptEnd::Canceled,
        _ => panic!("unknown end `{end}`"),
    };
    let began_at = jiff::Timestamp::UNIX_EPOCH;
    Report { position, number: number.parse().unwrap(), end, began_at, micros: 5 }
}

fn position(run: &PlannedRun, step: &str) -> PlanIndex {
    let mut positions = run.plan.steps.indices();
    positions.find(|position| name(run, *position) == step).unwrap()
}

fn succeeded(outputs: impl Iterator<Item = StepOutput>) -> AttemptEnd {
    let outputs: Vec<StepOutput> = outputs.collect();
    let event = NewEvent::of_run(
        RunId::new(jiff::Timestamp::UNIX_EPOCH),
        jiff::Timestamp::UNIX_EPOCH,
        materialized("v1"),
    );
    AttemptEnd::Succeeded { events: outputs.iter().map(|_| event.clone()).collect(), outputs }
}

fn all(definitions: impl IntoIterator<Item = AssetDefinition>) -> PlannedRun {
    planned(Definitions::new().assets(definitions), |_| true)
}

/// `a` → `b` → `c`.
fn chain() -> PlannedRun {
    all([asset("a"), asset("b").input::<u64>("a"), asset("c").input::<u64>("b")])
}

fn retrying(key: &str) -> AssetDefinition {
    asset(key).policy(|computation| computation.retry = Retry::constant(1, Duration::from_secs(3)))
}

#[test]
fn a_step_starts_when_its_input_is_made() {
    check(
        chain(),
        8,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 succeeds
        record a/1 succeeded, after what the attempt says
        > poll
        record b/1 started
        start b/1
        > b/1 succeeds
        record b/1 succeeded, after what the attempt says
        > poll
        record c/1 started
        start c/1
        > c/1 succeeds
        record c/1 succeeded, after what the attempt says
        > poll
        finish: run succeeded
        ",
    );
}

/// `each` of x, y and z, and from those `many` of them by one call.
fn with_a_batch(many: AssetDefinition) -> PlannedRun {
    let keys = || PartitionsDefinition::fixed(["x", "y", "z"]);
    let many = many.partitions(keys()).policy(|computation| {
        let requirements = &mut computation.requirements;
        requirements.partitions::<u64>("each");
        requirements.partition_keys::<String>();
        requirements.returns_batch::<String>();
    });
    all([asset("each").partitions(keys()), many])
}

/// What failed before holds nothing up, the slots are those of all, and what fails is called for once more, together.
#[test]
fn a_call_for_many_partitions_waits_for_all_of_them() {
    check(
        with_a_batch(retrying("many").pool("api")),
        8,
        "
        > poll
        record each[x]/1 started
        start each[x]/1
        record each[y]/1 started
        start each[y]/1
        record each[z]/1 started
        start each[z]/1
        > each[z]/1 succeeds
        record each[z]/1 succeeded, after what the attempt says
        > each[y]/1 succeeds
        record each[y]/1 succeeded, after what the attempt says
        > poll
        > each[x]/1 fails
        record each[x]/1 failed: no answer
        record many[x]/0 skipped: upstream step `each` (partition `x`) failed
        > poll
        take the slots of many[y]
        > slots 7
        record many[y]/1 many[z]/1 started
        start together many[y]/1, many[z]/1
        > together many[y]/1 fails, many[z]/1 fails
        give back 7
        record many[y]/1 retrying: no answer
        record many[z]/1 retrying: no answer
        pause many[y] for 3s
        > poll
        > many[y] pause over
        > poll
        take the slots of many[y]
        > slots 8
        record many[y]/2 many[z]/2 started
        start together many[y]/2, many[z]/2
        > together many[y]/2 succeeds, many[z]/2 fails
        give back 8
        record many[y]/2 succeeded, after what the attempt says
        record many[z]/2 failed: no answer
        > poll
        finish: run failed (Error): step `each` (partition `x`) failed: no answer; and 1 more
        ",
    );
}

#[test]
fn a_stop_cancels_partitions_that_are_to_be_called_for_again() {
    check(
        with_a_batch(retrying("many")),
        8,
        "
        > poll
        record each[x]/1 started
        start each[x]/1
        record each[y]/1 started
        start each[y]/1
        record each[z]/1 started
        start each[z]/1
        > each[x]/1 succeeds
        record each[x]/1 succeeded, after what the attempt says
        > each[y]/1 succeeds
        record each[y]/1 succeeded, after what the attempt says
        > each[z]/1 succeeds
        record each[z]/1 succeeded, after what the attempt says
        > poll
        record many[x]/1 many[y]/1 many[z]/1 started
        start together many[x]/1, many[y]/1, many[z]/1
        > together many[x]/1 fails, many[y]/1 succeeds, many[z]/1 times out
        record many[y]/1 succeeded, after what the attempt says
        record many[x]/1 retrying: no answer
        record many[z]/1 retrying: no answer
        pause many[x] for 3s
        > stop
        > poll
        record many[x]/1 canceled
        record many[z]/1 canceled
        finish: run canceled
        ",
    );
}

/// Only the poll starts anything: the step with the longest way below it, whichever report came first.
#[test]
fn of_all_that_is_ready_the_longest_path_comes_first() {
    let run = all([
        asset("x"),
        asset("y"),
        asset("after_x").after("x"),
        asset("after_y").after("y"),
        asset("last").after("after_y"),
    ]);
    check(
        run,
        2,
        "
        > poll
        record y/1 started
        start y/1
        record x/1 started
        start x/1
        > x/1 succeeds
        record x/1 succeeded, after what the attempt says
        > y/1 succeeds
        record y/1 succeeded, after what the attempt says
        > poll
        record after_y/1 started
        start after_y/1
        record after_x/1 started
        start after_x/1
        ",
    );
}

#[test]
fn what_depends_on_a_failed_step_is_skipped() {
    check(
        chain(),
        8,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 fails
        record a/1 failed: no answer
        record b/0 skipped: upstream step `a` failed
        record c/0 skipped: upstream step `a` failed
        > poll
        finish: run failed (Error): step `a` failed: no answer
        ",
    );
}

#[test]
fn a_run_of_which_all_failures_took_too_long_has_timed_out() {
    check(
        all([asset("a"), asset("b")]),
        8,
        "
        > poll
        record a/1 started
        start a/1
        record b/1 started
        start b/1
        > a/1 times out
        record a/1 failed: no answer
        > b/1 times out
        record b/1 failed: no answer
        > poll
        finish: run failed (Timeout): step `a` failed: no answer; and 1 more
        ",
    );
}

#[test]
fn a_failed_step_is_tried_again_after_its_pause() {
    check(
        all([retrying("a"), asset("b")]),
        1,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 panics
        record a/1 retrying: panicked: no answer
        pause a for 3s
        > poll
        record b/1 started
        start b/1
        > a pause over
        > poll
        > b/1 succeeds
        record b/1 succeeded, after what the attempt says
        > poll
        record a/2 started
        start a/2
        > a/2 fails
        record a/2 failed: no answer
        > poll
        finish: run failed (Error): step `a` failed: no answer
        ",
    );
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    check(
        all([retrying("a")]),
        1,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 fails as a check
        record a/1 failed: no answer
        > poll
        finish: run failed (Error): step `a` failed: no answer
        ",
    );
    let definitions =
        Definitions::new().assets([asset("a"), retrying("b").input::<u64>("a"), asset("c").after("b")]);
    check(
        planned(definitions, |key| key != "a"),
        1,
        "
        > poll
        record b/1 started
        record b/1 failed: upstream asset `a` has never been materialized
        record c/0 skipped: upstream step `b` failed
        finish: run failed (Error): step `b` failed: upstream asset `a` has never been materialized
        ",
    );
}

#[test]
fn reports_of_other_attempts_and_pauses_of_other_times_change_nothing() {
    check(
        all([retrying("a")]),
        1,
        "
        > a pause over
        > poll
        record a/1 started
        start a/1
        > a/0 fails
        > a/2 succeeds
        > a pause over
        > poll
        > a/1 fails
        record a/1 retrying: no answer
        pause a for 3s
        > a/1 succeeds
        > a pause over
        > a pause over
        > poll
        record a/2 started
        start a/2
        ",
    );
}

/// Only the steps that load the value: those after the step without it go on.
#[test]
fn what_takes_an_output_without_a_value_is_skipped() {
    check(
        chain(),
        8,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 makes nothing
        record a/1 succeeded, after what the attempt says
        record b/0 skipped: upstream asset `a` was not materialized
        record c/0 skipped: upstream asset `a` was not materialized
        > poll
        finish: run succeeded
        ",
    );
    check(
        chain(),
        8,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 keeps
        record a/1 succeeded, after what the attempt says
        record b/0 skipped: upstream asset `a` was not materialized
        record c/0 skipped: upstream asset `a` was not materialized
        ",
    );
}

/// A blocking check stands between its asset and what is made from that.
#[test]
fn a_failed_gate_skips_what_is_behind_it() {
    let mut requirements = Requirements::default();
    requirements.input::<u64>("a");
    let function = StepFunction::Blocking(std::sync::Arc::new(|_| Err("not called".into())));
    let gate = CheckDefinition::new("gate", "a", Computation::new(requirements, function));
    let definitions = Definitions::new()
        .assets([asset("a"), asset("b").input::<u64>("a"), asset("c")])
        .check(CheckDefinition { blocking: true, ..gate });
    check(
        planned(definitions, |_| true),
        1,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 succeeds
        record a/1 succeeded, after what the attempt says
        > poll
        record a:gate/1 started
        start a:gate/1
        > a:gate/1 fails as a check
        record a:gate/1 failed: no answer
        record b/0 skipped: upstream step `a:gate` failed
        > poll
        record c/1 started
        start c/1
        ",
    );
}

/// A step that takes all partitions waits for the last of them.
#[test]
fn a_fan_in_waits_for_every_partition() {
    let parts = asset("part").partitions(PartitionsDefinition::fixed(["x", "y"]));
    let whole = asset("whole").policy(|computation| computation.requirements.partitions::<u64>("part"));
    check(
        all([parts, whole]),
        8,
        "
        > poll
        record part[x]/1 started
        start part[x]/1
        record part[y]/1 started
        start part[y]/1
        > part[y]/1 succeeds
        record part[y]/1 succeeded, after what the attempt says
        > poll
        > part[x]/1 succeeds
        record part[x]/1 succeeded, after what the attempt says
        > poll
        record whole/1 started
        start whole/1
        ",
    );
}

/// `a` and `b` want the pool, `c` doesn't.
fn pooled() -> PlannedRun {
    all([asset("a").pool("api"), asset("b").pool("api"), asset("c")])
}

#[test]
fn nothing_starts_before_the_store_has_answered() {
    check(
        pooled(),
        8,
        "
        > poll
        take the slots of a
        > poll
        > slots 7
        record a/1 started
        start a/1
        take the slots of b
        > slots 8
        record b/1 started
        start b/1
        record c/1 started
        start c/1
        > a/1 fails
        give back 7
        record a/1 failed: no answer
        ",
    );
}

/// Those that wait are in a queue, ask once a round, and report once what they wait for.
#[test]
fn a_full_pool_holds_up_those_who_want_it_and_nothing_else() {
    check(
        pooled(),
        8,
        "
        > poll
        take the slots of a
        > slots none
        record a/0 who holds its slots
        record c/1 started
        start c/1
        > poll
        take the slots of a
        > slots none
        > c/1 succeeds
        record c/1 succeeded, after what the attempt says
        > poll
        take the slots of a
        > slots 7
        record a/1 started
        start a/1
        take the slots of b
        > slots none
        > a/1 succeeds
        give back 7
        record a/1 succeeded, after what the attempt says
        > poll
        take the slots of b
        > slots 7
        record b/1 started
        start b/1
        > b/1 succeeds
        give back 7
        record b/1 succeeded, after what the attempt says
        > poll
        finish: run succeeded
        ",
    );
}

#[test]
fn slots_that_come_after_a_stop_are_given_back() {
    check(
        pooled(),
        8,
        "
        > poll
        take the slots of a
        > stop
        > poll
        > slots 7
        give back 7
        finish: run canceled
        ",
    );
}

#[test]
fn an_error_of_the_store_ends_the_run_when_its_attempts_have_ended() {
    check(
        pooled(),
        8,
        "
        > poll
        take the slots of a
        > slots 7
        record a/1 started
        start a/1
        take the slots of b
        > slots fail
        stop at once
        > a/1 is canceled
        give back 7
        record a/1 canceled
        > poll
        finish with the error: failed to append: the disk that holds MILLWORK_HOME is full
        ",
    );
    check(
        all([asset("a"), retrying("b")]),
        8,
        "
        > poll
        record a/1 started
        start a/1
        record b/1 started
        start b/1
        > b/1 fails
        record b/1 retrying: no answer
        pause b for 3s
        > store fails
        stop at once
        record b/1 canceled
        > a/1 succeeds
        record a/1 succeeded, after what the attempt says
        > poll
        finish with the error: failed to append: the disk that holds MILLWORK_HOME is full
        ",
    );
}

#[test]
fn after_a_stop_nothing_starts_and_what_pauses_is_canceled() {
    check(
        all([retrying("a"), asset("b"), asset("c").after("b")]),
        8,
        "
        > poll
        record b/1 started
        start b/1
        record a/1 started
        start a/1
        > a/1 fails
        record a/1 retrying: no answer
        pause a for 3s
        > stop
        > poll
        record a/1 canceled
        > a pause over
        > poll
        > b/1 is canceled
        record b/1 canceled
        > poll
        finish: run canceled
        ",
    );
}

/// A run whose last step succeeds after the stop has nothing left to cancel.
#[test]
fn a_stop_that_comes_too_late_changes_nothing() {
    check(
        all([asset("a")]),
        8,
        "
        > poll
        record a/1 started
        start a/1
        > stop
        > poll
        > a/1 succeeds
        record a/1 succeeded, after what the attempt says
        > poll
        finish: run succeeded
        ",
    );
}

#[test]
fn a_recorder_that_fails_stops_the_run() {
    check(
        chain(),
        8,
        "
        > poll
        record a/1 started
        start a/1
        > recorder fails
        stop at once
        > a/1 is canceled
        record a/1 canceled
        > poll
        finish: run canceled
        ",
    );
}

/// A chain of stale steps, of which only the first has changed code: its value comes out as it was.
#[test]
fn a_step_whose_code_and_inputs_are_unchanged_is_skipped() {
    let mut run = chain();
    let mut verdicts = std::collections::HashMap::new();
    let mut values = Vec::new();
    for position in run.plan.steps.indices() {
        let asset = run.output(position, run.outputs(position)[0]);
        values.push(stored(&run, &asset, "v0"));
        let inputs = run.plan.steps[position].input_partitions().map(|input| {
            let upstream: AssetPartition = input.by_key(&run.graph);
            millwork_core::event::InputVersion {
                version: None,
                read_as: Default::default(),
                upstream,
                data_version: Some("v0".into()),
            }
        });
        let mut provenance = provenance();
        provenance.inputs = inputs.collect();
        if run.plan.steps[position].inputs.is_empty() {
            provenance.code_version = "0".into();
        }
        let data_version = Some(DataVersion::from("v0"));
        verdicts.insert(
            asset.by_key(&run.graph),
            LatestEvaluation { data_version, provenance: Some(provenance), ..LatestEvaluation::default() },
        );
    }
    run.stored = StoredInputs::of(values);
    run.verdicts = Some(verdicts);
    check(
        run,
        8,
        "
        > poll
        record a/1 started
        start a/1
        > a/1 keeps
        record a/1 succeeded, after what the attempt says
        > poll
        record b/0 skipped: code and inputs are unchanged
        record c/0 skipped: code and inputs are unchanged
        finish: run succeeded
        ",
    );
}
