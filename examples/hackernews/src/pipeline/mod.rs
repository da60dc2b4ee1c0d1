//! The assets of the reference job, from the newest stories to predictions.

pub mod checks;
mod declared;
pub mod features;
pub mod ingest;
pub mod model;
pub mod promotion;
pub mod reference;
mod retraining;
pub mod serving;
mod stories;

pub use declared::{definitions, definitions_with_reference};
