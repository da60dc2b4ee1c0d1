//! Events as they are answered: with the names and bodies under which they are stored.

use jiff::Timestamp;
use millwork_core::event::{Event, EventBody};
use millwork_core::run::{RunId, StepKey};
use millwork_core::{AssetKey, PartitionKey};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::names::EventTypeName;

/// Something that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its place in the event log. Later events have higher numbers; numbers may be left out.
    pub sequence: u64,
    /// The run it happened in; absent for what is reported from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// When it happened.
    pub at: Timestamp,
    /// The step; absent if it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub step: Option<StepKey>,
    /// The asset; absent if it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub asset: Option<AssetKey>,
    /// The partition of the step and the asset; absent if they have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub partition: Option<PartitionKey>,
    /// The number of the step's attempt, from 1; 0 where it has none.
    pub attempt: u32,
    /// What happened.
    #[serde(flatten)]
    #[schema(value_type = TypeAndBody)]
    pub body: EventBody,
}

/// What happened, by name, with what is told of it.
#[derive(ToSchema)]
#[schema(as = EventBody)]
#[allow(dead_code, reason = "only the schema is used")]
struct TypeAndBody {
    /// What kind of thing happened.
    r#type: EventTypeName,
    /// What is told of it; its fields depend on the type. Absent for types without any.
    #[schema(required = false)]
    body: Value,
}

/// A page of the event log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<EventView>,
    /// What `after` has to be for the next page; `null` if there is no event and none was given.
    #[schema(required)]
    pub next: Option<u64>,
}

/// An event that was reported from outside.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordedEvent {
    /// Its place in the event log.
    #[schema(required)]
    pub sequence: Option<u64>,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event { sequence, run, at, step, asset, partition, attempt, body } = event;
        Self { sequence, run, at, step, asset, partition, attempt, body }
    }
}
