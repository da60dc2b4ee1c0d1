//! The state of automation between two evaluations: read from the store, or begun anew.
//!
//! The state is a row for each asset and each alias that assets follow, so a daemon keeps it in memory as long as the stored cursor is its own. Events since are read from
//! the log in pages and become changes, which is all that an evaluation sees of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::automation::{
    AssetState, Automation, AutomationCursor, AutomationState, Change, ChangeKind, Earlier, Evaluation,
    Explanation, FailureBackoff, KINDS, KnownOfPartitions, RunScope, Timetables, explain, from_event, scope,
};
use millwork_core::event::EventKind;
use millwork_core::graph::AssetGraph;
use millwork_core::run::{RunId, RunStatus};
use millwork_core::version::AliasName;
use millwork_core::{AssetKey, Instigator, KeyMoment, Pipeline};
use millwork_storage::{
    EventQuery, InstigatorState, Order, RunQuery, Store, each_latest, earlier_numbers, key_moment,
    keys_of_backfills, made_at_of_moved,
};

use crate::error::DaemonError;

/// Maximum events that are read at a time.
const PAGE: u32 = 2_000;

/// Maximum runs whose scopes are kept; those of older runs are read again.
const SCOPES: usize = 1_000;

type Switches = BTreeMap<Instigator, InstigatorState>;

/// The state of automation at a cursor.
#[derive(Debug)]
pub(crate) struct EvaluationState {
    /// The state as it is stored.
    pub(crate) cursor: Option<String>,
    pub(crate) state: AutomationState,
    /// The sequence number of the last event that was taken in.
    pub(crate) events: u64,
    pub(crate) timetables: Timetables,
    /// Rows of assets that were removed, or that were stored before automation began anew.
    pub(crate) outdated: Vec<AssetKey>,
    automation: Automation,
    off: BTreeSet<AssetKey>,
    /// Changes that have no event.
    first: Vec<Change>,
    scopes: BTreeMap<RunId, Arc<RunScope>>,
    /// The texts of dynamic dimensions; `None` if they may have changed since they were read.
    texts: Option<KeyMoment>,
}

impl EvaluationState {
    /// Reads the state at a cursor; without one, automation begins with the assets as they are now.
    pub(crate) async fn read(
        pipeline: &Pipeline,
        store: &dyn Store,
        switches: &Switches,
        cursor: Option<String>,
        now: Timestamp,
    ) -> Result<Self, DaemonError> {
        let off = switched_off(pipeline, switches);
        let automation = conditions(pipeline, &off)?;
        let timetables = Timetables::of(&automation);
        let (state, outdated) = (AutomationState::default(), Vec::new());
        let (first, scopes, texts) = (Vec::new(), BTreeMap::new(), None);
        let mut remembered =
            Self { cursor, state, events: 0, timetables, outdated, automation, off, first, scopes, texts };
        let rows = store.automation_rows(None).await?;
        match remembered.cursor.as_deref().and_then(|text| serde_json::from_str(text).ok()) {
            Some(cursor) => {
                let cursor: AutomationCursor = cursor;
                let rows = rows.into_iter().filter_map(|row| {
                    let state: AssetState = serde_json::from_str(&row.state?).ok()?;
                    Some((row.asset, state))
                });
                remembered.state = AutomationState::at(&cursor).with_rows(rows);
                remembered.events = cursor.events;
                let present = remembered.unknown_partitions(pipeline.graph(), store, now).await?;
                remembered.first.extend(present);
            }
            None => {
                remembered.outdated = rows.into_iter().map(|row| row.asset).collect();
                remembered.begin(pipeline.graph(), store, now).await?;
            }
        }
        let aliases = remembered.unknown_aliases(pipeline.graph(), store).await?;
        remembered.first.extend(aliases);
        remembered.first.extend(codes(pipeline.graph(), &remembered.state, now));
        remembered.read_numbers(pipeline.graph(), store).await?;
        Ok(remembered)
    }

