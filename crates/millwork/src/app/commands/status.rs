//! `status` and `why`: the status of assets and its causes.

use std::collections::HashMap;

use clap::Args;
use jiff::Timestamp;
use millwork_api::{AssetStatusView, takes_in_words};
use millwork_core::asset_status::{AssetHealth, AssetStatuses, PartitionHealth, PartitionSets};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_core::partition::KeyIndex;
use millwork_core::plan::{Cause, Staleness};
use millwork_core::{AssetFreshness, AssetPartition, AssetStatus, CLOCK_TOLERANCE, Clock as _, SystemClock};
use millwork_storage::{CurrentStatuses, EventQuery, Order};

use crate::app::failure::{Exit, Failure};
use crate::app::json_flag::json_flag;
use crate::app::out::{out, outln, print_json};
use crate::app::printable::indented;
use crate::app::session::{Opened, Session, block_on};
use crate::app::style::style;
use crate::app::table::table;
use crate::app::when;

#[derive(Debug, Args)]
#[command(arg(json_flag()))]
pub(super) struct Status {
    /// Assets to show
    #[arg(default_value = "*")]
    pub(super) selection: String,

    /// Maximum number of partitions to list of each asset, those with the worst status first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) limit: usize,
}

#[derive(Debug, Args)]
#[command(arg(json_flag()))]
pub(super) struct Why {
    /// Key of the asset
    pub(super) key: String,
}

pub(super) fn run(session: &Session, status: &Status) -> Result<Exit, Failure> {
    let selected = session.select(&status.selection)?;
    let graph = session.pipeline()?.graph();
    let (current, newest) = block_on(async {
        let opened = session.home().await?;
        let current = Current::read(&opened, graph, &selected, status.limit).await?;
        Ok((current, newest_in_the_future(&opened).await?))
    })?;
    let listed: Vec<Listed<'_>> = selected.iter().map(|asset| current.listed(*asset)).collect();
    if session.wants_json() {
        print_json(&listed.iter().flat_map(Listed::views).collect::<Vec<_>>())?;
    } else if selected.is_empty() {
        outln!("No asset is defined.");
    } else {
        let heading = ["ASSET", "PARTITION", "STATE", "MATERIALIZED", "BECAUSE"];
        out!("{}", table(heading, listed.iter().flat_map(Listed::rows).collect()));
        if let Some(newest) = newest {
            let newest = when::moment(newest);
            outln!(
                "The newest event is dated {newest}, which is in the future: the clock was ahead, or is behind now."
            );
        }
    }
    Ok(Exit::Success)
}

/// The time of the newest event, if it is in the future; `None` otherwise.
async fn newest_in_the_future(opened: &Opened) -> Result<Option<Timestamp>, Failure> {
    let newest = EventQuery { order: Order::NewestFirst, limit: Some(1), ..EventQuery::default() };
    let newest = opened.store.events(newest).await?.first().map(|event| event.at);
    Ok(newest.filter(|at| at.duration_since(SystemClock.now()) > CLOCK_TOLERANCE))
}

pub(super) fn why(session: &Session, why: &Why) -> Result<Exit, Failure> {
    let key = session.asset(&why.key)?;
    let graph = session.pipeline()?.graph();
    let selected = session.select(&format!("+\"{key}\""))?;
    let current =
        block_on(async { Current::read(&session.home().await?, graph, &selected, EXPLAINED).await })?;
    if session.wants_json() {
        let listed = selected.iter().flat_map(|asset| current.listed(*asset).views());
        print_json(&listed.collect::<Vec<_>>())?;
        return Ok(Exit::Success);
    }
    if let Some(own) = graph.index(key.as_str()) {
        explain(&current, own, 0, &mut AssetSet::new());
    }
    Ok(Exit::Success)
}

