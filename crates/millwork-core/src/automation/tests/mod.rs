//! Scenarios on a virtual clock: what happens, and what is requested then.

mod incremental;
mod operators;
mod presets;
mod stored;
mod storms;
mod support;
