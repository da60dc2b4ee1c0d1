//! Utilities that the tests of several crates share. No library depends on this crate.
//!
//! A test waits for an event, never for a span of time, and passes on a busy machine: [`eventually`] and [`wait_for`] poll, and [`Lines`]
//! reads what a process prints; each gives up after [`PATIENCE`], which is far longer than any event takes. A missing prerequisite of a
//! test is an error under `CI`, and a printed skip elsewhere: [`require`].

mod data;
mod folder;
mod lines;
mod patience;
mod program;
mod require;
mod server;

pub use data::stories;
pub use folder::folder;
pub use lines::Lines;
pub use patience::{PATIENCE, eventually, wait_for};
pub use program::program;
pub use require::require;
pub use server::PipelineServer;