/// Prints the status of an asset and, indented below it, of the upstream assets that may cause it.
fn explain(current: &Current<'_>, asset: AssetIndex, depth: usize, explained: &mut AssetSet) {
    if !explained.insert(asset) {
        return;
    }
    let indent = "  ".repeat(depth);
    let entries = current.entries(asset);
    let sets = &current.statuses.of(asset).partitions;
    let unexplained = sets.all().count().saturating_sub(entries.len() as u64);
    let mut to_blame = Vec::new();
    for (entry, others) in alike(entries.into_iter()) {
        outln!("{indent}{} is {}", indented(&entry.name(), indent.len() + 2), entry.word());
        match others {
            0 => {}
            1 => outln!("{indent}  so is 1 more partition"),
            several => outln!("{indent}  so are {several} more partitions"),
        }
        for line in entry.because() {
            outln!("{indent}  {}", indented(&line, indent.len() + 4));
        }
        to_blame.extend(entry.to_blame());
    }
    if unexplained > 0 {
        outln!("{indent}{unexplained} more partitions aren't explained; of all, {}", counts(sets));
    }
    let takes = takes_in_words(current.graph, asset);
    if !takes.is_empty() && !to_blame.is_empty() {
        outln!("{indent}  it takes of {}", indented(&takes, indent.len() + 4));
    }
    for upstream in to_blame {
        if current.statuses.of(upstream).status != AssetStatus::Fresh {
            explain(current, upstream, depth + 1, explained);
        }
    }
}

/// The numbers of an asset's partitions by status, such as `3 failed, 997 missing`.
fn counts(sets: &PartitionSets) -> String {
    let with = AssetStatus::ALL.into_iter().rev().filter(|status| sets.count(*status) > 0);
    with.map(|status| format!("{} {status}", sets.count(status))).collect::<Vec<_>>().join(", ")
}

/// Groups entries with the same status and reasons: the first of each group, with the number of the others.
fn alike<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<(Entry<'a>, usize)> {
    let mut found: Vec<(Entry<'a>, usize)> = Vec::new();
    let mut places: HashMap<(AssetStatus, Vec<String>), usize> = HashMap::new();
    for entry in entries {
        let place = *places.entry((entry.partition.status, entry.because())).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, others)) => *others += 1,
            None => found.push((entry, 0)),
        }
    }
    found
}

/// The maximum number of partitions that are explained of each asset.
const EXPLAINED: usize = 1_000;

/// The statuses of all assets of the pipeline, and some assets in detail.
struct Current<'a> {
    graph: &'a AssetGraph,
    statuses: AssetStatuses,
    /// Some partitions of each of those assets, those with the worst status if there are more.
    partitions: HashMap<AssetIndex, Vec<PartitionHealth>>,
    /// The maximum number of them.
    most: usize,
}

impl<'a> Current<'a> {
    async fn read(
        opened: &Opened,
        graph: &'a AssetGraph,
        assets: &AssetSet,
        most: usize,
    ) -> Result<Self, Failure> {
        let store = &*opened.store;
        let mut current = CurrentStatuses::at(store, graph, &opened.moment(graph).await?).await?;
        let statuses = current.statuses().clone();
        let mut partitions = HashMap::new();
        for asset in assets {
            let keys = listed_keys(&statuses, *asset, most);
            partitions.insert(*asset, current.partitions(store, graph, *asset, &keys).await?);
        }
        Ok(Self { graph, statuses, partitions, most })
    }

    /// Some partitions of an asset, those with the worst status if there are more.
    fn entries(&self, asset: AssetIndex) -> Vec<Entry<'_>> {
        let (graph, health) = (self.graph, self.statuses.of(asset));
        let partitions = self.partitions.get(&asset).into_iter().flatten();
        partitions.map(|partition| Entry { graph, asset, health, partition }).collect()
    }

    /// An asset as it is listed.
    fn listed(&self, asset: AssetIndex) -> Listed<'_> {
        let (graph, health) = (self.graph, self.statuses.of(asset));
        let (count, is_partitioned) = (health.partitions.all().count(), health.partitions.is_partitioned());
        let is_counted = is_partitioned && (count == 0 || count > self.most as u64);
        Listed { whole: is_counted.then_some(Whole { graph, asset, health }), entries: self.entries(asset) }
    }
}

