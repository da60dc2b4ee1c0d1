//! `check`: validates the definitions, and a configuration against them.

use clap::Args;
use millwork_api::CheckedDefinitions;

use super::config::ConfigArguments;
use super::config::config;
use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::out::{outln, print_json};
use crate::app::printable::counted;
use crate::app::session::Session;

#[derive(Debug, Args)]
#[command(arg(json_flag()))]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) config: ConfigArguments,
}

pub(super) fn run(session: &Session, check: &Check) -> Result<Exit, Failure> {
    let pipeline = session.pipeline()?;
    let graph = pipeline.graph();
    let config = config(&check.config, graph)?;
    // Required parameters that aren't given here are checked when a run is requested.
    pipeline.check_config_so_far(&config)?;
    let (assets, checks) =
        (graph.assets().len(), graph.steps().iter().filter(|step| step.is_check()).count());
    let jobs = pipeline.jobs().len();
    if session.wants_json() {
        print_json(&CheckedDefinitions { ok: true, assets, checks, jobs })?;
    } else {
        let [assets, checks, jobs] = [(assets, "asset"), (checks, "check"), (jobs, "job")]
            .map(|(count, what)| counted(count as u64, what));
        outln!("The definitions fit together: {assets}, {checks}, {jobs}.");
    }
    Ok(Exit::Success)
}
