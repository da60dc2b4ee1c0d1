//! `status` and `why`: what is stale, missing or failed, and because of what.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use millwork_core::event::{EventBody, EventKind};
use millwork_core::graph::{AssetGraph, AssetIndex, AssetSet};
use millwork_core::plan::{Cause, Plan, Staleness, StalenessReport};
use millwork_core::run::{Failure as StepFailure, RunRequest, RunStatus};
use millwork_core::{
    AssetKey, AssetPartition, CLOCK_TOLERANCE, Clock as _, Freshness, StepPartition, SystemClock,
};
use millwork_engine::EngineOptions;
use millwork_storage::{EventLog as _, EventQuery, LatestAsset, Order, RunQuery, RunStore as _};
use serde_json::{Value, json};

use crate::app::arguments::{Status, Why};
use crate::app::failure::{Exit, Failure};
use crate::app::out::{out, outln};
use crate::app::printable::indented;
use crate::app::session::{Opened, Session, block_on};
use crate::app::table::table;
use crate::app::when;

/// Failures are looked for in so many of the last failed runs.
const FAILED_RUNS: u32 = 20;

pub(super) fn run(session: &Session, status: &Status) -> Result<Exit, Failure> {
    let selected = session.select(&status.selection)?;
    let states = block_on(states(session, &selected))?;
    let graph = session.pipeline()?.graph();
    if status.json.json {
        outln!("{}", states.iter().map(|state| state.json(graph)).collect::<Value>());
    } else {
        let heading = ["ASSET", "PARTITION", "STATE", "MATERIALIZED", "BECAUSE"];
        out!("{}", table(heading, states.iter().map(|state| state.row(graph)).collect()));
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
    let states = block_on(states(session, &selected))?;
    let own = graph.index(key.as_str());
    if why.json.json {
        outln!("{}", states.iter().map(|state| state.json(graph)).collect::<Value>());
        return Ok(Exit::Success);
    }
    let by_asset: HashMap<AssetIndex, Vec<&State>> = states.iter().fold(HashMap::new(), |mut map, state| {
        map.entry(state.of.asset).or_default().push(state);
        map
    });
    let mut told = AssetSet::new();
    if let Some(own) = own {
        explain(graph, &by_asset, own, 0, &mut told);
    }
    Ok(Exit::Success)
}

/// Tells the state of an asset and, indented below it, of the upstream assets that it is stale because of.
fn explain(
    graph: &AssetGraph,
    states: &HashMap<AssetIndex, Vec<&State>>,
    asset: AssetIndex,
    depth: usize,
    told: &mut AssetSet,
) {
    if !told.insert(asset) {
        return;
    }
    for state in states.get(&asset).into_iter().flatten() {
        let indent = "  ".repeat(depth);
        outln!("{indent}{} is {}", state.of.by_key(graph), state.word());
        for line in state.because() {
            outln!("{indent}  {}", indented(&line, indent.len() + 4));
        }
        for upstream in state.to_blame(graph) {
            if states.get(&upstream).into_iter().flatten().any(|state| state.plain_word() != "fresh") {
                explain(graph, states, upstream, depth + 1, told);
            }
        }
    }
}

/// What is to be said of an asset or one of its partitions.
struct State {
    of: AssetPartition<AssetIndex>,
    staleness: Staleness,
    latest: Option<LatestAsset>,
    failure: Option<StepFailure>,
    /// What its freshness policy says of it, if it is older than that wants.
    late: Option<String>,
    external: bool,
}

async fn states(session: &Session, selected: &AssetSet) -> Result<Vec<State>, Failure> {
    let graph = session.pipeline()?.graph();
    let keys: Vec<AssetKey> = selected.iter().map(|asset| graph.key(*asset).clone()).collect();
    let opened = session.home().await?;
    let engine = session.engine(&opened, EngineOptions::default())?;
    // Staleness comes from upstream, so it is computed with everything that is upstream.
    let all = RunRequest {
        assets: graph.assets().iter().map(|asset| asset.spec.key.clone()).collect(),
        ..RunRequest::default()
    };
    let plan = engine.plan(&all).await?;
    let report = engine.staleness(&plan).await?;
    let latest = opened.store.latest(&keys).await?;
    let of = |latest: &LatestAsset| AssetPartition::new(latest.asset.clone(), latest.partition.clone());
    let mut latest: HashMap<_, _> = latest.into_iter().map(|latest| (of(&latest), latest)).collect();
    let failures = failures(&opened).await?;
    let mut states = Vec::new();
    for instance in instances(graph, &plan, selected) {
        let latest = latest.remove(&instance.by_key(graph));
        states.push(state(graph, &report, &failures, instance, latest));
    }
    Ok(states)
}

/// The selected assets with their partitions, in the order of the graph.
fn instances(graph: &AssetGraph, plan: &Plan, selected: &AssetSet) -> Vec<AssetPartition<AssetIndex>> {
    let mut instances: BTreeMap<AssetIndex, Vec<AssetPartition<AssetIndex>>> = BTreeMap::new();
    for step in &plan.steps {
        for output in graph.outputs(step.step) {
            instances.entry(*output).or_default().push(step.at_partition(*output));
        }
    }
    let whole = |asset: &AssetIndex| vec![AssetPartition::new(*asset, None)];
    selected.iter().flat_map(|asset| instances.remove(asset).unwrap_or_else(|| whole(asset))).collect()
}

type Failures = HashMap<StepPartition, (u64, StepFailure)>;

fn state(
    graph: &AssetGraph,
    report: &StalenessReport,
    failures: &Failures,
    of: AssetPartition<AssetIndex>,
    latest: Option<LatestAsset>,
) -> State {
    let step = graph.maker(&of);
    let last_verdict = latest.as_ref().map_or(0, |latest| latest.verdict.sequence);
    let failure = step.as_ref().and_then(|step| failures.get(step));
    State {
        staleness: report.get(&of).cloned().unwrap_or(Staleness::Fresh),
        failure: failure.filter(|(at, _)| *at > last_verdict).map(|(_, failure)| failure.clone()),
        late: late(graph, of.asset, latest.as_ref()),
        external: step.is_none(),
        of,
        latest,
    }
}

fn late(graph: &AssetGraph, asset: AssetIndex, latest: Option<&LatestAsset>) -> Option<String> {
    let policy = graph.assets()[asset].spec.freshness.as_ref()?;
    let (made, now) =
        (latest.and_then(|latest| latest.materialization.as_ref()).map(|event| event.at), SystemClock.now());
    let state = policy.state(made, now);
    let since = policy.since(made, now).map(|at| format!(" since {}", when::moment(at))).unwrap_or_default();
    matches!(state, Freshness::Warn | Freshness::Fail)
        .then(|| format!("freshness: {state}{since} ({policy})"))
}

/// The last failure of each step in the last failed runs, with its place in the log.
async fn failures(opened: &Opened) -> Result<Failures, Failure> {
    let query =
        RunQuery { statuses: vec![RunStatus::Failed], limit: Some(FAILED_RUNS), ..RunQuery::default() };
    let mut failures: Failures = HashMap::new();
    for run in opened.store.runs(query).await? {
        let kinds = Some(EventKind::StepFailed.into());
        let query = EventQuery { run: Some(run.id), kinds, ..EventQuery::default() };
        for event in opened.store.events(query).await? {
            let (Some(step), EventBody::StepFailed { failure }) = (event.step_partition(), event.body) else {
                continue;
            };
            let last = failures.entry(step).or_insert((0, failure.clone()));
            if event.sequence > last.0 {
                *last = (event.sequence, failure);
            }
        }
    }
    Ok(failures)
}

impl State {
    fn plain_word(&self) -> &'static str {
        match (&self.failure, self.external, &self.staleness) {
            (Some(_), ..) => "failed",
            (None, true, _) => "external",
            (None, false, Staleness::Fresh) => "fresh",
            (None, false, Staleness::Missing) => "missing",
            (None, false, Staleness::Stale(_)) => "stale",
        }
    }

    fn word(&self) -> String {
        let styled = console::style(self.plain_word());
        match self.plain_word() {
            "failed" => styled.red(),
            "fresh" => styled.green(),
            "missing" => styled.magenta(),
            "stale" => styled.yellow(),
            _ => styled.dim(),
        }
        .to_string()
    }

    fn causes(&self) -> &[Cause] {
        match &self.staleness {
            Staleness::Stale(causes) => causes,
            Staleness::Fresh | Staleness::Missing => &[],
        }
    }

    fn because(&self) -> Vec<String> {
        let failure = self.failure.iter().map(|failure| format!("its last run failed: {failure}"));
        let late = self.late.iter().cloned();
        failure.chain(late).chain(self.causes().iter().map(ToString::to_string)).collect()
    }

    /// The upstream assets that may be why it is as it is.
    fn to_blame(&self, graph: &AssetGraph) -> Vec<AssetIndex> {
        if self.staleness == Staleness::Missing {
            return graph.assets()[self.of.asset].upstream.clone();
        }
        let stale = self.causes().iter().filter_map(|cause| match cause {
            Cause::Upstream { asset, .. } => graph.index(asset.as_str()),
            _ => None,
        });
        stale.collect()
    }

    fn row(&self, graph: &AssetGraph) -> [String; 5] {
        let materialization = self.latest.as_ref().and_then(|latest| latest.materialization.as_ref());
        [
            graph.key(self.of.asset).to_string(),
            self.of.partition.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.word(),
            materialization.map(|event| when::moment(event.at)).unwrap_or_default(),
            self.because().into_iter().next().unwrap_or_default(),
        ]
    }

    fn json(&self, graph: &AssetGraph) -> Value {
        let materialization = self.latest.as_ref().and_then(|latest| latest.materialization.as_ref());
        json!({
            "asset": graph.key(self.of.asset),
            "partition": self.of.partition,
            "state": self.plain_word(),
            "causes": self.causes(),
            "failure": self.failure,
            "late": self.late,
            "materialized_at": materialization.map(|event| event.at),
        })
    }
}
