//! Plans backfills by what is stored, and carries out what is done to them by hand.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use millwork_core::backfill::{BackfillError, Operation, Plan, PlannedAsset};
use millwork_core::definitions::{BackfillSpec, PlannedBackfill, RequestError};
use millwork_core::event::{EventBody, EventKind};
use millwork_core::graph::{AssetGraph, StepIndex};
use millwork_core::id::BackfillId;
use millwork_core::partition::{KeySet, KeySpace};
use millwork_core::run::{RunId, RunRequest, RunStatus, RunTag, StepKey};
use millwork_core::{Advice, AssetKey, ErrorClass, KeyMoment, Pipeline, StepPartition};
use thiserror::Error;

use crate::{
    BackfillChange, BackfillQuery, CurrentStatuses, EventQuery, Order, RunQuery, StorageError, Store,
    StoredBackfill, key_moment,
};

/// The maximum number of recent steps whose durations are read.
const STEPS: u32 = 10_000;
/// The number of last failed runs of a backfill whose failures are read.
const FAILED_RUNS: u32 = 1_000;
/// How often a change is tried again that another process was ahead of.
const ATTEMPTS: usize = 100;

/// Why something can't be done to a backfill.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackfillOperationError {
    /// It doesn't exist.
    #[error("there is no backfill {id}")]
    Unknown {
        /// The number that was given.
        id: BackfillId,
    },
    /// It isn't possible now.
    #[error(transparent)]
    Refused(#[from] BackfillError),
}

impl Advice for BackfillOperationError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unknown { .. } => Some("`backfill list` lists all backfills".into()),
            Self::Refused(error) => error.hint(),
        }
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

/// The plan of a backfill, by the assets as they are now.
///
/// # Errors
///
/// The inner error says why it can't be planned; the outer one that the store can't be read.
pub async fn plan_backfill(
    store: &dyn Store,
    pipeline: &Pipeline,
    spec: BackfillSpec,
    now: Timestamp,
) -> Result<Result<PlannedBackfill, RequestError>, StorageError> {
    let graph = pipeline.graph();
    let moment = key_moment(store, graph, now).await?;
    let current = CurrentStatuses::at(store, graph, &moment).await?;
    let aliases = store.aliases(&[]).await?;
    let aliases: Vec<_> = aliases.into_iter().map(|alias| (alias.asset, alias.alias)).collect();
    Ok(spec.resolve(pipeline, &moment, current.statuses(), &aliases))
}

/// The backfills that haven't ended and are going to make partitions of a plan as well.
///
/// # Errors
///
/// When the store can't be read.
pub async fn overlapping_backfills(store: &dyn Store, plan: &Plan) -> Result<Vec<BackfillId>, StorageError> {
    let mut overlapping = Vec::new();
    for stored in open_backfills(store).await? {
        let of_other = stored.backfill.plan();
        let overlaps = stored.backfill.open_keys().any(|(other, open)| {
            let own = plan.assets().iter().find(|asset| asset.name == other.name);
            own.is_some_and(|own| {
                let open = of_other.space(other).carried(&open, plan.space(own));
                !open.intersection(&own.make).is_empty()
            })
        });
        if overlaps {
            overlapping.push(stored.record.id);
        }
    }
    Ok(overlapping)
}

