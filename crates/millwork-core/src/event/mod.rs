//! What happens, written down: the events of which everything else is a projection.
//!
//! The stored form of an event is forever. A body is stored as JSON under the name that [`EventBody::name`] gives it,
//! with the number of the format beside it; a later format reads all earlier ones.

mod body;
mod envelope;

pub use body::{
    CheckEvaluation, EventBody, InputVersion, LogLine, Materialization, Provenance, StoredValue,
    UnreadableEvent, ValueLocation,
};
pub use envelope::{Event, FORMAT, NewEvent};
