//! `models` on the command line: what is shown, what is done by hand, and what can't be.

#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

use std::path::PathBuf;
use std::process::{Command, Output};

use millwork_storage::{EventQuery, Home};
use millwork_testing::PipelineServer;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A home of the pipeline.
struct Models {
    folder: TempDir,
}

impl Models {
    /// A home in which four versions were made: 1 is retired, 2 is the champion, 3 was kept, about 4 the team is asked.
    fn new() -> Self {
        let models = Self { folder: tempfile::tempdir().unwrap() };
        for arguments in
            ["model.off=3", "model.off=1", "model.off=2", "model.off=0 --set model:better_model.ask=true"]
        {
            models.run(&format!("materialize --json --set {arguments}"));
        }
        models
    }

    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synthetic-models"));
        command.args(line.split(' ')).env("MILLWORK_HOME", self.home()).env("NO_COLOR", "1").env("TZ", "UTC");
        command.env("USER", "ada");
        command
    }

    fn output(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// What a command prints that succeeds.
    fn run(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(output.status.success(), "`{line}`: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.run(line)).unwrap()
    }

    /// The exit code and the error of a command that fails.
    #[track_caller]
    fn fails(&self, line: &str, code: i32, message: &str) {
        let output = self.output(line);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "`{line}`: {error}");
        assert!(error.contains(message), "`{line}`: {error}");
    }

    /// What a command prints that succeeds and has a further argument, which may have spaces.
    fn run_with(&self, line: &str, argument: &str) -> String {
        let output = self.command(line).arg(argument).output().unwrap();
        assert!(output.status.success(), "`{line}`: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn champion(&self) -> Value {
        self.json("models list --json")[0]["standings"][0]["in_use"].clone()
    }
}

/// The words of each line that don't differ from run to run: no times, ids and hashes.
fn words(text: &str) -> String {
    let is_stable = |word: &&str| {
        // An id may have no digit but letters.
        !(word.len() >= 8 && word.chars().all(|one| one.is_ascii_hexdigit() || "-:".contains(one)))
    };
    let line = |line: &str| line.split_whitespace().filter(is_stable).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn versions_have_numbers_wherever_they_are_named() {
    let models = Models::new();
    let history = words(&models.run("asset history model"));
    assert!(
        history.starts_with(
            "VERSION MATERIALIZED RUN PARTITION DATA VERSION SIZE CONFIG METADATA\n4 4 B off=0.0 error=0\n"
        ),
        "{history}"
    );
    let history = models.json("asset history model --json");
    assert_eq!(history[0]["body"]["version"], 4);
    assert_eq!(models.run("asset value model").trim(), "10.0");
    assert_eq!(models.run("asset value model@1").trim(), "13.0");
    assert_eq!(models.run("asset value model@champion").trim(), "11.0");
    let shown = models.run("asset show model@champion");
    assert!(shown.contains("The champion, materialized") && shown.contains("error         1"), "{shown}");
    assert_eq!(
        models.json("asset show model@1 --json")["latest"][0]["materialization"]["body"]["version"],
        1
    );
    models.fails("asset value model@9", 2, "`model` has no version 9\n  hint: `asset history model` lists");
    models.fails("asset value model@staging", 2, "`model` has no alias `staging`");
    models.fails("asset value model@0", 2, "`0` is not a version");
    models.fails("asset value model@1 --run last", 2, "names a version, and `--run` another one");
    models.fails("asset value modle@1", 2, "no asset is called `modle`\n  hint: did you mean `model`?");
    models.fails(
        "asset value day_model@1",
        2,
        "asset `day_model` has partitions, but no partition was given",
    );
    assert_eq!(models.run("asset value day_model@1 --partition mon").trim(), "3.0");
}

#[test]
fn models_are_listed_and_shown_with_the_champion_first() {
    let models = Models::new();
    let list = words(&models.run("models list"));
    assert_eq!(
        list,
        "MODEL PARTITION IN USE SINCE METRIC LAST AWAITS APPROVAL\nmodel 2 error 1 4 4\n\
         day_model mon 4 4\nday_model tue 4 4"
    );
    let shown = words(&models.run("models show model"));
    assert!(
        shown.starts_with("model\nA model: a number that should be 10.\n\nchampion version 2, error 1,"),
        "{shown}"
    );
    let json = models.json("models show model --json");
    let statuses: Vec<_> = json["versions"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["awaits_approval", "kept", "in_use", "retired"]);
    assert_eq!((&json["versions"][1]["metric"], &json["in_use"]["version"]), (&2.0.into(), &2.into()));
    let versions = words(&models.run("models versions model --limit 2"));
    assert!(
        versions.contains("3 kept 2") && versions.contains("keep gate `better_model` 1 → 2"),
        "{versions}"
    );
    assert!(versions.contains("The newest 2 of 4"), "{versions}");
    models.run("models backtest model");
    let shown = words(&models.run("models show model --limit 1"));
    let (_, moves) = shown.split_once("MOVED ALIAS FROM TO BY REASON\n").unwrap();
    let (moves, tested) = moves.split_once("Last backtest:").unwrap();
    let newest = "; `--limit` shows more.";
    assert!(moves.ends_with(&format!("\nThe newest 1 of 2{newest}\n\n")), "{moves}");
    assert!(tested.ends_with(&format!("\n4 promote 0 1 → 0\nThe newest 1 of 4{newest}")), "{tested}");
    assert!(models.run("models versions day_model --partition tue").contains("in use"));
    models.fails("models show day_model", 2, "no partition was given");
    models.fails("models show model --partition mon", 2, "has no partitions");
    assert!(models.run("models versions plain").contains("unjudged"));
    assert_eq!(
        Models::empty().run("models versions model"),
        "It has no versions. `materialize model` makes one.\n"
    );
}

#[test]
fn a_person_decides_about_versions() {
    let models = Models::new();
    let promoted = models.run("models promote model 4 --reason ripe --by grace");
    assert_eq!(promoted, "The champion of `model` is version 4, before it was version 2.\n");
    models.fails("models promote model 4", 2, "version 4 of `model` is its champion already");
    models.fails("models promote model 9", 2, "`model` has no version 9");
    models.fails("models promote model", 2, "no version of `model` is named");
    models.fails("models reject model@4", 2, "version 4 of `model` is in use");
    assert_eq!(
        models.run("models reject model@3"),
        "Version 3 of `model` is rejected; version 4 is in use.\n"
    );
    models.fails("models reject model 3", 2, "is rejected already");
    let back = models.json("models rollback model --json --reason worse");
    assert_eq!((&back["in_use"], &back["events"][0]["body"]["by"]["name"]), (&2.into(), &"ada".into()));
    assert_eq!(
        models.run("models rollback model --to 1"),
        "The champion of `model` is version 1, before it was version 2.\n"
    );
    models.fails("models rollback model", 2, "has no earlier version to go back to");
    models.fails("models rollback plain", 2, "`plain` has no alias `champion`");
    models.run("models alias model staging 3");
    assert_eq!(models.run("asset value model@staging").trim(), "12.0");
    assert_eq!(
        models.run("models alias model staging --remove"),
        "`model` has no staging any more, before it was version 3.\n"
    );
    models.fails("models alias model staging --remove", 2, "`model` has no alias `staging`");
    models.run_with("models reject model 4 --reason worse --by", " ");
    let versions = words(&models.run("models versions model"));
    for row in
        ["4 rejected 0 off=0.0 reject ada worse", "2 retired 1 off=1.0 promote gate `better_model` 3 → 1"]
    {
        assert!(versions.lines().any(|line| line == row), "{row}: {versions}");
    }
    models.fails(
        &format!("models promote model 2 --by {}", "x".repeat(201)),
        2,
        "the name has 201 characters, and at most 200 are recorded",
    );
    let moves = models.json("models show model --json")["moves"].clone();
    assert_eq!((moves.as_array().unwrap().len(), &moves[0]["change"]), (7, &"removed".into()));
    models.run("models promote day_model 1 --partition mon");
    assert_eq!(models.json("models show day_model --partition mon --json")["in_use"]["version"], 1);
    assert_eq!(models.json("models show day_model --partition tue --json")["in_use"]["version"], 4);
}

#[test]
fn a_question_is_answered_by_keeping_too() {
    let models = Models::new();
    assert_eq!(models.run("models keep model 4"), "Version 4 of `model` is kept; version 2 is in use.\n");
    assert_eq!(models.json("models versions model --json")[0]["status"], "kept");
    for answered in ["1", "4"] {
        let message = format!("no question about version {answered} of `model` waits for an answer");
        models.fails(&format!("models keep model {answered}"), 2, &message);
    }
}

#[test]
fn the_log_of_a_run_names_the_model_of_what_happened_to_its_versions() {
    let models = Models::new();
    let log = models.run("runs logs --all");
    for text in [
        " run       `model`: champion is version 2",
        " run       `day_model` (partition `mon`): champion is version 3",
        " model:better_model       `model`: gate `better_model` judged version 4 against 2: asks the team",
    ] {
        assert!(log.contains(text), "{text}: {log}");
    }
}

/// Two people have looked at the same champion, and one was first.
#[test]
fn of_two_promotions_at_once_one_is_refused() {
    let models = Models::new();
    models.run("models promote model 4 --expect 2 --by ada");
    let output = models.output("models promote model 3 --expect 2 --by grace");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("`model` was changed meanwhile: champion: version 2 → 4 by ada"), "{error}");
    assert_eq!(models.champion(), 4);
}

#[test]
fn two_versions_side_by_side() {
    let models = Models::new();
    let compared = words(&models.run("models compare model@champion 3"));
    assert!(compared.starts_with("2 (in use) and 3 (kept) of `model`\n\nDiffers:\nFACT NAME VERSION 2 VERSION 3\nmetric error 1 2 worse"), "{compared}");
    assert!(compared.contains("\nThe same:\nFACT NAME BOTH\n"), "{compared}");
    assert!(compared.contains("\ninput training 2 and 3, with the same data\n"), "{compared}");
    assert!(compared.contains("\nvalue data version\n"), "{compared}");
    for two_words in ["models compare model champion 3", "models compare model 2 model@3"] {
        assert_eq!(words(&models.run(two_words)), compared, "{two_words}");
    }
    models.fails(
        "models compare model 3",
        2,
        "a comparison needs two versions\n  hint: `models compare model A B`",
    );
    models.fails("models compare model@1 2 3", 2, "`model@1` has a version already");
    models.fails("models compare model 1 plain@1", 2, "are versions of two models");
    let json = models.json("models compare model@1 model@2 --json");
    assert_eq!(
        (&json["facts"][0]["kind"], &json["facts"][0]["change"]),
        (&"metric".into(), &"better".into())
    );
    models.fails("models compare model@1 plain@1", 2, "are versions of two models");
    models.fails("models compare model@1 9", 2, "has no version 9");
}

/// 1 was in use when the first predictions were made, 2 when the last were.
#[test]
fn repair_makes_again_what_was_made_with_a_version_and_nothing_else() {
    let models = Models::new();
    assert_eq!(models.run("models repair model 1"), "No value is made with version 1 of `model` now.\n");
    models.run("models rollback model");
    let listed = models.run("models repair model 2 --dry-run");
    assert_eq!(listed, "Made with version 2 of `model`, to be made again:\n  predictions, report\n");
    let before = models.json("asset history of_day --json").as_array().unwrap().len();
    let repaired = models.json("models repair model@2 --json");
    assert_eq!(repaired["runs"][0]["outcome"]["status"], "succeeded");
    assert_eq!(models.run("asset value predictions").trim(), "[13.0,13.0]");
    assert_eq!(models.json("asset history of_day --json").as_array().unwrap().len(), before);
    assert_eq!(models.json("models repair model@2 --json")["runs"], Value::Array(Vec::new()));
    let queued = models.run("models repair day_model 4 --partition mon --queue");
    assert!(queued.contains("is queued: of_day (partition mon)"), "{queued}");
    models.fails("models repair model 9", 2, "has no version 9");
    models.run("models alias model champion --remove --by ada");
    let hint = "`model` has no champion, and what is made with it can't be made again without\n  hint: `models alias model champion VERSION` points it";
    models.fails("models repair model 1 --dry-run", 2, hint);
    models.fails("models repair model 1", 2, hint);
    models.fails("models repair model 1 --queue", 2, hint);
}

#[test]
fn a_backtest_judges_every_version_on_what_is_held_out_now() {
    let models = Models::new();
    let table = words(&models.run("models backtest model"));
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows[0], "Gate `better_model` against version 2,");
    assert_eq!(rows[1], "on held_out@4");
    assert_eq!(rows[2], "VERSION DECISION held-out error REASON");
    assert_eq!(&rows[3..], ["4 promote 0 1 → 0", "3 keep 2 1 → 2", "2 keep 1 1 → 1", "1 keep 3 1 → 3"]);
    assert_eq!(models.champion(), 2, "nothing moves");
    let asked = models.json("models backtest model --last 1 --json --set model:better_model.ask=true");
    assert_eq!(asked["versions"][0]["outcome"], "asks the team");
    assert_eq!(models.json("models show model --json")["backtest"]["versions"], asked["versions"]);
    assert!(models.run("models backtest day_model --partition mon").contains("any_model"));
    models.fails("models backtest plain", 2, "no gate judges `plain`");
    let none = "no version of `model` is in shadow\n  hint: `models versions model` has what each version is";
    models.fails("models judge model", 2, none);
    models.fails("models judge model@4", 2, "version 4 of `model` isn't in shadow");
    let kept = models.json("models show model --json")["backtest"].clone();
    for wrong in ["model:better_model.askk=true", "nope.x=1"] {
        models.fails(&format!("models backtest model --set {wrong}"), 2, wrong.split_once(".").unwrap().0);
    }
    assert_eq!(models.json("models show model --json")["backtest"], kept, "nothing was recorded");
    models.fails("models backtest model --last 0", 2, "at least one version is judged");
    Models::empty().fails(
        "models backtest model",
        2,
        "gate `better_model` takes `held_out`, which has no value",
    );
}

