//! `models backtest`: the stored versions, judged by the gate's function on the data that is stored now.

use millwork_api::BacktestView;
use millwork_core::event::{EventBody, NewEvent, VersionsBacktested};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetPartition, Clock as _, Problem, SystemClock};
use millwork_engine::{EngineOptions, print_aside};
use millwork_storage::{Batch, model_history};

use super::super::config::{ConfigArguments, config};
use super::arguments::Partition;
use super::show::in_words;
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::session::{Opened, Session};
use crate::app::table::aligned;
use crate::app::when;

pub(super) async fn backtest(
    session: &Session,
    opened: &Opened,
    (key, partition): (&str, &Partition),
    last: Option<usize>,
    configured: &ConfigArguments,
) -> Result<Exit, Failure> {
    let (asset, of) = partition.of(session, key)?;
    let config = config(configured, session.pipeline()?.graph())?;
    let history = model_history(&*opened.store, &of).await?;
    let newest = history.versions.iter().rev().filter(|(_, version)| version.made.is_some());
    let versions: Vec<VersionNumber> =
        newest.map(|(number, _)| *number).take(last.unwrap_or(usize::MAX)).collect();
    let engine = session.engine(opened, EngineOptions::default())?;
    let of_index = AssetPartition::new(asset, of.partition.clone());
    let aside = print_aside().ok();
    let tested = engine.backtest(&of_index, &versions, &config).await;
    drop(aside);
    let tested = tested?;
    if tested.versions.is_empty() {
        let problem = Problem::new(format!("{} has no versions to judge", of.quoted()));
        return Err(Failure::usage(problem.with_hint(format!("`materialize {key}` makes one"))));
    }
    let at = SystemClock.now();
    store(opened, &of, tested.clone(), at).await?;
    opened.store.close().await;
    let view = BacktestView::new(at, &tested);
    if session.wants_json() {
        print_json(&view)?;
    } else {
        print(&view);
    }
    Ok(Exit::Success)
}

async fn store(
    opened: &Opened,
    of: &AssetPartition,
    tested: VersionsBacktested,
    at: jiff::Timestamp,
) -> Result<(), Failure> {
    let event = NewEvent {
        run: None,
        at,
        step: None,
        asset: Some(of.asset.clone()),
        partition: of.partition.clone(),
        attempt: 0,
        body: EventBody::VersionsBacktested(tested),
        value: None,
    };
    opened.store.append(Batch { fence: None, events: vec![event] }).await?;
    Ok(())
}

/// Prints a backtest: a row for each version, a column for each number.
pub(super) fn print(backtest: &BacktestView) {
    let against = backtest.against.map(|against| format!(" against version {against}")).unwrap_or_default();
    outln!("Gate `{}`{against}, {}", backtest.gate, when::moment(backtest.at));
    for input in &backtest.inputs {
        outln!("  on {}", input.in_words());
    }
    let (headings, rows) = backtest.table(["VERSION", "DECISION", "REASON"], in_words);
    out!("{}", aligned(&headings, rows));
}