/// Pauses, resumes, cancels or retries a backfill, and returns what it is then. Those of its runs that are to be canceled are asked to stop.
///
/// # Errors
///
/// The inner error says why that isn't possible; the outer one that the store can't be read or written.
pub async fn operate_backfill(
    store: &dyn Store,
    id: BackfillId,
    operation: Operation,
    now: Timestamp,
) -> Result<Result<StoredBackfill, BackfillOperationError>, StorageError> {
    for _ in 0..ATTEMPTS {
        let Some(mut stored) = store.backfill(id).await? else {
            return Ok(Err(BackfillOperationError::Unknown { id }));
        };
        let runs = match stored.backfill.operate(operation) {
            Ok(runs) => runs,
            Err(error) => return Ok(Err(error.into())),
        };
        let state = stored.backfill.state().clone();
        let change = BackfillChange { id, revision: stored.revision, state, runs: Vec::new(), at: now };
        if store.change_backfill(change).await? {
            for run in runs {
                // The daemon asks again, should this process end here.
                store.request_cancel(run, now).await?;
            }
            stored.record.status = stored.backfill.status();
            stored.record.counts = stored.backfill.state().counts();
            return Ok(Ok(stored));
        }
    }
    Err(StorageError::Database {
        action: "change a backfill",
        hint: Some("try again"),
        source: "another process changes it all the time".into(),
    })
}

/// Why a partition of a backfill wasn't made, or why a run as a whole failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillFailure {
    /// The step that failed and its partition; `None` if the run failed before any did.
    pub step: Option<StepPartition>,
    /// The assets of the run.
    pub assets: Vec<AssetKey>,
    /// The partitions of the run in words, a few of many.
    pub partitions: String,
    /// The run.
    pub run: RunId,
    /// The error, or why the run was lost.
    pub reason: String,
}

/// The last failures of partitions that weren't made since, newest run first, at most `limit`.
///
/// # Errors
///
/// When the store can't be read.
pub async fn backfill_failures(
    store: &dyn Store,
    graph: &AssetGraph,
    stored: &StoredBackfill,
    limit: usize,
) -> Result<Vec<BackfillFailure>, StorageError> {
    if stored.record.counts.failures() == 0 {
        return Ok(Vec::new());
    }
    let unmade = Unmade::new(graph, stored);
    let query = RunQuery {
        statuses: vec![RunStatus::Failed, RunStatus::Lost],
        tag: Some((RunTag::Backfill.key().to_owned(), stored.record.id.to_string())),
        limit: Some(FAILED_RUNS),
        ..RunQuery::default()
    };
    let (mut failures, mut seen) = (Vec::new(), HashSet::new());
    for run in store.runs(query).await? {
        let query = EventQuery {
            run: Some(run.id),
            kinds: Some(EventKind::StepFailed.into()),
            order: Order::NewestFirst,
            ..EventQuery::default()
        };
        let (partitions, mut has_failed_step) = (run.request.partitions_in_words(), false);
        for event in store.events(query).await? {
            let Some(step) = event.step_partition() else { continue };
            let EventBody::StepFailed { failure } = event.body else { continue };
            has_failed_step = true;
            if unmade.has(&step) && seen.insert(step.clone()) {
                let (assets, partitions) = (run.request.assets.clone(), partitions.clone());
                let (step, reason) = (Some(step), failure.to_string());
                failures.push(BackfillFailure { step, assets, partitions, run: run.id, reason });
            }
        }
        if !has_failed_step
            && unmade.has_any(graph, &run.request)
            && let Some(reason) = run.reason
        {
            let assets = run.request.assets;
            failures.push(BackfillFailure { step: None, assets, partitions, run: run.id, reason });
        }
        if failures.len() >= limit {
            break;
        }
    }
    failures.truncate(limit);
    Ok(failures)
}

/// The partitions that failed or were lost, by step.
struct Unmade<'a> {
    by_step: HashMap<StepKey, (&'a KeySpace, KeySet)>,
}