#[tokio::test]
async fn a_backtest_is_asked_for_over_http() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let models = Models::new();
    let server = PipelineServer::start(models.command("serve --address 127.0.0.1:0"));
    let ask = async |key: &str, body: Value| {
        let url = format!("{}/api/v1/models/backtest/{key}", server.url);
        let request = reqwest::Client::new().post(url).header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let (status, table) =
        ask("model", json!({ "last": 2, "config": { "model:better_model": { "ask": true } } })).await;
    assert_eq!((status, &table["versions"][0]["outcome"]), (200, &"asks the team".into()), "{table}");
    assert_eq!(models.json("models show model --json")["backtest"]["versions"], table["versions"]);
    let empty = reqwest::Client::new().post(format!("{}/api/v1/models/rollback/model", server.url));
    let answer = empty.header("content-type", "application/json").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "no body of a type is no body");
    let (status, refused) = ask("plain", json!({})).await;
    assert_eq!((status, &refused["error"]["message"]), (422, &"no gate judges `plain`".into()), "{refused}");
}

#[tokio::test]
async fn a_card_of_what_was_reported_says_so() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let models = Models::empty();
    let server = PipelineServer::start(models.command("serve --address 127.0.0.1:0"));
    let url = format!("{}/api/v1/reports/materialization/model", server.url);
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    let response = request.body(json!({ "data_version": "v7" }).to_string()).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 201);
    let card = models.run("models card model");
    assert!(card.contains("| Value | reported, not stored |"), "{card}");
}

