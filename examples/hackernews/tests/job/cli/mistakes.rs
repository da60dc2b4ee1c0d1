//! Invalid arguments and configurations: exit code 2, the mistake, and the remedy.

use serde_json::Value;

use crate::support::Home;

/// Runs a command that is wrong, as written and with `--json`, and compares the message and, unless it is empty, the hint.
fn check(home: &Home, line: &str, message: &str, hint: &str) {
    check_text(home, line, message, hint);
    let line = format!("{line} --json");
    let outcome = home.run(&line);
    assert_eq!((outcome.code, outcome.err.as_str()), (Some(2), ""), "`{line}`: {outcome:?}");
    let error: Value = serde_json::from_str(&outcome.out).unwrap_or_else(|_| panic!("`{line}`: {outcome:?}"));
    let actual = error["error"]["message"].as_str().unwrap();
    assert!(actual.contains(message), "`{line}`: {message:?} is not in {actual:?}");
    let actual = error["error"]["hint"].as_str().unwrap_or_default();
    assert!(actual.contains(hint), "`{line}`: {hint:?} is not in {actual:?}");
}

/// The same for a command without `--json`.
fn check_text(home: &Home, line: &str, message: &str, hint: &str) {
    let outcome = home.run(line);
    assert_eq!((outcome.code, outcome.out.as_str()), (Some(2), ""), "`{line}`: {outcome:?}");
    assert!(outcome.err.starts_with("error: "), "`{line}`: {outcome:?}");
    for text in [message, hint] {
        assert!(outcome.err.contains(text), "`{line}`: {text:?} is not in {}", outcome.err);
    }
    assert_eq!(outcome.err.contains("\n  hint: "), !hint.is_empty(), "`{line}`: {}", outcome.err);
}

#[test]
fn an_unknown_asset() {
    let home = Home::new();
    let lines = ["materialize", "status", "why", "asset show", "asset history"];
    for line in lines.map(|line| format!("{line} model")) {
        check(&home, &line, "no asset is called `model`", "`list assets` lists all assets");
    }
    for line in ["graph model", "asset value model"] {
        check_text(&home, line, "no asset is called `model`", "`list assets` lists all assets");
    }
    check(&home, "why trainingdata", "no asset is called `trainingdata`", "training_data");
    check(
        &home,
        "materialize group:none",
        "the selection selects no asset",
        "`graph` shows all assets and steps",
    );
    check(
        &home,
        "status tag:tier=gold",
        "the selection selects no asset",
        "`graph` shows all assets and steps",
    );
    assert!(!home.path().exists(), "nothing was begun");
}

#[test]
fn an_unknown_run_step_partition_or_job() {
    let home = Home::with_everything();
    for line in ["runs show -", "runs logs -", "runs retry -", "runs cancel -"] {
        check(&home, line, "no run is called `-`", "`runs list` lists all runs");
    }
    for line in ["runs show zz", "runs logs zz", "runs retry zz", "runs cancel zz"] {
        check(&home, line, "no run is called `zz`", "`runs list` lists all runs");
    }
    check_text(&home, "asset value training_data --run zz", "no run is called `zz`", "`runs list`");
    check(&home, "runs logs last --step zz", "has no step `zz`", "lists its steps");
    check(&home, "runs list --status zz", "`zz` is not a status of a run", "queued, running");
    check(&home, "materialize --job zz", "no job is called `zz`", "`list jobs` lists all jobs");
    check(&home, "materialize --partition zz", "no selected asset has partitions", "leave out the partition");
    let message = "asset `training_data` has no partitions";
    check_text(&home, "asset value training_data --partition zz", message, "leave out the partition");
    assert_eq!(home.runs().len(), 1, "nothing was begun");
}

#[test]
fn no_run_yet() {
    let home = Home::new();
    for line in ["runs show", "runs logs", "runs retry", "runs cancel"] {
        check(&home, line, "the home has no runs", "`materialize` starts one");
    }
    check_text(
        &home,
        "asset value training_data",
        "`training_data` has no such materialization",
        "`asset history",
    );
}

#[test]
fn a_tag_or_setting_that_is_none() {
    let home = Home::new();
    let no_filter = "`rounds` is not a field of a configuration with its value";
    check(&home, "asset history hackernews_stories --config rounds", no_filter, "write `FIELD=VALUE`");
    check(&home, "materialize --tag gold", "`gold` is not a tag", "write `KEY=VALUE`");
    check(&home, "runs list --tag =x", "`=x` is not a tag", "write `KEY=VALUE`");
    for line in ["materialize", "check"] {
        let check = |set: &str, message, hint| check(&home, &format!("{line} --set {set}"), message, hint);
        check("rounds", "`rounds` has no value", "write `--set STEP.PARAMETER=VALUE`");
        check("rounds=3", "`rounds=3` names no parameter", "write `--set STEP.PARAMETER=VALUE`");
        check(
            "model.rounds=3",
            "the configuration names `model`, which is not a step",
            "`graph` shows all assets and steps",
        );
        check("hackernews_stories.item=3", "`hackernews_stories` takes no parameter `item`", "`items`");
        check(
            "hackernews_stories.items=few",
            "the configuration of `hackernews_stories` is invalid: `items`",
            "",
        );
        check("hackernews_stories.items=-1", "`items`: -1 is less than the minimum of 0", "");
        check("xgboost_comments_model.rounds=0", "`rounds`: 0 is less than the minimum of 1", "");
        check(
            "training_test_data.test_share=1",
            "`test_share`: 1 is greater than or equal to the maximum of 1",
            "",
        );
        check(
            "training_test_data.by=age",
            "the configuration of `training_test_data` is invalid: `by`: \"age\"",
            "",
        );
        check(
            "hackernews_stories.items=few --set training_test_data.seed=x",
            "the configuration has 2 errors",
            "",
        );
    }
    assert!(!home.path().join("values").exists(), "nothing was begun");
}

