//! `models repair`: makes again what is made with a version now, and nothing else.

use millwork_api::{ModelRepair, plan_repair};
use millwork_core::AssetKey;
use millwork_core::run::{RunRequest, RunStatus};
use millwork_engine::{Engine, EngineOptions};
use millwork_storage::repairing_run;

use super::super::materialize::{Executed, Execution, execute_one, exit_of, outcome_view, summary};
use super::arguments::Version;
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Opened, Session};

/// What happens with the runs of a repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are listed.
    List,
    /// They are left to a daemon.
    Queue,
    /// They are executed in this process, one after the other.
    Execute,
}

pub(super) async fn repair(
    session: &Session,
    opened: &Opened,
    version: &Version,
    way: Way,
) -> Result<Exit, Failure> {
    let named = version.find(session, opened).await?;
    let (number, graph) = (named.number()?, session.pipeline()?.graph());
    let moment = opened.moment(graph).await?;
    let requests = plan_repair(&*opened.store, graph, &named.of, number, &moment).await?;
    for request in &requests {
        request.check(session.pipeline()?, &moment)?;
    }
    let engine = session.engine(opened, EngineOptions::default())?;
    let json = session.wants_json();
    let mut repair = ModelRepair::new(named.of.clone(), number, &requests);
    let mut exit = Exit::Success;
    if !json && requests.is_empty() {
        outln!("No value is made with version {number} of {} now.", named.of.quoted());
    }
    match way {
        Way::List if !json && !requests.is_empty() => {
            outln!("Made with version {number} of {}, to be made again:", named.of.quoted());
            requests.iter().for_each(|request| outln!("  {}", in_words(request)));
        }
        Way::List => {}
        Way::Queue => {
            for (request, shown) in requests.into_iter().zip(&mut repair.runs) {
                let words = in_words(&request);
                let (run, stands) = match repairing_run(&*opened.store, &request).await? {
                    Some(run) => (run, "is on its way already"),
                    None => (engine.request(request.queued()).await?, "is queued"),
                };
                shown.run = Some(run);
                if !json {
                    outln!("Run {} {stands}: {words}", run.short());
                }
            }
        }
        Way::Execute => exit = execute_all(opened, &engine, requests, &mut repair, json).await?,
    }
    opened.store.close().await;
    if json {
        print_json(&repair)?;
    }
    Ok(exit)
}

/// Executes the runs one after the other, up to one that doesn't succeed.
async fn execute_all(
    opened: &Opened,
    engine: &Engine,
    requests: Vec<RunRequest>,
    repair: &mut ModelRepair,
    json: bool,
) -> Result<Exit, Failure> {
    let all = requests.len();
    for (place, request) in requests.into_iter().enumerate() {
        if !json {
            outln!("{}", in_words(&request));
        }
        let steps = engine.plan(&request).await?.steps.len();
        let Executed { outcome, asked } =
            execute_one(opened, engine, Execution::Begin(request), steps, json).await?;
        let outcome = outcome?;
        if !json {
            out!("{}", summary(&outcome));
        }
        let shown = &mut repair.runs[place];
        (shown.run, shown.outcome) = (Some(outcome.run), Some(outcome_view(&outcome)));
        if outcome.status != RunStatus::Succeeded {
            if !json && place + 1 < all {
                outln!("{} of {all} runs are left: the same command goes on.", all - place - 1);
            }
            return Ok(exit_of(outcome.status, asked));
        }
    }
    Ok(Exit::Success)
}

/// What a run makes again: `a, b`, with the partition.
fn in_words(request: &RunRequest) -> String {
    let assets: Vec<&str> = request.assets.iter().map(AssetKey::as_str).collect();
    let partition = request.partitions.first().map(|key| format!(" (partition {key})")).unwrap_or_default();
    format!("{}{partition}", assets.join(", "))
}
