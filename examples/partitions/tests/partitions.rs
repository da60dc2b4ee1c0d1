//! Partitions are materialized, stored, listed and go stale one by one, and are collected together.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(home: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_partitions"));
    command.args(line.split_whitespace()).env("MILLWORK_HOME", home).output().unwrap()
}

/// Runs a command that must succeed, and returns its output.
fn succeeds(home: &Path, line: &str) -> String {
    let output = run(home, line);
    assert!(output.status.success(), "`{line}`: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(home: &Path, line: &str) -> Value {
    serde_json::from_str(&succeeds(home, line)).unwrap()
}

/// The steps that a selection would run.
fn check_plan(home: &Path, selection: &str, expected: &[&str]) {
    let plan = json(home, &format!("materialize {selection} --dry-run --json"));
    let steps = plan["plan"].as_array().unwrap().iter().map(|step| {
        let name = step["step"].as_str().unwrap();
        step["partition"].as_str().map_or_else(|| name.to_owned(), |partition| format!("{name} {partition}"))
    });
    let mut steps: Vec<_> = steps.collect();
    steps.sort();
    assert_eq!(steps, expected, "{selection}");
}

#[test]
fn plans() {
    let home = tempfile::tempdir().unwrap();
    let check = |selection, expected| check_plan(home.path(), selection, expected);
    check("orders", &["orders north", "orders south", "orders west"]);
    check("orders --partition south", &["orders south"]);
    check("+mean_order --partition south", &["mean_order south", "orders south"]);
    check("best_region", &["best_region"]);
    check(
        "*",
        &[
            "best_region",
            "mean_order north",
            "mean_order south",
            "mean_order west",
            "orders north",
            "orders south",
            "orders west",
        ],
    );
}

#[test]
fn each_partition_has_a_value_and_all_are_gathered() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let summary = json(home, "materialize --json");
    assert_eq!((&summary["status"], summary["steps"].as_array().unwrap().len()), (&"succeeded".into(), 7));
    for (region, mean) in [("north", "20.0"), ("south", "30.0"), ("west", "12.0")] {
        assert_eq!(succeeds(home, &format!("asset value mean_order --partition {region}")), mean);
    }
    assert_eq!(succeeds(home, "asset value best_region"), "\"south\"");
    assert_eq!(
        json(home, "asset show best_region --json")["latest"][0]["materialization"]["body"]["metadata"]["regions"]
            ["value"],
        3
    );
}

#[test]
fn one_partition_is_made_alone() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    succeeds(home, "materialize +mean_order --partition north");
    let states = json(home, "status +mean_order --json");
    for state in states.as_array().unwrap() {
        let expected = if state["partition"] == "north" { "fresh" } else { "missing" };
        assert_eq!(state["state"], expected, "{state}");
    }
    assert_eq!(states.as_array().unwrap().len(), 6);
    assert!(!run(home, "materialize best_region").status.success(), "two regions are missing");

    let summary = json(home, "materialize --stale --json");
    assert_eq!(
        summary["steps"].as_array().unwrap().len(),
        5,
        "the other regions, and what gathers them: {summary}"
    );
    let history = |partition| json(home, &format!("asset history orders --partition {partition} --json"));
    assert_eq!(["north", "west"].map(|region| history(region).as_array().unwrap().len()), [1, 1]);
}

#[test]
fn an_unknown_partition_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), "materialize orders --partition east");
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("`east`") && message.contains("hint: "), "{message}");
}
