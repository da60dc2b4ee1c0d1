//! The replay server, asked by the client: every story arrives, late or through failures if need be.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hackernews::replay::{FileStory, StoryFile};
use hackernews::{HackerNews, Latest, Limits, Replay, ReplayOptions, ReplayPace};
use millwork::Advice as _;

const HEADER: &str = "id,title,url,num_points,num_comments,author,created_at";

fn small_file(stories: usize) -> StoryFile {
    let rows = (0..stories).map(|n| format!("{n},Story {n},,1,{n},ada,1/2/2016 {}:{:02}\n", n / 60, n % 60));
    let content = format!("{HEADER}\n{}", rows.collect::<String>());
    StoryFile::read(Path::new("stories.csv"), content.as_bytes()).unwrap()
}

async fn latest(replay: &Replay, items: usize) -> Latest {
    let (address, server) = replay.bind(0).await.unwrap();
    let server = tokio::spawn(server);
    let limits = Limits { attempts: 9, backoff: Duration::from_millis(1), ..Limits::default() };
    let hacker_news = HackerNews::from_setting(&format!("http://{address}/v0")).unwrap().with_limits(limits);
    let latest = hacker_news.latest_stories(items, |_, _| {}).await.unwrap();
    server.abort();
    latest
}

/// Requests everything and compares every story of the file, in order.
async fn check_all_arrive(file: &StoryFile, options: ReplayOptions) -> Latest {
    let replay = Replay::from_file(file, options).unwrap();
    let latest = latest(&replay, usize::MAX).await;
    assert_eq!((latest.counts.requested, latest.counts.stories), (replay.items(), file.stories.len()));
    assert_eq!(latest.counts.failed, 0);
    let arrived = latest.stories.iter().map(|story| (story.time, story.score, story.descendants));
    assert!(arrived.eq(file.stories.iter().map(|s| (Some(s.time), Some(s.points), Some(s.comments)))));
    latest
}

#[tokio::test]
async fn stories_arrive_among_other_items() {
    let latest = check_all_arrive(&small_file(300), ReplayOptions::default()).await;
    let counts = latest.counts;
    assert!(counts.null > 0 && counts.deleted > 0 && counts.dead > 0 && counts.comments > 100, "{counts:?}");
    assert!(counts.jobs > 0 && counts.polls > 0, "{counts:?}");
}

#[tokio::test]
async fn stories_arrive_through_failures() {
    let options = ReplayOptions { fail_rate: 0.2, ..ReplayOptions::default() };
    let latest = check_all_arrive(&small_file(100), options).await;
    assert!(latest.counts.retried > 20, "{:?}", latest.counts);
}

#[tokio::test]
async fn delays_are_side_by_side() {
    let latency = Duration::from_millis(500);
    let options = ReplayOptions { latency, story_share: 1.0, ..ReplayOptions::default() };
    let replay = Replay::from_file(&small_file(100), options).unwrap();
    let before = Instant::now();
    latest(&replay, 100).await;
    let took = before.elapsed();
    // The newest item's id, then all items at once: far less than a hundred times the delay, however busy the machine is.
    assert!((latency * 2..latency * 100).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_remedy() {
    let replay = Replay::from_file(&small_file(1), ReplayOptions::default()).unwrap();
    let (address, _server) = replay.bind(0).await.unwrap();
    let error = replay.bind(address.port()).await.err().expect("the port is in use").one_line();
    let expected = format!("failed to listen on 127.0.0.1:{}; hint:", address.port());
    assert!(error.starts_with(&expected), "{error}");
}

/// A clock that hardly moves: what is there is what was submitted by its beginning, with the comments that have come by then.
#[tokio::test]
async fn a_virtual_clock_shows_what_has_been_submitted() {
    let file = small_file(300);
    let [first, end] = [0, 299].map(|story: usize| file.stories[story].time);
    for (from, stories, comments) in [
        (None, 1, 0),
        (Some(first - 1), 0, 0),
        (Some(first + 99 * 60), 100, 0),
        (Some(end + 3 * 24 * 3_600), 300, (0..300).sum::<u32>()),
    ] {
        let pace = Some(ReplayPace { from, speed: 1e-9 });
        let options = ReplayOptions { story_share: 1.0, pace, ..ReplayOptions::default() };
        let latest = latest(&Replay::from_file(&file, options).unwrap(), usize::MAX).await;
        assert_eq!(
            (latest.read_at, latest.stories.len()),
            (Some(from.unwrap_or(first)), stories),
            "{from:?}"
        );
        let sum: u32 = latest.stories.iter().filter_map(|story| story.descendants).sum();
        assert!(sum >= comments && (comments > 0 || sum < 800), "{from:?}: {sum} comments");
    }
}

fn check_option(options: ReplayOptions, expected: &str) {
    let error = Replay::from_file(&small_file(1), options).unwrap_err().to_string();
    assert_eq!(error, expected);
}

#[test]
fn options_outside_of_their_range_are_refused() {
    let normal = ReplayOptions::default;
    check_option(
        ReplayOptions { fail_rate: 1.5, ..normal() },
        "`fail rate` is 1.5, expected a share from 0 to 1",
    );
    check_option(
        ReplayOptions { fail_rate: f64::NAN, ..normal() },
        "`fail rate` is NaN, expected a share from 0 to 1",
    );
    check_option(
        ReplayOptions { story_share: 0.0, ..normal() },
        "`story share` is 0.0, expected a share from 0.001 to 1",
    );
    check_option(
        ReplayOptions { pace: Some(ReplayPace { from: None, speed: 0.0 }), ..normal() },
        "`speed` is 0.0, expected a number from 1e-9 to 1e9",
    );
}

/// The file of 20,100 real stories, where this machine has it; it isn't part of the repository.
fn real_file() -> Option<StoryFile> {
    Some(StoryFile::open(&millwork_testing::stories()?).unwrap())
}

#[test]
fn the_real_file_is_read_in_order_of_time() {
    let Some(file) = real_file() else { return };
    assert_eq!(file.stories.len(), 20_100);
    assert!(file.stories.is_sorted_by_key(|story| (story.time, story.id)));
    let utc = |story: &FileStory| jiff::Timestamp::from_second(story.time).unwrap().to_string();
    assert_eq!(utc(&file.stories[0]), "2015-09-06T09:56:00Z");
    assert_eq!(utc(file.stories.last().unwrap()), "2016-09-26T07:13:00Z");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_real_stories_arrive() {
    let Some(file) = real_file() else { return };
    let latest =
        check_all_arrive(&file, ReplayOptions { story_share: 0.95, ..ReplayOptions::default() }).await;
    assert_eq!((latest.counts.with_entities, latest.counts.without_descendants), (2, 0));
    let mut expected = HashMap::new();
    for story in &file.stories {
        *expected.entry(html_escape::decode_html_entities(&story.title).into_owned()).or_insert(0) += 1;
    }
    for story in latest.stories {
        *expected.get_mut(&story.title).unwrap() -= 1;
    }
    assert!(expected.values().all(|&left| left == 0));
}
