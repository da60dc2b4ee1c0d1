//! What the tests of several crates share. Nothing that users build knows it.
//!
//! A test waits for an event, never for a span of time, and passes on a busy machine: [`eventually`] looks again and again, and
//! gives up after [`PATIENCE`], which is far more than anything takes. What a test needs and this machine lacks is an error under
//! `CI`, and a printed skip elsewhere: [`require`].

mod data;
mod patience;
mod require;

pub use data::stories;
pub use patience::{PATIENCE, PAUSE, eventually};
pub use require::require;
