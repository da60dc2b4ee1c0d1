//! Utilities that the tests of several crates share. No library depends on this crate.
//!
//! A test waits for an event, never for a span of time, and passes on a busy machine: [`eventually`] polls, and gives up after
//! [`PATIENCE`], which is far longer than any event takes. A missing prerequisite of a test is an error under `CI`, and a printed skip
//! elsewhere: [`require`].

mod data;
mod patience;
mod require;

pub use data::stories;
pub use patience::{PATIENCE, PAUSE, eventually};
pub use require::require;
