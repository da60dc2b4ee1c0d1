//! What a model says of rows: margins, leaves, and what moves them.

mod contributions;
mod forest;
mod importance;

pub use contributions::{RowContributions, contributions};
pub use forest::Forest;
pub use importance::{Importance, importance};
