//! The API of a pipeline: what it launches, what it refuses, and in which shape.
#![allow(clippy::unwrap_used, reason = "a test may panic, also in the functions that it calls")]

mod served;

use millwork_core::{AssetDefinition, Config, Definitions, FromStep as _, Job, PartitionsDefinition};
use reqwest::Method;
use serde_json::json;
use served::Served;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code, reason = "only the schema is used")]
struct Load {
    #[serde(default)]
    rows: u32,
    #[serde(default)]
    source: String,
}

fn asset(key: &str) -> AssetDefinition {
    AssetDefinition::new(key).produces::<u8, _>().blocking(|_| Ok(0_u8))
}

fn definitions() -> Definitions {
    Definitions::new()
        .asset(
            asset("load").policy(|computation| Config::<Load>::requirements(&mut computation.requirements)),
        )
        .asset(asset("daily").partitions(PartitionsDefinition::fixed(["monday", "tuesday"])))
        .job(
            Job::new("nightly", "load")
                .config(json!({ "load": { "rows": 5, "source": "a" } }))
                .tag("team", "data"),
        )
}

#[tokio::test]
async fn a_jobs_configuration_is_laid_under_what_is_given() {
    let served = Served::start(definitions()).await;
    let body = json!({ "job": "nightly", "config": { "load": { "rows": 7 } }, "tags": { "why": "x" } });
    let (status, launched) = served.post("/api/v1/runs", body).await;
    assert_eq!(status, 201, "{launched}");
    let run = served.get(&format!("/api/v1/runs/{}", launched["run"].as_str().unwrap())).await;
    assert_eq!(run["request"]["config"], json!({ "load": { "rows": 7, "source": "a" } }));
    let tags = json!({ "millwork/job": "nightly", "millwork/queue": "default", "team": "data", "why": "x" });
    assert_eq!(run["request"]["tags"], tags);
}

#[tokio::test]
async fn what_is_launched_is_checked() {
    let served = Served::start(definitions()).await;
    let refused = async |body, status: u16, message: &str| {
        let (found, answer) = served.post("/api/v1/runs", body).await;
        assert_eq!((found, answer["error"]["message"].as_str()), (status, Some(message)), "{answer}");
    };
    refused(json!({ "job": "nightli" }), 404, "no job is called `nightli`").await;
    refused(json!({ "selection": "laod" }), 422, "no asset is called `laod`").await;
    let unknown = "asset `daily` has no partition `friday`";
    refused(json!({ "selection": "daily", "partition": "friday" }), 422, unknown).await;
    let config = json!({ "load": { "rowz": 1 } });
    refused(json!({ "selection": "load", "config": config }), 422, "`load` takes no parameter `rowz`").await;
    let tags = json!({ "millwork/max_runtime": "soon" });
    let soon = "the tag `millwork/max_runtime` can't be `soon`";
    refused(json!({ "selection": "load", "tags": tags }), 422, soon).await;
    assert_eq!(served.get("/api/v1/runs").await["runs"], json!([]));
    let form = "selection=load&tags=millwork%2Fretries%3Dmany";
    let page = served.form("/launch", form).await;
    assert!(page.1.contains("the tag `millwork/retries` can&#39;t be `many`"), "{}", page.1);
    assert_eq!(page.0, 422);
}

#[tokio::test]
async fn what_the_form_takes_out_of_a_job_stays_out() {
    let served = Served::start(definitions()).await;
    let (status, _) = served.form("/launch", "job=nightly&config%3Aload%3Arows=7").await;
    assert_eq!(status, 303);
    let run = &served.get("/api/v1/runs").await["runs"][0];
    assert_eq!(run["request"]["config"], json!({ "load": { "rows": 7 } }));
    assert_eq!(run["request"]["tags"], json!({ "millwork/job": "nightly", "millwork/queue": "default" }));
}

#[tokio::test]
async fn a_retry_that_cannot_run_is_refused() {
    let served = Served::start(definitions()).await;
    let gone = served.stored(|request| request.assets = vec!["gone".into()]).await;
    let path = format!("/api/v1/runs/{gone}/retry");
    let (status, answer) = served.ask(Method::POST, &path, Some(json!({ "from_scratch": true }))).await;
    let message = "the run asks for asset `gone`, which is not part of the definitions any more";
    assert_eq!((status, answer["error"]["message"].as_str()), (422, Some(message)));
}
