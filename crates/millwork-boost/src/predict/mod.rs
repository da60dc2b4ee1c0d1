//! Predictions for rows: margins, leaves, and contributions of the columns.

mod contributions;
mod forest;
mod importance;

pub use contributions::{RowContributions, contributions};
pub use forest::Forest;
pub use importance::{Importance, importance};
