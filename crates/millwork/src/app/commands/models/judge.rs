//! `models judge`: the version in shadow, judged again by the gate's function on what is stored now.

use millwork_api::TrialView;
use millwork_core::AssetPartition;
use millwork_core::version::WhichVersion;
use millwork_engine::{EngineOptions, TrialOutcome, print_aside};

use super::super::config::{ConfigArguments, config};
use super::arguments::{Version, number};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{outln, print_json};
use crate::app::session::{Opened, Session};

pub(super) async fn judge(
    session: &Session,
    opened: &Opened,
    version: &Version,
    configured: &ConfigArguments,
) -> Result<Exit, Failure> {
    let (asset, of, which) = version.read(session, opened).await?;
    let version = match &which {
        WhichVersion::Latest => None,
        WhichVersion::Number(_) | WhichVersion::Alias(_) => Some(number(opened, &of, &which).await?),
    };
    let config = config(configured, session.pipeline()?.graph())?;
    let engine = session.engine(opened, EngineOptions::default())?;
    let aside = print_aside().ok();
    let of_index = AssetPartition::new(asset, of.partition.clone());
    let judged = engine.judge_in_shadow(&of_index, version, &config).await;
    drop(aside);
    let outcome = judged?;
    opened.store.close().await;
    let view = trial_view(outcome);
    if session.wants_json() {
        print_json(&view)?;
        return Ok(Exit::Success);
    }
    let reason = if view.reason.is_empty() { String::new() } else { format!(": {}", view.reason) };
    outln!("Version {} of {} {}{reason}.", view.version, of.quoted(), in_words(&view));
    Ok(Exit::Success)
}

/// What came of it, as a sentence about the version goes on.
fn in_words(view: &TrialView) -> String {
    match (view.over, &view.asked) {
        (false, _) => view.in_words(),
        (true, Some(asked)) => format!("awaits approval by {}", asked.of),
        (true, None) => format!("was in shadow, and the gate decided: {}", view.in_words()),
    }
}

/// What is answered about a trial.
pub(in crate::app::commands) fn trial_view(outcome: TrialOutcome) -> TrialView {
    match outcome {
        TrialOutcome::GoesOn { of, version, reason, metadata } => {
            TrialView::goes_on(of, version, reason, &metadata)
        }
        TrialOutcome::Over { of, verdict, .. } => TrialView::over(of, &verdict),
    }
}
