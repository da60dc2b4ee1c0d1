//! The HTTP API through the binary: launching, watching, and access control.

use crate::support::Home;
use millwork_testing::{PATIENCE, PipelineServer, wait_for};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123";

/// A server and its client.
pub(crate) struct Served(PipelineServer);

impl Served {
    pub(crate) fn start(home: &Home, token: Option<&str>) -> Self {
        let token = token.map(|token| ("MILLWORK_TOKEN", token));
        Self(home.serve("", token.as_slice()))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = Client::new().request(method, format!("{}{path}", self.0.url)).bearer_auth(TOKEN);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.ask(Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }
}

async fn check_error(response: Response, status: StatusCode, code: &str, message: &str) {
    assert_eq!(response.status(), status);
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], code, "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains(message), "{body}");
}

#[tokio::test]
async fn a_run_is_launched_and_watched_to_its_end() {
    let home = Home::new();
    let served = Served::start(&home, None);
    let mut stream = served.ask(Method::GET, "/api/v1/events/stream", None).await;
    let launched =
        served.ask(Method::POST, "/api/v1/runs", Some(json!({ "selection": "hackernews_stories" }))).await;
    assert_eq!(launched.status(), StatusCode::CREATED);
    let place = launched.headers()["location"].to_str().unwrap().to_owned();
    let mut seen = String::new();
    while !seen.contains("event: run_succeeded") {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await;
        seen.push_str(&String::from_utf8_lossy(&chunk.expect("events").unwrap().unwrap()));
    }
    let run = served.get(&place).await;
    // The asset, and its check.
    assert_eq!((&run["status"], run["steps"].as_array().unwrap().len()), (&json!("succeeded"), 2));
    let asset = served.get("/api/v1/assets/hackernews_stories").await;
    assert!(asset["latest"][0]["materialization"]["body"]["data_version"].is_string(), "{asset}");
    let events = served.get("/api/v1/events?limit=2").await;
    let more = served.get(&format!("/api/v1/events?limit=2&after={}", events["next"])).await;
    assert_eq!((&events["events"][0]["sequence"], &more["events"][0]["sequence"]), (&json!(1), &json!(3)));
}

#[tokio::test]
async fn the_token_protects_everything_but_health() {
    let home = Home::new();
    let served = Served::start(&home, Some(TOKEN));
    for (path, status) in
        [("/healthz", 200), ("/readyz", 200), ("/metrics", 401), ("/api/v1/runs", 401), ("/", 401)]
    {
        let response = reqwest::get(format!("{}{path}", served.0.url)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert!(!response.text().await.unwrap().contains(TOKEN));
    }
    assert!(served.get("/api/v1/runs").await["runs"].as_array().unwrap().is_empty());
    let metrics = served.ask(Method::GET, "/metrics", None).await.text().await.unwrap();
    assert!(metrics.contains("\nmillwork_runs_queued 0\n"), "{metrics}");
}

#[tokio::test]
async fn invalid_requests_have_errors_of_one_shape() {
    let home = Home::new();
    let served = Served::start(&home, None);
    for (body, message) in [
        (json!({ "selection": "nope" }), "no asset is called `nope`"),
        (json!({}), "either `selection` or `job`"),
        (
            json!({ "selection": "*", "config": { "hackernews_stories": { "items": "x" } } }),
            "hackernews_stories",
        ),
        (json!({ "selecton": "*" }), "unknown field `selecton`"),
    ] {
        let response = served.ask(Method::POST, "/api/v1/runs", Some(body)).await;
        check_error(response, StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).await;
    }
    let large = json!({ "selection": "x".repeat(2 << 20) });
    let response = served.ask(Method::POST, "/api/v1/runs", Some(large)).await;
    assert!(response.status().is_client_error());
    let response = served.ask(Method::GET, "/api/v1/runs/ffff", None).await;
    check_error(response, StatusCode::NOT_FOUND, "not_found", "no run is called `ffff`").await;
    let response = Client::new()
        .post(format!("{}/api/v1/runs", served.0.url))
        .header("origin", "http://elsewhere.example")
        .body("{}")
        .send()
        .await
        .unwrap();
    check_error(response, StatusCode::FORBIDDEN, "cross_site", "other web sites").await;
}

#[test]
fn other_machines_need_a_token() {
    let home = Home::new();
    for (token, expected) in [(None, "there is no token"), (Some("short"), "the token has 5 characters")] {
        let mut command = home.command("serve --address 0.0.0.0:0");
        token.map(|token| command.env("MILLWORK_TOKEN", token));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
    }
}

#[tokio::test]
async fn automation_is_shown_and_switched() {
    let home = Home::new();
    let served = Served::start(&home, None);
    let (all, score) = ("/api/v1/automation", "/api/v1/automation/comments_model_test_set_r_squared");
    // The daemon of the same process evaluates it, soon after the start.
    let shown = wait_for(async || {
        let shown = served.get(score).await;
        if shown["explanation"].is_object() { Ok(shown) } else { Err(shown.to_string()) }
    })
    .await;
    assert_eq!(shown["explanation"]["outcome"], "not_due", "{shown}");
    assert!(shown["text"].as_str().unwrap().contains("`any_deps_missing` holds"), "{shown}");
    for (path, on) in [(all, false), (score, false), (all, true)] {
        let response = served.ask(Method::POST, path, Some(json!({ "on": on }))).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
    let list = served.get(all).await;
    assert_eq!((&list["on"], &list["assets"][0]["on"]), (&json!(true), &json!(false)), "{list}");
    let response = served.ask(Method::GET, "/api/v1/automation/hackernews_stories", None).await;
    let message = "asset `hackernews_stories` has no automation condition";
    check_error(response, StatusCode::NOT_FOUND, "not_found", message).await;
}
