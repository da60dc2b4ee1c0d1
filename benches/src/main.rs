//! Times whole processes, as a user starts them: one table with medians.
//!
//! `just bench` builds the binaries in release mode and runs this. If the stories of `../shared/data` are absent, the cases that need them
//! are skipped with a message.

mod cases;
mod measure;
mod replay;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// Times the reference job, synthetic graphs and start-up.
#[derive(Debug, Parser)]
struct Arguments {
    /// Number of runs of each case, of which the median is shown
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Also time the edit loop of the reference job, in the dev profile
    #[arg(long)]
    edit_loop: bool,
    /// Also time the cold build of the README's first command
    #[arg(long)]
    cold_build: bool,
    /// The stories to replay
    #[arg(long, default_value = "../shared/data/hackernews/hacker_news.csv")]
    stories: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    measure::print_heading();
    cases::start_up(arguments.runs)?;
    cases::graphs(arguments.runs)?;
    if arguments.stories.exists() {
        cases::reference_job(arguments.runs, &arguments.stories)?;
    } else {
        println!("the reference job on replay is left out: there is no `{}`", arguments.stories.display());
    }
    if arguments.edit_loop {
        cases::edit_loop(arguments.runs)?;
    }
    if arguments.cold_build {
        cases::cold_build()?;
    }
    Ok(())
}
