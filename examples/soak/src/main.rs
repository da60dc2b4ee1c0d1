//! `soak run --days 30`: the reference job as a service for a month of virtual time, with clocks that jump, disks that are
//! full, alerts that are refused, sensors that block, panic and request unknown assets, and `kill -9`. Every run really
//! executes, one in twenty as a process; at the end the log has to account for everything.

mod account;
mod clock;
mod disk;
mod driver;
mod folder;
mod journal;
mod life;
mod pipeline;
mod processes;
mod receiver;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
struct Arguments {
    /// The home of a run that is executed
    #[arg(long)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Drive the service, and account for it
    Run {
        /// How many days of virtual time
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Where to keep everything; a temporary folder unless it is given
        #[arg(long)]
        folder: Option<PathBuf>,
        /// The seed of what happens and when
        #[arg(long)]
        seed: Option<u64>,
    },
    /// One life of a daemon
    #[command(hide = true)]
    Live {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        receiver: String,
        #[arg(long)]
        until: u64,
        #[arg(long)]
        processes: bool,
        #[arg(long)]
        steady: bool,
    },
    /// What a daemon launches
    #[command(hide = true)]
    Runs { verb: String, run: String },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Run { days, folder: Some(folder), seed } => driver::run(&folder, days, seed).await,
        Command::Run { days, folder: None, seed } => {
            let folder = tempfile::tempdir()?;
            driver::run(folder.path(), days, seed).await
        }
        Command::Live { folder, receiver, until, processes, steady } => {
            let until = Duration::from_secs(until);
            let folder = folder::Folder(folder);
            life::live(life::Life {
                folder,
                receiver,
                until,
                launches_processes: processes,
                is_steady: steady,
            })
            .await
        }
        Command::Runs { run, .. } => life::execute(&arguments.home.unwrap_or_default(), &run).await,
    }
}
