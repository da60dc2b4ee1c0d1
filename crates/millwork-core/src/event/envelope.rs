//! The envelope of every event: its time, run, step and asset.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::EventBody;
use crate::id::{AssetKey, PartitionKey, RunId, StepKey};
use crate::partition::{AssetPartition, StepPartition};

/// The number of the stored form of events. A new number comes with a new version of the database, so that earlier programs refuse
/// the home as a whole.
pub const FORMAT: u8 = 1;

/// Something that happened and is on disk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Its place in the event log. Later events have higher numbers; numbers may be left out.
    pub sequence: u64,
    /// The run it happened in; `None` for reports from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The time of the event.
    pub at: Timestamp,
    /// The step; `None` for events of the whole run or without a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepKey>,
    /// The asset; `None` if the event isn't about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<AssetKey>,
    /// The partition of the step and the asset; `None` for unpartitioned ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionKey>,
    /// The number of the step's attempt, from 1; 0 where it has none.
    pub attempt: u32,
    /// The kind of the event, with its data.
    #[serde(flatten)]
    pub body: EventBody,
}

/// Something that happened and is about to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The run; `None` for reports from outside.
    pub run: Option<RunId>,
    /// The time of the event.
    pub at: Timestamp,
    /// The step; `None` for events of the whole run or without a run.
    pub step: Option<StepKey>,
    /// The asset; `None` if the event isn't about one.
    pub asset: Option<AssetKey>,
    /// The partition; `None` if the event isn't about one.
    pub partition: Option<PartitionKey>,
    /// The number of the step's attempt.
    pub attempt: u32,
    /// The kind of the event, with its data.
    pub body: EventBody,
    /// The stored form of a materialized value that is kept in the database itself; `None` for values stored elsewhere.
    pub value: Option<Arc<Vec<u8>>>,
}

impl Event {
    /// The asset and its partition, of an event about an asset.
    pub fn asset_partition(&self) -> Option<AssetPartition> {
        Some(AssetPartition::new(self.asset.clone()?, self.partition.clone()))
    }

    /// The step and its partition, of an event about a step.
    pub fn step_partition(&self) -> Option<StepPartition> {
        Some(StepPartition::new(self.step.clone()?, self.partition.clone()))
    }
}

impl NewEvent {
    /// An event about a run as a whole.
    pub fn of_run(run: RunId, at: Timestamp, body: EventBody) -> Self {
        Self { run: Some(run), at, step: None, asset: None, partition: None, attempt: 0, body, value: None }
    }

    /// An event about neither a run nor an asset.
    pub fn of_home(at: Timestamp, body: EventBody) -> Self {
        Self { run: None, at, step: None, asset: None, partition: None, attempt: 0, body, value: None }
    }

    /// An event about an asset or partition outside of runs.
    pub fn of_asset(of: AssetPartition, at: Timestamp, body: EventBody) -> Self {
        let AssetPartition { asset, partition } = of;
        Self { run: None, at, step: None, asset: Some(asset), partition, attempt: 0, body, value: None }
    }

    /// The asset and its partition, of an event about an asset.
    pub fn asset_partition(&self) -> Option<AssetPartition> {
        Some(AssetPartition::new(self.asset.clone()?, self.partition.clone()))
    }

    /// The step and its partition, of an event about a step.
    pub fn step_partition(&self) -> Option<StepPartition> {
        Some(StepPartition::new(self.step.clone()?, self.partition.clone()))
    }

    /// The event as it is read back from place `sequence` of the log.
    pub fn at_sequence(self, sequence: u64) -> Event {
        let Self { run, at, step, asset, partition, attempt, body, value: _ } = self;
        Event { sequence, run, at, step, asset, partition, attempt, body }
    }
}
