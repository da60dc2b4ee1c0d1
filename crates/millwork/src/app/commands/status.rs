//! `status` and `why`: what is stale, missing or failed, and because of what.

use jiff::Timestamp;
use millwork_api::AssetStatusView;
use millwork_core::asset_status::{AssetHealth, AssetStatuses, PartitionHealth};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_core::plan::{Cause, Staleness};
use millwork_core::{AssetPartition, AssetStatus, CLOCK_TOLERANCE, Clock as _, SystemClock};
use millwork_storage::{EventQuery, Order, read_status};

use crate::app::arguments::{Status, Why};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln, print_json};
use crate::app::printable::indented;
use crate::app::session::{Session, block_on};
use crate::app::table::table;
use crate::app::when;

pub(super) fn run(session: &Session, status: &Status) -> Result<Exit, Failure> {
    let selected = session.select(&status.selection)?;
    let statuses = block_on(read(session))?;
    let graph = session.pipeline()?.graph();
    if status.json.json {
        print_json(&entries(graph, &statuses, &selected).map(|entry| entry.view()).collect::<Vec<_>>())?;
    } else {
        let heading = ["ASSET", "PARTITION", "STATE", "MATERIALIZED", "BECAUSE"];
        let rows = entries(graph, &statuses, &selected).map(|entry| entry.row());
        out!("{}", table(heading, rows.collect()));
        if let Some(newest) = block_on(newest_in_the_future(session))? {
            let newest = when::moment(newest);
            outln!(
                "The newest event is dated {newest}, which is in the future: the clock was ahead, or is behind now."
            );
        }
    }
    Ok(Exit::Success)
}

/// When the newest event is dated, if that is in the future.
async fn newest_in_the_future(session: &Session) -> Result<Option<Timestamp>, Failure> {
    let newest = EventQuery { order: Order::NewestFirst, limit: Some(1), ..EventQuery::default() };
    let newest = session.home().await?.store.events(newest).await?.first().map(|event| event.at);
    Ok(newest.filter(|at| at.duration_since(SystemClock.now()) > CLOCK_TOLERANCE))
}

pub(super) fn why(session: &Session, why: &Why) -> Result<Exit, Failure> {
    let key = session.asset(&why.key)?;
    let graph = session.pipeline()?.graph();
    let selected = session.select(&format!("+\"{key}\""))?;
    let statuses = block_on(read(session))?;
    if why.json.json {
        print_json(&entries(graph, &statuses, &selected).map(|entry| entry.view()).collect::<Vec<_>>())?;
        return Ok(Exit::Success);
    }
    if let Some(own) = graph.index(key.as_str()) {
        explain(graph, &statuses, own, 0, &mut AssetSet::new());
    }
    Ok(Exit::Success)
}

/// Tells the status of an asset and, indented below it, of the upstream assets that it is stale because of.
fn explain(
    graph: &AssetGraph,
    statuses: &AssetStatuses,
    asset: AssetIndex,
    depth: usize,
    told: &mut AssetSet,
) {
    if !told.insert(asset) {
        return;
    }
    for entry in entries(graph, statuses, &AssetSet::from([asset])) {
        let indent = "  ".repeat(depth);
        outln!("{indent}{} is {}", entry.name(), entry.word());
        for line in entry.because() {
            outln!("{indent}  {}", indented(&line, indent.len() + 4));
        }
        for upstream in entry.to_blame() {
            if statuses.of(upstream).status != AssetStatus::Fresh {
                explain(graph, statuses, upstream, depth + 1, told);
            }
        }
    }
}

/// How all assets of the pipeline are.
async fn read(session: &Session) -> Result<AssetStatuses, Failure> {
    let graph = session.pipeline()?.graph();
    let opened = session.home().await?;
    let log = read_status(&*opened.store, graph).await?;
    Ok(AssetStatuses::derive(graph, &log, SystemClock.now()))
}

/// An asset or one of its partitions, as it is listed.
struct Entry<'a> {
    graph: &'a AssetGraph,
    asset: AssetIndex,
    health: &'a AssetHealth,
    partition: &'a PartitionHealth,
}

/// The selected assets with their partitions, in the order of the graph.
fn entries<'a>(
    graph: &'a AssetGraph,
    statuses: &'a AssetStatuses,
    selected: &'a AssetSet,
) -> impl Iterator<Item = Entry<'a>> {
    selected.iter().flat_map(move |asset| {
        let health = statuses.of(*asset);
        health.partitions.iter().map(move |partition| Entry { graph, asset: *asset, health, partition })
    })
}

impl Entry<'_> {
    fn name(&self) -> String {
        let key = self.graph.key(self.asset);
        AssetPartition::new(key, self.partition.partition.clone()).to_string()
    }

    fn word(&self) -> String {
        let styled = console::style(self.partition.status.as_str());
        match self.partition.status {
            AssetStatus::External => styled.dim(),
            AssetStatus::Fresh => styled.green(),
            AssetStatus::Missing => styled.magenta(),
            AssetStatus::Stale => styled.yellow(),
            AssetStatus::Running => styled.cyan(),
            AssetStatus::Failed => styled.red(),
        }
        .to_string()
    }

    /// What there is to say of it, the most urgent first.
    fn because(&self) -> Vec<String> {
        let run =
            self.partition.progress.map(|progress| format!("run {} is making it", progress.run.short()));
        let checks = self.partition.failing_checks.iter().map(|check| format!("its check `{check}` failed"));
        // How it failed is the first reason.
        let mut reasons = self.partition.reasons();
        let failure = self.partition.failure.as_ref().and_then(|_| reasons.next());
        run.into_iter().chain(failure).chain(checks).chain(self.late()).chain(reasons).collect()
    }

    /// What the freshness policy of the asset says, if the asset is older than that wants.
    fn late(&self) -> Option<String> {
        let policy = self.graph.assets()[self.asset].spec.freshness.as_ref()?;
        let freshness = self.health.freshness.filter(|_| self.health.is_late())?;
        let since = policy.since(self.health.last_materialized_at, SystemClock.now());
        let since = since.map(|at| format!(" since {}", when::moment(at))).unwrap_or_default();
        Some(format!("freshness: {freshness}{since} ({policy})"))
    }

    /// The upstream assets that may be why it is as it is.
    fn to_blame(&self) -> Vec<AssetIndex> {
        if self.partition.staleness == Staleness::Missing {
            return self.graph.assets()[self.asset].upstream.clone();
        }
        let stale = self.partition.causes().iter().filter_map(|cause| match cause {
            Cause::Upstream { asset, .. } => self.graph.index(asset.as_str()),
            Cause::Code { .. } | Cause::Reported | Cause::Data { .. } => None,
        });
        stale.collect()
    }

    fn row(&self) -> [String; 5] {
        [
            self.graph.key(self.asset).to_string(),
            self.partition.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.word(),
            self.partition.last_materialized_at.map(when::moment).unwrap_or_default(),
            self.because().into_iter().next().unwrap_or_default(),
        ]
    }

    fn view(&self) -> AssetStatusView {
        AssetStatusView::new(self.graph.key(self.asset), self.partition, self.late())
    }
}