/// Writes a file of configuration and compares the message about it.
fn check_config(name: &str, content: &str, message: &str, cause: &str) {
    let home = Home::new();
    home.write(name, content);
    for line in [format!("check --config {name}"), format!("materialize --config {name}")] {
        check(&home, &line, message, "");
        assert!(home.run(&line).err.contains(cause), "`{line}`: {:?}", home.run(&line));
    }
}

#[test]
fn a_broken_file_of_configuration() {
    let failed = |name| format!("failed to parse the configuration `{name}`");
    check_config(
        "run.toml",
        "rounds = = 3",
        &failed("run.toml"),
        "caused by: TOML parse error at line 1, column 10",
    );
    check_config(
        "run.json",
        "{\"rounds\"",
        &failed("run.json"),
        "caused by: EOF while parsing an object at line 1",
    );
    check_config("run.yaml", "rounds: 3", "`run.yaml` is neither a `.toml` nor a `.json` file", "");
    check_config("run.json", "[1]", "the configuration is not an object by step name", "");
    check_config(
        "run.toml",
        "hackernews_stories = 5",
        "`hackernews_stories` is invalid: 5 is not of type \"object\"",
        "",
    );
    check_config(
        "run.toml",
        "[hackernews_stories]\nitems = \"many\"",
        "`items`: \"many\" is not of type \"integer\"",
        "",
    );
    let message = "failed to read the configuration `none.toml`";
    check(&Home::new(), "materialize --config none.toml", message, "");
}

#[test]
fn a_file_of_configuration_is_used_and_overridden() {
    let home = Home::new();
    home.write(
        "run.toml",
        "[hackernews_stories]\nitems = 50\n[training_test_data]\nby = \"time\"\nseed = 3\n",
    );
    home.succeeds("materialize hackernews_stories --config run.toml");
    assert_eq!(home.metadata("hackernews_stories")["items"], 50);
    home.succeeds("materialize hackernews_stories --config run.toml --set hackernews_stories.items=60");
    assert_eq!(home.metadata("hackernews_stories")["items"], 60);
    home.write("run.json", r#"{ "hackernews_stories": { "items": 70 } }"#);
    home.succeeds("materialize hackernews_stories --config run.json");
    assert_eq!(home.metadata("hackernews_stories")["items"], 70);
}

#[test]
fn a_tag_has_one_value_and_is_noted_if_only_a_daemon_reads_it() {
    let home = Home::new();
    let line = "materialize --tag team=a --tag by=me --tag team=b";
    check(&home, line, "the tag `team` is given twice", "a tag of a run has one value");
    assert!(!home.path().exists(), "nothing was begun");
    let tags = "--tag millwork/retries=2 --tag millwork/max_runtime=1h --tag team=a";
    let outcome = home.run(&format!("materialize hackernews_stories {tags}"));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let note = "note: the tag `millwork/retries` has no effect on a run that isn't queued\n  hint: `--queue`";
    assert!(outcome.err.contains(note), "{outcome:?}");
    assert_eq!(outcome.err.matches("has no effect").count(), 1, "{outcome:?}");
    let outcome = home.run(&format!("materialize --queue hackernews_stories {tags}"));
    assert!(outcome.code == Some(0) && !outcome.err.contains("has no effect"), "{outcome:?}");
}

#[test]
fn what_the_command_line_does_not_know() {
    let home = Home::new();
    check_clap(&home, "materialise", "unrecognized subcommand 'materialise'");
    check_clap(&home, "graph --format png", "possible values: text, svg, dot, mermaid, json");
    check_clap(&home, "materialize --workers many", "invalid value 'many' for '--workers <N>'");
    check_clap(&home, "materialize --job train training_data", "cannot be used with");
    check_clap(&home, "why", "<KEY>");
}

fn check_clap(home: &Home, line: &str, expected: &str) {
    let outcome = home.run(line);
    assert_eq!(outcome.code, Some(2), "`{line}`: {outcome:?}");
    assert!(outcome.err.contains(expected) && outcome.err.contains("--help"), "`{line}`: {outcome:?}");
}
