//! `models backtest`: the stored versions, judged by the gate's function on the data that is stored now.

use millwork_api::BacktestView;
use millwork_core::AssetPartition;
use millwork_engine::{EngineOptions, print_aside};

use super::super::config::{ConfigArguments, config};
use super::arguments::Partition;
use super::show::{in_words, print_newest};
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
    let (asset, of) = partition.of(session, opened, key).await?;
    let config = config(configured, session.pipeline()?.graph())?;
    let engine = session.engine(opened, EngineOptions::default())?;
    let aside = print_aside().ok();
    let recorded = engine.record_backtest(&AssetPartition::new(asset, of.partition), last, &config).await;
    drop(aside);
    let tested = recorded?;
    opened.store.close().await;
    let view = BacktestView::new(tested.at, &tested.what);
    if session.wants_json() {
        print_json(&view)?;
    } else {
        print(&view, usize::MAX);
    }
    Ok(Exit::Success)
}

/// Prints a backtest: a row for each of the newest versions, a column for each number.
pub(super) fn print(backtest: &BacktestView, limit: usize) {
    let against = backtest.against.map(|against| format!(" against version {against}")).unwrap_or_default();
    outln!("Gate `{}`{against}, {}", backtest.gate, when::moment(backtest.at));
    for input in &backtest.inputs {
        outln!("  on {}", input.in_words());
    }
    let (headings, mut rows) = backtest.table(["VERSION", "DECISION", "REASON"], in_words);
    rows.truncate(limit);
    out!("{}", aligned(&headings, rows));
    print_newest(limit, backtest.versions.len());
}
