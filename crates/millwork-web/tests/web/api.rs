//! The API of a pipeline: what it launches, what it refuses, and in which shape.

use crate::served::Served;
use millwork_core::{
    AssetDefinition, Config, Definitions, FromStep as _, Job, Misfire, PartitionsDefinition, Schedule,
};
use reqwest::Method;
use serde_json::json;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
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
        .asset(AssetDefinition::new("outside"))
        .asset(asset("daily").partitions(PartitionsDefinition::fixed(["monday", "tuesday"])))
        .job(
            Job::new("nightly", "load")
                .config(json!({ "load": { "rows": 5, "source": "a" } }))
                .tag("team", "data"),
        )
        .schedule(Schedule::new("hourly", ["@hourly"], "load").misfire(Misfire::All { limit: 3 }))
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
async fn a_form_starts_no_run_by_a_value_that_it_has_no_button_for() {
    let served = Served::start(definitions()).await;
    let (_, launched) = served.post("/api/v1/runs", json!({ "selection": "load" })).await;
    let run = launched["run"].as_str().unwrap();
    let selected = format!("/runs/{run}/selected");
    for (path, fields, problem) in [
        (&*selected, "step=load&which=bogus", "`which` can&#39;t be `bogus`"),
        (&*selected, "step=load&which=these&which=downstream", "`which` can&#39;t be `these, downstream`"),
        (&*selected, "step=load", "`which` can&#39;t be ``"),
        (&*selected, "step=load&step=gone&which=these", "the definitions have no step `gone` any more"),
        (&*selected, "which=these", "no step is selected"),
        ("/launch", "selection=load&stale_only=bogus", "`stale_only` can&#39;t be `bogus`"),
        ("/launch", "selection=load&job=bogus", "a request has either `selection` or `job`"),
        ("/runs", "selection=load&stale_only=bogus", "not `true` or `false`"),
    ] {
        let (status, page) = served.form(path, fields).await;
        assert_eq!(status, 422, "{path} {fields}: {page}");
        assert!(page.contains(problem), "{path} {fields}: {page}");
    }
    for (path, fields, status) in [
        ("/automation/switch", "name=schedule:hourly&on=bogus", 422),
        ("/automation/switch", "name=bogus&on=true", 404),
        ("/automation/deliveries", "delivery=1&decision=bogus", 422),
        ("/automation/pending", "pending=1&decision=bogus", 422),
    ] {
        assert_eq!(served.form(path, fields).await.0, status, "{path} {fields}");
    }
    assert_eq!(served.get("/api/v1/runs").await["runs"].as_array().unwrap().len(), 1);
    assert_eq!(served.form(&selected, "step=load&which=downstream").await.0, 303);
    let page = served.page_with("/runs?status=bogus", "is not a status of a run").await;
    assert!(page.contains("queued, running"), "{page}");
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

#[tokio::test]
async fn errors_have_one_shape() {
    let served = Served::start(definitions()).await;
    let check = async |method: Method, path: &str, status: u16, code: &str, message: &str| {
        let (found, answer) = served.ask(method, path, None).await;
        let error = &answer["error"];
        assert_eq!((found, error["code"].as_str()), (status, Some(code)), "{path}: {answer}");
        assert_eq!(error["message"].as_str(), Some(message), "{path}");
        assert!(error.as_object().unwrap().contains_key("hint"));
    };
    let digits = "failed to deserialize query string: limit: invalid digit found in string";
    check(Method::GET, "/api/v1/runs?limit=abc", 422, "invalid", digits).await;
    check(Method::GET, "/api/v1/nothing", 404, "not_found", "the path `/api/v1/nothing` does not exist")
        .await;
    check(Method::GET, "/nothing", 404, "not_found", "the path `/nothing` does not exist").await;
    let takes_none = "`/api/v1/runs` takes no DELETE";
    check(Method::DELETE, "/api/v1/runs", 405, "method_not_allowed", takes_none).await;
    check(Method::PUT, "/healthz", 405, "method_not_allowed", "`/healthz` takes no PUT").await;
    let no_number = "invalid URL: Cannot parse `x` to a `u64`";
    check(Method::POST, "/api/v1/alerts/deliveries/x/retry", 422, "invalid", no_number).await;
    for path in ["/api/v1/runs", "/api/v1/reports/check/load", "/api/v1/automation"] {
        let (status, answer) = served.text("application/json", path, "{").await;
        assert_eq!((status, answer["error"]["code"].as_str()), (422, Some("invalid")), "{path}: {answer}");
        let large = format!("\"{}\"", "x".repeat(1 << 20));
        let (status, answer) = served.text("application/json", path, &large).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (413, Some("too_large")), "{path}: {answer}");
        assert_eq!(answer["error"]["message"], "the body is larger than 1024 KiB");
    }
    let (status, answer) = served.text("text/plain", "/api/v1/runs", "{}").await;
    assert_eq!((status, answer["error"]["code"].as_str()), (422, Some("invalid")), "{answer}");
}

