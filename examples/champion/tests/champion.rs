//! A worse challenger is rejected and the run goes on with the champion; a better one takes its place.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs a command that must succeed, and returns its output.
fn run(home: &Path, line: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_champion"));
    let output = command.args(line.split_whitespace()).env("MILLWORK_HOME", home).output().unwrap();
    assert!(output.status.success(), "`{line}`: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(home: &Path, line: &str) -> Value {
    serde_json::from_str(&run(home, line)).unwrap()
}

/// Materializes everything with this shrinkage, and compares the numbers of models and predictions afterwards.
fn check(home: &Path, shrinkage: u32, models: usize, predictions: usize) {
    let summary = json(home, &format!("materialize --json --set price_model.shrinkage={shrinkage}"));
    assert_eq!(summary["status"], "succeeded", "{summary}");
    let steps = summary["steps"].as_array().unwrap();
    assert!(steps.len() == 3 && steps.iter().all(|step| step["status"] == "succeeded"), "{summary}");
    let count = |asset| json(home, &format!("asset history {asset} --json")).as_array().unwrap().len();
    assert_eq!(
        (count("price_model"), count("price_predictions")),
        (models, predictions),
        "shrinkage {shrinkage}"
    );
}

#[test]
fn the_better_one_serves() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    check(home, 1_000, 1, 1);
    let champion = run(home, "asset value price_model");

    check(home, 5_000, 1, 2);
    assert_eq!(run(home, "asset value price_model"), champion);
    let log = run(home, "runs logs --all");
    assert!(log.contains("kept price_model") && log.contains("the challenger's error is"), "{log}");
    let predictions = json(home, "asset history price_predictions --json");
    let metadata = |n: usize| &predictions[n]["body"]["metadata"]["price per square metre"];
    assert_eq!(metadata(0), metadata(1));
    assert_eq!(predictions[0]["body"]["inputs"], predictions[1]["body"]["inputs"]);
    let fresh = json(home, "status --json");
    assert!(fresh.as_array().unwrap().iter().all(|state| state["state"] == "fresh"), "{fresh}");

    check(home, 0, 2, 3);
    assert_ne!(run(home, "asset value price_model"), champion);
}