    /// Where aliases point that the state doesn't have: at first, and when assets begin to follow an alias that was moved before.
    async fn unknown_aliases(
        &self,
        graph: &AssetGraph,
        store: &dyn Store,
    ) -> Result<Vec<Change>, DaemonError> {
        let followed = self.automation.aliases();
        let others: BTreeSet<&AssetKey> =
            self.automation.unknown_partitions(&self.state).into_iter().collect();
        let unknown: BTreeSet<(&AssetKey, &AliasName)> = followed
            .filter(|(.., key)| self.state.asset(key).is_none() || others.contains(key))
            .map(|(asset, alias, _)| (asset, alias))
            .collect();
        let assets: BTreeSet<AssetKey> = unknown.iter().map(|(asset, _)| (*asset).clone()).collect();
        if assets.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for alias in store.aliases(&Vec::from_iter(assets)).await? {
            // Later moves are read from the log.
            if alias.moved > self.events || !unknown.contains(&(&alias.asset.asset, &alias.alias)) {
                continue;
            }
            let (after, before) = (Some(alias.moved - 1), Some(alias.moved + 1));
            let moved = store.events(EventQuery { after, before, ..EventQuery::default() }).await?;
            found.extend(moved.iter().flat_map(|event| from_event(graph, event, None)));
        }
        Ok(found)
    }

    /// Which partitions have a value, of assets of which the state doesn't know: those that were stored by an earlier version, or have other
    /// partitions since, or are new.
    async fn unknown_partitions(
        &self,
        graph: &AssetGraph,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<Vec<Change>, DaemonError> {
        let unknown = self.automation.unknown_partitions(&self.state).into_iter();
        let unknown: Vec<AssetKey> =
            unknown.filter(|key| graph.index(key.as_str()).is_some()).cloned().collect();
        let mut found = Vec::new();
        each_latest(store, &unknown, |latest| {
            // What is made later is read from the log.
            let event = latest.materialization.filter(|event| event.sequence <= self.events);
            found.extend(event.map(|event| Change {
                asset: latest.asset,
                partition: event.partition,
                at: now,
                run: None,
                kind: ChangeKind::Earlier(Earlier { has_value: true, ..Earlier::default() }),
            }));
        })
        .await?;
        Ok(found)
    }

    /// Reads the numbers that conditions ask for and the state doesn't have: at first, and when a condition begins to ask for them.
    async fn read_numbers(&mut self, graph: &AssetGraph, store: &dyn Store) -> Result<(), DaemonError> {
        let numbers = earlier_numbers(store, graph, &self.automation, &self.state, self.events).await?;
        self.first.extend(numbers);
        Ok(())
    }

    /// What the last evaluation found of the condition of an asset, a job or a watch.
    pub(crate) fn explanation(&self, key: &AssetKey) -> Option<Explanation> {
        let memory = self.state.asset(key)?.memory.as_ref()?;
        explain(key, self.automation.condition(key)?, memory)
    }

    /// The same state, with the conditions that are switched off now.
    pub(crate) async fn with_switches(
        mut self,
        pipeline: &Pipeline,
        store: &dyn Store,
        switches: &Switches,
    ) -> Result<Self, DaemonError> {
        let off = switched_off(pipeline, switches);
        if off != self.off {
            self.automation = conditions(pipeline, &off)?;
            self.timetables = Timetables::of(&self.automation);
            self.off = off;
            self.read_numbers(pipeline.graph(), store).await?;
        }
        Ok(self)
    }

    /// Evaluates the conditions now.
    pub(crate) fn evaluate(&mut self, changes: &[Change], now: Timestamp) -> Evaluation {
        let evaluation = self.automation.evaluate(&mut self.state, changes, now, &self.timetables);
        let known = |key: &AssetKey| self.state.asset(key).is_some();
        self.outdated.retain(|key| !known(key));
        evaluation
    }

    /// The changes since the cursor. What there is of partitions is read as well.
    pub(crate) async fn changes(
        &mut self,
        graph: &AssetGraph,
        store: &dyn Store,
    ) -> Result<Vec<Change>, DaemonError> {
        let mut found = std::mem::take(&mut self.first);
        let last = store.head().await?;
        while self.events < last {
            let query = EventQuery {
                kinds: Some(KINDS.union(EventKind::PartitionsChanged.into())),
                after: Some(self.events),
                before: Some(last + 1),
                limit: Some(PAGE),
                ..EventQuery::default()
            };
            let events = store.events(query).await?;
            for event in &events {
                if event.body.kind() == Some(EventKind::PartitionsChanged) {
                    self.texts = None;
                }
                let scope = match event.run {
                    Some(run) => self.scope(graph, store, run).await?,
                    None => None,
                };
                found.extend(from_event(graph, event, scope.as_ref()));
                found.extend(made_at_of_moved(store, &self.automation, event).await?);
            }
            self.events = match events.last() {
                Some(event) if events.len() == PAGE as usize => event.sequence,
                _ => last,
            };
        }
        let moment = match self.texts.take() {
            Some(texts) => texts,
            // An evaluation has its own time.
            None => key_moment(store, graph, Timestamp::UNIX_EPOCH).await?,
        };
        self.texts = Some(moment.clone());
        let backfills = keys_of_backfills(store, graph, &moment).await?;
        self.state.set_known(KnownOfPartitions { moment, backfills });
        Ok(found)
    }

    async fn scope(
        &mut self,
        graph: &AssetGraph,
        store: &dyn Store,
        run: RunId,
    ) -> Result<Option<Arc<RunScope>>, DaemonError> {
        if let Some(known) = self.scopes.get(&run) {
            return Ok(Some(known.clone()));
        }
        let Some(record) = store.run(run).await? else { return Ok(None) };
        let scope = Arc::new(scope(graph, &record.request));
        self.scopes.insert(run, scope.clone());
        if self.scopes.len() > SCOPES {
            self.scopes.pop_first();
        }
        Ok(Some(scope))
    }

    /// Begins with what is stored: the values, the results of checks, and the runs in progress.
    async fn begin(
        &mut self,
        graph: &AssetGraph,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), DaemonError> {
        // Events that are written meanwhile are seen twice, once here and once in the log.
        self.events = store.head().await?;
        let keys: Vec<AssetKey> = graph.assets().iter().map(|node| node.spec.key.clone()).collect();
        each_latest(store, &keys, |latest| {
            if let Some(event) = latest.materialization {
                self.first.extend(from_event(graph, &event, None));
            }
        })
        .await?;
        for node in graph.assets().iter().filter(|node| !node.checks.is_empty()) {
            let query = EventQuery {
                asset: Some(node.spec.key.clone()),
                kinds: Some(EventKind::CheckEvaluated.into()),
                order: Order::NewestFirst,
                limit: Some(4 * u32::try_from(node.checks.len()).unwrap_or(u32::MAX)),
                ..EventQuery::default()
            };
            let verdicts = store.events(query).await?;
            self.first.extend(verdicts.iter().rev().flat_map(|event| from_event(graph, event, None)));
        }
        let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Canceling];
        for run in store.runs(RunQuery { statuses, ..RunQuery::default() }).await? {
            let scope = scope(graph, &run.request);
            let started = |asset: &AssetKey| Change {
                asset: asset.clone(),
                partition: None,
                at: now,
                run: Some(run.id),
                kind: scope.started(),
            };
            self.first.extend(scope.targets.iter().map(started));
        }
        Ok(())
    }
}

