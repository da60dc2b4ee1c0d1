//! Limits on open connections, so that the process keeps file descriptors for its own work, and idle connections are closed.
//!
//! Every client that reaches the port can open connections, with or without a token, and each costs one of the file descriptors with
//! which the
//! same process opens its store and launches runs. So their number is limited. At the limit, a new connection takes the
//! place of the one that has waited longest for a request; if all of them are being answered, it waits for a place, and
//! those behind it wait in the system's queue. A connection is closed if no complete request head arrives on it for a while,
//! or if its peer doesn't read the answer.
//!
//! hyper has a time limit for heads. It isn't used, as it begins while an answer is still being sent, and cuts off clients
//! that take longer to read it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::serve::Listener;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// The limits of connections.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The maximum number of open connections, at least 1.
    pub most: usize,
    /// The maximum time without a complete request head, from when the connection is opened or the last answer is sent,
    /// or without progress in sending an answer.
    pub silent: Duration,
}

impl Default for ConnectionLimits {
    /// Half of the files that this process may open, and 30 s.
    fn default() -> Self {
        let descriptors = getrlimit(Resource::Nofile).current;
        let half = descriptors.map_or(MOST, |most| usize::try_from(most / 2).unwrap_or(MOST));
        Self { most: half.clamp(1, MOST), silent: Duration::from_secs(30) }
    }
}

/// The maximum number of connections, however many files the process may open.
const MOST: usize = 4096;

/// Accepts connections and answers on each, without end.
pub(crate) async fn answer_all(mut listener: TcpListener, router: Router, limits: ConnectionLimits) {
    let connections = Arc::new(Connections { most: limits.most.max(1), ..Connections::default() });
    loop {
        // Continues after errors, unlike the listener's own method.
        let (stream, _) = Listener::accept(&mut listener).await;
        let place = connections.place().await;
        tokio::spawn(answer(stream, router.clone(), place, limits.silent));
    }
}

/// Answers on one connection until either end closes it, another connection needs its place, or it was idle for too long.
async fn answer(stream: TcpStream, router: Router, place: Place, silent: Duration) {
    let state = &place.state;
    let service = service_fn(|request: Request<Incoming>| {
        let answering = Answering::new(place.connections.clone(), state.clone());
        let answer = TowerToHyperService::new(router.clone()).call(request);
        async move {
            let answer: Result<Response<Body>, Infallible> = answer.await;
            answer.map(|answer| answer.map(|body| AnsweringBody { body, _answering: answering }))
        }
    });
    let stream = Watched { stream, connections: place.connections.clone(), state: state.clone() };
    let mut http = http1::Builder::new();
    http.header_read_timeout(None);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    loop {
        let patience = state.activity().patience(Instant::now(), silent);
        tokio::select! {
            // Data that has arrived is read before the connection counts as idle.
            biased;
            // Errors here are the peer's.
            _ = &mut connection => return,
            () = state.wanted.notified() => if state.activity().is_free() { return },
            () = tokio::time::sleep(patience) => {
                if state.activity().patience(Instant::now(), silent).is_zero() { return }
            }
        }
    }
}

/// The open connections of a server.
#[derive(Debug, Default)]
struct Connections {
    most: usize,
    open: Mutex<Open>,
    /// Notified when a connection was closed, or begins or ceases to wait for a request.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    /// The number of connections so far, which numbers the next one.
    count: u64,
    /// The connections by number, the oldest first.
    places: BTreeMap<u64, Arc<State>>,
}

/// The state of an open connection.
#[derive(Debug)]
struct State {
    activity: Mutex<Activity>,
    /// Notified when another connection needs the place.
    wanted: Notify,
}

impl State {
    fn activity(&self) -> MutexGuard<'_, Activity> {
        // Every change is a single step, so a panic elsewhere leaves the state consistent.
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The activity on a connection.
#[derive(Clone, Copy, Debug)]
struct Activity {
    /// Whether a request is being answered.
    is_answering: bool,
    /// Whether the peer doesn't read the data to be sent.
    is_blocked: bool,
    /// When a request last arrived, or data was last sent.
    since: Instant,
}

impl Activity {
    /// Whether the connection can be closed: it waits for a request.
    fn is_free(&self) -> bool {
        !self.is_answering && !self.is_blocked
    }

    /// The time for which the connection may still be idle.
    fn patience(&self, now: Instant, silent: Duration) -> Duration {
        let is_silent = self.is_blocked || !self.is_answering;
        if is_silent { (self.since + silent).saturating_duration_since(now) } else { silent }
    }
}

impl Connections {
    /// A place for a new connection, once there is one.
    async fn place(self: &Arc<Self>) -> Place {
        loop {
            let changed = self.changed.notified();
            if let Some(place) = self.free_place() {
                return place;
            }
            changed.await;
        }
    }

    /// A free place; `None` if there is none, in which case the connection that has waited longest for a request is asked to close.
    fn free_place(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.open();
        if open.places.len() >= self.most {
            let free = open.places.values().filter(|state| state.activity().is_free());
            if let Some(longest) = free.min_by_key(|state| state.activity().since) {
                longest.wanted.notify_one();
            }
            return None;
        }
        open.count += 1;
        let (number, since) = (open.count, Instant::now());
        let activity = Mutex::new(Activity { is_answering: false, is_blocked: false, since });
        let state = Arc::new(State { activity, wanted: Notify::new() });
        open.places.insert(number, state.clone());
        Some(Place { connections: self.clone(), number, state })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // As above.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of an open connection, until this is dropped.
#[derive(Debug)]
struct Place {
    connections: Arc<Connections>,
    number: u64,
    state: Arc<State>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().places.remove(&self.number);
        self.connections.changed.notify_waiters();
    }
}

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
struct Answering {
    connections: Arc<Connections>,
    state: Arc<State>,
}

impl Answering {
    fn new(connections: Arc<Connections>, state: Arc<State>) -> Self {
        let answering = Self { connections, state };
        answering.note(true);
        answering
    }

    fn note(&self, is_answering: bool) {
        let mut activity = self.state.activity();
        (activity.is_answering, activity.since) = (is_answering, Instant::now());
        drop(activity);
        self.connections.changed.notify_waiters();
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.note(false);
    }
}

/// A stream that records whether the data to be sent leaves.
#[derive(Debug)]
struct Watched {
    stream: TcpStream,
    connections: Arc<Connections>,
    state: Arc<State>,
}

impl Watched {
    /// Records the result of a write.
    fn noted<T>(&self, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let mut activity = self.state.activity();
        let was_blocked = std::mem::replace(&mut activity.is_blocked, sent.is_pending());
        if sent.is_ready() {
            activity.since = Instant::now();
        }
        drop(activity);
        if was_blocked && sent.is_ready() {
            self.connections.changed.notify_waiters();
        }
        sent
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.noted(sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of an answer: until it has been sent, its connection counts as being answered.
#[derive(Debug)]
struct AnsweringBody {
    body: Body,
    _answering: Answering,
}

impl HttpBody for AnsweringBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
