//! Connections: how many there may be, who makes room for whom, and how long one may be silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::no_host::options;
use jiff::Timestamp;
use millwork_core::Definitions;
use millwork_core::event::{EventBody, LogLine, NewEvent};
use millwork_core::param::LogLevel;
use millwork_core::run::{RunId, RunRequest};
use millwork_storage::{Batch, Home, NewRun, Store};
use millwork_testing::PATIENCE;
use millwork_web::{ConnectionLimits, ServeOptions, Serving};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
const HALF: &str = "GET /healthz HTTP/1.1\r\nhost: local";
const REST: &str = "host\r\n\r\n";
const STREAM: &str = "GET /api/v1/events/stream HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// No test takes so long.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// A server that listens, and answers once the test lets it.
struct Listening {
    address: SocketAddr,
    store: Arc<dyn Store>,
    serving: Option<Serving>,
    stop: (watch::Sender<bool>, watch::Receiver<bool>),
    _folder: TempDir,
}

impl Listening {
    async fn start(most: usize, silent: Duration) -> Self {
        let folder = millwork_testing::folder();
        let store = Home::open(folder.path()).await.unwrap().store();
        let pipeline = Definitions::new().resolve().unwrap();
        let options = ServeOptions { connections: ConnectionLimits { most, silent }, ..options() };
        let serving = millwork_web::serve(pipeline, store.clone(), options).await.unwrap();
        let (address, stop) = (serving.address, watch::channel(false));
        Self { address, store, serving: Some(serving), stop, _folder: folder }
    }

    fn answer(&mut self) {
        tokio::spawn(self.serving.take().unwrap().run(self.stop.1.clone()));
    }

    /// A connection on which something was sent.
    async fn connection(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }
}

/// Reads until a text has come, or the connection is closed.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(text) {
        match timeout(PATIENCE, stream.read_buf(&mut read)).await.expect(text) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    String::from_utf8(read).unwrap()
}

/// Reads until the connection is closed.
async fn read_all(stream: &mut TcpStream) -> String {
    read_until(stream, "there is no such text").await
}

#[tokio::test]
async fn connections_without_a_request_make_room_for_others() {
    let mut server = Listening::start(4, LONG).await;
    server.answer();
    let mut silent = Vec::new();
    for number in 0..20 {
        silent.push(server.connection(if number % 2 == 0 { "" } else { HALF }).await);
    }
    for _ in 0..3 {
        let mut asks = server.connection(HEALTH).await;
        assert!(read_until(&mut asks, "\r\n\r\nok").await.starts_with("HTTP/1.1 200 OK"));
    }
    // The oldest were closed, and those that there is a place for were not.
    let mut last = silent.pop().unwrap();
    for stream in &mut silent[..17] {
        assert_eq!(read_all(stream).await, "");
    }
    last.write_all(REST.as_bytes()).await.unwrap();
    assert!(read_until(&mut last, "\r\n\r\nok").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn what_is_being_answered_keeps_its_place() {
    let mut server = Listening::start(3, LONG).await;
    server.answer();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connection(STREAM).await;
        assert!(read_until(&mut stream, "\r\n\r\n").await.contains("text/event-stream"));
        streams.push(stream);
    }
    // There is no place for it before a stream ends, and then each takes that of the one before.
    let mut waits = server.connection(HEALTH).await;
    drop(streams.pop());
    assert!(read_until(&mut waits, "\r\n\r\nok").await.ends_with("ok"));
    for _ in 0..5 {
        let mut asks = server.connection(HEALTH).await;
        assert!(read_until(&mut asks, "\r\n\r\nok").await.ends_with("ok"));
    }
    let new = NewRun {
        id: RunId::from_u128(7),
        request: RunRequest::default(),
        at: Timestamp::UNIX_EPOCH,
        lease: None,
    };
    server.store.create_run(new).await.unwrap();
    for stream in &mut streams {
        assert!(read_until(stream, "event: run_").await.contains("event: run_"));
    }
}

#[tokio::test]
async fn a_connection_on_which_nothing_whole_is_sent_is_closed() {
    let mut server = Listening::start(100, Duration::from_millis(1)).await;
    // What was sent before anything is read is in time, however busy the machine is.
    let mut silent = server.connection("").await;
    let mut half = server.connection(HALF).await;
    let mut whole = server.connection(HEALTH).await;
    server.answer();
    assert_eq!(read_all(&mut silent).await, "");
    assert_eq!(read_all(&mut half).await, "");
    let answer = read_all(&mut whole).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok"), "{answer}");
}

const MUCH: &str = "GET /api/v1/events?limit=1000 HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Fills a store, so that the answer to [`MUCH`] is longer than what fits into the system's buffers.
async fn fill(store: &dyn Store) {
    let run = RunId::from_u128(7);
    let new = NewRun { id: run, request: RunRequest::default(), at: Timestamp::UNIX_EPOCH, lease: None };
    store.create_run(new).await.unwrap();
    let line = LogLine {
        level: LogLevel::Info,
        target: "test".to_owned(),
        message: "x".repeat(1 << 16),
        fields: Default::default(),
    };
    let event = || NewEvent::of_run(run, Timestamp::UNIX_EPOCH, EventBody::Logged(line.clone()));
    for _ in 0..8 {
        let events = (0..64).map(|_| event()).collect();
        store.append(Batch { fence: None, events }).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_takes_long_to_read_is_not_cut_off() {
    let mut server = Listening::start(1, LONG).await;
    fill(&*server.store).await;
    server.answer();
    let mut slow = server.connection(MUCH).await;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, slow.read_u8()).await.unwrap().unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap();
    let mut content = vec![0; length.parse().unwrap()];
    assert!(content.len() > 32 << 20, "{length} bytes may fit into the system's buffers");
    // The waiting connection gets the place once the answer was read.
    let mut waits = server.connection(HEALTH).await;
    timeout(PATIENCE, slow.read_exact(&mut content)).await.unwrap().unwrap();
    assert!(content.ends_with(b"}"));
    assert!(read_until(&mut waits, "\r\n\r\nok").await.ends_with("ok"));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let mut server = Listening::start(1, Duration::from_millis(1)).await;
    fill(&*server.store).await;
    // As above, what was sent before anything is read is in time.
    let _slow = server.connection(MUCH).await;
    let mut waits = server.connection(HEALTH).await;
    server.answer();
    assert!(read_until(&mut waits, "\r\n\r\nok").await.ends_with("ok"));
}

#[test]
fn connections_leave_descriptors_for_the_process() {
    let most = ConnectionLimits::default().most;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let descriptors = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    assert!(most >= 1 && descriptors.is_none_or(|descriptors| most <= descriptors / 2), "{most}");
}