#[test]
fn a_repair_that_is_asked_for_twice_queues_its_runs_once() {
    let models = Models::new();
    let queued = || models.json("models repair model@2 --queue --json")["runs"][0]["run"].clone();
    let first = queued();
    assert!(first.is_string(), "{first}");
    assert_eq!(queued(), first);
}

#[test]
fn a_card_says_what_is_recorded() {
    let models = Models::new();
    models.run("models backtest model --json");
    let card = words(&models.run("models card model"));
    for line in [
        "# model@2",
        "A model: a number that should be 10.",
        "| Status | in use |",
        "| Metric | 1.0 (error, lower is better) |",
        "| Owners | ada@example.com |",
        "## Made from",
        "## Moves of aliases",
        "## Last backtest",
        "- predictions, as champion",
    ] {
        assert!(card.lines().any(|one| one == line), "{line} is missing in\n{card}");
    }
    let json = models.json("models card model@3 --format json");
    assert_eq!((&json["version"]["status"], &json["key"]), (&"kept".into(), &"model".into()));
    assert!(
        models.run("models card day_model 1 --partition mon").starts_with("# day_model@1 (partition mon)")
    );
    assert_eq!(models.run("models card model 3"), models.run("models card model@3"));
}

#[test]
fn lineage_goes_both_ways() {
    let models = Models::new();
    let up = words(&models.run("models lineage report"));
    assert!(up.starts_with("report@4 run code"), "{up}");
    let tree = models.json("models lineage report --json");
    let (predictions, model) = (&tree["next"][0], &tree["next"][0]["next"][0]);
    assert_eq!((&predictions["asset"], &predictions["version"]), (&"predictions".into(), &4.into()));
    assert_eq!(
        (&model["asset"], &model["version"], &model["alias"]),
        (&"model".into(), &2.into(), &"champion".into())
    );
    assert_eq!(model["next"][0]["asset"], "training");
    assert_eq!(models.run("models lineage model champion"), models.run("models lineage model@2"));
    let down = models.json("models lineage model@2 --down --json");
    let made: Vec<_> = down["next"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(made, [4, 3, 2], "predictions, newest first");
    let cut = words(&models.run("models lineage model@2 --down --limit 2"));
    assert!(cut.contains("└─ … 2 more"), "{cut}");
}

/// As retention does it: the value goes, the event stays.
#[test]
fn a_version_without_its_value_is_shown_as_such_and_cannot_come_into_use() {
    let models = Models::new();
    remove_values(&models, &[1, 3]);
    assert!(words(&models.run("models versions model")).contains("retired, value removed"));
    models.fails("asset value model@1", 4, "the stored value of `model` was removed by a retention rule");
    models.fails(
        "models promote model 3",
        2,
        "the value of version 3 of `model` was removed by a retention rule",
    );
    let table = words(&models.run("models backtest model"));
    assert!(table.contains("3 value removed") && table.contains("4 promote"), "{table}");
}

#[tokio::main(flavor = "current_thread")]
async fn remove_values(models: &Models, versions: &[u64]) {
    let store = Home::open(&models.home()).await.unwrap().store();
    let query = EventQuery { asset: Some("model".into()), ..EventQuery::default() };
    let made: Vec<_> = store
        .events(query)
        .await
        .unwrap()
        .into_iter()
        .filter(|event| event.body.is_materialization())
        .collect();
    let sequences: Vec<u64> = versions.iter().map(|version| made[*version as usize - 1].sequence).collect();
    store.forget_values(&sequences).await.unwrap();
    store.close().await;
}

#[test]
fn a_pipeline_without_models() {
    let folder = tempfile::tempdir().unwrap();
    let command = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synthetic"));
        command.args(line.split(' ')).env("MILLWORK_HOME", folder.path()).env("SYNTHETIC_GRAPH", "chain:2");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let none = "No asset is a model. A gate, a reader of an alias, or `models alias` makes it one.\n";
    assert_eq!(command("models list"), none);
    assert_eq!(command("models list --json"), "[]\n");
}

#[test]
fn the_history_of_a_version_is_told_in_the_order_of_time() {
    let models = Models::new();
    let history = words(&models.run("models show model@2"));
    let lines: Vec<&str> = history.lines().collect();
    assert_eq!(lines[0], "model@2, in use (champion)");
    assert_eq!(lines[2], "WHEN WHAT FIGURES BY REASON");
    for (line, expected) in lines[3..].iter().zip([
        "made error 1",
        "judged: promote, against version 1 held-out error 1, error of version 1 when it was made 3 gate `better_model` 3 → 1",
        "champion: promoted, after version 1 gate `better_model` 3 → 1",
    ]) {
        assert!(line.ends_with(expected), "{expected}: {history}");
    }
    assert!(!history.contains("Live figures"), "{history}");
    models.fails("models show model@9", 2, "`model` has no version 9");
    models.fails("models show model@staging", 2, "`model` has no alias `staging`");
    let of_day = models.json("models show day_model@1 --partition mon --json");
    assert_eq!((&of_day["partition"], &of_day["entries"][0]["kind"]), (&"mon".into(), &"made".into()));
}

/// Two months of a model with a rollback and a shadow, as `synthetic-life past` writes them.
#[test]
fn live_performance_is_shown_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_synthetic-life"));
        command.args(arguments).env("MILLWORK_HOME", folder.path()).env("NO_COLOR", "1").env("TZ", "UTC");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["past", folder.path().to_str().unwrap()]);
    let shown = run(&["models", "show", "price_model"]);
    assert!(shown.contains("LIVE MAE") && shown.contains("(2026-11-17, "), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("6 ") && line.contains(", shadow)")), "{shown}");
    let history = run(&["models", "show", "price_model@4", "--limit", "50"]);
    let order = [
        "judged: promote, against version 3",
        "champion: promoted, after version 3",
        "champion in window 2026-10-19",
        "champion in window 2026-10-21",
        "champion: version 3 rolled back in its place",
        "Live figures are of what was predicted in use",
    ];
    let places: Vec<_> = order.iter().map(|text| history.find(text)).collect();
    assert!(places.iter().all(Option::is_some), "{places:?}: {history}");
    let unfinished = run(&["models", "show", "price_model@5", "--limit", "50"]);
    assert!(unfinished.contains("champion in window 2026-11-24, unfinished"), "{unfinished}");
    assert!(unfinished.contains("shadow in window 2026-10-27"), "{unfinished}");
}
