//! Drift: how far a current sample is from a reference.
//!
//! A [`Profile`] is a summary of a sample: of each column its numbers or its categories. That of the training rows is
//! an asset value, the *reference*; that of the rows of today is compared with it ([`Profile::drift_from`]) and gives a
//! [`DriftReport`], with which a check decides and a page draws.
//!
//! | measure | of | reads |
//! |---|---|---|
//! | [`population_stability_index`] | counts per bin or category | below 0.1 little, above 0.25 much, from some 200 rows on |
//! | [`kolmogorov_smirnov`] | numbers | the largest difference of the distribution functions, 0 to 1, and its p-value |
//! | [`chi_square`] | counts per category | the test that both samples are of one distribution, and its p-value |
//! | [`wasserstein_distance`] | numbers | how far the mass has to move, in the unit of the numbers |
//! | [`jensen_shannon_distance`] | counts per bin or category | 0 for the same, 1 for nothing in common |
//!
//! A p-value shows whether a difference is more than chance, not whether it is large: with many rows every difference is
//! more than chance. So columns are judged by the population stability index. Of few rows it is large by chance alone (Yurdakul,
//! "Statistical properties of population stability index", 2018): with ten bins and no drift, of 100 rows it is below 0.25 and
//! often above 0.1, of 30 rows mostly above 0.25.

mod error;
mod measures;
mod profile;
mod report;

pub use error::DriftError;
pub use measures::{
    ChiSquare, KolmogorovSmirnov, chi_square, jensen_shannon_distance, kolmogorov_smirnov,
    population_stability_index, wasserstein_distance,
};
pub use profile::Profile;
pub use report::{ColumnDrift, DriftLevel, DriftReport, DriftThresholds};
