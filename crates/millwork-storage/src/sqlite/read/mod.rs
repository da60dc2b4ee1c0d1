//! Reading, on connections of its own: in WAL mode a reader sees the last commit and waits for nobody.

mod automation;
mod connections;
mod deliveries;
mod dictionary;
mod events;
mod instigators;
mod latest;
mod packed_events;
mod pending;
mod reader;
mod runs;
mod slots;

pub(super) use reader::Reader;
