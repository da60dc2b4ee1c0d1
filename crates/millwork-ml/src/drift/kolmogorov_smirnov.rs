//! The Kolmogorov–Smirnov test.

use serde::{Deserialize, Serialize};

use crate::drift::DriftError;
use crate::drift::error::sorted;
use crate::drift::tail::kolmogorov_tail;

/// A two-sample Kolmogorov–Smirnov test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KolmogorovSmirnov {
    /// The largest difference of the two distribution functions, from 0 to 1.
    pub statistic: f64,
    /// The probability of a statistic that large if both samples are of one distribution.
    pub p_value: f64,
}

/// The test that two samples of numbers are of one distribution: SciPy's `ks_2samp` statistic, and the limiting
/// distribution of Kolmogorov for its p-value, which is right for some hundred rows and rougher for fewer (with
/// ten rows in each, up to two thirds too large).
///
/// # Errors
///
/// When a sample is empty, or a number is not finite.
pub fn kolmogorov_smirnov(reference: &[f64], current: &[f64]) -> Result<KolmogorovSmirnov, DriftError> {
    let [reference, current] = sorted(reference, current)?;
    let (rows, others) = (reference.len() as f64, current.len() as f64);
    let (mut below, mut others_below, mut statistic) = (0, 0, 0.0_f64);
    while below < reference.len() && others_below < current.len() {
        let number = reference[below].min(current[others_below]);
        below += reference[below..].partition_point(|&other| other <= number);
        others_below += current[others_below..].partition_point(|&other| other <= number);
        statistic = statistic.max((below as f64 / rows - others_below as f64 / others).abs());
    }
    let p_value = kolmogorov_tail((rows * others / (rows + others)).sqrt() * statistic);
    Ok(KolmogorovSmirnov { statistic, p_value })
}