impl<'a> Unmade<'a> {
    fn new(graph: &AssetGraph, stored: &'a StoredBackfill) -> Self {
        let (plan, stages) = (stored.backfill.plan(), stored.backfill.state().stages());
        let of_asset = |asset: &'a PlannedAsset| {
            let stage = &stages[asset.stage?.position()];
            let step = graph.steps()[graph.step_of_past(asset.name.as_str())?].key.clone();
            Some((step, (plan.space(asset), stage.failed.union(&stage.lost))))
        };
        Self { by_step: plan.assets().iter().filter_map(of_asset).collect() }
    }

    /// Whether any of what a run was to make is one of them.
    fn has_any(&self, graph: &AssetGraph, request: &RunRequest) -> bool {
        let step = |asset: &AssetKey| Some(&graph.steps()[graph.step_of_past(asset.as_str())?].key);
        let steps = request.assets.iter().filter_map(step);
        let partitions = || {
            request.partitions.iter().cloned().map(Some).chain(request.partitions.is_empty().then_some(None))
        };
        let is_one = |step: &StepKey| {
            partitions().any(|partition| self.has(&StepPartition::new(step.clone(), partition)))
        };
        request.assets.is_empty() || steps.into_iter().any(is_one)
    }

    /// Whether a step's partition is one of them. Of other steps, such as checks, it is.
    fn has(&self, step: &StepPartition) -> bool {
        let Some((space, keys)) = self.by_step.get(&step.step) else { return true };
        let index = step.partition.as_ref().map_or_else(|| Some(vec![0]), |key| space.index_of(key));
        index.is_some_and(|index| keys.contains(&index))
    }
}

/// What backfills that haven't ended are still going to make of each asset, by the keys that it has at a moment.
///
/// # Errors
///
/// When the store can't be read.
pub async fn keys_of_backfills(
    store: &dyn Store,
    graph: &AssetGraph,
    moment: &KeyMoment,
) -> Result<BTreeMap<AssetKey, KeySet>, StorageError> {
    let mut keys: BTreeMap<AssetKey, KeySet> = BTreeMap::new();
    for stored in open_backfills(store).await? {
        for (planned, open) in stored.backfill.open_keys() {
            let step = graph.step_of_past(planned.name.as_str());
            for asset in step.into_iter().flat_map(|step| graph.outputs(step)) {
                let space = graph.key_space(*asset, moment);
                let open = stored.backfill.plan().space(planned).carried(&open, &space);
                let known = keys.entry(graph.key(*asset).clone());
                known.and_modify(|known| *known = known.union(&open)).or_insert(open);
            }
        }
    }
    Ok(keys)
}

/// The backfills that haven't ended, newest first. One that can't be read keeps nothing waiting; `store check` finds it.
pub(crate) async fn open_backfills(store: &dyn Store) -> Result<Vec<StoredBackfill>, StorageError> {
    let mut open = Vec::new();
    for record in store.backfills(BackfillQuery { open_only: true, ..BackfillQuery::default() }).await? {
        if let Ok(Some(stored)) = store.backfill(record.id).await {
            open.push(stored);
        }
    }
    Ok(open)
}

/// The median duration of each asset's last steps. The first asset of a step counts for all of them.
///
/// # Errors
///
/// When the store can't be read.
pub async fn typical_durations(
    store: &dyn Store,
    graph: &AssetGraph,
) -> Result<BTreeMap<AssetKey, SignedDuration>, StorageError> {
    let query = EventQuery {
        kinds: Some(EventKind::StepSucceeded.into()),
        order: Order::NewestFirst,
        limit: Some(STEPS),
        ..EventQuery::default()
    };
    let mut by_step: BTreeMap<StepIndex, Vec<u64>> = BTreeMap::new();
    for event in store.events(query).await? {
        let step = event.step.as_ref().and_then(|step| graph.step_index(step.as_str()));
        if let (Some(step), EventBody::StepSucceeded { micros }) = (step, event.body) {
            by_step.entry(step).or_default().push(micros);
        }
    }
    let mut durations = BTreeMap::new();
    for (step, mut micros) in by_step {
        micros.sort_unstable();
        let median = micros[micros.len() / 2];
        for (index, asset) in graph.outputs(step).iter().enumerate() {
            let micros = if index == 0 { median } else { 0 };
            let duration = SignedDuration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
            durations.insert(graph.key(*asset).clone(), duration);
        }
    }
    Ok(durations)
}
