//! The event log's vocabulary: events, of which everything else is a projection.
//!
//! The stored form of an event is forever. A body is stored as JSON under the name of its kind,
//! with the number of the format beside it; a later format reads all earlier ones. A database knows an event's [`EventKind`]
//! by its number.

mod body;
mod envelope;
mod environment;
mod kind;
mod partition_events;
mod rename_events;
mod renaming;
mod shadow_events;
mod version_events;

pub use body::{
    AttemptEvent, CheckEvaluation, EventBody, InputVersion, LogLine, Materialization, Provenance,
    StoredValue, UnreadableEvent, ValueLocation,
};
pub use envelope::{Event, FORMAT, NewEvent};
pub use environment::{Environment, FileHash, FileHasher, WorkingTree};
pub use kind::{EventKind, EventSubject, KindSet};
pub use partition_events::PartitionsChanged;
pub use rename_events::{AssetRenamed, PartitionsRenamed};
pub use renaming::Renaming;
pub use shadow_events::{ShadowCalled, ShadowOutcome, ShadowValue};
pub use version_events::{
    AliasChange, AliasMoved, AliasPinned, Asked, BacktestOutcome, BacktestedVersion, Mover, ShadowTrial,
    VersionDecided, VersionJudged, VersionsBacktested,
};
