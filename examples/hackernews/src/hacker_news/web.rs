//! The API over HTTP: one request, its retries, and a whole window with many requests at once.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use super::client::Again;
use super::error::{HackerNewsError, RequestError};
use super::item::Item;
use super::latest::Latest;
use super::limits::Limits;

/// Maximum bytes that are read of an answer. The largest items, stories with thousands of comments, have some 50 kB; with an answer on
/// every connection it is still a bounded amount of memory.
const LARGEST_ANSWER: usize = 1 << 20;

/// A base address and the connections to it.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    base: Arc<str>,
    client: Client,
}

/// The outcome of one request, and the number of its attempts.
struct Outcome<T> {
    result: Result<T, RequestError>,
    attempts: u32,
}

impl Web {
    /// Prepares connections to `base`, which has a host, without sending anything.
    pub(crate) fn new(base: &Url) -> Result<Self, HackerNewsError> {
        let url = base.as_str().trim_end_matches('/');
        let client = client_builder(base)
            .build()
            .map_err(|source| HackerNewsError::Client { url: url.to_owned(), source })?;
        Ok(Self { base: url.into(), client })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Fetches the newest `items` items; `progress` is called after each.
    pub(crate) async fn latest(
        &self,
        items: usize,
        limits: &Limits,
        progress: impl Fn(usize, usize),
    ) -> Result<Latest, HackerNewsError> {
        let (newest, read_at) = self.newest_id(limits).await?;
        let requested = items.min(usize::try_from(newest).unwrap_or(usize::MAX));
        let ids = (0..requested as u64).map(|age| newest - age);
        let mut outcomes =
            stream::iter(ids).map(|id| self.item(id, limits)).buffer_unordered(limits.connections.max(1));
        let mut latest = Latest { read_at, ..Latest::default() };
        latest.counts.requested = requested;
        for done in 1..=requested {
            let Some(outcome) = outcomes.next().await else { break };
            latest.counts.retried += outcome.attempts as usize - 1;
            match outcome.result {
                Ok(answer) => latest.add(answer),
                Err(source) => self.add_failure(&mut latest, limits, source)?,
            }
            progress(done, requested);
        }
        Ok(latest.sorted())
    }

    /// Fetches items by their ids, and keeps the stories.
    pub(crate) async fn again(&self, ids: &[u64], limits: &Limits) -> Again {
        let of = |id: u64| async move { (id, self.item(id, limits).await.result) };
        let mut outcomes = stream::iter(ids.to_vec()).map(of).buffer_unordered(limits.connections.max(1));
        let (mut latest, mut failed) = (Latest::default(), Vec::new());
        while let Some((id, result)) = outcomes.next().await {
            match result {
                Ok(answer) => latest.add(answer),
                Err(error) => {
                    tracing::warn!(
                        id,
                        error = &error as &dyn std::error::Error,
                        "a story couldn't be fetched again"
                    );
                    failed.push(id);
                }
            }
        }
        failed.sort_unstable();
        Again { stories: latest.sorted().stories, failed }
    }

    /// Counts a failed item, and fails the window once too many have failed.
    fn add_failure(
        &self,
        latest: &mut Latest,
        limits: &Limits,
        source: RequestError,
    ) -> Result<(), HackerNewsError> {
        latest.counts.failed += 1;
        let (failed, requested) = (latest.counts.failed, latest.counts.requested);
        if !limits.exceeded_by(failed, requested) {
            tracing::warn!(
                error = &source as &dyn std::error::Error,
                "left out an item that couldn't be fetched"
            );
            return Ok(());
        }
        Err(HackerNewsError::TooManyFailed {
            url: self.base.to_string(),
            failed,
            requested,
            share: 100.0 * failed as f64 / requested as f64,
            limit: 100.0 * limits.failure_share,
            source,
        })
    }

    /// The newest item's id, and the server's time.
    async fn newest_id(&self, limits: &Limits) -> Result<(u64, Option<i64>), HackerNewsError> {
        let url = format!("{}/maxitem.json", self.base);
        let parse = |headers: &HeaderMap, body: &[u8]| {
            serde_json::from_slice(body).map(|newest: u64| (newest, date(headers)))
        };
        let outcome = self.fetch(&url, &limits.of_first_request(), parse).await;
        outcome.result.map_err(|source| HackerNewsError::NoNewestItem { url, source })
    }

    async fn item(&self, id: u64, limits: &Limits) -> Outcome<Option<Item>> {
        let url = format!("{}/item/{id}.json", self.base);
        self.fetch(&url, limits, |_, body| Item::parse(id, body)).await
    }

    async fn fetch<T>(
        &self,
        url: &str,
        limits: &Limits,
        parse: impl Fn(&HeaderMap, &[u8]) -> serde_json::Result<T>,
    ) -> Outcome<T> {
        let mut attempts = 1;
        loop {
            let result = self.attempt(url, limits.timeout, &parse).await;
            let Err(error) = &result else { return Outcome { result, attempts } };
            let Some(wait) = limits.wait_after(attempts, error, fastrand::f64()) else {
                return Outcome { result, attempts };
            };
            tracing::debug!(url, attempts, ?wait, %error, "waiting to repeat a request");
            tokio::time::sleep(wait).await;
            attempts += 1;
        }
    }

    async fn attempt<T>(
        &self,
        url: &str,
        timeout: Duration,
        parse: impl Fn(&HeaderMap, &[u8]) -> serde_json::Result<T>,
    ) -> Result<T, RequestError> {
        let failed = |error: reqwest::Error| connection_error(error, timeout);
        let mut response = self.client.get(url).timeout(timeout).send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(status_error(&response));
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(RequestError::TooLarge { limit: LARGEST_ANSWER });
            }
            body.extend_from_slice(&chunk);
        }
        parse(&headers, &body).map_err(|source| RequestError::Json { source })
    }
}

