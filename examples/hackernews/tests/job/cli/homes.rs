//! Homes that can't be used, and homes that two processes use at once.

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, Outcome};

/// Runs a command in a home that can't be used: exit code 4, message and hint, for people and for programs.
fn check(home: &Home, line: &str, message: &str, hint: &str) {
    let outcome = home.run(line);
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(4), ""), "`{line}`: {outcome:?}");
    for text in [format!("error: {message}"), format!("\n  hint: {hint}")] {
        assert!(outcome.err.contains(&text), "`{line}`: {text:?} is not in {}", outcome.err);
    }
    let outcome = home.run(&format!("{line} --json"));
    assert_eq!(outcome.code, Some(4), "`{line}`: {outcome:?}");
    let error: Value = serde_json::from_str(&outcome.out).unwrap();
    assert!(error["error"]["message"].as_str().unwrap().starts_with(message), "{error}");
    assert!(error["error"]["hint"].as_str().unwrap().starts_with(hint), "{error}");
}

const COMMANDS: [&str; 5] = ["materialize", "status", "runs list", "asset show training_data", "store info"];

#[test]
fn a_file_in_the_place_of_the_home() {
    let home = Home::new();
    home.write("home", "");
    let message = format!("failed to make the folder `{}`", home.path().display());
    for line in COMMANDS {
        check(&home, line, &message, "a part of the path is a file; choose another MILLWORK_HOME");
    }
    home.succeeds("list assets");
    home.succeeds("check");
}

/// Overwrites the database of a home in which a run has succeeded.
fn home_with_database(content: &[u8]) -> Home {
    let home = Home::new();
    home.succeeds("materialize hackernews_stories");
    for file in ["millwork.db-wal", "millwork.db-shm"] {
        std::fs::remove_file(home.path().join(file)).ok();
    }
    std::fs::write(home.path().join("millwork.db"), content).unwrap();
    home
}

#[test]
fn a_file_that_is_no_database() {
    let home = home_with_database(&b"garbage ".repeat(4_000));
    let message = format!("failed to open `{}`", home.path().join("millwork.db").display());
    for line in COMMANDS {
        check(&home, line, &message, "the file is damaged, or isn't Millwork's");
    }
}

/// Damages the stored value of the stories.
fn home_with_stories(damage: impl Fn(&Path)) -> Home {
    let home = Home::with_everything();
    let folder = home.path().join("values/hackernews_stories");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    damage(&file);
    home
}

/// Splits the stories again, which loads them, and searches the output for texts.
fn check_value(home: &Home, expected: &[&str]) {
    let outcome = home.run("materialize training_data");
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    for text in expected {
        assert!(outcome.out.contains(text), "{text:?} is not in {}", outcome.out);
    }
    assert!(!outcome.out.contains("panic"), "{outcome:?}");
}

#[test]
fn a_stored_value_that_is_gone_or_damaged() {
    let home = home_with_stories(|file| std::fs::remove_file(file).unwrap());
    check_value(&home, &["hackernews_stories", "hint:"]);
    let outcome = home.run("asset value hackernews_stories");
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert!(outcome.err.contains("hint:"), "{outcome:?}");
    let home = home_with_stories(|file| std::fs::write(file, b"PAR1").unwrap());
    check_value(&home, &["hackernews_stories", "hint:"]);
}

#[test]
fn two_processes_in_one_home() {
    let home = Home::new();
    let both = [home.start("materialize --json"), home.start("materialize --json")];
    for outcome in both.map(Outcome::of) {
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let run: Value = serde_json::from_str(&outcome.out).unwrap();
        assert_eq!(run["status"], "succeeded", "{run}");
    }
    let runs = home.json("runs list --json");
    let statuses: Vec<_> =
        runs.as_array().unwrap().iter().map(|run| run["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["succeeded", "succeeded"]);
    for run in home.runs() {
        let steps = home.json(&format!("runs show {run} --json"))["steps"].clone();
        let steps = steps.as_array().unwrap();
        assert_eq!(steps.len(), 18);
        assert!(steps.iter().all(|step| step["status"] == "succeeded"), "{steps:?}");
        // The gates of the run that comes second judge again, against the models that the other one brought into use.
        let gates = ["xgboost_comments_model:better_comments_model", "comments_model:better_comments"];
        let at_once = |step: &Value| gates.iter().all(|gate| step["step"] != *gate);
        assert!(steps.iter().filter(|step| at_once(step)).all(|step| step["attempt"] == 1), "{steps:?}");
        home.bytes("xgboost_comments_model", &format!("--run {run}"));
    }
}

#[test]
fn the_home_can_be_named_by_an_option() {
    let home = Home::new();
    home.succeeds("materialize hackernews_stories --home elsewhere");
    assert!(home.file("elsewhere/millwork.db").exists() && !home.path().exists());
    let mut command = home.command("materialize hackernews_stories");
    command.env_remove("MILLWORK_HOME");
    assert_eq!(Outcome::of(command.spawn().unwrap()).code, Some(0));
    assert!(home.file(".millwork/millwork.db").exists());
}