#[tokio::test]
async fn a_browser_is_shown_errors_as_pages() {
    let served = Served::start(definitions()).await;
    for (path, status, text) in [
        ("/api/v1/runs?limit=abc", 422, "limit: invalid digit found in string"),
        ("/api/v1/runs/nothing", 404, "no run is called `nothing`"),
        ("/runs/nothing", 404, "no run is called `nothing`"),
        ("/nothing", 404, "the path `/nothing` does not exist"),
        ("/launch?stale_only=perhaps", 422, "stale_only"),
        ("/values/x", 422, "Cannot parse"),
        ("/runs/x/cancel", 405, "`/runs/x/cancel` takes no GET"),
    ] {
        let request = served.client.get(format!("{}{path}", served.url)).header("accept", "text/html");
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert!(response.headers().contains_key("content-security-policy"), "{path}");
        let page = response.text().await.unwrap();
        assert!(page.to_lowercase().contains("<!doctype html>") && page.contains(text), "{path}: {page}");
    }
}

#[tokio::test]
async fn no_rows_are_asked_for_and_none_come() {
    let served = Served::start(definitions()).await;
    served.post("/api/v1/runs", json!({ "selection": "load" })).await;
    assert_eq!(served.get("/api/v1/runs?limit=0").await, json!({ "runs": [], "next": null }));
    assert_eq!(served.get("/api/v1/assets?limit=0").await, json!({ "assets": [], "next": null }));
    assert_eq!(served.get("/api/v1/events?limit=0&after=1").await, json!({ "events": [], "next": 1 }));
    assert_eq!(served.get("/api/v1/alerts/deliveries?limit=0").await, json!([]));
    assert_eq!(served.get("/api/v1/pending?limit=0").await, json!([]));
    assert_eq!(served.get("/api/v1/runs?limit=1").await["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_limit_of_any_size_is_at_most_the_largest_page() {
    let served = Served::start(definitions()).await;
    for path in ["runs", "assets", "events", "alerts/deliveries", "pending", "schedules/hourly/ticks"] {
        let expected = served.get(&format!("/api/v1/{path}")).await;
        for limit in ["100000", "4294967295", "4294967296", "18446744073709551616", &"9".repeat(100)] {
            assert_eq!(
                served.get(&format!("/api/v1/{path}?limit={limit}")).await,
                expected,
                "{path} {limit}"
            );
        }
        for limit in ["-1", "", "1e3", "1.0"] {
            let (status, answer) =
                served.ask(Method::GET, &format!("/api/v1/{path}?limit={limit}"), None).await;
            assert_eq!(status, 422, "{path} {limit}: {answer}");
        }
    }
}

#[tokio::test]
async fn head_is_answered_as_get_is_without_the_content() {
    let served = Served::start(definitions()).await;
    for path in
        ["/api/v1/graph", "/api/v1/runs?limit=3", "/api/v1/openapi.json", "/api/v1/nothing", "/healthz"]
    {
        let ask = async |method: Method, known: Option<&reqwest::header::HeaderValue>| {
            let mut request = served.client.request(method, format!("{}{path}", served.url));
            if let Some(known) = known {
                request = request.header("if-none-match", known);
            }
            let response = request.send().await.unwrap();
            let (status, mut headers) = (response.status().as_u16(), response.headers().clone());
            headers.remove("date");
            if status == 304 {
                // An answer without content has no length of its own.
                headers.remove("content-length");
            }
            (status, headers, response.bytes().await.unwrap().len())
        };
        let (status, headers, _) = ask(Method::GET, None).await;
        assert_eq!(ask(Method::HEAD, None).await, (status, headers.clone(), 0), "{path}");
        if status == 200 && path.starts_with("/api") {
            let tag = headers.get("etag").unwrap();
            let known = ask(Method::GET, Some(tag)).await;
            assert_eq!(known.0, 304, "{path}");
            assert_eq!(ask(Method::HEAD, Some(tag)).await, known, "{path}");
        }
    }
}

#[tokio::test]
async fn any_answer_is_known_to_a_client_that_asks_for_a_new_one_only() {
    let served = Served::start(definitions()).await;
    let url = format!("{}/api/v1/assets", served.url);
    let tag = served.client.get(&url).send().await.unwrap().headers()["etag"].clone();
    let tag = tag.to_str().unwrap();
    for (known, expected) in [
        (vec!["*"], 304),
        (vec![tag], 304),
        (vec!["\"other\"", tag], 304),
        (vec!["\"other\""], 200),
        (vec!["\"*\""], 200),
    ] {
        let mut request = served.client.get(&url);
        for known in &known {
            request = request.header("if-none-match", *known);
        }
        assert_eq!(request.send().await.unwrap().status(), expected, "{known:?}");
    }
    let absent = served.client.get(format!("{url}/nope")).header("if-none-match", "*").send().await.unwrap();
    assert_eq!(absent.status(), 404);
}

#[tokio::test]
async fn what_is_up_to_date_is_not_launched() {
    let served = Served::start(definitions()).await;
    let stale = json!({ "selection": "load", "stale_only": true });
    assert_eq!(served.post("/api/v1/runs", stale.clone()).await.0, 201);
    served.make("load").await;
    let (status, answer) = served.post("/api/v1/runs", stale).await;
    assert_eq!(
        (status, answer),
        (200, json!({ "run": null, "status": "up_to_date", "assets": 1, "steps": [] }))
    );
    let (status, page) = served.form("/launch", "selection=load&stale_only=true").await;
    assert!(status == 409 && page.contains("everything is up to date"), "{page}");
    assert_eq!(served.get("/api/v1/runs").await["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn reports_are_of_partitions_that_there_are() {
    let served = Served::start(definitions()).await;
    let check = async |asset: &str, partition: Option<&str>, status: u16, message: Option<&str>| {
        for (kind, mut body) in [
            ("materialization", json!({})),
            ("observation", json!({})),
            ("check", json!({ "check": "fresh", "passed": true })),
        ] {
            if let Some(partition) = partition {
                body["partition"] = json!(partition);
            }
            let (found, answer) = served.post(&format!("/api/v1/reports/{kind}/{asset}"), body).await;
            assert_eq!((found, answer["error"]["message"].as_str()), (status, message), "{kind}: {answer}");
        }
    };
    check("load", Some("monday"), 422, Some("asset `load` has no partitions")).await;
    check("load", Some(""), 422, Some("the partition has no name")).await;
    check("load", None, 201, None).await;
    check("daily", Some("friday"), 422, Some("asset `daily` has no partition `friday`")).await;
    check("daily", None, 422, Some("asset `daily` has partitions, but no partition was given")).await;
    check("daily", Some("monday"), 201, None).await;
    check("outside", Some("any"), 201, None).await;
    check("outside", None, 201, None).await;
}

#[tokio::test]
async fn a_reported_data_version_is_a_name() {
    let served = Served::start(definitions()).await;
    for (version, status) in [
        (String::new(), 422),
        (" ".to_owned(), 422),
        ("v".repeat(1_025), 422),
        ("v".repeat(100_000), 422),
        ("v".repeat(1_024), 201),
    ] {
        for kind in ["materialization", "observation"] {
            let body = json!({ "data_version": version });
            let (found, answer) = served.post(&format!("/api/v1/reports/{kind}/outside"), body).await;
            assert_eq!(found, status, "{kind} of {} characters: {answer}", version.len());
            assert_eq!(status == 422, answer["error"]["hint"].is_string(), "{answer}");
        }
    }
}

/// An object of a `type` and a `value` is metadata of that type, or an error; anything else is what it is as JSON.
#[tokio::test]
async fn reported_metadata_has_types() {
    let served = Served::start(definitions()).await;
    let live = |window: &str| {
        let (metric, better, baselines) = ("MAE", "lower", [(); 0]);
        let window = json!({ "start": "2026-05-02T00:00:00Z", "end": window, "final": true, "measures": [] });
        json!({ "type": "live_performance", "value": { "metric": metric, "better": better, "baselines": baselines, "windows": [window] } })
    };
    for (metadata, stored) in [
        (json!(3), Some("int")),
        (json!({ "type": "markdown", "value": "*a*" }), Some("markdown")),
        (json!({ "type": "markdown", "text": "*a*" }), Some("json")),
        (json!({ "type": 1, "value": 2 }), Some("json")),
        (json!({ "type": "json", "value": { "type": "url", "value": 5 } }), Some("json")),
        (json!({ "type": "url", "value": 5 }), None),
        (json!({ "type": "uri", "value": "http://a" }), None),
        (json!({ "type": "timestamp", "value": "yesterday" }), None),
        (json!({ "type": "live_performance", "value": { "metric": "MAE" } }), None),
        (live("2026-05-03T00:00:00Z"), Some("live_performance")),
        (live("2026-05-01T00:00:00Z"), None),
    ] {
        for kind in ["materialization", "observation", "check"] {
            let mut body = json!({ "metadata": { "fact": metadata } });
            if kind == "check" {
                (body["check"], body["passed"]) = (json!("fresh"), json!(true));
            }
            let (found, answer) = served.post(&format!("/api/v1/reports/{kind}/outside"), body).await;
            assert_eq!(found, if stored.is_some() { 201 } else { 422 }, "{kind}: {metadata}: {answer}");
            assert_eq!(stored.is_none(), answer["error"]["hint"].is_string(), "{answer}");
        }
        if let Some(stored) = stored {
            let latest = served.get("/api/v1/assets/outside").await["latest"][0].clone();
            let metadata = &latest["materialization"]["body"]["metadata"];
            assert_eq!(metadata["fact"]["type"], stored, "{latest}");
        }
    }
}

#[tokio::test]
async fn what_was_made_before_the_partitions_changed_is_history() {
    let served = Served::start(definitions()).await;
    served.make("daily").await;
    served.make("load").await;
    assert_eq!(served.get("/api/v1/assets/daily").await["latest"], json!([]));
    assert_eq!(served.get("/api/v1/assets/load").await["latest"].as_array().unwrap().len(), 1);
    served.post("/api/v1/reports/materialization/daily", json!({ "partition": "monday" })).await;
    let latest = &served.get("/api/v1/assets/daily").await["latest"];
    assert_eq!((latest.as_array().unwrap().len(), &latest[0]["partition"]), (1, &json!("monday")));
}

#[tokio::test]
async fn what_is_reported_is_not_called_a_change_of_code() {
    let served = Served::start(definitions()).await;
    let (status, _) = served.post("/api/v1/reports/materialization/load", json!({})).await;
    assert_eq!(status, 201);
    let page = served.page_with("/assets/load", "another system reported its value").await;
    assert!(!page.contains("code has changed"), "{page}");
}

#[tokio::test]
async fn the_document_and_the_numbers() {
    let served = Served::start(definitions()).await;
    let document = served.get("/api/v1/openapi.json").await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/runs"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    // What ends before the first look is counted, too.
    served.make("load").await;
    let numbers = served.client.get(format!("{}/metrics", served.url)).send().await.unwrap();
    let numbers = numbers.text().await.unwrap();
    assert!(numbers.contains("millwork_materializations_total{end=\"made\"} 1"), "{numbers}");
    let scheduled = served.get("/api/v1/schedules").await;
    assert_eq!(scheduled[0]["misfire"], json!({ "all": { "limit": 3 } }));
}

#[tokio::test]
async fn without_a_daemon_a_run_waits_for_one() {
    let served = Served::start(definitions()).await;
    let (_, launched) = served.post("/api/v1/runs", json!({ "selection": "load" })).await;
    let run = served.get(&format!("/api/v1/runs/{}", launched["run"].as_str().unwrap())).await;
    assert_eq!(run["waits"], json!("waits for a daemon: `serve` or `daemon` starts one"));
    let queue = served.get("/api/v1/queue").await;
    assert_eq!((&queue["max_runs"], &queue["waiting"][0]["run"]), (&json!(null), &launched["run"]));
}
