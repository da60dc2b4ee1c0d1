//! Which command does what.

use clap::Command;

use crate::app::arguments::{Commands, DaemonCommand, Span};
use crate::app::failure::{Exit, Failure};
use crate::app::log;
use crate::app::out::print_bytes;
use crate::app::session::Session;

use super::{
    alerts, asset, automation, check, daemon, graph, list, materialize, runs, schedules, sensors, status,
    store,
};

/// Does what a command says.
pub(in crate::app) fn run(command: Commands, session: &Session, whole: Command) -> Result<Exit, Failure> {
    log::level()?;
    match command {
        Commands::Materialize(materialize) => materialize::run(session, &materialize),
        Commands::List(list) => list::run(session, &list),
        Commands::Graph(graph) => graph::run(session, &graph),
        Commands::Runs(runs) => runs::run(session, runs),
        Commands::Daemon(DaemonCommand { from: Some(from), to: Some(to), all, .. }) => {
            automation::simulate(session, Span { from, to }, all, false)
        }
        Commands::Daemon(arguments) => daemon::run(session, &arguments.daemon),
        Commands::Serve(arguments) => daemon::serve(session, arguments),
        Commands::Dev(arguments) => daemon::develop(session, arguments),
        Commands::Schedules(schedules) => schedules::run(session, schedules),
        Commands::Sensors(sensors) => sensors::run(session, sensors),
        Commands::Automation(automation) => automation::run(session, automation),
        Commands::Alerts(alerts) => alerts::run(session, alerts),
        Commands::Asset(asset) => asset::run(session, asset),
        Commands::Status(status) => status::run(session, &status),
        Commands::Why(why) => status::why(session, &why),
        Commands::Check(check) => check::run(session, &check),
        Commands::Store(store) => store::run(session, &store),
        Commands::Completions { shell } => {
            let mut whole = whole;
            let name = std::env::current_exe().ok().and_then(|path| Some(path.file_name()?.to_owned()));
            let name = name.map_or_else(|| "pipeline".into(), |name| name.to_string_lossy().into_owned());
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut whole, name, &mut script);
            print_bytes(&script);
            Ok(Exit::Success)
        }
    }
}
