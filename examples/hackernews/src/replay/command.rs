//! The subcommand `replay`: its arguments, and serving until Ctrl-C.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::server::{Replay, ReplayOptions};
use super::virtual_time::ReplayPace;

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
    /// Where the virtual clock begins, such as `2016-03-01`; at the first story by default
    #[arg(long, value_name = "TIME", requires = "speed", value_parser = moment)]
    pub from: Option<i64>,
}

/// A moment or the beginning of a day, in seconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    let day = || Ok(text.parse::<Date>()?.to_zoned(TimeZone::UTC)?.timestamp());
    let moment = text.parse::<Timestamp>().or_else(|_: jiff::Error| day());
    moment.map(Timestamp::as_second).map_err(|_: jiff::Error| {
        format!("`{text}` is neither a day such as `2016-03-01` nor a moment such as `2016-03-01T12:00:00Z`")
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
    println!("replaying {} stories among {} items; Ctrl-C ends it", replay.stories(), replay.items());
    if let Some(speed) = args.speed {
        let from = Timestamp::from_second(args.from.unwrap_or_else(|| replay.first_time()))?;
        println!("the virtual clock begins at {from}, and {speed} seconds pass in one");
    }
    println!("export HACKER_NEWS_URL=http://{address}/v0");
    tokio::select! {
        ended = server => ended?,
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}
