//! The HTTP API of a service: retries, sensors, queue and pools, reports from outside, tags of answers, the document.

use crate::support::{Home, PipelineServer};
use millwork_testing::wait_for;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

struct Served(PipelineServer);

impl Served {
    fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    fn start_with(home: &Home, variables: &[(&str, &str)]) -> Self {
        Self(home.serve("", variables))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Client::new().request(method, format!("{}{path}", self.0.url));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let response = request.send().await.unwrap();
        (response.status(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Waits until a run has a status.
    async fn becomes(&self, run: &str, status: &str) -> Value {
        wait_for(async || {
            let shown = self.get(&format!("/api/v1/runs/{run}")).await;
            if shown["status"] == status {
                Ok(shown)
            } else {
                Err(format!("run {run} is not {status}: {shown}"))
            }
        })
        .await
    }
}

#[tokio::test]
async fn a_run_that_cannot_be_requested_is_pending_until_a_person_decides() {
    let home = Home::new();
    let inbox = home.path().with_extension("inbox");
    std::fs::create_dir_all(&inbox).unwrap();
    std::fs::write(inbox.join("a.csv"), "").unwrap();
    home.succeeds("sensors on inbox");
    let folder = ("SERVICE_INBOX", inbox.to_str().unwrap());
    let served = Served::start_with(&home, &[folder, ("SERVICE_SELECTION", "wrok")]);
    served.0.process.line("sensor `inbox`: can't request a run of `wrok`");
    let pending = served.get("/api/v1/pending").await;
    assert_eq!(
        (&pending[0]["instigator"], &pending[0]["state"]),
        (&json!("sensor:inbox"), &json!("waiting"))
    );
    assert_eq!(pending[0]["work"]["run"]["key"], "a.csv");
    assert_eq!(home.json("sensors pending list inbox --json")[0]["id"], pending[0]["id"]);
    assert!(home.succeeds("sensors pending list").contains("run of wrok (key a.csv)"));
    assert_eq!(home.json("schedules pending list --json"), json!([]));
    let page = Client::new().get(format!("{}/automation", served.0.url)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("id=\"pending\"") && page.contains("run of wrok"), "{page}");
    let preview = home.command("sensors preview inbox --cursor 0 --json");
    let preview = { preview }.envs([folder, ("SERVICE_SELECTION", "wrok")]).output().unwrap();
    assert_eq!(preview.status.code(), Some(1));
    assert!(String::from_utf8(preview.stdout).unwrap().contains("did you mean"));
    // It can be retried at once, which fails again, and dropped.
    let id = &pending[0]["id"];
    let retried = served.post(&format!("/api/v1/pending/{id}/retry"), Value::Null).await;
    assert_eq!(retried.0, StatusCode::OK);
    home.succeeds(&format!("sensors pending drop {id}"));
    assert_eq!(served.get("/api/v1/pending").await, json!([]));
    let missing = served.post(&format!("/api/v1/pending/{id}/drop"), Value::Null).await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_sensor_that_blocks_is_shown_as_stuck_and_the_service_goes_on_and_ends() {
    let home = Home::new();
    home.succeeds("sensors on blocks");
    let served = Served::start(&home);
    served.0.process.line("isn't called again until it returns");
    let sensors = served.get("/api/v1/sensors").await;
    let blocks = sensors.as_array().unwrap().iter().find(|sensor| sensor["sensor"] == "blocks").unwrap();
    assert!(blocks["stuck_since"].is_string(), "{blocks}");
    assert!(home.succeeds("sensors list").contains("stuck since"));
    let run = home.queue("work");
    served.becomes(&run, "succeeded").await;
    let id = served.0.process.id();
    let process = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    crate::support::eventually(|| !crate::support::process_lives(id), "the service doesn't end");
    // The function has ended with the process that called it.
    let sensors = home.json("sensors list --json");
    assert!(sensors.as_array().unwrap().iter().all(|sensor| sensor["stuck_since"].is_null()), "{sensors}");
    assert!(!home.succeeds("sensors list").contains("stuck"));
}

#[test]
fn a_preview_of_a_sensor_that_hangs_ends_with_its_time_limit_or_a_signal() {
    let home = Home::new();
    let preview = home.command("sensors preview blocks").output().unwrap();
    let err = String::from_utf8(preview.stderr).unwrap();
    assert_eq!(preview.status.code(), Some(1), "{err}");
    assert!(
        err.contains("sensor `blocks` has not returned after 200ms, the time limit of its function"),
        "{err}"
    );
    // No SIGINT: processes of a background job ignore it.
    let mut hangs = home.command("sensors preview hangs").spawn().unwrap();
    let process = rustix::process::Pid::from_raw(hangs.id().cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    assert!(!hangs.wait().unwrap().success());
}

#[tokio::test]
async fn what_failed_is_retried() {
    let home = Home::new();
    let served = Served::start(&home);
    let config = json!({ "work": { "end": "error", "well_from": 2 } });
    let (_, launched) = served.post("/api/v1/runs", json!({ "selection": "work", "config": config })).await;
    let run = launched["run"].as_str().unwrap().to_owned();
    assert_eq!(served.becomes(&run, "failed").await["class"], "error");
    let (status, retried) = served.post(&format!("/api/v1/runs/{run}/retry"), json!({})).await;
    assert_eq!((status, &retried["run"]), (StatusCode::OK, &launched["run"]));
    served.becomes(&run, "succeeded").await;
    let (status, refused) = served.post(&format!("/api/v1/runs/{run}/retry"), json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["error"]["message"].as_str().unwrap().contains("is succeeded"), "{refused}");
    let again = json!({ "from_scratch": true });
    let (_, repeated) = served.post(&format!("/api/v1/runs/{run}/retry"), again).await;
    assert_ne!(repeated["run"], launched["run"]);
    let repeated = served.becomes(repeated["run"].as_str().unwrap(), "failed").await;
    assert_eq!(repeated["request"]["tags"]["millwork/retry_of"], run.as_str());
}

#[tokio::test]
async fn what_is_reported_from_outside_is_in_the_log() {
    let home = Home::new();
    let served = Served::start(&home);
    let report = json!({ "data_version": "v7", "metadata": { "rows": 3, "source": "sap", "share": 0.5 } });
    for (kind, body) in [
        ("materialization", report.clone()),
        ("observation", report),
        ("check", json!({ "check": "is_complete", "passed": false, "description": "3 rows" })),
    ] {
        let (status, answer) = served.post(&format!("/api/v1/reports/{kind}/work"), body).await;
        assert_eq!((status, answer["sequence"].is_u64()), (StatusCode::CREATED, true), "{answer}");
    }
    let first = served.get("/api/v1/assets?limit=2").await;
    assert_eq!((&first["assets"][0]["key"], &first["next"]), (&json!("after_work"), &json!("hungry")));
    let second = served.get("/api/v1/assets?after=hungry").await;
    assert_eq!((&second["assets"][2]["key"], &second["next"]), (&json!("work"), &json!(null)));
    assert_eq!(second["assets"][0]["state"], "missing");
    let asset = served.get("/api/v1/assets/work").await;
    let body = &asset["latest"][0]["materialization"]["body"];
    assert_eq!((&body["data_version"], &body["stored"]["in"]), (&json!("v7"), &json!("elsewhere")));
    assert_eq!(body["metadata"]["rows"], json!({ "type": "int", "value": 3 }));
    let (status, refused) =
        served.post("/api/v1/reports/check/nope", json!({ "check": "x", "passed": true })).await;
    assert_eq!((status, &refused["error"]["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    // The asset downstream can't load a value that isn't here, and its failure says so.
    let (_, launched) = served.post("/api/v1/runs", json!({ "selection": "after_work" })).await;
    let failed = served.becomes(launched["run"].as_str().unwrap(), "failed").await;
    assert!(failed["reason"].as_str().unwrap().contains("has no stored value"), "{failed}");
}

#[tokio::test]
async fn the_queue_the_pools_and_the_switches() {
    let home = Home::new();
    let served = Served::start(&home);
    let slow = json!({ "work": { "millis": 30_000 } });
    let body = json!({ "selection": "work", "config": slow, "tags": { "customer": "x" } });
    let (_, first) = served.post("/api/v1/runs", body.clone()).await;
    let first = first["run"].as_str().unwrap();
    served.becomes(first, "running").await;
    let (_, second) = served.post("/api/v1/runs", body).await;
    let waiting = served.get("/api/v1/queue").await;
    assert_eq!(waiting["waiting"][0]["run"], second["run"]);
    assert!(waiting["waiting"][0]["waits"].as_str().unwrap().contains("customer=x"), "{waiting}");
    assert_eq!(served.get("/api/v1/pools").await[0]["slots"], 2);
    for sensor in ["inbox", "hangs"] {
        let (status, switched) =
            served.post(&format!("/api/v1/sensors/{sensor}"), json!({ "on": true })).await;
        assert_eq!((status, &switched["on"]), (StatusCode::OK, &json!(true)));
    }
    assert_eq!(served.get("/api/v1/sensors").await[0]["on"], true);
    let metrics = reqwest::get(format!("{}/metrics", served.0.url)).await.unwrap().text().await.unwrap();
    for line in
        ["millwork_runs_running 1", "millwork_pool_slots{pool=\"memory_gb\"} 2", "millwork_store_bytes "]
    {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    served.post(&format!("/api/v1/runs/{first}/cancel"), json!({})).await;
    served.becomes(first, "canceled").await;
}

#[tokio::test]
async fn who_has_an_answer_gets_none_again() {
    let home = Home::new();
    let served = Served::start(&home);
    let url = format!("{}/api/v1/openapi.json", served.0.url);
    let document = reqwest::get(&url).await.unwrap();
    let tag = document.headers()["etag"].clone();
    let document: Value = serde_json::from_str(&document.text().await.unwrap()).unwrap();
    assert!(document["paths"]["/api/v1/runs/{run}/retry"]["post"].is_object());
    let again = Client::new().get(&url).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(again.text().await.unwrap().is_empty());
}
