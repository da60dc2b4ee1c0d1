//! Deliveries to receivers that refuse, fail, and ask for time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use millwork_core::alert::{Alert, AlertRule, Destination, Secret, Trigger};
use millwork_core::{AssetDefinition, Clock as _, Definitions, Instigator, TestClock};
use millwork_storage::{Commit, DeliveryState, Home, NewDelivery};

use super::*;
use crate::daemon::{Daemon, DaemonOptions};
use crate::destinations::deliveries_of;
use crate::launcher::fake::FakeLauncher;

/// The alerts that a receiver was sent: when, and the title.
type Sent = Arc<Mutex<Vec<(Timestamp, String)>>>;

/// A receiver on this machine, whose answers are given by the title of each alert: `400 one alert` with 400; `503/30 another` once with 503
/// and `Retry-After: 30`, and then with 204.
fn receiver(clock: &Arc<TestClock>) -> (String, Sent) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let (sent, clock) = (Sent::default(), clock.clone());
    let kept = sent.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let title = title(&stream);
            let is_first = !kept.lock().expect("the list").iter().any(|(_, known)| *known == title);
            kept.lock().expect("the list").push((clock.now(), title.clone()));
            let status = title.split(' ').next().unwrap_or_default();
            let head = match status.split_once('/') {
                Some((status, seconds)) if is_first => format!("{status} x\r\nretry-after: {seconds}"),
                Some(_) => "204 x".to_owned(),
                None => format!("{status} x"),
            };
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    (url, sent)
}

fn title(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let field = line.to_lowercase();
        length = field
            .strip_prefix("content-length:")
            .map_or(length, |text| text.trim().parse().expect("a number"));
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    body["title"].as_str().expect("a title").to_owned()
}

struct Bench {
    daemon: Daemon,
    clock: Arc<TestClock>,
    sent: Sent,
    deliveries: Deliveries,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let clock = Arc::new(TestClock::at("2026-05-01T00:00:00Z".parse().expect("an instant")));
        let folder = millwork_testing::folder();
        let (url, sent) = receiver(&clock);
        let (hook, other) =
            (Destination::webhook(Secret::env("HOOK")), Destination::webhook(Secret::env("OTHER")));
        let rule = AlertRule::new("rule").when(Trigger::RunFailed).to(hook).to(other);
        let rule = rule.to(Destination::slack(Secret::env("UNSET")).optional());
        let rule = rule.to(Destination::slack(Secret::env("NEEDED")));
        let asset = AssetDefinition::new("asset").produces::<u32, _>().blocking(|_| Ok(1_u32));
        let pipeline = Definitions::new().asset(asset).alert(rule).resolve().expect("definitions that fit");
        let home = Home::open(folder.path()).await.expect("a home");
        let launcher = Arc::new(FakeLauncher::default());
        let options = DaemonOptions { clock: clock.clone(), ..DaemonOptions::default() };
        let environment =
            Arc::new(move |name: &str| (!["UNSET", "NEEDED"].contains(&name)).then(|| url.clone()));
        let daemon = Daemon::new(pipeline, home, launcher, Arc::new(|_| {})).options(options);
        let daemon = daemon.environment(environment);
        Self { deliveries: daemon.deliveries(), daemon, clock, sent, _folder: folder }
    }

    /// Alerts of these titles, for one destination.
    async fn decide(&self, destination: &str, titles: &[&str]) {
        let at = self.clock.now();
        let delivery = |title: &&str| {
            let alert = Alert { title: (*title).to_owned(), ..Alert::test("rule", at) };
            let (key, destination) = (format!("{destination} {title}"), destination.to_owned());
            NewDelivery { key, destination, alert, at }
        };
        let deliveries = titles.iter().map(delivery).collect();
        let whose = Instigator::Sensor(destination.to_owned());
        let commit = Commit { deliveries, ..Commit::new(whose, None, "1") };
        assert!(self.daemon.store.commit(commit).await.expect("a commit"));
    }

    /// Lets virtual time pass until the given number of attempts has been made and recorded.
    async fn attempts(&mut self, attempts: u32) {
        self.attempts_by(SignedDuration::from_secs(1), attempts).await;
    }

    /// The same in larger steps.
    async fn attempts_by(&mut self, step: SignedDuration, attempts: u32) {
        let ended = self.deliveries.sender.activations.subscribe(&[Activation::DeliveryAttempted]);
        let began = self.clock.steady();
        loop {
            self.deliveries.tick().await.expect("a tick");
            if lock(&self.deliveries.lanes).0.values().any(|lane| lane.is_busy) {
                // Until then the clock stands still.
                ended.notified().await;
                continue;
            }
            let made: u32 = self.all().await.iter().map(|delivery| delivery.attempts).sum();
            if made >= attempts {
                assert_eq!(made, attempts);
                return;
            }
            assert!(self.clock.steady() - began < LONGEST_PAUSE * 2, "{made} attempts of {attempts}");
            self.clock.advance(step);
        }
    }

    async fn all(&self) -> Vec<Delivery> {
        let mut all = self.daemon.store.deliveries(None, 99).await.expect("deliveries");
        all.reverse();
        all
    }

    async fn states(&self) -> Vec<&'static str> {
        self.all().await.iter().map(|delivery| delivery.state.as_str()).collect()
    }

    /// The alerts that were sent: after how many seconds, and the title.
    fn sent(&self, since: Timestamp) -> Vec<String> {
        let sent = self.sent.lock().expect("the list");
        sent.iter().map(|(at, title)| format!("{} {title}", at.duration_since(since).as_secs())).collect()
    }
}

const HOOK: &str = "webhook $HOOK";

