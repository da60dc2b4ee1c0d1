//! Runs that fail, are interrupted or canceled, and how they go on.

use std::process::{Child, Command};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Home, Outcome, Server, StuckServer};

/// Both models, and all that they are made from.
const TRAINED: &str = "+comments_model,+comments_model_test_set_r_squared";
const STUCK: &str = "materialize --set hackernews_stories.items=100";

/// Each step of the last run with its status and the number of its attempt.
fn steps(home: &Home) -> Vec<(String, String, u64)> {
    let run = home.json("runs show --json");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = run["steps"].as_array().unwrap().iter();
    steps
        .map(|step| (text(&step["step"]), text(&step["status"]), step["attempt"].as_u64().unwrap()))
        .collect()
}

#[test]
fn a_failed_run_says_what_failed_and_what_is_left() {
    let home = Home::new();
    assert_snapshot!(home.shown(&format!("materialize {TRAINED} --set hackernews_stories.items=0")), @r#"
    exit 1
    ✗ training_test_data
        too few stories to split into training and test data: 0
        hint: fetch more with `--set hackernews_stories.items=…`
    Run <id> failed: 2 succeeded, 1 failed, 8 skipped in <took>
      hint: `runs retry <id>` goes on where it stopped
    --- standard error
    hackernews_stories │ fetched origin="embedded sample" stories=0
    "#);
    assert_snapshot!(home.shown("runs show"), @r#"
    exit 0
    Run <id> failed
      selection  +comments_model,+comments_model_test_set_r_squared
      created  <date> <time>
      took  <took>
      reason  step `training_test_data` failed: too few stories to split into training and test data: 0; hint: fetch more with `--set hackernews_stories.items=…`
      config  {"hackernews_stories":{"items":0}}
      binary  <binary>
      host  <host>
      source  <source> (the working tree at run time)

    STEP  STATUS  ATTEMPT  TOOK  REASON
    hackernews_stories  succeeded  1  <took>
    hackernews_stories:stories_are_unique  succeeded  1  <took>
    training_test_data  failed  1  <took>  too few stories to split into training and test data: 0; hint: fetch more with `--set hackernews_stories.items=…`
    comments_model  skipped  upstream step `training_test_data` failed
    comments_model:better_comments  skipped  upstream step `training_test_data` failed
    comments_model_test_set_r_squared  skipped  upstream step `training_test_data` failed
    comments_model_test_set_r_squared:r_squared_is_not_worse  skipped  upstream step `training_test_data` failed
    tfidf_features  skipped  upstream step `training_test_data` failed
    transformed_test_data  skipped  upstream step `training_test_data` failed
    xgboost_comments_model  skipped  upstream step `training_test_data` failed
    xgboost_comments_model:better_comments_model  skipped  upstream step `training_test_data` failed
    "#);
    assert_snapshot!(home.shown("runs logs"), @r#"
    exit 0
    <date> <time> hackernews_stories INFO  hackernews::pipeline::ingest: fetched origin="embedded sample" stories=0
    <date> <time> training_test_data ERROR failed: too few stories to split into training and test data: 0; hint: fetch more with `--set hackernews_stories.items=…`
    <date> <time> run ERROR run_failed: step `training_test_data` failed: too few stories to split into training and test data: 0; hint: fetch more with `--set hackernews_stories.items=…`
    "#);
    assert_snapshot!(home.shown("status tfidf_vectorizer+"), @r"
    exit 0
    ASSET  PARTITION  STATE  MATERIALIZED  BECAUSE
    tfidf_vectorizer  missing
    transformed_test_data  missing
    xgboost_comments_model  missing
    comments_model_test_set_r_squared  missing
    ");
    assert_snapshot!(home.shown("why tfidf_vectorizer"), @r"
    exit 0
    tfidf_vectorizer is missing
      training_data is failed
        its last run failed: too few stories to split into training and test data: 0; hint: fetch more with `--set hackernews_stories.items=…`
    ");
    assert_eq!(home.json("status training_data --json")[0]["state"], "failed");
}

#[test]
fn retrying_runs_only_what_has_not_succeeded() {
    let home = Home::new();
    home.run(&format!("materialize {TRAINED} --set hackernews_stories.items=0"));
    let outcome = home.run("runs retry --json");
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    for (step, status, attempt) in steps(&home) {
        let expected = match step.split(':').next().unwrap() {
            "hackernews_stories" => ("succeeded", 1),
            "training_test_data" => ("failed", 2),
            _ => ("skipped", 0),
        };
        assert_eq!((status.as_str(), attempt), expected, "{step}");
    }
    assert_eq!(home.runs().len(), 1);
    let history = home.json("asset history hackernews_stories --json");
    assert_eq!(history.as_array().unwrap().len(), 1, "{history}");
}

/// A run that fails for lack of a server goes on when there is one, with its original request.
#[test]
fn a_retry_succeeds_when_the_cause_is_gone() {
    let home = Home::fetching_from("http://127.0.0.1:9/v0");
    assert_eq!(home.run("materialize --set hackernews_stories.items=90 --tag reason=test").code, Some(1));
    let server = Server::of_stories(100);
    let home = home.now_fetching_from(&server.url);
    let run = home.json("runs retry --json");
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(home.metadata("hackernews_stories")["items"], 90);
    assert_eq!(home.runs().len(), 1);
    assert!(steps(&home).iter().all(|(_, status, _)| status == "succeeded"), "{:?}", steps(&home));
}

fn interrupt(process: &Child) {
    let status = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits for a run that was canceled in the middle of fetching, and has it go on with another server.
fn check_canceled(home: Home, process: Child) {
    let outcome = Outcome::of(process);
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(
        outcome.out.contains("canceled: 0 succeeded") && outcome.out.contains("hint: `runs retry"),
        "{outcome:?}"
    );
    assert_eq!(home.json("runs show --json")["status"], "canceled");
    let server = Server::of_stories(100);
    let home = home.now_fetching_from(&server.url);
    let run = home.json("runs retry --json");
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(home.json("runs show --json")["status"], "succeeded");
    assert_eq!(home.runs().len(), 1);
    assert_eq!(home.metadata("hackernews_stories")["rows"], 100);
}

#[test]
fn ctrl_c_cancels_and_the_run_goes_on_later() {
    let server = StuckServer::start();
    let home = Home::fetching_from(server.url());
    let process = home.start(STUCK);
    server.wait_until_asked();
    interrupt(&process);
    check_canceled(home, process);
}

#[test]
fn another_process_cancels() {
    let server = StuckServer::start();
    let home = Home::fetching_from(server.url());
    let process = home.start(STUCK);
    server.wait_until_asked();
    let canceling = home.json("runs cancel --json");
    assert_eq!(canceling["status"], "canceling");
    check_canceled(home, process);
}

#[test]
fn a_running_run_cannot_be_retried() {
    let server = StuckServer::start();
    let home = Home::fetching_from(server.url());
    let process = home.start(STUCK);
    server.wait_until_asked();
    let outcome = home.run("runs retry");
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    interrupt(&process);
    check_canceled(home, process);
}

/// A run whose process was killed is found lost by the next command, whose hint resumes it.
#[test]
fn a_killed_run_is_lost_and_goes_on() {
    let server = StuckServer::start();
    let home = Home::fetching_from(server.url());
    let mut process = home.start(STUCK);
    server.wait_until_asked();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_snapshot!(home.shown("runs list"), @r"
    exit 0
    RUN  STATUS  CREATED  TOOK  SELECTION  REASON
    <id>  lost  <date> <time>  <took>  *  its process (<process>) ended without finishing the run: killed, crashed, or out of memory
    --- standard error
    note: run <id> is lost: its process (<process>) ended without finishing the run: killed, crashed, or out of memory
      hint: `runs retry <id>` goes on where it stopped
    ");
    assert_snapshot!(home.shown("runs list"), @r"
    exit 0
    RUN  STATUS  CREATED  TOOK  SELECTION  REASON
    <id>  lost  <date> <time>  <took>  *  its process (<process>) ended without finishing the run: killed, crashed, or out of memory
    ");
    let server = Server::of_stories(100);
    let home = home.now_fetching_from(&server.url);
    home.succeeds("runs retry");
    assert_eq!(home.json("runs show --json")["status"], "succeeded");
}
