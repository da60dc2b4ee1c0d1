//! The command line as a whole, and the dispatch to commands.

use std::path::PathBuf;

use clap::{Command, Parser, Subcommand};

use super::alerts::Alerts;
use super::asset::Asset;
use super::automation::Automation;
use super::backfill::Backfills;
use super::check::Check;
use super::completions::Completions;
use super::daemon::DaemonCommand;
use super::dev::DevArguments;
use super::graph::Graph;
use super::list::List;
use super::materialize::Materialize;
use super::models::Models;
use super::partitions::Partitions;
use super::runs::Runs;
use super::schedules::Schedules;
use super::sensors::Sensors;
use super::serve::ServeArguments;
use super::status::{Status, Why};
use super::store::Store;
use super::{
    alerts, asset, automation, backfill, check, completions, daemon, dev, graph, list, materialize, models,
    partitions, runs, schedules, sensors, serve, status, store,
};
use crate::app::failure::{Exit, Failure};
use crate::app::log;
use crate::app::session::Session;

/// Builds and operates this pipeline.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(in crate::app) struct Arguments {
    /// The folder of the database and the values.
    #[arg(long, global = true, env = "MILLWORK_HOME", default_value = ".millwork", value_name = "FOLDER")]
    pub(in crate::app) home: PathBuf,
    #[command(subcommand)]
    command: Commands,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a run failed
  2    invalid arguments: an unknown command, asset, run or partition, or an invalid configuration
  3    invalid definitions
  4    the home can't be read or written
  5    the result can't be written
  129  canceled, as the terminal was closed
  130  canceled
  141  the reader of standard output has gone away
  143  canceled, as the process was terminated

Examples:
  materialize                        materialize every asset
  materialize +score --set split.seed=7
  materialize --stale                materialize only what is stale or missing
  graph '2+score' --format svg > graph.svg
  why score                          explain the status of an asset";

#[derive(Debug, Subcommand)]
enum Commands {
    /// Materialize assets
    #[command(after_help = "\
The SELECTION:
  stories, 'raw_*', '*'               by key or pattern
  group:model kind:csv owner:x tag:k=v
  +x   x+   2+x+1                     with upstream, with downstream, within a distance
  a and b   a or b   not a   (a or b)

Examples:
  materialize                         everything
  materialize '+score'                the score and everything upstream of it
  materialize --stale                 only what is stale or missing
  materialize by_day --partition 2024-01-01
  materialize --config run.toml --set hackernews_stories.items=500
  materialize --json                  one JSON object on standard output")]
    Materialize(Materialize),
    /// List the definitions: assets, checks, jobs, resources
    #[command(subcommand)]
    List(List),
    /// Draw the asset graph
    #[command(
        after_help = "Examples:\n  graph\n  graph '+score' --format svg > graph.svg\n  graph --format mermaid"
    )]
    Graph(Graph),
    /// List, show, retry and cancel runs
    #[command(subcommand)]
    Runs(Runs),
    /// Evaluate schedules, sensors and conditions and launch queued runs, until interrupted
    #[command(
        after_help = "Examples:\n  daemon\n  daemon --max-runs 2\n  daemon --dry-run --from 2026-05-01T00:00:00Z --to 2026-05-02T00:00:00Z"
    )]
    Daemon(DaemonCommand),
    /// Serve the web pages and the HTTP API, and run the daemon, in one process
    #[command(
        after_help = "Examples:\n  serve\n  serve --port 8080\n  MILLWORK_TOKEN=$(openssl rand -hex 16) serve --address 0.0.0.0:3030"
    )]
    Serve(ServeArguments),
    /// Serve, watch the sources, and switch to new definitions when they build
    #[command(
        after_help = "Examples:\n  cargo run -- dev\n  cargo run -- dev --build 'cargo build --features gpu'"
    )]
    Dev(DevArguments),
    /// List schedules, switch them on and off, show their ticks
    #[command(subcommand)]
    Schedules(Schedules),
    /// List sensors, switch them on and off, show their ticks, preview them
    #[command(subcommand)]
    Sensors(Sensors),
    /// List and explain automation conditions, switch them on and off, simulate them
    #[command(subcommand)]
    Automation(Automation),
    /// List alert rules, and list, retry and drop deliveries
    #[command(subcommand)]
    Alerts(Alerts),
    /// Show an asset, its history and its values
    #[command(subcommand)]
    Asset(Asset),
    /// List, show and compare the versions of models, promote them, and go back
    #[command(subcommand)]
    Models(Models),
    /// List the partitions of an asset; add and remove those that come at run time
    #[command(subcommand)]
    Partitions(Partitions),
    /// Make many partitions: plan, start, show, pause, resume, cancel and retry backfills
    #[command(
        subcommand,
        after_help = "Examples:\n  backfill create '+model' --partitions 2024-01-01..2024-03-31 --dry-run\n  backfill create stories+ --partitions 2024-01-01.. --partitions-per-run 30"
    )]
    Backfill(Backfills),
    /// Show the status of each asset: fresh, stale, missing, running, failed or external
    Status(Status),
    /// Explain the status of an asset: why it is stale, missing, running, failed or external
    Why(Why),
    /// Check the definitions, and optionally a configuration
    Check(Check),
    /// Show, check and clean up the database and the values
    #[command(subcommand)]
    Store(Store),
    /// Print completions for a shell
    #[command(after_help = "Example:\n  source <(PIPELINE completions bash)")]
    Completions(Completions),
}

/// Runs a command.
pub(in crate::app) fn run(arguments: Arguments, session: &Session, whole: Command) -> Result<Exit, Failure> {
    log::level()?;
    if matches!(arguments.command, Commands::Daemon(_) | Commands::Serve(_) | Commands::Dev(_)) {
        millwork_daemon::check_variables()?;
    }
    match arguments.command {
        Commands::Materialize(materialize) => materialize::run(session, &materialize),
        Commands::List(list) => list::run(session, &list),
        Commands::Graph(graph) => graph::run(session, &graph),
        Commands::Runs(runs) => runs::run(session, runs),
        Commands::Daemon(daemon) => daemon::run_or_simulate(session, &daemon),
        Commands::Serve(serve) => serve::run(session, serve),
        Commands::Dev(dev) => dev::run(session, dev),
        Commands::Schedules(schedules) => schedules::run(session, schedules),
        Commands::Sensors(sensors) => sensors::run(session, sensors),
        Commands::Automation(automation) => automation::run(session, automation),
        Commands::Alerts(alerts) => alerts::run(session, alerts),
        Commands::Asset(asset) => asset::run(session, asset),
        Commands::Models(models) => models::run(session, models),
        Commands::Partitions(partitions) => partitions::run(session, partitions),
        Commands::Backfill(backfills) => backfill::run(session, &backfills),
        Commands::Status(status) => status::run(session, &status),
        Commands::Why(why) => status::why(session, &why),
        Commands::Check(check) => check::run(session, &check),
        Commands::Store(store) => store::run(session, &store),
        Commands::Completions(completions) => completions::run(&completions, whole),
    }
}
