//! The subcommand `replay`: its arguments, and serving until Ctrl-C.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::server::{Replay, ReplayOptions};
use super::virtual_time::ReplayPace;
use crate::out::outln;

/// Serves a CSV file of stories through the Hacker News API's routes, on this machine only.
#[derive(Clone, Debug, clap::Args)]
pub struct ReplayArgs {
    /// File with the columns id, title, url, num_points, num_comments, author, created_at
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8765)]
    pub port: u16,
    /// Delay of each answer, in milliseconds
    #[arg(long, value_name = "L", default_value_t = 0)]
    pub latency_ms: u64,
    /// Share of requests that fail, from 0 to 1
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    pub fail_rate: f64,
    /// Share of items that are stories; the rest is comments, jobs, polls, deleted and missing items
    #[arg(long, value_name = "P", default_value_t = 0.5)]
    pub story_share: f64,
    /// Decides the items between the stories, and which requests fail
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Serve on a virtual clock: so many of its seconds pass in one; only what has been submitted by then is there
    #[arg(long, value_name = "X")]
    pub speed: Option<f64>,
    /// Where the virtual clock begins, such as `2016-03-01` or `2016-03-01T12:00` (UTC); at the first story by default
    #[arg(long, value_name = "TIME", requires = "speed", value_parser = moment)]
    pub from: Option<i64>,
}

/// A moment or the beginning of a day, in seconds since 1970; without a zone in UTC.
fn moment(text: &str) -> Result<i64, String> {
    // A day is a `DateTime` at midnight, which would leave out the name of a zone.
    let in_utc = || match text.contains('[') {
        true => Ok(text.parse::<Zoned>()?.timestamp()),
        false => Ok(text.parse::<DateTime>()?.to_zoned(TimeZone::UTC)?.timestamp()),
    };
    let moment = text.parse::<Timestamp>().or_else(|_: jiff::Error| in_utc());
    moment.map(Timestamp::as_second).map_err(|_: jiff::Error| {
        format!("`{text}` is neither a day such as `2016-03-01` nor a moment such as `2016-03-01T12:00:00Z`")
    })
}

/// What is to be said about a beginning that is before or after all items, if it is.
fn beyond(from: Timestamp, first: i64, last: i64) -> Result<Option<String>, jiff::Error> {
    let [first, last] = [Timestamp::from_second(first)?, Timestamp::from_second(last)?];
    Ok(match from {
        _ if from < first => {
            Some(format!("nothing is there until {first}, when the first item is submitted"))
        }
        _ if from > last => Some(format!("all items are there: the last one was submitted at {last}")),
        _ => None,
    })
}

impl From<&ReplayArgs> for ReplayOptions {
    fn from(args: &ReplayArgs) -> Self {
        Self {
            latency: Duration::from_millis(args.latency_ms),
            fail_rate: args.fail_rate,
            story_share: args.story_share,
            seed: args.seed,
            pace: args.speed.map(|speed| ReplayPace { from: args.from, speed }),
        }
    }
}

/// Serves until Ctrl-C. Prints the address, how to use it and what is served.
pub async fn serve(args: ReplayArgs) -> millwork::Result<()> {
    millwork::advice::register::<super::ReplayError>();
    let replay = Replay::load(&args.csv, ReplayOptions::from(&args))?;
    let (address, server) = replay.bind(args.port).await?;
    outln!("replaying {} stories among {} items; Ctrl-C ends it", replay.stories(), replay.items());
    if let Some(speed) = args.speed {
        let from = Timestamp::from_second(args.from.unwrap_or_else(|| replay.first_time()))?;
        outln!("the virtual clock begins at {from}, and {speed} seconds pass in one");
        if let Some(said) = beyond(from, replay.first_time(), replay.last_time())? {
            outln!("{said}");
        }
    }
    outln!("export HACKER_NEWS_URL=http://{address}/v0");
    tokio::select! {
        ended = server => ended?,
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let expected = expected.map(|moment| moment.parse::<Timestamp>().unwrap().as_second());
        assert_eq!(moment(text).ok(), expected, "{text}");
    }

    #[test]
    fn a_time_of_day_counts_with_and_without_a_zone() {
        check("2016-08-16", Some("2016-08-16T00:00:00Z"));
        check("2016-08-16T09:00", Some("2016-08-16T09:00:00Z"));
        check("2016-08-16 09:00:30", Some("2016-08-16T09:00:30Z"));
        check("2016-08-16T09:00Z", Some("2016-08-16T09:00:00Z"));
        check("2016-08-16T09:00+02:00", Some("2016-08-16T07:00:00Z"));
        check("2016-08-16T09:00[Europe/Berlin]", Some("2016-08-16T07:00:00Z"));
        for wrong in
            ["", "2016-08-16T09:00[Mars/Olympus]", "09:00", "2016-08-16T25:00", "2016-02-30", "16.8.2016"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn a_beginning_beyond_the_items_is_said() {
        let said = |from| beyond(Timestamp::from_second(from).unwrap(), 10, 20).unwrap().unwrap_or_default();
        assert_eq!([said(10), said(20)], ["", ""]);
        assert!(said(9).starts_with("nothing is there until 1970-01-01T00:00:10Z"), "{}", said(9));
        assert!(said(21).ends_with("submitted at 1970-01-01T00:00:20Z"), "{}", said(21));
    }
}
