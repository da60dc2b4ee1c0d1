//! The reference job by days: partitions of several kinds belong together, are made alone or as sets, and are gathered.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use millwork_testing::Lines;
use serde_json::Value;

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partitions"));
    command.args(arguments).env("MILLWORK_HOME", home).output().unwrap()
}

/// Runs a command that must succeed, and returns its output.
fn succeeds(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeeds(home, arguments)).unwrap()
}

/// The error of a command that is refused.
fn refused(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    message
}

/// The steps that would be run, as `step partition`.
fn check_plan(selection: &str, partitions: &str, expected: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["materialize", selection, "--partitions", partitions, "--dry-run", "--json"];
    let plan = json(home.path(), &arguments);
    let steps = plan["plan"].as_array().unwrap().iter();
    let step = |step: &Value| {
        let name = step["step"].as_str().unwrap();
        step["partition"].as_str().map_or_else(|| name.to_owned(), |partition| format!("{name} {partition}"))
    };
    let steps: Vec<String> = steps.map(step).collect();
    assert_eq!(steps, expected, "{selection} {partitions}");
}

#[test]
fn plans_are_of_the_partitions_that_are_named() {
    check_plan("stories", "2026-01-05", &["stories 2026-01-05"]);
    check_plan("stories", "2026-01-30..2026-01-31", &["stories 2026-01-30", "stories 2026-01-31"]);
    check_plan("words", "2026-01-04, 2026-01-25", &["words 2026-01-04", "words 2026-01-25"]);
    check_plan("scores", "2026-01-07|*", &["scores 2026-01-07|squared", "scores 2026-01-07|poisson"]);
}

#[test]
fn what_is_no_partition_is_refused_with_what_to_write() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["materialize", "stories"][..], "asset `stories` has 28 partitions, and none was named"),
        (&["materialize", "stories", "--partition", "2026-02-01"], "`2026-02-01` is after the last window"),
        (
            &["materialize", "stories", "--partition", "2026-13-01"],
            "asset `stories` has no partition `2026-13-01`",
        ),
        (
            &["materialize", "words", "--partition", "2026-01-05"],
            "asset `words` has no partition `2026-01-05`",
        ),
        (
            &["materialize", "scores", "--partition", "2026-01-05"],
            "`2026-01-05` has 1 of the 2 dimensions: time, loss",
        ),
        (&["materialize", "scores", "--partition", "2026-01-05|posson"], "did you mean `poisson`?"),
        (&["materialize", "stories", "--partitions", "2026-01-09..2026-01-05"], "2026-01-09..2026-01-05"),
        (&["materialize", "report", "--partition", "2026-01-05"], "no selected asset has partitions"),
    ] {
        let message = refused(home.path(), arguments);
        assert!(message.contains(expected) && message.contains("hint: "), "{arguments:?}: {message}");
    }
}

#[test]
fn a_week_is_made_from_its_days_and_a_day_is_scored_by_the_model_of_its_week() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let make = |selection: &str, partitions: &str| {
        succeeds(home, &["materialize", selection, "--partitions", partitions, "--json"])
    };
    make("stories or features", "2026-01-04..2026-01-10");
    make("words", "2026-01-04");
    make("comments_model", "2026-01-04|*");
    make("scores", "2026-01-07|*; 2026-01-10|poisson");
    succeeds(home, &["materialize", "report", "--json"]);

    let made_from = |asset: &str, partition: &str| -> Vec<String> {
        let history = json(home, &["asset", "history", asset, "--partition", partition, "--json"]);
        let inputs = history[0]["body"]["inputs"].as_array().unwrap().clone();
        inputs.iter().map(Value::to_string).collect()
    };
    let days = made_from("words", "2026-01-04");
    assert_eq!(days.len(), 7, "{days:?}");
    let of_week = made_from("scores", "2026-01-07|poisson");
    assert!(of_week.iter().any(|input| input.contains("2026-01-04|poisson")), "{of_week:?}");

    let models =
        json(home, &["models", "show", "comments_model", "--partition", "2026-01-04|poisson", "--json"]);
    assert_eq!(models["partition"], "2026-01-04|poisson");
    let report: Vec<(String, f64)> =
        serde_json::from_str(&succeeds(home, &["asset", "value", "report"])).unwrap();
    let scored: Vec<&str> = report.iter().map(|(partition, _)| partition.as_str()).collect();
    assert_eq!(scored, ["2026-01-07|poisson", "2026-01-07|squared", "2026-01-10|poisson"]);

    // A week whose days haven't been made has nothing to be made from.
    let failed = run(home, &["materialize", "words", "--partition", "2026-01-11"]);
    let message =
        format!("{}{}", String::from_utf8_lossy(&failed.stdout), String::from_utf8_lossy(&failed.stderr));
    assert!(message.contains("`features` (partition `2026-01-11`) has never been materialized"), "{message}");
}

#[test]
fn the_graph_says_how_partitions_belong_together() {
    let home = tempfile::tempdir().unwrap();
    let graph = json(home.path(), &["graph", "--format", "json"]);
    let edge = |from: &str, to: &str| {
        let mut edges = graph["edges"].as_array().unwrap().iter();
        let edge = edges.find(|edge| edge["from"] == from && edge["to"] == to);
        edge.and_then(|edge| edge["partitions"].as_str()).unwrap().to_owned()
    };
    assert_eq!(edge("stories", "features"), "the same partition");
    assert_eq!(edge("features", "words"), "the days of the week");
    assert_eq!(edge("comments_model", "scores"), "`time`: the week of the day; `loss`: the same");
    assert_eq!(edge("scores", "report"), "all partitions");
}

#[test]
fn two_weeks_are_made_by_a_backfill() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let days = "2026-01-04..2026-01-17";
    let create = ["backfill", "create", "*", "--partitions", days, "--partitions-per-run", "7", "--json"];
    let created = json(home, &create);
    assert_eq!(created["plan"]["make"], 14 + 14 + 2 + 4 + 28 + 1);
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_partitions"));
    daemon.arg("daemon").env("MILLWORK_HOME", home);
    let daemon = Lines::of(daemon);
    daemon.line("backfill 1 succeeded");
    drop(daemon);
    let shown = json(home, &["backfill", "show", "1", "--json"]);
    assert_eq!((&shown["counts"]["succeeded"], shown["failures"].as_array().unwrap().len()), (&49.into(), 0));
    let again = refused(home, &create[..5]);
    assert!(again.contains("all partitions are fresh") && again.contains("hint: "), "{again}");
}
