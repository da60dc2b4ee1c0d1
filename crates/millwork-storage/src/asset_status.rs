//! Reads what the status of assets follows from: the latest events of each asset and the last runs, without reading the whole log. The
//! status is derived by core's [`asset_status`](millwork_core::asset_status).

use std::collections::HashMap;

use millwork_core::AssetKey;
use millwork_core::asset_status::StatusFold;
use millwork_core::event::{Event, EventBody, EventKind, KindSet};
use millwork_core::graph::AssetGraph;
use millwork_core::plan::AliasedVersion;
use millwork_core::run::{RunState, RunStatus};

use crate::{Alias, EventQuery, LatestAsset, LatestOrder, Order, RunQuery, RunRecord, StorageError, Store};

/// The number of last runs that are searched for failures, of each way in which they ended.
const ENDED_RUNS: u32 = 20;
/// The ways in which a run can have ended that has a failed step.
const ENDS: [RunStatus; 3] = [RunStatus::Failed, RunStatus::Canceled, RunStatus::Lost];
/// The number of last evaluations of checks that are searched.
const EVALUATIONS: usize = 3_000;
/// The number of assets whose latest events are read at a time.
const KEYS: usize = 200;
/// The number of partitions of an asset that are read with those of others, and the number that are read at a time of one that has more.
const FEW: u32 = 1_000;
const MANY: u32 = 10_000;
/// The number of events of all kinds among which the last ones of a kind are searched, however rare it is: the log has no index of most kinds.
const LOOK_BACK: u64 = 500_000;
/// The number of events that are read at a time.
const PAGE: u32 = 500;

/// Takes in what runs, what has failed, which checks failed the last time, and where aliases point.
pub(crate) async fn read_work(store: &dyn Store, fold: &mut StatusFold) -> Result<(), StorageError> {
    let mut events = last_events(store, EventKind::CheckEvaluated, EVALUATIONS, |mut event| {
        if let EventBody::CheckEvaluated(check) = &mut event.body {
            check.metadata.clear();
        }
        event
    })
    .await?;
    events.extend(failures(store).await?);
    let statuses = vec![RunStatus::Running, RunStatus::Canceling];
    let open = store.runs(RunQuery { statuses, ..RunQuery::default() }).await?;
    events.extend(of_runs(store, open, RunState::KINDS).await?);
    events.sort_unstable_by_key(|event| event.sequence);
    events.iter().for_each(|event| fold.apply(event));
    for Alias { asset, alias, version, data_version, .. } in store.aliases(&[]).await? {
        fold.set_alias(asset, alias, AliasedVersion { version, data_version });
    }
    Ok(())
}

/// Takes in the latest events of all assets of a graph whose partitions aren't left where they are.
pub(crate) async fn take_latest(
    store: &dyn Store,
    graph: &AssetGraph,
    fold: &mut StatusFold,
) -> Result<(), StorageError> {
    let keys = graph.assets().iter().map(|asset| &asset.spec.key);
    let keys: Vec<AssetKey> = keys.filter(|key| !fold.leaves(key)).cloned().collect();
    each_latest(store, &keys, |latest| latest.events().for_each(|event| fold.apply(event))).await
}

/// Passes the latest events of many assets to `take`, some assets and some partitions at a time: metadata may hold curves and pictures, and those of all assets
/// would exhaust memory. Events that are written meanwhile may be seen or not.
pub async fn each_latest(
    store: &dyn Store,
    keys: &[AssetKey],
    mut take: impl FnMut(LatestAsset),
) -> Result<(), StorageError> {
    for keys in keys.chunks(KEYS) {
        let few = store.latest_of_few(keys, FEW).await?;
        let mut counts: HashMap<AssetKey, u64> = HashMap::new();
        for latest in few {
            *counts.entry(latest.asset.clone()).or_default() += 1;
            take(latest);
        }
        for (asset, mut taken) in counts.into_iter().filter(|(_, count)| *count >= u64::from(FEW)) {
            loop {
                let more = store.latest_page(&asset, LatestOrder::Any, taken, MANY).await?;
                taken += u64::from(MANY);
                // A page may have fewer, where an event is damaged.
                if more.is_empty() {
                    break;
                }
                more.into_iter().for_each(&mut take);
            }
        }
    }
    Ok(())
}

