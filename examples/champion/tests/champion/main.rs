//! A worse challenger is stored and the champion stays in use; a better one takes its place; people go back and forth.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod kills;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn command(home: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_champion"));
    command.args(line.split_whitespace()).env("MILLWORK_HOME", home).output().unwrap()
}

/// Runs a command that must succeed, and returns its output.
fn run(home: &Path, line: &str) -> String {
    let output = command(home, line);
    assert!(output.status.success(), "`{line}`: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(home: &Path, line: &str) -> Value {
    serde_json::from_str(&run(home, line)).unwrap()
}

/// Materializes everything with this shrinkage.
fn materialize(home: &Path, shrinkage: u32) {
    let summary = json(home, &format!("materialize --json --set price_model.shrinkage={shrinkage}"));
    assert_eq!(summary["status"], "succeeded", "{summary}");
    let steps = summary["steps"].as_array().unwrap();
    assert!(steps.len() == 4 && steps.iter().all(|step| step["status"] == "succeeded"), "{summary}");
}

/// The version of the model that the newest predictions were made by, and the price that they have.
fn predictions(home: &Path) -> (u64, f64) {
    let history = json(home, "asset history price_predictions --json");
    let newest = &history[0]["body"];
    let price = &newest["metadata"]["price per square metre"];
    (newest["inputs"][0][3].as_u64().unwrap(), price["value"].as_f64().unwrap())
}

#[test]
fn the_better_one_serves() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    materialize(home, 1_000);
    let first = predictions(home);
    materialize(home, 5_000);
    assert_eq!(predictions(home), first, "a worse one is stored, and the champion stays");
    assert_eq!(json(home, "asset history price_model --json").as_array().unwrap().len(), 2);
    let log = run(home, "runs logs --all");
    assert!(log.contains("keep (the challenger's error is"), "{log}");
    let fresh = json(home, "status --json");
    assert!(fresh.as_array().unwrap().iter().all(|state| state["state"] == "fresh"), "{fresh}");
    materialize(home, 0);
    let (version, price) = predictions(home);
    assert!(version == 3 && price > first.1, "a better one takes its place: {version}, {price}");
}

#[test]
fn people_promote_and_go_back() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    materialize(home, 1_000);
    materialize(home, 5_000);
    run(home, "models promote price_model 2 --reason a-test --by ada");
    let stale = json(home, "status --json");
    let stale: Vec<&Value> =
        stale.as_array().unwrap().iter().filter(|state| state["state"] == "stale").collect();
    assert!(stale.len() == 1 && stale[0]["asset"] == "price_predictions", "{stale:?}");
    run(home, "materialize --stale");
    assert_eq!(predictions(home).0, 2);
    run(home, "models rollback price_model --reason again");
    run(home, "models repair price_model 2");
    assert_eq!(predictions(home).0, 1);
    let refused = command(home, "models promote price_model 1");
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("champion already"),
        "{refused:?}"
    );
}
