//! Times the pages from a reader's perspective: each page, the first load, from an event to the screen, and the server's resources, on a
//! store with 2,000 assets, 10,000 runs and 2 million events.

mod live;
mod pages;
mod served;
mod stored;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::served::Served;

/// Times the pages on a large store.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the store is, or is made and kept; without it, it is made anew and removed
    #[arg(long)]
    home: Option<PathBuf>,
    /// The number of runs
    #[arg(long, default_value_t = 10_000)]
    runs: usize,
    /// The number of events, about
    #[arg(long, default_value_t = 2_000_000)]
    events: usize,
    /// Number of requests for each page
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// Number of readers that follow the events
    #[arg(long, default_value_t = 200)]
    readers: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok().context("a provider of TLS")?;
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let home = arguments.home.clone().unwrap_or_else(|| folder.path().join("home"));
    let largest = stored::filled(&home, arguments.runs, arguments.events).await?;
    let served = Served::start(&home)?;
    pages::time(&served, largest, arguments.requests).await?;
    let after_pages = served.memory()?;
    live::first_load(&served).await?;
    live::event_to_screen(&served, arguments.readers).await?;
    let [started, after_pages, now] = [served.memory_at_start, after_pages, served.memory()?];
    print(
        "memory of the server",
        &format!("{started:.0} MB, {after_pages:.0} MB after the pages, {now:.0} MB after the readers"),
        "80 MB",
    );
    Ok(())
}

/// A line that isn't about one page.
fn print(case: &str, figure: &str, aim: &str) {
    println!("{case:52} {figure}   aim {aim}");
}