/// The keys of an asset to list: of one without partitions, its own.
fn listed_keys(statuses: &AssetStatuses, asset: AssetIndex, most: usize) -> Vec<KeyIndex> {
    let partitions = &statuses.of(asset).partitions;
    partitions.listed(if partitions.is_partitioned() { most } else { most.max(1) })
}

/// An asset as it is listed.
struct Listed<'a> {
    /// The asset as a whole, if it has more partitions than are listed, or none yet.
    whole: Option<Whole<'a>>,
    /// The asset without partitions, or some of its partitions.
    entries: Vec<Entry<'a>>,
}

impl Listed<'_> {
    fn rows(&self) -> Vec<[String; 5]> {
        self.whole.iter().map(Whole::row).chain(self.entries.iter().map(Entry::row)).collect()
    }

    fn views(&self) -> Vec<AssetStatusView> {
        self.whole.iter().map(Whole::view).chain(self.entries.iter().map(Entry::view)).collect()
    }
}

/// An asset with all its partitions.
struct Whole<'a> {
    graph: &'a AssetGraph,
    asset: AssetIndex,
    health: &'a AssetHealth,
}

impl Whole<'_> {
    fn row(&self) -> [String; 5] {
        let sets = &self.health.partitions;
        [
            self.graph.key(self.asset).to_string(),
            format!("all {}", sets.all().count()),
            word(self.health.status),
            self.health.last_materialized_at.map(when::moment).unwrap_or_default(),
            counts(sets),
        ]
    }

    fn view(&self) -> AssetStatusView {
        let late = late(self.graph, self.asset, self.health);
        AssetStatusView::of_whole(self.graph.key(self.asset), self.health, late)
    }
}

fn word(status: AssetStatus) -> String {
    let styled = style(status.as_str());
    match status {
        AssetStatus::External => styled.dim(),
        AssetStatus::Fresh => styled.green(),
        AssetStatus::Missing => styled.magenta(),
        AssetStatus::Stale => styled.yellow(),
        AssetStatus::Running => styled.cyan(),
        AssetStatus::Failed => styled.red(),
    }
    .to_string()
}

/// The freshness of an asset, if it is late under its policy; `None` otherwise.
fn late(graph: &AssetGraph, asset: AssetIndex, health: &AssetHealth) -> Option<String> {
    let policy = graph.assets()[asset].spec.freshness.as_ref()?;
    let AssetFreshness { state, since, late_window } =
        health.freshness.as_ref().filter(|freshness| freshness.is_late())?;
    let since = since.map(|at| format!(" since {}", when::moment(at))).unwrap_or_default();
    let window = late_window.as_ref().map(|window| format!(", without `{window}`")).unwrap_or_default();
    Some(format!("freshness: {state}{since}{window} ({policy})"))
}

/// An asset or one of its partitions, as it is listed.
struct Entry<'a> {
    graph: &'a AssetGraph,
    asset: AssetIndex,
    health: &'a AssetHealth,
    partition: &'a PartitionHealth,
}