/// The failures of steps of the last runs that didn't succeed. Without any, no asset's status is failed.
pub async fn failures(store: &dyn Store) -> Result<Vec<Event>, StorageError> {
    let mut events = Vec::new();
    for end in ENDS {
        let query = RunQuery { statuses: vec![end], limit: Some(ENDED_RUNS), ..RunQuery::default() };
        events.extend(of_runs(store, store.runs(query).await?, EventKind::StepFailed.into()).await?);
    }
    Ok(events)
}

async fn of_runs(
    store: &dyn Store,
    runs: Vec<RunRecord>,
    kinds: KindSet,
) -> Result<Vec<Event>, StorageError> {
    let mut events = Vec::new();
    for run in runs {
        let query = EventQuery { run: Some(run.id), kinds: Some(kinds), ..EventQuery::default() };
        events.extend(store.events(query).await?);
    }
    Ok(events)
}

/// The last events of a kind, `most` or a page more, newest first, as far as they aren't far behind all others. `keep` takes from each
/// what is needed, before the next are read: curves and pictures of all of them would exhaust memory.
pub async fn last_events<T>(
    store: &dyn Store,
    kind: EventKind,
    most: usize,
    keep: impl Fn(Event) -> T,
) -> Result<Vec<T>, StorageError> {
    let after = Some(store.head().await?.saturating_sub(LOOK_BACK));
    let mut before = None;
    let mut kept = Vec::new();
    while kept.len() < most {
        let query = EventQuery {
            kinds: Some(kind.into()),
            after,
            before,
            order: Order::NewestFirst,
            limit: Some(PAGE),
            ..EventQuery::default()
        };
        let page = store.events(query).await?;
        let Some(oldest) = page.last() else { break };
        before = Some(oldest.sequence);
        kept.extend(page.into_iter().map(&keep));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use millwork_core::event::NewEvent;
    use millwork_core::run::{Failure, FailureKind, RunId};
    use millwork_core::{AssetDefinition, AssetStatus, Definitions, KeyMoment};

    use super::*;
    use crate::{Batch, CurrentStatuses, EventLog as _, MemoryStore, NewRun, RunStore as _};

    /// The status of the only asset after these events of a run: those of its step have one of the step's bodies.
    async fn check(events: &[EventBody], expected: AssetStatus) {
        let asset = AssetDefinition::new("a").produces::<u8, _>().blocking(|_| Ok(0_u8));
        let pipeline = Definitions::new().asset(asset).resolve().expect("a pipeline");
        let (store, at, id) = (MemoryStore::new(), Timestamp::UNIX_EPOCH, RunId::from_u128(1));
        store.create_run(NewRun { id, request: Default::default(), at, lease: None }).await.expect("a run");
        let events = events.iter().map(|body| NewEvent {
            step: body.is_step_event().then(|| "a".into()),
            ..NewEvent::of_run(id, at, body.clone())
        });
        store.append(Batch { fence: None, events: events.collect() }).await.expect("events");
        let current = CurrentStatuses::at(&store, pipeline.graph(), &KeyMoment::at(at)).await;
        let current = current.expect("what the log says");
        let asset = pipeline.graph().index("a").expect("the asset");
        assert_eq!(current.statuses().of(asset).status, expected);
    }

    #[tokio::test]
    async fn a_failure_counts_however_its_run_goes_on() {
        let failure = Failure::new(FailureKind::Error, "no luck");
        let failed =
            [EventBody::RunStarted { epoch: 1 }, EventBody::StepStarted, EventBody::StepFailed { failure }];
        check(&failed, AssetStatus::Failed).await;
        let ends = [EventBody::run_failed("no luck"), EventBody::RunCanceled, EventBody::run_lost("gone")];
        for end in ends {
            check(&[&failed[..], &[end]].concat(), AssetStatus::Failed).await;
        }
    }

    #[tokio::test]
    async fn only_what_was_started_since_the_run_was_is_running() {
        let started = [EventBody::RunStarted { epoch: 1 }, EventBody::StepStarted];
        check(&started, AssetStatus::Running).await;
        check(&[&started[..], &[EventBody::run_lost("gone")]].concat(), AssetStatus::Missing).await;
        let resumed = [EventBody::run_lost("gone"), EventBody::RunStarted { epoch: 2 }];
        check(&[&started[..], &resumed].concat(), AssetStatus::Missing).await;
    }
}
