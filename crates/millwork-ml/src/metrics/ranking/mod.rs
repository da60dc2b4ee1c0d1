//! Metrics of rankings: rows of the same query compete, and the best should be first.

mod average_precision;
mod ndcg;
mod query;
mod reciprocal_rank;

pub use average_precision::mean_average_precision;
pub use ndcg::{Gain, dcg, ndcg};
pub use reciprocal_rank::mean_reciprocal_rank;