impl Entry<'_> {
    fn name(&self) -> String {
        let key = self.graph.key(self.asset);
        AssetPartition::new(key, self.partition.partition.clone()).to_string()
    }

    fn word(&self) -> String {
        word(self.partition.status)
    }

    /// The reasons for the status, the most urgent first.
    fn because(&self) -> Vec<String> {
        let run =
            self.partition.progress.map(|progress| format!("run {} is making it", progress.run.short()));
        let checks = self.partition.failing_checks.iter().map(|check| format!("its check `{check}` failed"));
        run.into_iter().chain(self.partition.reasons()).chain(checks).chain(self.late()).collect()
    }

    fn late(&self) -> Option<String> {
        late(self.graph, self.asset, self.health)
    }

    /// The upstream assets that may cause the status.
    fn to_blame(&self) -> Vec<AssetIndex> {
        if self.partition.staleness == Staleness::Missing {
            return self.graph.assets()[self.asset].upstream.clone();
        }
        let stale = self.partition.causes().iter().filter_map(|cause| match cause {
            Cause::Upstream { asset, .. } => self.graph.index(asset.as_str()),
            Cause::Code { .. }
            | Cause::Config { .. }
            | Cause::Reported
            | Cause::Data { .. }
            | Cause::Alias { .. }
            | Cause::History { .. } => None,
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

#[cfg(test)]
mod tests {
    use millwork_core::asset_status::StatusFold;
    use millwork_core::event::{
        CheckEvaluation, Event, EventBody, Materialization, NewEvent, Provenance, StoredValue, ValueLocation,
    };
    use millwork_core::{AssetDefinition, Definitions, PartitionsDefinition, Severity};

    use super::*;

    fn event(sequence: u64, partition: Option<&str>, body: EventBody) -> Event {
        let event = NewEvent {
            run: None,
            at: Timestamp::UNIX_EPOCH,
            step: None,
            asset: Some("x".into()),
            partition: partition.map(Into::into),
            attempt: 0,
            body,
            value: None,
        };
        event.at_sequence(sequence)
    }

    fn made(code_version: &str) -> EventBody {
        let location = ValueLocation::Database;
        EventBody::Materialized(Materialization {
            version: None,
            data_version: "d".into(),
            provenance: Provenance { code_version: code_version.into(), inputs: Vec::new(), config: None },
            stored: StoredValue { location, bytes: 1, format: "json".to_owned(), hash: None },
            metadata: Default::default(),
        })
    }

    /// Checks the groups of an asset's partitions: the first of each group, its reasons, and the number of the others.
    fn check(partitions: &[&str], events: &[Event], expected: &[(&str, &[&str], usize)]) {
        let asset = AssetDefinition::new("x").produces::<u8, _>().blocking(|_| Ok(0_u8));
        let asset = match partitions {
            [] => asset,
            keys => asset.partitions(PartitionsDefinition::fixed(keys.iter().copied())),
        };
        let pipeline = Definitions::new().asset(asset).resolve().expect("definitions that fit");
        let graph = pipeline.graph();
        let mut log = StatusFold::default();
        events.iter().for_each(|event| log.apply(event));
        let statuses = AssetStatuses::derive(graph, &log, &millwork_core::KeyMoment::default());
        let detailed = |asset| {
            let keys = listed_keys(&statuses, asset, EXPLAINED);
            (asset, statuses.partitions(graph, &log, asset, &keys))
        };
        let partitions = graph.assets().indices().map(detailed).collect();
        let current = Current { graph, statuses: statuses.clone(), partitions, most: EXPLAINED };
        let found = alike(graph.assets().indices().flat_map(|asset| current.entries(asset)));
        let found: Vec<_> =
            found.iter().map(|(entry, others)| (entry.name(), entry.because(), *others)).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, because, others)| {
                ((*name).to_owned(), because.iter().map(ToString::to_string).collect::<Vec<_>>(), *others)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_failed_check_is_not_why_an_asset_is_stale() {
        let verdict = CheckEvaluation {
            check: "c".to_owned(),
            passed: false,
            severity: Severity::Error,
            blocking: false,
            description: String::new(),
            metadata: Default::default(),
        };
        let failed = event(2, None, EventBody::CheckEvaluated(verdict));
        let code = "its code has changed since it was materialized";
        let check_failed = "its check `c` failed";
        check(&[], &[event(1, None, made("old")), failed.clone()], &[("x", &[code, check_failed], 0)]);
        check(&[], &[event(1, None, made("1")), failed], &[("x", &[check_failed], 0)]);
    }

    #[test]
    fn partitions_that_are_alike_are_counted() {
        let events = [event(1, Some("p2"), made("1")), event(2, Some("p4"), made("old"))];
        let code: &[&str] = &["its code has changed since it was materialized"];
        let expected: &[(&str, &[&str], usize)] =
            &[("x (p1)", &[], 2), ("x (p2)", &[], 0), ("x (p4)", code, 0)];
        check(&["p1", "p2", "p3", "p4", "p5"], &events, expected);
    }
}