/// A client for one host: HTTP/1.1 connections that stay open, no redirects (the API has none).
///
/// Only `https` needs trust roots, the system's; loading them takes longer than fetching a window from a server nearby. A proxy that the
/// environment names can't reach this machine's own addresses.
fn client_builder(base: &Url) -> ClientBuilder {
    let builder = Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(3))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("millwork-hackernews/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(base) { builder.no_proxy() } else { builder };
    if base.scheme() == "https" {
        // Another part of the program may have installed a provider before; that one works as well.
        ring::default_provider().install_default().ok();
        return builder;
    }
    builder.tls_backend_preconfigured(without_trust_roots())
}

fn without_trust_roots() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default protocol versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn connection_error(error: reqwest::Error, timeout: Duration) -> RequestError {
    if error.is_timeout() && !error.is_connect() {
        return RequestError::TimedOut { after: timeout };
    }
    RequestError::Connection { source: error }
}

fn status_error(response: &Response) -> RequestError {
    RequestError::Status { status: response.status(), retry_after: retry_after(response.headers()) }
}

/// Reads `Retry-After`: seconds, or a date, which is compared with the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_second();
    Some(Duration::from_secs(u64::try_from(until - date(headers)?).unwrap_or(0)))
}

/// The server's own time, in seconds since 1970.
fn date(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_retry_after(value: &str, expected_seconds: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Wed, 21 Oct 2015 07:28:00 GMT".parse().unwrap());
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        assert_eq!(retry_after(&headers), expected_seconds.map(Duration::from_secs), "{value}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        check_retry_after("0", Some(0));
        check_retry_after("120", Some(120));
        check_retry_after("Wed, 21 Oct 2015 07:28:09 GMT", Some(9));
        check_retry_after("Wed, 21 Oct 2015 07:27:00 GMT", Some(0));
        check_retry_after("soon", None);
        check_retry_after("-5", None);
    }

    fn check_loopback(url: &str, expected: bool) {
        assert_eq!(is_loopback(&url.parse().unwrap()), expected, "{url}");
    }

    #[test]
    fn loopback_addresses_are_known() {
        check_loopback("http://127.0.0.1:8765/v0", true);
        check_loopback("http://localhost/v0", true);
        check_loopback("http://[::1]:1/v0", true);
        check_loopback("https://hacker-news.firebaseio.com/v0", false);
    }
}
