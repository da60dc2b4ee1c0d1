//! An event in its stored form. Encoding happens with the caller, so that the writer has less to do.

use std::sync::Arc;

use jiff::Timestamp;
use millwork_core::event::{EventBody, EventKind, NewEvent};
use millwork_core::run::{RunId, StepKey};
use millwork_core::{AssetKey, PartitionKey};

use crate::StorageError;
use crate::micros::to_micros;

/// An event in its stored form.
#[derive(Debug)]
pub(crate) struct EncodedEvent {
    pub(super) run: Option<RunId>,
    pub(super) at: i64,
    pub(super) kind: EventKind,
    pub(super) step: Option<StepKey>,
    pub(super) asset: Option<AssetKey>,
    pub(super) partition: Option<PartitionKey>,
    pub(super) attempt: u32,
    pub(super) body: Option<Arc<str>>,
    pub(super) value: Option<Vec<u8>>,
    /// What it does to its run, if it is about the run as a whole.
    pub(super) run_event: Option<(EventBody, Timestamp)>,
}

impl EncodedEvent {
    /// The stored form of an event.
    pub(crate) fn new(event: NewEvent) -> Result<Self, StorageError> {
        let NewEvent { run, at, step, asset, partition, attempt, body, value } = event;
        let unstorable =
            |reason| StorageError::Unstorable { what: format!("the event `{}`", body.name()), reason };
        let (kind, stored_body) = body.to_stored().map_err(unstorable)?;
        Ok(Self {
            run,
            at: to_micros(at),
            kind,
            step,
            asset,
            partition,
            attempt,
            body: stored_body.map(Into::into),
            value,
            run_event: body.run_status().map(|_| (body, at)),
        })
    }

    /// The names in it: step, asset, partition.
    pub(super) fn names(&self) -> [Option<&str>; 3] {
        [
            self.step.as_ref().map(StepKey::as_str),
            self.asset.as_ref().map(AssetKey::as_str),
            self.partition.as_ref().map(PartitionKey::as_str),
        ]
    }
}
