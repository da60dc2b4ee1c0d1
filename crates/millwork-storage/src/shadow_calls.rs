//! How the calls of a version in shadow went.

use std::ops::ControlFlow;

use millwork_core::event::{EventBody, EventKind, KindSet, ShadowOutcome};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition, PartitionKey};

use crate::error::StorageError;
use crate::event_log::{EventLog, EventQuery, each_event};

/// How the calls of a version in shadow went: how many of them ended in what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShadowCalls {
    /// They made a value.
    pub made: u64,
    /// They kept the last value, or made none.
    pub nothing: u64,
    /// They failed.
    pub failed: u64,
    /// They weren't made, because the process had ended during several before.
    pub not_called: u64,
    /// Why the last one failed that did; `None` if none did.
    pub failure: Option<String>,
}

/// The calls of an asset with this version of a model, or of a partition of one, in the trial that began with the event `after`.
///
/// # Errors
///
/// Those of the store.
pub async fn shadow_calls(
    store: &(impl EventLog + ?Sized),
    asset: &AssetKey,
    (model, version): (&AssetPartition, VersionNumber),
    after: u64,
) -> Result<ShadowCalls, StorageError> {
    let query = EventQuery {
        asset: Some(asset.clone()),
        kinds: Some(KindSet::of(&[EventKind::ShadowCalled])),
        after: Some(after),
        ..EventQuery::default()
    };
    let mut calls = ShadowCalls::default();
    // The asset has the partitions of the model, or none.
    let is_of = |partition: &Option<PartitionKey>| partition.is_none() || *partition == model.partition;
    each_event(store, query, |event| {
        if let EventBody::ShadowCalled(called) = &event.body
            && (&called.model, called.version) == (&model.asset, version)
            && is_of(&event.partition)
        {
            match &called.outcome {
                ShadowOutcome::Made(_) => calls.made += 1,
                ShadowOutcome::Nothing => calls.nothing += 1,
                ShadowOutcome::NotCalled => calls.not_called += 1,
                ShadowOutcome::Failed { failure } => {
                    calls.failed += 1;
                    calls.failure = Some(failure.to_string());
                }
                ShadowOutcome::Begun | ShadowOutcome::Stopped => {}
            }
        }
        ControlFlow::<()>::Continue(())
    })
    .await?;
    Ok(calls)
}
