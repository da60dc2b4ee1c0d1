//! The API's routes over an archive, on this machine only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::net::TcpListener;

use super::archive::Archive;
use super::error::ReplayError;
use super::faults::Faults;
use super::story_file::StoryFile;
use super::virtual_time::{ReplayPace, VirtualTime};
use crate::hacker_news::Timeline;

/// The options of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayOptions {
    /// The delay of each answer.
    pub latency: Duration,
    /// The share of requests, 0 to 1, that fail.
    pub fail_rate: f64,
    /// The share of items, above 0 and up to 1, that are the file's stories.
    pub story_share: f64,
    /// The seed of the items between the stories, and of the faults.
    pub seed: u64,
    /// The virtual clock; without one, everything is there from the beginning.
    pub pace: Option<ReplayPace>,
}

impl Default for ReplayOptions {
    fn default() -> Self {
        Self { latency: Duration::ZERO, fail_rate: 0.0, story_share: 0.5, seed: 1, pace: None }
    }
}

/// A file of stories, ready to be served.
#[derive(Clone, Debug)]
pub struct Replay {
    archive: Arc<Archive>,
    options: ReplayOptions,
}

struct Serving {
    archive: Arc<Archive>,
    latency: Duration,
    faults: Faults,
    time: Option<VirtualTime>,
}

impl Replay {
    /// Reads the CSV file at `path`.
    ///
    /// Fails if it can't be read, a row can't be parsed, or an option is outside of its range.
    pub fn load(path: &Path, options: ReplayOptions) -> Result<Self, ReplayError> {
        Self::from_file(&StoryFile::open(path)?, options)
    }

    /// Like [`load`](Self::load), for stories that were read before.
    pub fn from_file(file: &StoryFile, options: ReplayOptions) -> Result<Self, ReplayError> {
        options.check()?;
        let archive = Arc::new(Archive::new(file, options.story_share, options.seed));
        Ok(Self { archive, options })
    }

    /// The number of served stories: all of the file's.
    pub fn stories(&self) -> usize {
        self.archive.stories()
    }

    /// The number of served items, stories included; also the newest item's id.
    pub fn items(&self) -> usize {
        self.archive.items()
    }

    /// The items over time, for a clock of the caller's.
    pub fn timeline(&self) -> Arc<dyn Timeline> {
        self.archive.clone()
    }

    /// When the first item was created, in seconds since 1970; 0 if there is none.
    pub fn first_time(&self) -> i64 {
        self.archive.first_time()
    }

    /// When the last item was created, in seconds since 1970; 0 if there is none.
    pub fn last_time(&self) -> i64 {
        self.archive.last_time()
    }

    /// Listens on 127.0.0.1 and returns the address, and the future that serves as long as it is polled. Port 0 picks a free one.
    pub async fn bind(
        &self,
        port: u16,
    ) -> Result<(SocketAddr, impl Future<Output = io::Result<()>> + Send + 'static), ReplayError> {
        let failed = |source| ReplayError::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let listener = listener.tap_io(|stream| {
            // Without it an answer may wait for the acknowledgement of the one before.
            stream.set_nodelay(true).ok();
        });
        let router = self.router();
        Ok((address, async move { axum::serve(listener, router).await }))
    }

    fn router(&self) -> Router {
        let serving = Serving {
            archive: Arc::clone(&self.archive),
            latency: self.options.latency,
            faults: Faults::new(self.options.fail_rate, self.options.seed),
            time: self.options.pace.map(|pace| pace.begin(self.archive.first_time())),
        };
        Router::new()
            .route("/v0/maxitem.json", get(max_item))
            .route("/v0/item/{file}", get(item))
            .with_state(Arc::new(serving))
    }
}

impl ReplayOptions {
    fn check(&self) -> Result<(), ReplayError> {
        if !(0.0..=1.0).contains(&self.fail_rate) {
            let expected = "a share from 0 to 1";
            return Err(ReplayError::Option { option: "fail rate", value: self.fail_rate, expected });
        }
        if !(0.001..=1.0).contains(&self.story_share) {
            let expected = "a share from 0.001 to 1";
            return Err(ReplayError::Option { option: "story share", value: self.story_share, expected });
        }
        self.pace.map_or(Ok(()), |pace| pace.check())
    }
}

async fn max_item(State(serving): State<Arc<Serving>>) -> Response {
    let newest = match serving.time {
        Some(time) => serving.archive.newest_id(time.now()),
        None => serving.archive.items() as u64,
    };
    serving.answer(json(newest.to_string())).await
}

async fn item(State(serving): State<Arc<Serving>>, extract::Path(file): extract::Path<String>) -> Response {
    let id = file.strip_suffix(".json").and_then(|id| id.parse().ok());
    match id {
        Some(id) => serving.answer(json(serving.body(id))).await,
        None => serving.answer(StatusCode::NOT_FOUND.into_response()).await,
    }
}

fn json(body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

fn http_date(now: i64) -> Option<HeaderValue> {
    let now = Timestamp::from_second(now).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::from_str(&text).ok()
}

impl Serving {
    fn body(&self, id: u64) -> Bytes {
        let Some(time) = self.time else { return self.archive.body(id) };
        let item = self.archive.item(id, time.now());
        serde_json::to_vec(&item).expect("an item is serialised into memory").into()
    }

    /// Delays the answer, or replaces it by a fault, as the options require. On a virtual clock it is dated by that.
    async fn answer(&self, mut answer: Response) -> Response {
        if let Some(date) = self.time.and_then(|time| http_date(time.now())) {
            answer.headers_mut().insert(header::DATE, date);
        }
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        self.faults.next().map_or(answer, IntoResponse::into_response)
    }
}
