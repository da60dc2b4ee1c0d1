//! The subcommand `replay`: its arguments, and serving until Ctrl-C.

use std::path::PathBuf;
use std::time::Duration;

use super::server::{Replay, ReplayOptions};

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
}

impl From<&ReplayArgs> for ReplayOptions {
    fn from(args: &ReplayArgs) -> Self {
        Self {
            latency: Duration::from_millis(args.latency_ms),
            fail_rate: args.fail_rate,
            story_share: args.story_share,
            seed: args.seed,
        }
    }
}

/// Serves until Ctrl-C. Prints the address, how to use it and what is served.
pub async fn serve(args: ReplayArgs) -> millwork::Result<()> {
    millwork::advice::register::<super::ReplayError>();
    let replay = Replay::load(&args.csv, ReplayOptions::from(&args))?;
    let (address, server) = replay.bind(args.port).await?;
    println!("replaying {} stories among {} items; Ctrl-C ends it", replay.stories(), replay.items());
    println!("export HACKER_NEWS_URL=http://{address}/v0");
    tokio::select! {
        ended = server => ended?,
        interrupt = tokio::signal::ctrl_c() => interrupt?,
    }
    Ok(())
}
