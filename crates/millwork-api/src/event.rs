//! Events of the event log, with the names and bodies under which they are stored.

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody};
use millwork_core::run::{RunId, StepKey};
use millwork_core::{AssetKey, PartitionKey};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::EventTypeName;

/// An event of the event log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventView {
    /// The event's sequence number. Later events have higher numbers; numbers may be left out.
    pub sequence: u64,
    /// The run that the event belongs to; absent if it was reported from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// The time of the event.
    pub at: Timestamp,
    /// The step; absent if the event isn't about a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub step: Option<StepKey>,
    /// The asset; absent if the event isn't about an asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub asset: Option<AssetKey>,
    /// The partition of the step or asset; absent if they have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    #[serde(serialize_with = "crate::label::of_partition")]
    pub partition: Option<PartitionKey>,
    /// The number of the step's attempt, from 1; 0 if the event isn't about an attempt.
    pub attempt: u32,
    /// The type of the event with its body.
    #[serde(flatten)]
    #[schema(value_type = TypeAndBody)]
    pub body: EventBody,
}

/// The type of an event with its body.
#[derive(ToSchema)]
#[schema(as = EventBody)]
#[allow(dead_code, reason = "only the schema is used")]
struct TypeAndBody {
    /// The type of the event.
    r#type: EventTypeName,
    /// The body of the event; its fields depend on the type. Absent if the type has no fields.
    #[schema(required = false)]
    body: Value,
}

/// A page of the event log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<EventView>,
    /// The value of `after` for the next page; `null` if there is no event and no `after` was given.
    #[schema(required)]
    pub next: Option<u64>,
}

/// A page of the materializations of an asset.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MaterializationPage {
    /// The events of the materializations, newest first. The body of each has its configuration, if the step takes one: `config`, with
    /// what was `effective` and, if the run overrode something, what was `standing`.
    pub materializations: Vec<EventView>,
    /// The value of `before` for the next page; `null` if this is the last.
    #[schema(required)]
    pub next: Option<u64>,
}

/// An event that was recorded for a report from outside.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordedEvent {
    /// The event's sequence number.
    #[schema(required)]
    pub sequence: Option<u64>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event { sequence, run, at, step, asset, partition, attempt, body } = event;
        Self { sequence, run, at, step, asset, partition, attempt, body }
    }
}
