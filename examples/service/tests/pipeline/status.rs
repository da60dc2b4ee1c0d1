//! The command line, the API and the pages agree on the status of an asset.

use std::collections::BTreeMap;

use crate::support::{Home, PipelineServer};
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{Failure, FailureKind, RunId, RunRequest};
use millwork_core::{Clock as _, SystemClock};
use millwork_storage::{Batch, Home as StoredHome, NewRun};
use millwork_testing::wait_for;
use reqwest::Client;
use serde_json::{Value, json};

/// The state of each asset.
type States = BTreeMap<String, String>;

fn states_of(list: &Value, key: &str) -> States {
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|entry| (text(entry, key), text(entry, "state"))).collect()
}

/// The text between two others, at its first place.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// A step failed in a run that was canceled because of it.
async fn fails_in_a_canceled_run(home: &Home, step: &str) {
    let home = StoredHome::open(home.path()).await.unwrap();
    let (store, at) = (home.store(), SystemClock.now());
    let id = RunId::new(at);
    store.create_run(NewRun { id, request: RunRequest::default(), at, lease: None }).await.unwrap();
    let of_step = |body| NewEvent { step: Some(step.into()), attempt: 1, ..NewEvent::of_run(id, at, body) };
    let failure = Failure::new(FailureKind::Error, "no luck");
    let events = vec![
        NewEvent::of_run(id, at, EventBody::RunStarted { epoch: 1 }),
        of_step(EventBody::StepStarted),
        of_step(EventBody::StepFailed { failure }),
        NewEvent::of_run(id, at, EventBody::RunCanceling),
        NewEvent::of_run(id, at, EventBody::RunCanceled),
    ];
    store.append(Batch { fence: None, events }).await.unwrap();
    store.close().await;
}

struct Served {
    server: PipelineServer,
    client: Client,
}

impl Served {
    fn start(home: &Home) -> Self {
        Self { server: home.serve("", &[]), client: Client::new() }
    }

    async fn get(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.server.url)).header("accept", "text/html");
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        answer.text().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.server.url)).body(body.to_string());
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn by_the_api(&self) -> States {
        let answer: Value = serde_json::from_str(&self.get("/api/v1/assets").await).unwrap();
        states_of(&answer["assets"], "key")
    }

    /// The states in the rows of the catalog.
    async fn by_the_catalog(&self) -> States {
        let page = self.get("/assets").await;
        let rows = page.split("<tr data-key=\"").skip(1).map(|row| {
            let key = row.split('"').next().unwrap().to_owned();
            (key, between(row, "<span class=\"state ", "\"").unwrap().to_owned())
        });
        rows.collect()
    }

    /// The state in the heading of each asset's page, and in the drawing of the graph.
    async fn by_pages_and_graph(&self, assets: &States) -> (States, States) {
        let (mut pages, mut drawn) = (States::new(), States::new());
        let graph = self.get("/graph.svg").await;
        for key in assets.keys() {
            let page = self.get(&format!("/assets/{key}")).await;
            let heading = between(&page, "<h1>", "</h1>").unwrap();
            pages.insert(key.clone(), between(heading, "class=\"state ", "\"").unwrap().to_owned());
            let card = graph.split("<g class=\"asset ").skip(1).find(|card| {
                between(card, "<title>", "</title>").unwrap().lines().next() == Some(key.as_str())
            });
            let state = card.unwrap().split([' ', '"']).next().unwrap();
            drawn.insert(key.clone(), state.to_owned());
        }
        (pages, drawn)
    }
}

/// Waits until all of them give the expected answer.
async fn check(home: &Home, served: &Served, expected: [(&str, &str); 5]) {
    let expected: States =
        expected.into_iter().map(|(key, state)| (key.to_owned(), state.to_owned())).collect();
    wait_for(async || {
        let found = served.by_the_api().await;
        if found == expected { Ok(()) } else { Err(format!("{expected:?} is not {found:?}")) }
    })
    .await;
    assert_eq!(states_of(&home.json("status --json"), "asset"), expected, "the command line");
    assert_eq!(served.by_the_catalog().await, expected, "the catalog");
    let (pages, drawn) = served.by_pages_and_graph(&expected).await;
    assert_eq!(pages, expected, "the pages");
    assert_eq!(drawn, expected, "the graph");
}

#[tokio::test]
async fn commands_api_pages_and_drawings_say_the_same() {
    let home = Home::new();
    home.succeeds("materialize +after_work");
    home.succeeds("materialize hungry");
    home.succeeds("materialize work --set work.millis=1");
    fails_in_a_canceled_run(&home, "leaves_a_process").await;
    let served = Served::start(&home);
    let at_rest = [
        ("after_work", "stale"),
        ("hungry", "fresh"),
        ("leaves_a_process", "failed"),
        ("waits_for_a_process", "missing"),
        ("work", "fresh"),
    ];
    check(&home, &served, at_rest).await;

    let body = json!({ "selection": "work", "config": { "work": { "end": "waits" } } });
    let run = served.post("/api/v1/runs", body).await["run"].as_str().unwrap().to_owned();
    check(&home, &served, at_rest.map(|(key, state)| (key, if key == "work" { "running" } else { state })))
        .await;
    let work = &home.json("status work --json")[0];
    assert_eq!(work["run"], run.as_str(), "{work}");

    served.post("/api/v1/reports/check/hungry", json!({ "check": "is_full", "passed": false })).await;
    served.post(&format!("/api/v1/runs/{run}/cancel"), json!({})).await;
    check(&home, &served, at_rest).await;
    assert_eq!(home.json("status hungry --json")[0]["failing_checks"], json!(["is_full"]));
    assert!(served.get("/assets").await.contains("<span class=\"state fail\">is_full</span>"));
}

#[tokio::test]
async fn what_failed_is_not_called_up_to_date() {
    let home = Home::new();
    home.succeeds("materialize hungry");
    assert!(home.succeeds("materialize hungry --stale").contains("what can be made is up to date"));
    assert_eq!(home.succeeds("materialize hungry --stale --dry-run"), "No step would run.\n");
    fails_in_a_canceled_run(&home, "hungry").await;
    let output = home.succeeds("materialize hungry --stale");
    assert!(output.contains("Nothing is stale or missing: nothing to do for 1 selected."), "{output}");
    assert!(output.contains("  hungry failed the last time, but has a value"), "{output}");
    let states = states_of(&home.json("status hungry --json"), "asset");
    assert_eq!(states["hungry"], "failed");
    let help = home.succeeds("status --help") + &home.succeeds("why --help");
    assert_eq!(help.matches("running, failed or external").count(), 2, "{help}");
}
