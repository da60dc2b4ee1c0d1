//! `runs reproduce`: executes a run's steps again, elsewhere, and compares.

use std::sync::Arc;
use std::time::Instant;

use millwork_api::ReproductionView;
use millwork_core::event::KindSet;
use millwork_core::run::{Made, ReproducedAsset, Reproduction, ReproductionVerdict, RunId};
use millwork_engine::{
    Cancel, EngineOptions, Observation, Observer, ask_descendants_to_end, capture_output, end_descendants,
};
use tokio::sync::watch;

use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, print_json};
use crate::app::printable::indented;
use crate::app::progress::Progress;
use crate::app::session::{Opened, Session};
use crate::app::signals::{EndSignal, EndSignals};
use crate::app::style::style;
use crate::app::table::table;
use crate::app::{log, when};

/// Reproduces a run with progress in the terminal, and prints what differs; a signal to end cancels it.
pub(super) async fn reproduce(session: &Session, opened: &Opened, run: RunId) -> Result<Exit, Failure> {
    let json = session.wants_json();
    let engine = session.engine(opened, EngineOptions::default())?;
    let plan = engine.plan_reproduction(run).await?;
    log::install()?;
    let (cancel, signals) = (Cancel::default(), EndSignals::listen()?);
    let (progress, captured) = Progress::start(plan.steps(), capture_output().ok(), json);
    let progress = Arc::new(progress);
    let (first, asked) = watch::channel(None);
    let watcher = tokio::spawn(cancel_when_asked(signals, first, cancel.clone(), progress.clone()));
    let shown = progress.clone();
    let observer: Observer = Arc::new(move |observation| {
        // A verdict is part of what is compared. That an alias moves in the reproduction would be read as a move in the home.
        let is_of_versions =
            matches!(observation, Observation::Recorded(event) if event.body.is_one_of(KindSet::VERSIONS));
        if !is_of_versions {
            shown.show(&observation);
        }
    });
    let started = Instant::now();
    let reproduced = engine.reproduce(plan, &cancel, observer).await;
    let took = started.elapsed();
    watcher.abort();
    progress.finish();
    // The capture of standard output ends here, so that the result is printed.
    drop(captured);
    opened.store.close().await;
    let Some(reproduction) = reproduced? else {
        end_descendants();
        return Ok(asked.borrow().map_or(Exit::Canceled, EndSignal::exit));
    };
    if json {
        print_json(&ReproductionView::new(&reproduction, took.as_secs_f64()))?;
    } else {
        out!("{}", summary(&reproduction, &when::duration(took)));
    }
    Ok(match reproduction.verdict() {
        ReproductionVerdict::Identical => Exit::Success,
        ReproductionVerdict::Different | ReproductionVerdict::OtherCode => Exit::Failed,
    })
}

/// Cancels the reproduction when this process is asked to end, and ends it at once on a second signal.
async fn cancel_when_asked(
    mut signals: EndSignals,
    first: watch::Sender<Option<EndSignal>>,
    cancel: Cancel,
    progress: Arc<Progress>,
) {
    let signal = signals.next().await;
    first.send_replace(Some(signal));
    cancel.request();
    if signal != EndSignal::Interrupt {
        ask_descendants_to_end();
    }
    progress.line("canceling: running steps are asked to stop; a second signal ends them at once");
    loop {
        signals.next().await;
        cancel.request();
    }
}

/// The verdict, and what differs.
fn summary(reproduction: &Reproduction, took: &str) -> String {
    let run = reproduction.run.short();
    let all = reproduction.assets.len();
    let differing: Vec<&ReproducedAsset> =
        reproduction.assets.iter().filter(|asset| !asset.is_identical()).collect();
    let assets = if all == 1 { "asset" } else { "assets" };
    let values = match differing.len() {
        0 => format!("{all} {assets} as then"),
        1 => format!("1 of {all} {assets} differs"),
        differing => format!("{differing} of {all} {assets} differ"),
    };
    let verdict = match reproduction.verdict() {
        ReproductionVerdict::Identical => style("identical").green(),
        ReproductionVerdict::Different => style("different").red(),
        ReproductionVerdict::OtherCode => style("the code is another one now").yellow(),
    };
    let mut text = format!("Run {run} reproduced: {verdict}, {values}, in {took}\n");
    if !reproduction.changed_steps.is_empty() {
        let steps = reproduction.changed_steps.iter().map(|changed| format!("`{}`", changed.step));
        let steps = steps.collect::<Vec<_>>().join(", ");
        text.push_str(&format!("  changed code  {}\n", indented(&steps, 16)));
    }
    if !reproduction.environment.is_empty() {
        text.push_str(&format!("  other than then  {}\n", reproduction.environment.join(", ")));
    }
    if !differing.is_empty() {
        let rows = differing.iter().map(|asset| row(asset)).collect();
        text.push_str(&format!("\n{}", table(["ASSET", "THEN", "NOW", "FOLLOWS FROM"], rows)));
    }
    text
}

fn row(reproduced: &ReproducedAsset) -> [String; 4] {
    let follows: Vec<String> = reproduced.follows.iter().map(ToString::to_string).collect();
    [reproduced.asset.to_string(), made(&reproduced.was), made(&reproduced.is), follows.join(", ")]
}

fn made(made: &Made) -> String {
    match made {
        Made::Value(data_version) => data_version.as_str().chars().take(12).collect(),
        Made::Kept => "kept".to_owned(),
        Made::Nothing => "no value".to_owned(),
        Made::Failed(reason) => reason.clone(),
    }
}
