//! Scenarios on a virtual clock: events, and the requests that follow.

mod incremental;
mod numbers;
mod operators;
mod partition_laws;
mod partitions;
mod presets;
mod stored;
mod storms;
mod support;
mod trials;
mod watches;