fn switched_off(pipeline: &Pipeline, switches: &Switches) -> BTreeSet<AssetKey> {
    let is_off = |key: &AssetKey| {
        let state = switches.get(&Instigator::Automation(Some(key.clone())));
        state.and_then(|state| state.on) == Some(false)
    };
    let conditions = pipeline.graph().assets().iter().filter(|node| node.spec.automation.is_some());
    let others = pipeline.other_conditions().map(|(key, _)| key);
    conditions.map(|node| node.spec.key.clone()).chain(others).filter(is_off).collect()
}

/// The conditions that are on. One that is switched on again begins anew: the set of conditions has changed.
fn conditions(pipeline: &Pipeline, off: &BTreeSet<AssetKey>) -> Result<Automation, DaemonError> {
    Ok(pipeline.automation(|key| !off.contains(key), FailureBackoff::default())?)
}

/// The code versions that the state doesn't have.
fn codes(graph: &AssetGraph, state: &AutomationState, now: Timestamp) -> Vec<Change> {
    let change = |node: &millwork_core::graph::AssetNode| {
        let version = &graph.steps()[node.step?].computation().code_version;
        let asset = &node.spec.key;
        let known = state.asset(asset).and_then(|row| row.facts.code.as_ref());
        let kind = ChangeKind::Code(version.clone());
        (known != Some(version)).then(|| Change {
            asset: asset.clone(),
            partition: None,
            at: now,
            run: None,
            kind,
        })
    };
    graph.assets().iter().filter_map(change).collect()
}
