//! Reading, on connections of its own: in WAL mode a reader sees the last commit and waits for nobody.

mod automation;
mod connections;
pub(super) mod deliveries;
mod dictionary;
mod events;
pub(super) mod instigators;
mod latest;
mod packed_events;
mod pending;
mod reader;
mod runs;
mod slots;

pub(super) use reader::Reader;
