//! Better models than the guide's, and an honest comparison with it.
//!
//! The stories in the order of time, each with what was known when it was submitted ([`source`]), become features ([`features`]) of two
//! models ([`models`]): one of the mean number of comments, one of the median. [`comparison`] evaluates them on the newest stories, beside
//! the guide's model and beside guessing. `docs/reference-model.md` explains the table.

pub mod comparison;
pub mod features;
pub mod models;
pub(super) mod past;
pub mod source;
pub(super) mod traits;
