//! The configuration of materializations, in the API and on pages.

use millwork_core::{
    AssetDefinition, Config, Definitions, FromStep as _, PartitionsDefinition, RecordedConfig,
};
use serde_json::{Value, json};

use crate::served::Served;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Training {
    /// Where the rows come from.
    source: String,
    #[serde(default = "twenty")]
    rounds: u32,
    #[serde(default)]
    tree: Tree,
}

#[derive(Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Tree {
    #[serde(default)]
    depth: u32,
}

fn twenty() -> u32 {
    20
}

fn definitions() -> Definitions {
    let asset = |key: &str| AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8));
    let model =
        asset("model").policy(|computation| Config::<Training>::requirements(&mut computation.requirements));
    let daily = asset("daily").partitions(PartitionsDefinition::fixed(["monday"]));
    Definitions::new()
        .assets([model, asset("plain"), daily])
        .config(json!({ "model": { "source": "web", "tree": { "depth": 6 } } }))
}

fn training(rounds: u32, depth: u32) -> Value {
    json!({ "source": "web", "rounds": rounds, "tree": { "depth": depth } })
}

/// The model of an earlier version, one of the former standing configuration, and one with an override.
async fn served() -> Served {
    let served = Served::start(definitions()).await;
    served.make("model").await;
    served.make_with("model", Some(RecordedConfig { effective: training(20, 4), standing: None })).await;
    let overridden = RecordedConfig { effective: training(40, 4), standing: Some(training(20, 4)) };
    served.make_with("model", Some(overridden)).await;
    served
}

fn numbers(page: &Value) -> Vec<u64> {
    let found = page["materializations"].as_array().unwrap();
    found.iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn materializations_are_listed_and_found_by_their_configuration() {
    let served = served().await;
    let path = "/api/v1/materializations/model";
    let all = served.get(path).await;
    assert_eq!((numbers(&all), &all["next"]), (vec![3, 2, 1], &Value::Null));
    let newest = &all["materializations"][0]["body"]["config"];
    assert_eq!(*newest, json!({ "effective": training(40, 4), "standing": training(20, 4) }));
    assert_eq!(all["materializations"][2]["body"].get("config"), None);
    for (query, expected) in [
        ("config=rounds=40", vec![3]),
        ("config=rounds=20.0", vec![2]),
        ("config=tree.depth=4", vec![3, 2]),
        ("config=source=web&limit=1", vec![3]),
        ("config=rounds=7", vec![]),
        ("before=3", vec![2, 1]),
        ("limit=0", vec![]),
    ] {
        assert_eq!(numbers(&served.get(&format!("{path}?{query}")).await), expected, "{query}");
    }
    assert_eq!(served.get(&format!("{path}?limit=2")).await["next"], 2);
    let refused = async |path: &str, status: u16, message: &str| {
        let (found, answer) = served.ask(reqwest::Method::GET, path, None).await;
        assert_eq!((found, answer["error"]["message"].as_str()), (status, Some(message)), "{answer}");
    };
    let no_filter = "`rounds` is not a field of a configuration with its value";
    refused(&format!("{path}?config=rounds"), 422, no_filter).await;
    refused("/api/v1/materializations/modle", 404, "no asset is called `modle`").await;
    let unknown = "asset `daily` has no partition `friday`";
    refused("/api/v1/materializations/daily?partition=friday", 422, unknown).await;
    let no_parameter = "`GET /api/v1/materializations/{key}` takes no parameter `configs`";
    refused(&format!("{path}?configs=rounds=1"), 400, no_parameter).await;
}

#[tokio::test]
async fn an_asset_has_its_standing_configuration_and_what_has_changed_of_it() {
    let served = served().await;
    assert_eq!(served.get("/api/v1/assets/model").await["standing_config"], training(20, 6));
    assert_eq!(served.get("/api/v1/assets/plain").await["standing_config"], Value::Null);
    let page =
        served.page_with("/assets/model", "the standing configuration changed: tree.depth 4 → 6").await;
    for text in [
        "<div>rounds <code>40</code> <span class=\"tag\">overridden</span> standing: <code>20</code></div>",
        "<div>tree.depth <code>4</code></div>",
        "<div>tree.depth <code>6</code></div>",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    served.page_with("/assets/model?at=1", "<dd>not recorded</dd>").await;
}

#[tokio::test]
async fn configurations_of_two_materializations_are_compared() {
    let served = served().await;
    let page = served.page_with("/assets/model?at=3&with=2", "configuration rounds").await;
    for text in ["<div class=\"clip\">20</div>", "<b class=\"clip\">40</b>", "+20 (+100.0 %)"] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("configuration tree.depth"), "{page}");
    let page = served.page_with("/assets/model?at=3&with=1", "<th scope=\"row\">configuration</th>").await;
    assert!(page.contains("<div class=\"clip\">not recorded</div>"), "{page}");
}

#[tokio::test]
async fn a_run_shows_the_configuration_of_its_outputs() {
    let served = Served::start(definitions()).await;
    let run = served.stored(|request| request.assets = vec!["model".into()]).await;
    let overridden = RecordedConfig { effective: training(40, 6), standing: Some(training(20, 6)) };
    served.make_in(Some(run), "model", Some(overridden)).await;
    let page = served.page_with(&format!("/runs/{run}"), "<code>rounds=40*</code>").await;
    for text in
        ["<th scope=\"col\">Configuration</th>", "<code>tree.depth=6</code>", "marks what this run overrides"]
    {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

#[tokio::test]
async fn the_form_of_a_launch_shows_what_stands() {
    let served = served().await;
    let page = served.page_with("/launch?selection=model", "config:model:rounds").await;
    for text in [
        "name=\"config:model:source\" value=\"\" placeholder=\"web\"",
        "name=\"config:model:tree/depth\" value=\"\" placeholder=\"6\"",
        "makes nothing stale",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    assert!(!page.contains("(required)"), "{page}");
    // An empty field leaves what stands; the run has only what is its own.
    assert_eq!(served.form("/launch", "selection=model&config%3Amodel%3Arounds=7").await.0, 303);
    let run = &served.get("/api/v1/runs").await["runs"][0];
    assert_eq!(run["request"]["config"], json!({ "model": { "rounds": 7 } }));
}
