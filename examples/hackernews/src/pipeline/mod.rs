//! The assets of the reference job, from the newest stories to predictions.

pub mod checks;
mod declared;
pub mod expected;
pub mod features;
pub mod ingest;
pub mod live;
pub mod model;
pub mod promotion;
pub mod reference;
mod retraining;
pub mod serving;
mod stories;

pub(crate) use declared::{Pace, definitions_at};

pub use declared::{definitions, definitions_with_reference};
