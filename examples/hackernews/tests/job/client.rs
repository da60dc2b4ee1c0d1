//! The client against a server that follows a script: its handling of every answer, and when it gives up.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as BodyOf, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::{StreamExt as _, stream};
use hackernews::hacker_news::Sample;
use hackernews::{HackerNews, HackerNewsError, ItemCounts, Latest, Limits};
use millwork::Advice as _;
use millwork::advice::with_hint;
use millwork_testing::PATIENCE;
use tokio::net::TcpListener;

/// The server's answer to one request.
#[derive(Clone, Copy)]
enum Answer {
    Body(&'static str),
    Status(u16),
    RetryAfter(u16, &'static str),
    /// A story in whose title there is no end of blanks.
    Endless,
    Never,
}
use Answer::{Body, Endless, Never, RetryAfter, Status};

/// The answers to one path after the other; the last is repeated.
type Script = &'static [(&'static str, &'static [Answer])];
type Asked = Arc<Mutex<HashMap<String, usize>>>;

const STORY: Answer = Body(r#"{"type":"story","title":"T","by":"ada","score":3,"descendants":2,"time":9}"#);

async fn answer(State((script, asked)): State<(Script, Asked)>, Path(path): Path<String>) -> Response {
    let times = {
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(path.clone()).or_default();
        *times += 1;
        *times
    };
    let Some((_, answers)) = script.iter().find(|line| line.0 == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match answers[(times - 1).min(answers.len() - 1)] {
        Body(body) => Bytes::from_static(body.as_bytes()).into_response(),
        Status(code) => StatusCode::from_u16(code).unwrap().into_response(),
        RetryAfter(code, wait) => {
            (StatusCode::from_u16(code).unwrap(), [("retry-after", wait)]).into_response()
        }
        Endless => {
            let start = stream::once(async { Bytes::from_static(br#"{"type":"story","title":""#) });
            let blanks = stream::repeat(Bytes::from_static(&[b' '; 1 << 16]));
            BodyOf::from_stream(start.chain(blanks).map(Ok::<_, Infallible>)).into_response()
        }
        Never => std::future::pending().await,
    }
}

fn quick_limits() -> Limits {
    Limits { backoff: Duration::from_millis(1), timeout: Duration::from_secs(2), ..Limits::default() }
}

async fn run(script: Script, items: usize, limits: Limits) -> Result<Latest, HackerNewsError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v0", listener.local_addr().unwrap());
    let router = Router::new().route("/v0/{*path}", get(answer)).with_state((script, Asked::default()));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let hacker_news = HackerNews::from_setting(&url).unwrap().with_limits(limits);
    let latest = hacker_news.latest_stories(items, |_, _| {}).await;
    server.abort();
    latest
}

/// Requests `items` items and compares the counts.
async fn check(script: Script, items: usize, expected: ItemCounts) {
    let latest = run(script, items, quick_limits()).await.unwrap();
    assert_eq!(latest.counts, expected);
    assert_eq!(latest.stories.len(), expected.stories);
}

/// Requests `items` items and searches for each text in the error and its causes.
async fn check_error(script: Script, items: usize, limits: Limits, expected: &[&str]) {
    let error = run(script, items, limits).await.unwrap_err();
    let message = chain(&error);
    for text in expected {
        assert!(message.contains(text), "{text:?} is not in: {message}");
    }
}

/// The error, its causes and the hint.
fn chain(error: &HackerNewsError) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |&error| error.source());
    let chain = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    with_hint(&chain, error.hint().as_deref())
}

fn counts() -> ItemCounts {
    ItemCounts::default()
}

#[tokio::test]
async fn each_item_is_counted_once() {
    let script: Script = &[
        ("maxitem.json", &[Body("8")]),
        ("item/8.json", &[STORY]),
        ("item/7.json", &[Body("null")]),
        ("item/6.json", &[Body(r#"{"deleted":true}"#)]),
        ("item/5.json", &[Body(r#"{"type":"comment","dead":true}"#)]),
        ("item/4.json", &[Body(r#"{"type":"comment"}"#)]),
        ("item/3.json", &[Body(r#"{"type":"job","title":"J"}"#)]),
        ("item/2.json", &[Body(r#"{"type":"story","title":"R&amp;D"}"#)]),
        ("item/1.json", &[Body(r#"{"type":"story"}"#)]),
    ];
    let all = ItemCounts {
        requested: 8,
        stories: 2,
        null: 1,
        deleted: 1,
        dead: 1,
        comments: 1,
        jobs: 1,
        without_title: 1,
        without_descendants: 1,
        with_entities: 1,
        ..counts()
    };
    check(script, 8, all).await;
    let latest = run(script, 8, quick_limits()).await.unwrap();
    let stories: Vec<_> = latest.stories.iter().map(|story| (story.id, story.title.as_str())).collect();
    assert_eq!(stories, [(2, "R&D"), (8, "T")]);
    assert_eq!(
        (latest.stories[1].score, latest.stories[1].descendants, latest.stories[1].time),
        (Some(3), Some(2), Some(9))
    );
}

#[tokio::test]
async fn the_window_is_clamped_and_may_be_empty() {
    const SCRIPT: Script =
        &[("maxitem.json", &[Body("2")]), ("item/2.json", &[STORY]), ("item/1.json", &[STORY])];
    check(SCRIPT, 1_000, ItemCounts { requested: 2, stories: 2, ..counts() }).await;
    check(SCRIPT, 1, ItemCounts { requested: 1, stories: 1, ..counts() }).await;
    check(SCRIPT, 0, counts()).await;
    check(&[("maxitem.json", &[Body("0")])], 5, counts()).await;
    let no_story: Script = &[("maxitem.json", &[Body("1")]), ("item/1.json", &[Body("null")])];
    check(no_story, 5, ItemCounts { requested: 1, null: 1, ..counts() }).await;
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    let one = ItemCounts { requested: 1, stories: 1, ..counts() };
    check(&[("maxitem.json", &[Status(500), Body("oops"), Body("1")]), ("item/1.json", &[STORY])], 1, one)
        .await;
    check(
        &[("maxitem.json", &[Body("1")]), ("item/1.json", &[Status(503), RetryAfter(429, "0"), STORY])],
        1,
        ItemCounts { retried: 2, ..one },
    )
    .await;
    check(
        &[
            ("maxitem.json", &[Body("1")]),
            ("item/1.json", &[Body("<html>"), Body("[1]"), Body("{\"id\""), STORY]),
        ],
        1,
        ItemCounts { retried: 3, ..one },
    )
    .await;
    check(
        &[("maxitem.json", &[Body("1")]), ("item/1.json", &[Never, STORY])],
        1,
        ItemCounts { retried: 1, ..one },
    )
    .await;
}

#[tokio::test]
async fn a_few_items_may_fail() {
    const SCRIPT: Script =
        &[("maxitem.json", &[Body("2")]), ("item/2.json", &[STORY]), ("item/1.json", &[Status(404)])];
    let half = Limits { failure_share: 0.5, ..quick_limits() };
    let latest = run(SCRIPT, 2, half).await.unwrap();
    assert_eq!(latest.counts, ItemCounts { requested: 2, stories: 1, failed: 1, ..counts() });
    let expected = ["when 1 of 2 items (50.0 %) had failed", "1.0 % may", "hint:", "answered 404 Not Found"];
    check_error(SCRIPT, 2, quick_limits(), &expected).await;
}

#[tokio::test]
async fn attempts_are_bounded_and_the_last_cause_is_named() {
    let failing = |answers| -> Script {
        Box::leak(Box::new([("maxitem.json", &[Body("1")] as &[_]), ("item/1.json", answers)]))
    };
    let tiny = Limits { attempts: 2, timeout: Duration::from_secs(1), ..quick_limits() };
    check_error(failing(&[Status(503)]), 1, tiny.clone(), &["the server answered 503 Service Unavailable"])
        .await;
    check_error(failing(&[Never]), 1, tiny.clone(), &["got no answer within 1s"]).await;
    check_error(failing(&[Body("{")]), 1, tiny.clone(), &["isn't what the API promises: EOF while parsing"])
        .await;
    let long_wait = &[RetryAfter(429, "3600"), STORY];
    check_error(failing(long_wait), 1, tiny, &["429 Too Many Requests and asked to wait 3600s"]).await;
}

#[tokio::test]
async fn an_answer_without_end_is_a_failed_item() {
    const SCRIPT: Script =
        &[("maxitem.json", &[Body("2")]), ("item/2.json", &[STORY]), ("item/1.json", &[Endless])];
    let patient = Limits { failure_share: 0.5, timeout: Duration::from_secs(120), ..quick_limits() };
    let latest = run(SCRIPT, 2, patient.clone()).await.unwrap();
    assert_eq!(latest.counts, ItemCounts { requested: 2, stories: 1, failed: 1, ..counts() });
    let newest: Script = &[("maxitem.json", &[Endless])];
    let limits = Limits { timeout: Duration::from_secs(120), ..quick_limits() };
    check_error(newest, 2, limits, &["the server's answer is larger than 1048576 bytes"]).await;
}

#[tokio::test]
async fn a_server_without_the_api_is_named_with_the_remedy() {
    let remedy = ["/maxitem.json`", "; hint: check that", "unset it to use the embedded sample"];
    check_error(&[], 5, quick_limits(), &remedy).await;
    check_error(&[], 5, quick_limits(), &["the server answered 404 Not Found"]).await;
    check_error(&[("maxitem.json", &[Body("null")])], 5, quick_limits(), &["isn't what the API promises"])
        .await;
}

#[tokio::test]
async fn a_dead_server_is_noticed() {
    // Bound, so that no other test's server gets the port, and not listened on.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/v0", taken.local_addr().unwrap());
    let hacker_news = HackerNews::from_setting(&url).unwrap();
    let latest = tokio::time::timeout(PATIENCE, hacker_news.latest_stories(5, |_, _| {}));
    let message = chain(&latest.await.expect("it is noticed").unwrap_err());
    assert!(
        message.contains(&format!("`{url}/maxitem.json`"))
            && message.contains("; hint: check that the server runs"),
        "{message}"
    );
    assert!(message.contains("Connection refused"), "{message}");
}

#[tokio::test]
async fn progress_counts_up_to_the_window() {
    let progress = Mutex::new(Vec::new());
    let hacker_news = HackerNews::sample(Sample::default());
    hacker_news.latest_stories(3, |done, of| progress.lock().unwrap().push((done, of))).await.unwrap();
    assert_eq!(*progress.lock().unwrap(), [(1, 3), (2, 3), (3, 3)]);
}

#[test]
fn the_future_can_run_on_any_thread() {
    fn check_send(_: impl Send) {}
    let hacker_news = HackerNews::sample(Sample::default());
    check_send(hacker_news.latest_stories(3, |_, _| {}));
}
