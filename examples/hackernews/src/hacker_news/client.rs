//! The resource that fetches the newest stories; `HACKER_NEWS_URL` selects their source.

use reqwest::Url;

use super::error::HackerNewsError;
use super::latest::Latest;
use super::limits::Limits;
use super::sample::Sample;
use super::web::Web;

const VARIABLE: &str = "HACKER_NEWS_URL";
const LIVE: &str = "https://hacker-news.firebaseio.com/v0";

/// Hacker News: the real site, a server that speaks its API, or the embedded sample.
///
/// Clones share their connections.
#[derive(Clone, Debug)]
pub struct HackerNews {
    source: Source,
    limits: Limits,
}

#[derive(Clone, Debug)]
enum Source {
    Sample(Sample),
    Web(Web),
}

impl HackerNews {
    /// Reads `HACKER_NEWS_URL`: unset or empty for the embedded sample, `live` for the real site, or the base
    /// address of a server that speaks the API, such as `http://127.0.0.1:8765/v0`.
    ///
    /// Fails if the value is none of them. No request is sent.
    pub fn from_env() -> Result<Self, HackerNewsError> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::sample(Sample::default())),
            Some(value) => Self::from_setting(&value.to_string_lossy()),
        }
    }

    /// Like [`from_env`](Self::from_env), with the variable's value.
    pub fn from_setting(value: &str) -> Result<Self, HackerNewsError> {
        match value.trim() {
            "" => Ok(Self::sample(Sample::default())),
            "live" => Self::web(LIVE),
            url => Self::web(url),
        }
    }

    /// The embedded sample: no network.
    pub fn sample(sample: Sample) -> Self {
        Self { source: Source::Sample(sample), limits: Limits::default() }
    }

    fn web(url: &str) -> Result<Self, HackerNewsError> {
        let base = parse_base(url)
            .map_err(|problem| HackerNewsError::InvalidUrl { value: url.to_owned(), problem })?;
        Ok(Self { source: Source::Web(Web::new(&base)?), limits: Limits::default() })
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The source of the items, for people: an address or `embedded sample`.
    pub fn origin(&self) -> &str {
        match &self.source {
            Source::Sample(_) => "embedded sample",
            Source::Web(web) => web.base(),
        }
    }

    /// Fetches the newest `items` items, or all if there are fewer, and keeps the stories.
    ///
    /// `progress` is called after each item with the number of finished items and of all. A window without stories is an ordinary, empty
    /// result. Fails if the newest item's id can't be fetched, or as soon as more items have failed than [`Limits::failure_share`] allows.
    pub async fn latest_stories(
        &self,
        items: usize,
        progress: impl Fn(usize, usize) + Send + Sync,
    ) -> Result<Latest, HackerNewsError> {
        match &self.source {
            Source::Sample(sample) => Ok(sample.latest(items, progress)),
            Source::Web(web) => web.latest(items, &self.limits, progress).await,
        }
    }
}

fn parse_base(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|error| format!("that is not an address ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is neither `http` nor `https`", url.scheme()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base address has no `?` or `#`".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use millwork::Advice as _;

    use super::*;

    fn check(value: &str, expected: &str) {
        match HackerNews::from_setting(value) {
            Ok(hacker_news) => assert_eq!(hacker_news.origin(), expected, "{value:?}"),
            Err(error) => assert!(error.one_line().contains(expected), "{value:?}: {error}"),
        }
    }

    #[test]
    fn the_setting_says_where_items_come_from() {
        check("", "embedded sample");
        check("live", LIVE);
        check("http://127.0.0.1:8765/v0/", "http://127.0.0.1:8765/v0");
        check(" https://news.example/v0 ", "https://news.example/v0");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_choices() {
        check("127.0.0.1:8765", "`HACKER_NEWS_URL` is `127.0.0.1:8765`, but that is not an address");
        check("localhost:8765/v0", "`localhost` is neither `http` nor `https`");
        check("ftp://news.example", "`ftp` is neither `http` nor `https`");
        check("http://", "that is not an address (empty host)");
        check("http://news.example/v0?print=pretty", "no `?` or `#`");
        check("lvie", "hint: use `live`");
    }
}
