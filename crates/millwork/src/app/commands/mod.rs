//! One file a command.

mod asset;
mod check;
mod config;
mod graph;
mod list;
mod materialize;
mod runs;
mod status;
mod store;

use clap::Command;

use super::arguments::Commands;
use super::failure::{Exit, Failure};
use super::session::Session;

/// Does what a command says.
pub(super) fn run(command: Commands, session: &Session, whole: Command) -> Result<Exit, Failure> {
    match command {
        Commands::Materialize(materialize) => materialize::run(session, &materialize),
        Commands::List(list) => list::run(session, &list),
        Commands::Graph(graph) => graph::run(session, &graph),
        Commands::Runs(runs) => runs::run(session, runs),
        Commands::Asset(asset) => asset::run(session, asset),
        Commands::Status(status) => status::run(session, &status),
        Commands::Why(why) => status::why(session, &why),
        Commands::Check(check) => check::run(session, &check),
        Commands::Store(store) => store::run(session, &store),
        Commands::Completions { shell } => {
            let mut whole = whole;
            let name = std::env::current_exe().ok().and_then(|path| Some(path.file_name()?.to_owned()));
            let name = name.map_or_else(|| "pipeline".into(), |name| name.to_string_lossy().into_owned());
            clap_complete::generate(shell, &mut whole, name, &mut std::io::stdout());
            Ok(Exit::Success)
        }
    }
}
