//! E2 to E4 of the reference, where the guide's job crashes: null items, no story, no new title; and a dead server.

use axum::Router;
use axum::routing::get;
use millwork::monitor::Predictions;
use serde_json::json;

use crate::support::{Home, Server};

/// Fetches from a server whose items all have the same body, and compares counts of the stories' metadata.
fn check(body: &'static str, expected: &[(&str, u64)]) {
    let router = Router::new()
        .route("/v0/maxitem.json", get(|| async { "50" }))
        .route("/v0/item/{file}", get(move || async move { body }));
    let server = Server::of_router(router);
    let home = Home::fetching_from(&server.url);
    home.succeeds("materialize hackernews_stories");
    let metadata = home.metadata("hackernews_stories");
    for (label, count) in expected {
        assert_eq!(metadata[label], *count, "{body}: `{label}` of {metadata}");
    }

    let outcome = home.run("materialize");
    assert_eq!(outcome.code, Some(1), "{body}: {outcome:?}");
    let expected = "too few stories to split into training and test data: 0\n    hint: fetch more with";
    assert!(outcome.out.contains(expected), "{body}: {outcome:?}");
    assert!(!outcome.out.contains("panic"), "{body}: {outcome:?}");
}

#[test]
fn windows_without_a_story_are_counted() {
    check("null", &[("items", 50), ("null items", 50), ("rows", 0)]);
    check(r#"{"type":"comment","text":"…"}"#, &[("items", 50), ("comments", 50), ("rows", 0)]);
    check(r#"{"type":"story","title":" "}"#, &[("items", 50), ("without title", 50), ("rows", 0)]);
    check(r#"{"type":"story","deleted":true}"#, &[("items", 50), ("deleted", 50), ("rows", 0)]);
    check(r#"{"type":"story","title":"T","dead":true}"#, &[("items", 50), ("dead", 50), ("rows", 0)]);
    check("{}", &[("items", 50), ("unknown", 50), ("rows", 0)]);
}

/// E4: the newest items hold no story, or there are no newest items.
#[test]
fn no_new_title_is_no_error() {
    let home = Home::with_everything();
    home.succeeds("materialize latest_stories,latest_story_comment_predictions --set latest_stories.items=0");
    check_no_prediction(&home, 0);
    let nothing = Router::new()
        .route("/v0/maxitem.json", get(|| async { "7" }))
        .route("/v0/item/{file}", get(|| async { "null" }));
    let server = Server::of_router(nothing);
    let home = home.now_fetching_from(&server.url);
    home.succeeds("materialize --job predict");
    check_no_prediction(&home, 7);
}

fn check_no_prediction(home: &Home, items: u64) {
    let metadata = home.metadata("latest_stories");
    let counts = ["rows", "items", "null items"].map(|label| metadata[label].clone());
    assert_eq!(counts, [0, items, items].map(|count| json!(count)), "{metadata}");
    let predictions: Predictions<i64, f64> = home.value("latest_story_comment_predictions");
    assert!(predictions.is_empty());
}

/// Stories without a number of comments count as having none, and a model comes out of that, too.
#[test]
fn stories_without_descendants_are_stories() {
    let router = Router::new()
        .route("/v0/maxitem.json", get(|| async { "50" }))
        .route("/v0/item/{file}", get(|| async { r#"{"type":"story","title":"Ask HN: R&amp;D?"}"# }));
    let server = Server::of_router(router);
    let home = Home::fetching_from(&server.url);
    home.succeeds("materialize");
    let metadata = home.metadata("hackernews_stories");
    let counts = ["rows", "without descendants", "with entities"].map(|label| metadata[label].clone());
    assert_eq!(counts, [50, 50, 50].map(|count| json!(count)));
    assert_eq!(home.metadata("comments_model_test_set_r_squared")["MAE"], 0.0);
}

#[test]
fn a_dead_server_is_named() {
    // Bound, so that no other test's server gets the port, and not listened on.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/v0", taken.local_addr().unwrap());
    let home = Home::fetching_from(&url);
    let outcome = home.run("materialize");
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    for text in [
        format!("failed to fetch the newest item's id from `{url}/maxitem.json`"),
        "hint: check that the server runs and that `HACKER_NEWS_URL` is right".to_owned(),
        "caused by: Connection refused".to_owned(),
        "0 succeeded, 2 failed, 16 skipped".to_owned(),
    ] {
        assert!(outcome.out.contains(&text), "{text:?} is not in {}", outcome.out);
    }
    let run = home.run("materialize --json");
    let run: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let failed = run["steps"].as_array().unwrap().iter().find(|step| step["status"] == "failed").unwrap();
    let chain = failed["failure"]["chain"].as_array().unwrap();
    assert!(chain.last().unwrap().as_str().unwrap().contains("Connection refused"), "{failed}");
}

#[test]
fn an_address_that_is_none_is_refused_with_the_choices() {
    let home = Home::fetching_from("127.0.0.1:8765");
    let outcome = home.run("materialize hackernews_stories");
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let expected = "`HACKER_NEWS_URL` is `127.0.0.1:8765`, but that is not an address";
    assert!(outcome.out.contains(expected) && outcome.out.contains("hint: use `live`"), "{}", outcome.out);
}
