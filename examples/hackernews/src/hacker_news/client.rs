//! The resource that fetches stories; `HACKER_NEWS_URL` selects their source.

use std::sync::Arc;

use millwork_core::Clock;
use reqwest::Url;

use super::error::HackerNewsError;
use super::item::Item;
use super::latest::{Latest, Story};
use super::limits::Limits;
use super::sample::Sample;
use super::timeline::Timeline;
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
    Timeline(Arc<dyn Timeline>, Arc<dyn Clock>),
}

/// Stories that were fetched again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// The stories that are still there, by ascending id.
    pub stories: Vec<Story>,
    /// The ids that couldn't be fetched: to be asked for another time.
    pub failed: Vec<u64>,
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

    /// Items over time, at the time of a clock: no network.
    pub fn over_time(timeline: Arc<dyn Timeline>, clock: Arc<dyn Clock>) -> Self {
        Self { source: Source::Timeline(timeline, clock), limits: Limits::default() }
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
            Source::Timeline(..) => "items over time",
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
            Source::Timeline(timeline, clock) => {
                Ok(newest_of(&**timeline, clock.now().as_second(), items, progress))
            }
        }
    }

    /// The time of the source by its own clock, in seconds since 1970; `None` if it doesn't say.
    ///
    /// It is the clock by which stories have an age: a replay may be in another year.
    ///
    /// Fails if the source can't be reached.
    pub async fn time(&self) -> Result<Option<i64>, HackerNewsError> {
        Ok(self.latest_stories(0, |_, _| {}).await?.read_at)
    }

    /// Fetches stories again, to see what has become of them. One that was deleted since, or isn't a story any more, is left out.
    pub async fn again(&self, ids: &[u64]) -> Again {
        match &self.source {
            Source::Sample(sample) => again_of(ids, |id| sample.item(id)),
            Source::Web(web) => web.again(ids, &self.limits).await,
            Source::Timeline(timeline, clock) => {
                let now = clock.now().as_second();
                again_of(ids, |id| timeline.item(id, now))
            }
        }
    }
}

fn newest_of(timeline: &dyn Timeline, now: i64, items: usize, progress: impl Fn(usize, usize)) -> Latest {
    let newest = timeline.newest_id(now);
    let requested = items.min(usize::try_from(newest).unwrap_or(usize::MAX));
    let mut latest = Latest { read_at: Some(now), ..Latest::default() };
    latest.counts.requested = requested;
    for (done, id) in (newest - requested as u64 + 1..=newest).enumerate() {
        latest.add(timeline.item(id, now));
        progress(done + 1, requested);
    }
    latest
}

fn again_of(ids: &[u64], item: impl Fn(u64) -> Option<Item>) -> Again {
    let mut latest = Latest::default();
    ids.iter().for_each(|&id| latest.add(item(id)));
    Again { stories: latest.sorted().stories, failed: Vec::new() }
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

    #[tokio::test]
    async fn items_come_with_the_time_of_a_clock_and_are_fetched_again() {
        let clock = Arc::new(millwork_core::TestClock::at("2026-01-05T00:00:00Z".parse().unwrap()));
        let archive = crate::hacker_news::Archive::new(1, clock.now().as_second(), 1);
        let source = HackerNews::over_time(Arc::new(archive), clock.clone());
        let before = source.latest_stories(50, |_, _| {}).await.unwrap();
        assert_eq!((before.read_at, before.counts.requested), (Some(clock.now().as_second()), 50));
        let ids: Vec<u64> = before.stories.iter().map(|story| story.id).collect();
        let comments = |stories: &[Story]| stories.iter().filter_map(|story| story.descendants).sum::<u32>();
        clock.advance(jiff::SignedDuration::from_hours(72));
        let again = source.again(&ids).await;
        assert!(again.stories.iter().map(|story| story.id).eq(ids) && again.failed.is_empty());
        assert!(comments(&again.stories) > 2 * comments(&before.stories));
        assert_eq!(source.time().await.unwrap(), Some(clock.now().as_second()));
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
