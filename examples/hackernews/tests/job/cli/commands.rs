//! The output of commands that succeed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::Home;

/// Four steps in a row: an output without chance in its order.
const IN_A_ROW: &str = "materialize +tfidf_vectorizer";

#[test]
fn help_has_commands_exit_codes_and_examples() {
    let help = Home::new().succeeds("--help");
    for text in ["Exit codes:", "Examples:", "MILLWORK_HOME=", "130  canceled"] {
        assert!(help.contains(text), "{text} is not in {help}");
    }
    let commands = "materialize list graph runs asset status why check store completions replay";
    for command in commands.split(' ') {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in {help}"
        );
        let help = Home::new().succeeds(&format!("{command} --help"));
        assert!(help.contains("Usage: hackernews"), "{command}: {help}");
    }
    for command in ["materialize", "graph", "runs retry", "runs reproduce", "asset value", "completions"] {
        let help = Home::new().succeeds(&format!("{command} --help"));
        assert!(help.contains("Example"), "{command}: {help}");
    }
}

#[test]
fn lists() {
    let home = Home::new();
    assert_snapshot!(home.shown("list assets"), @r"
    exit 0
    ASSET  GROUP  KINDS  MADE FROM  DESCRIPTION
    hackernews_stories  ingest  polars, http  Stories among the newest items that have a title. How many of them weren't among the last ones is the number `new stories`.
    training_data  ingest  polars  hackernews_stories  What the model learns from.
    test_data  ingest  polars  hackernews_stories  Held back to score the model.
    tfidf_vectorizer  features  tfidf  training_data  The vocabulary of the training titles and the weight of each term.
    transformed_training_data  features  tfidf  training_data  The training titles as TF-IDF features, with their numbers of comments.
    transformed_test_data  features  tfidf  test_data, tfidf_vectorizer  The test titles as TF-IDF features, with their numbers of comments.
    xgboost_comments_model  model  xgboost  transformed_training_data, tfidf_vectorizer  Boosted trees that predict a story's number of comments from its title. Each one is a version, which `better_comments_model` judges.
    comments_model_test_set_r_squared  model  score  transformed_test_data, transformed_training_data, xgboost_comments_model  The share of the variance of the test stories' comments that the model explains (R²), with other measures of its
    comments_model  model  xgboost  training_data  The expected number of comments on a story, by the likelihood of a Poisson distribution, from its title, kind, domain, author and time.
    latest_stories  serving  polars, http  The newest stories. Predictions, what comes of them later and a model that is tried out beside the one in use see the same ones.
    latest_story_comment_predictions  serving  polars  latest_stories, comments_model  How many comments the newest stories will get, as the model in use sees it: a prediction for each story's ID, with the version that made
    awaited_stories  monitoring  http  latest_stories  The stories that are yet to be fetched again, by their IDs.
    comments_that_came  monitoring  http  latest_stories  The numbers of comments of the stories that are three days old now.
    live_performance  monitoring  score  latest_story_comment_predictions, comments_that_came  How far the predictions were from the comments that came, day by day, for each version of the model.
    story_drift  monitoring  score  hackernews_stories, comments_model  The distance of the newest stories from those that the model in use has learned from, by trait: kind, domain, length of the title, and the
    ");
    assert_snapshot!(home.shown("list checks"), @r"
    exit 0
    CHECK  ASSET  SEVERITY  BLOCKING  DESCRIPTION
    stories_are_unique  hackernews_stories  error  yes  No story is there twice: it would be learned from and scored with at once.
    r_squared_is_not_worse  comments_model_test_set_r_squared  warn  no  The model explains as much as the last one did.
    predictions_are_finite  latest_story_comment_predictions  error  no  Every prediction is a number, and none is below zero.
    stories_have_not_drifted  story_drift  warn  no  No trait has changed so much that the model should not be trusted.
    ");
    assert_snapshot!(home.shown("list jobs"), @r"
    exit 0
    JOB  SELECTION  DESCRIPTION
    train  +comments_model or +comments_model_test_set_r_squared  Fetch stories, fit and judge the models
    predict  latest_stories or latest_story_comment_predictions or awaited_stories or comments_that_came or live_performance  Predict for the newest stories with the model there is, and measure what came
    ");
    assert_snapshot!(home.shown("list resources"), @r"
    exit 0
    RESOURCE
    hackernews::hacker_news::client::HackerNews
    ");
    assert!(!home.path().exists(), "a list needs no home");
}

/// Counts a list's entries, and searches them for fields.
fn check_list(line: &str, entries: usize, fields: &[&str]) {
    let list = Home::new().json(line);
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), entries, "{line}");
    for entry in list {
        assert!(fields.iter().all(|field| entry.get(*field).is_some()), "{line}: {entry}");
    }
}

#[test]
fn lists_for_programs() {
    let fields = [
        "key",
        "group",
        "kinds",
        "type",
        "format",
        "upstream",
        "downstream",
        "checks",
        "code_version",
        "config",
    ];
    check_list("list assets --json", 15, &fields);
    check_list("list gates --json", 2, &["name", "asset", "description", "alias", "step"]);
    check_list("list checks --json", 4, &["name", "asset", "description", "severity", "blocking", "step"]);
    check_list("list jobs --json", 2, &["name", "description", "selection", "config", "tags"]);
    check_list("list resources --json", 1, &[]);
}

#[test]
fn graph_as_text() {
    assert_snapshot!(Home::new().succeeds("graph"), @r"
    ●           hackernews_stories                              [ingest]
    ├─●         training_data                                   [ingest]      ← hackernews_stories
    │ ├─●       tfidf_vectorizer                                [features]    ← training_data
    │ ├─│─●     transformed_training_data                       [features]    ← training_data
    │ │ ├─┼─●   xgboost_comments_model ◇ better_comments_model  [model]       ← transformed_training_data, tfidf_vectorizer
    │ ● │ │ │   comments_model ◇ better_comments                [model]       ← training_data
    ├─┼─│─│─│─● story_drift                                     [monitoring]  ← hackernews_stories, comments_model@champion
    ● │ │ │ │   test_data                                       [ingest]      ← hackernews_stories
    ●─│─╯ │ │   transformed_test_data                           [features]    ← test_data, tfidf_vectorizer
    ●─│───┴─╯   comments_model_test_set_r_squared               [model]       ← transformed_test_data, transformed_training_data, xgboost_comments_model
    ● │         latest_stories                                  [serving]
    ├─●         latest_story_comment_predictions                [serving]     ← latest_stories, comments_model@champion
    ├─│─●       awaited_stories                                 [monitoring]  ← latest_stories
    ● │         comments_that_came                              [monitoring]  ← latest_stories
    ●─╯         live_performance                                [monitoring]  ← latest_story_comment_predictions, comments_that_came
    ");
    assert_snapshot!(Home::new().succeeds("graph 1+xgboost_comments_model"), @r"
    ●   test_data                                       [ingest]
    ●   tfidf_vectorizer                                [features]
    │ ● transformed_training_data                       [features]
    ●─╯ xgboost_comments_model ◇ better_comments_model  [model]     ← transformed_training_data, tfidf_vectorizer
    ");
}

fn assets() -> Vec<String> {
    let list = Home::new().json("list assets --json");
    list.as_array().unwrap().iter().map(|asset| asset["key"].as_str().unwrap().to_owned()).collect()
}

/// Draws in a format and searches for each asset and each text.
fn check_graph(format: &str, texts: &[&str]) -> String {
    let drawing = Home::new().succeeds(&format!("graph --format {format}"));
    for text in texts.iter().map(ToString::to_string).chain(assets()) {
        assert!(drawing.contains(&text), "{format}: {text} is not in {drawing}");
    }
    drawing
}

#[test]
fn graph_for_other_tools() {
    let drawing =
        check_graph("dot", &["digraph assets {", "asset_test_data -> asset_transformed_test_data;"]);
    assert_eq!(drawing.matches('{').count(), drawing.matches('}').count());
    check_graph("mermaid", &["flowchart LR", "asset_test_data --> asset_transformed_test_data"]);
    let graph: Value = serde_json::from_str(&check_graph("json", &[])).unwrap();
    let lengths = ["assets", "edges"].map(|field| graph[field].as_array().unwrap().len());
    assert_eq!(lengths, [15, 20]);
}

/// The picture is an element that is closed, as are all in it, and has no bare `&`.
#[test]
fn graph_as_a_picture() {
    let drawing = check_graph("svg", &["<title>", "15 assets, 20 dependencies"]);
    assert!(drawing.starts_with("<svg ") && drawing.trim_end().ends_with("</svg>"), "{drawing}");
    let mut open = Vec::new();
    for tag in drawing.split('<').skip(1).map(|tag| tag.split_once('>').expect("a tag ends").0) {
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    for entity in drawing.split('&').skip(1) {
        assert!(
            ["amp;", "lt;", "gt;", "quot;", "#"].iter().any(|known| entity.starts_with(known)),
            "&{entity}"
        );
    }
}

#[test]
fn materialize() {
    let home = Home::new();
    assert_snapshot!(home.shown(&format!("{IN_A_ROW} --dry-run")), @r"
    exit 0
    4 steps would run:
      hackernews_stories
      hackernews_stories:stories_are_unique
      training_test_data
      tfidf_features
    ");
    assert_eq!(home.runs(), Vec::<String>::new());
    assert_snapshot!(home.shown(IN_A_ROW), @r#"
    exit 0
    Run <id> succeeded: 4 succeeded in <took>
    --- standard error
    hackernews_stories │ fetched origin="embedded sample" stories=630
    "#);
    assert_snapshot!(home.shown(&format!("{IN_A_ROW} --stale")), @r"
    exit 0
    Nothing to do for 3 selected: all that can be made is up to date.
    ");
    assert_snapshot!(home.shown("materialize training_data --stale"), @r"
    exit 0
    Nothing to do for 1 selected: what can be made is up to date.
    ");
    assert_eq!(home.runs().len(), 1);
    assert_snapshot!(home.shown(&format!("{IN_A_ROW} --stale --set training_test_data.seed=7")), @r"
    exit 0
    note: the configuration isn't used: what a run overrides makes nothing stale
    Nothing to do for 3 selected: all that can be made is up to date.
    ");
    assert_snapshot!(home.shown("materialize --job predict --stale --dry-run"), @r"
    exit 0
    2 steps would run:
      latest_stories
      later_comments
    ");
}

#[test]
fn materialize_for_programs() {
    let home = Home::new();
    let plan = home.json(&format!("{IN_A_ROW} --dry-run --json"));
    assert_eq!(plan["plan"].as_array().unwrap().len(), 4);
    let outcome = home.run(&format!("{IN_A_ROW} --json --tag reason=test"));
    assert_eq!(
        (outcome.code, outcome.err.as_str(), outcome.out.lines().count()),
        (Some(0), "", 1),
        "{outcome:?}"
    );
    let run: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!((&run["status"], run["steps"].as_array().unwrap().len()), (&"succeeded".into(), 4), "{run}");
    assert!(run["seconds"].as_f64().unwrap() > 0.0 && run["hint"].is_null(), "{run}");
    let nothing = home.json(&format!("{IN_A_ROW} --stale --json"));
    let expected = serde_json::json!({ "run": null, "status": "up_to_date", "assets": 3, "steps": [] });
    assert_eq!(nothing, expected);
    let listed = home.json("runs list --tag reason=test --json");
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["run"]), (1, &run["run"]));
    let shown = home.json("runs show --json");
    assert_eq!((&shown["run"], shown["steps"].as_array().unwrap().len()), (&run["run"], 4));
    let logs = home.succeeds("runs logs --json --all");
    let events = logs.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let kinds: Vec<_> = events.map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        (kinds.first().unwrap().as_str(), kinds.last().unwrap().as_str()),
        ("run_queued", "run_succeeded")
    );
}

#[test]
fn runs() {
    let home = Home::new();
    assert_snapshot!(home.shown("runs list"), @r"
    exit 0
    No runs yet. `materialize` starts one.
    ");
    home.succeeds(&format!("{IN_A_ROW} --tag reason=test"));
    assert_snapshot!(home.shown("runs list"), @r"
    exit 0
    RUN  STATUS  CREATED  TOOK  SELECTION  REASON
    <id>  succeeded  <date> <time>  <took>  +tfidf_vectorizer
    ");
    assert_snapshot!(home.shown("runs show"), @r"
    exit 0
    Run <id> succeeded
      selection  +tfidf_vectorizer
      created  <date> <time>
      took  <took>
      tag  reason=test
      binary  <binary>
      host  <host>
      source  <source> (the working tree at run time)

    STEP  STATUS  ATTEMPT  TOOK  REASON
    hackernews_stories  succeeded  1  <took>
    hackernews_stories:stories_are_unique  succeeded  1  <took>
    training_test_data  succeeded  1  <took>
    tfidf_features  succeeded  1  <took>
    ");
    assert_snapshot!(home.shown("runs logs"), @r#"
    exit 0
    <date> <time> hackernews_stories INFO  hackernews::pipeline::ingest: fetched origin="embedded sample" stories=630
    "#);
    assert_snapshot!(home.shown("runs logs last --step tfidf_features"), @r"
    exit 0
    The log is empty. `--all` shows every event.
    ");
    let events = home.succeeds("runs logs last --step tfidf_features --all");
    let names: Vec<_> = events.lines().map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    assert_eq!(names, ["step_started", "materialized", "materialized", "step_succeeded"]);
    assert_snapshot!(home.shown("runs cancel"), @r"
    exit 0
    Run <id> is succeeded already.
    ");
    assert_snapshot!(home.shown("runs retry"), @r"
    exit 2
    --- standard error
    error: run <id> is succeeded
      hint: only runs that are queued, failed, canceled or lost can be started
    ");
    let short = &home.runs()[0][28..];
    assert_eq!(home.json(&format!("runs show {short} --json"))["run"], home.runs()[0].as_str());
    home.succeeds("runs retry --from-scratch");
    assert_eq!(home.runs().len(), 2);
}

#[test]
fn assets_and_their_values() {
    let home = Home::new();
    assert_snapshot!(home.shown("asset show transformed_test_data"), @r"
    exit 0
    transformed_test_data
    The test titles as TF-IDF features, with their numbers of comments.

      group  features
      kinds  tfidf
      type  millwork_ml::features::labelled::LabelledFeatures
      made from  test_data, tfidf_vectorizer
      needed for  comments_model_test_set_r_squared
      code version <id>
      source  examples/hackernews/src/pipeline/features.rs:<line>

    It has never been materialized. `materialize transformed_test_data` does.
    ");
    assert_snapshot!(home.shown("asset history transformed_test_data"), @r"
    exit 0
    It has never been materialized. `materialize transformed_test_data` does.
    ");
    home.succeeds("materialize");
    assert_snapshot!(home.shown("asset show transformed_test_data"), @r"
    exit 0
    transformed_test_data
    The test titles as TF-IDF features, with their numbers of comments.

      group  features
      kinds  tfidf
      type  millwork_ml::features::labelled::LabelledFeatures
      made from  test_data, tfidf_vectorizer
      needed for  comments_model_test_set_r_squared
      code version <id>
      source  examples/hackernews/src/pipeline/features.rs:<line>

    Last materialized <date> <time> by run <id>
      version  1
      data version  <id>
      stored  <size> (npz)
      columns  263
      entries  771
      rows  126
    ");
    assert_snapshot!(home.shown("asset history transformed_test_data"), @r"
    exit 0
    VERSION  MATERIALIZED  RUN  PARTITION  DATA VERSION  SIZE  METADATA
    1  <date> <time>  <id>  <id>  <size>  columns=263 entries=771 rows=126
    ");
    let written = home.succeeds("asset value comments_model_test_set_r_squared");
    let score: f64 = home.value("comments_model_test_set_r_squared");
    assert_eq!(written, score.to_string());
    let history = home.json("asset history training_data --json --limit 1");
    assert_eq!(history[0]["body"]["metadata"]["rows"]["type"], "int", "{history}");
}

#[test]
fn configurations_are_shown_and_found() {
    let home = Home::new();
    home.succeeds("materialize hackernews_stories");
    home.succeeds("materialize hackernews_stories --set hackernews_stories.items=900");
    let shown = home.shown("asset show hackernews_stories");
    for line in
        ["configured  items=1000", "configuration:", "items: 900 (overridden by the run; standing: 1000)"]
    {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
    let history = home.shown("asset history hackernews_stories");
    let configs: Vec<_> = history.split_whitespace().filter(|word| word.starts_with("items=")).collect();
    assert!(history.contains("CONFIG") && configs.starts_with(&["items=900*"]), "{history}");
    let found = |filter: &str| {
        let found = home.json(&format!("asset history hackernews_stories --config {filter} --json"));
        let found = found.as_array().unwrap();
        found.iter().map(|event| event["body"]["config"]["effective"]["items"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("items=900"), [900]);
    assert_eq!(found("items=1000.0"), [1000]);
    assert_eq!(found("items=7"), Vec::<Value>::new());
    let both = home.json("asset history hackernews_stories --config items=900 --config items=1000 --json");
    assert_eq!(both, serde_json::json!([]));
}

#[test]
fn status_and_why() {
    let home = Home::new();
    home.succeeds(IN_A_ROW);
    assert_snapshot!(home.shown("status"), @r"
    exit 0
    ASSET  PARTITION  STATE  MATERIALIZED  BECAUSE
    hackernews_stories  fresh  <date> <time>
    training_data  fresh  <date> <time>
    test_data  fresh  <date> <time>
    tfidf_vectorizer  fresh  <date> <time>
    transformed_training_data  fresh  <date> <time>
    transformed_test_data  missing
    xgboost_comments_model  missing
    comments_model_test_set_r_squared  missing
    comments_model  missing
    latest_stories  missing
    latest_story_comment_predictions  missing
    awaited_stories  missing
    comments_that_came  missing
    live_performance  missing
    story_drift  missing
    ");
    home.succeeds("materialize hackernews_stories --set hackernews_stories.items=900");
    assert_snapshot!(home.shown("status +tfidf_vectorizer"), @r"
    exit 0
    ASSET  PARTITION  STATE  MATERIALIZED  BECAUSE
    hackernews_stories  fresh  <date> <time>
    training_data  stale  <date> <time>  `hackernews_stories` has new data (<id> → <id>)
    tfidf_vectorizer  stale  <date> <time>  `training_data` is itself not fresh
    ");
    assert_snapshot!(home.shown("why tfidf_vectorizer"), @r"
    exit 0
    tfidf_vectorizer is stale
      `training_data` is itself not fresh
      training_data is stale
        `hackernews_stories` has new data (<id> → <id>)
    ");
    assert_snapshot!(home.shown("why xgboost_comments_model"), @r"
    exit 0
    xgboost_comments_model is missing
      transformed_training_data is stale
        `training_data` is itself not fresh
        training_data is stale
          `hackernews_stories` has new data (<id> → <id>)
      tfidf_vectorizer is stale
        `training_data` is itself not fresh
    ");
    let why = home.json("why training_data --json");
    assert_eq!(why[1]["causes"][0]["asset"], "hackernews_stories", "{why}");
    let status = home.json("status --json");
    let states: Vec<_> =
        status.as_array().unwrap().iter().map(|state| state["state"].as_str().unwrap()).collect();
    let expected = ["fresh", "stale", "stale", "stale", "stale"].into_iter().chain(["missing"; 10]);
    assert_eq!(states, expected.collect::<Vec<_>>());
}

#[test]
fn check_store_and_completions() {
    let home = Home::new();
    assert_snapshot!(home.shown("check"), @r"
    exit 0
    The definitions fit together: 15 assets, 4 checks, 2 jobs.
    ");
    assert_eq!(home.json("check --json")["ok"], true);
    home.succeeds("materialize hackernews_stories");
    assert_snapshot!(home.shown("store info"), @r"
    exit 0
    Home <folder>/home
      database  <size> and <size> of write-ahead log
      runs  1
      events  12
      values  0 in the database (<size>), 1 files (<size>)
    ");
    assert_snapshot!(home.shown("store vacuum"), @r"
    exit 0
    <size> given back.
    ");
    let info = home.json("store info --json");
    assert_eq!((&info["runs"], &info["value_files"]), (&1.into(), &1.into()), "{info}");
    assert!(home.json("store vacuum --json")["freed_bytes"].is_u64());
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.succeeds(&format!("completions {shell}")).contains("materialize"), "{shell}");
    }
}

#[test]
fn bash_reads_its_completions() {
    let Some(bash) = millwork_testing::program("bash") else { return };
    let script = Home::new().succeeds("completions bash");
    let mut bash = Command::new(bash).arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = bash.stdin.take().unwrap();
    let asks = "COMP_WORDS=(hackernews mat) COMP_CWORD=1; _hackernews hackernews mat hackernews; echo \"${COMPREPLY[*]}\"";
    write!(input, "{script}\n{asks}\n").unwrap();
    drop(input);
    let output = bash.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "materialize");
}
