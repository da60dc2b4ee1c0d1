//! Alerts: to a webhook receiver that fails, hangs and comes back, and to a mail server; each once, and without secrets.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::{Home, eventually};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

/// The alerts that a receiver was sent, with the key of each attempt.
type Received = Arc<Mutex<Vec<(String, Value)>>>;

/// Fails twice, hangs once, and then accepts every alert.
async fn receive(State(received): State<Received>, headers: HeaderMap, body: String) -> StatusCode {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let attempt = {
        let mut received = received.lock().unwrap();
        received.push((key, serde_json::from_str(&body).unwrap()));
        received.len()
    };
    match attempt {
        1 | 2 => StatusCode::INTERNAL_SERVER_ERROR,
        3 => std::future::pending().await,
        _ => StatusCode::NO_CONTENT,
    }
}

/// A webhook receiver; its address holds a secret.
fn receiver(runtime: &tokio::runtime::Runtime) -> (String, Received) {
    let received = Received::default();
    let router = Router::new().route("/hook/s3cret-in-the-path", post(receive)).with_state(received.clone());
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/hook/s3cret-in-the-path", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

/// A mail server that refuses the first mail temporarily and keeps the others.
fn mail_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, mails) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
    let kept = mails.clone();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            converse(&stream, number == 0, &kept);
        }
    });
    (port, mails)
}

fn converse(stream: &TcpStream, is_busy: bool, mails: &Mutex<Vec<String>>) {
    let say = |text: &str| {
        let mut stream = stream;
        stream.write_all(format!("{text}\r\n").as_bytes()).is_ok()
    };
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    say("220 mail.example.org ready");
    while let Some(line) = lines.next() {
        match line.split_whitespace().next().unwrap_or_default().to_uppercase().as_str() {
            "EHLO" | "HELO" => say("250 mail.example.org"),
            "MAIL" if is_busy => say("451 try again later"),
            "DATA" => {
                say("354 go on");
                let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                mails.lock().unwrap().push(mail.join("\n"));
                say("250 kept")
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            _ => say("250 fine"),
        };
    }
}

#[test]
fn each_alert_arrives_once_although_receivers_fail_and_the_daemon_dies() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ((url, received), (port, mails)) = (receiver(&runtime), mail_server());
    let port = port.to_string();
    let variables = [("SERVICE_WEBHOOK", url.as_str()), ("SERVICE_SMTP_PORT", port.as_str())];
    let home = Home::new();
    let mut daemon = home.daemon_with("", &variables);
    let failed = home.queue("work --set work.end=error");
    home.becomes(&failed, "failed");
    // Killed while the receiver hangs.
    eventually(|| received.lock().unwrap().len() == 3, "the webhook is not tried again");
    daemon.kill();
    let _daemon = home.daemon_with("", &variables);
    let is_delivered = || {
        let deliveries = home.json("alerts deliveries list --json");
        let deliveries = deliveries.as_array().unwrap();
        deliveries.len() == 2 && deliveries.iter().all(|delivery| delivery["state"] == "delivered")
    };
    eventually(is_delivered, "the alert was not delivered");
    let received = received.lock().unwrap();
    let keys: BTreeSet<&String> = received.iter().map(|(key, _)| key).collect();
    assert_eq!((received.len(), keys.len()), (4, 1), "one alert, under one key");
    let alert = &received[3].1;
    assert!(alert["text"].as_str().unwrap().contains("it was configured to fail"), "{alert}");
    assert_eq!(alert["run"], failed.as_str());
    let mails = mails.lock().unwrap();
    assert_eq!(mails.len(), 1, "{mails:?}");
    for part in ["To: on-call@example.org", "Message-ID: <", "it was configured to fail"] {
        assert!(mails[0].contains(part), "{part} is not in {}", mails[0]);
    }
    no_secret_is_stored(&home);
}

fn no_secret_is_stored(home: &Home) {
    for entry in std::fs::read_dir(home.path()).unwrap().flatten() {
        let content = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&content).contains("s3cret-in-the-path"), "{:?}", entry.path());
    }
    for line in ["alerts list --json", "alerts deliveries list --json"] {
        assert!(!home.succeeds(line).contains("s3cret-in-the-path"));
    }
}

/// A collector of traces.
async fn collect(State(traces): State<Arc<Mutex<Vec<Value>>>>, body: String) {
    traces.lock().unwrap().push(serde_json::from_str(&body).unwrap());
}

#[test]
fn ended_runs_are_traced() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let traces = Arc::<Mutex<Vec<Value>>>::default();
    let router = Router::new().route("/v1/traces", post(collect)).with_state(traces.clone());
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, router).await });
    let home = Home::new();
    let _daemon = home.daemon_with("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]);
    let run = home.queue("work --set work.end=error");
    home.becomes(&run, "failed");
    eventually(|| !traces.lock().unwrap().is_empty(), "no trace was sent");
    let traces = traces.lock().unwrap();
    let spans = traces[0]["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 2, "{spans:?}");
    assert_eq!((&spans[0]["traceId"], &spans[0]["parentSpanId"]), (&run.replace('-', "").into(), &"".into()));
    assert_eq!((&spans[1]["name"], &spans[1]["parentSpanId"]), (&"work".into(), &spans[0]["spanId"]));
    assert_eq!(
        (&spans[1]["status"]["code"], &spans[1]["status"]["message"]),
        (&2.into(), &"it was configured to fail".into())
    );
}

#[test]
fn a_rule_is_tested_and_deliveries_are_decided_on() {
    let home = Home::new();
    let outcome = home.command("alerts test nobody").output().unwrap();
    assert!(String::from_utf8_lossy(&outcome.stderr).contains("no alert rule is called `nobody`"));
    let said = home.succeeds("alerts test runs_fail");
    assert!(said.contains("webhook $SERVICE_WEBHOOK is skipped: it is optional"), "{said}");
    assert!(said.contains("The rule has no destination to send a test to."), "{said}");
    let tested = home.command("alerts test runs_fail").env("SERVICE_SMTP_PORT", "9").output().unwrap();
    assert!(tested.status.success(), "{tested:?}");
    // The daemon's definitions don't have this destination.
    let _daemon = home.daemon("");
    let state = |expected: &str| {
        let listed = home.json(&format!("alerts deliveries list --state {expected} --json"));
        listed.as_array().unwrap().first().cloned()
    };
    eventually(|| state("dead").is_some(), "the delivery isn't given up");
    let error = state("dead").unwrap()["error"].to_string();
    assert!(error.contains("don't have this destination any more"), "{error}");
    assert!(home.succeeds("alerts deliveries drop 1").contains("Delivery 1 is dropped."));
    assert!(state("dropped").is_some() && state("dead").is_none());
    let again = home.command("alerts deliveries drop 1 7").output().unwrap();
    assert!(String::from_utf8_lossy(&again.stderr).contains("no pending or dead delivery 1, 7"));
    assert_eq!(home.succeeds("alerts deliveries retry 1 1").matches("sent again").count(), 1);
    eventually(|| state("dead").is_some(), "the delivery isn't tried again");
    assert!(home.succeeds("alerts list").contains("webhook $SERVICE_WEBHOOK"));
}