#[tokio::test]
async fn an_alert_that_is_refused_for_good_is_dead_at_once_and_holds_nothing_back() {
    let (mut bench, start) = (Bench::new().await, "2026-05-01T00:00:00Z".parse().expect("an instant"));
    bench.decide(HOOK, &["200 a", "400 b", "200 c", "200 d"]).await;
    bench.attempts(4).await;
    assert_eq!(bench.states().await, ["delivered", "dead", "delivered", "delivered"]);
    assert_eq!(bench.all().await[1].error.as_deref(), Some("the receiver answered 400 Bad Request"));
    assert_eq!(bench.sent(start), ["0 200 a", "0 400 b", "0 200 c", "0 200 d"], "in order, without a pause");
}

#[tokio::test]
async fn an_alert_that_fails_waits_by_itself() {
    let (mut bench, start) = (Bench::new().await, "2026-05-01T00:00:00Z".parse().expect("an instant"));
    bench.decide(HOOK, &["500 a", "200 b", "200 c"]).await;
    bench.attempts(5).await;
    assert_eq!(bench.states().await, ["pending", "delivered", "delivered"]);
    // The receiver is paused for a second after each failure; the alert itself for two, four, …
    assert_eq!(bench.sent(start), ["0 500 a", "1 200 b", "1 200 c", "2 500 a", "6 500 a"]);
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_and_others_go_on() {
    let (mut bench, start) = (Bench::new().await, "2026-05-01T00:00:00Z".parse().expect("an instant"));
    bench.decide(HOOK, &["503/30 a", "200 b"]).await;
    bench.attempts(1).await;
    bench.decide("webhook $OTHER", &["200 c"]).await;
    bench.attempts(2).await;
    // Another daemon respects it as well: the time is stored.
    bench.deliveries = bench.daemon.deliveries();
    bench.attempts(4).await;
    assert_eq!(bench.sent(start), ["0 503/30 a", "0 200 c", "30 503/30 a", "30 200 b"]);
}

#[tokio::test]
async fn an_absurd_wish_is_bounded() {
    let (mut bench, start) = (Bench::new().await, "2026-05-01T00:00:00Z".parse().expect("an instant"));
    bench.decide(HOOK, &["429/999999999999 a"]).await;
    bench.attempts(1).await;
    bench.clock.advance(SignedDuration::from_secs(3599));
    bench.attempts(2).await;
    assert_eq!(bench.sent(start), ["0 429/999999999999 a", "3600 429/999999999999 a"]);
}

#[tokio::test]
async fn a_destination_that_is_no_more_is_said_at_once() {
    let mut bench = Bench::new().await;
    bench.decide("slack $GONE", &["200 a"]).await;
    bench.attempts(1).await;
    assert_eq!(bench.states().await, ["dead"]);
    let error = bench.all().await[0].error.clone().expect("an error");
    assert!(error.contains("don't have this destination any more"), "{error}");
}

#[tokio::test]
async fn an_alert_for_an_optional_destination_that_is_not_set_any_more_is_left_out() {
    let mut bench = Bench::new().await;
    bench.decide("slack $UNSET", &["200 a"]).await;
    bench.decide("slack $NEEDED", &["200 b"]).await;
    bench.decide(HOOK, &["200 c"]).await;
    bench.attempts(3).await;
    assert_eq!(bench.states().await, ["dead", "pending", "delivered"]);
    let errors: Vec<_> = bench.all().await.into_iter().filter_map(|delivery| delivery.error).collect();
    assert_eq!(
        errors,
        [
            "left out: the destination is optional, and $UNSET is not set",
            "the environment variable `NEEDED` is not set"
        ]
    );
}

#[tokio::test]
async fn a_clock_that_is_set_delays_no_alert() {
    let year = SignedDuration::from_hours(365 * 24);
    for jumps in [[year, -year], [SignedDuration::from_hours(-1), year], [-year, -year]] {
        let mut bench = Bench::new().await;
        bench.decide(HOOK, &["503/1 a"]).await;
        bench.clock.jump(jumps[0]);
        bench.attempts_by(SignedDuration::from_mins(1), 1).await;
        bench.clock.jump(jumps[1]);
        let steady = bench.clock.steady();
        bench.attempts(2).await;
        assert_eq!(bench.states().await, ["delivered"]);
        assert_eq!((bench.clock.steady() - steady).as_secs(), 2, "{jumps:?}");
    }
}

#[tokio::test]
async fn an_optional_destination_without_its_secret_is_left_out() {
    let rule = |destination: Destination| AlertRule::new("rule").when(Trigger::RunFailed).to(destination);
    let hook = || Destination::webhook(Secret::env("HOOK"));
    let asset = || AssetDefinition::new("asset").produces::<u32, _>().blocking(|_| Ok(1_u32));
    let count = |destination: Destination, is_set: bool| {
        let pipeline =
            Definitions::new().asset(asset()).alert(rule(destination)).resolve().expect("definitions");
        let alert = Alert::test("rule", Timestamp::UNIX_EPOCH);
        let environment = move |_: &str| is_set.then(|| "http://127.0.0.1:1/".to_owned());
        deliveries_of(&pipeline, &environment, &alert, Timestamp::UNIX_EPOCH).len()
    };
    let counts = [(hook(), true), (hook(), false), (hook().optional(), true), (hook().optional(), false)];
    assert_eq!(counts.map(|(destination, is_set)| count(destination, is_set)), [1, 1, 1, 0]);
}

#[test]
fn every_state_has_a_name() {
    for state in DeliveryState::ALL {
        assert_eq!(DeliveryState::from_name(state.as_str()), Some(state));
    }
}
