//! Rank correlations: whether predictions order rows as the targets do.

mod kendall;
mod rank;
mod spearman;

pub use kendall::kendall_tau;
pub use spearman::spearman_correlation;
