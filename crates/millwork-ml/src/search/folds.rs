//! Scores over folds.

use crate::search::Score;
use crate::split::{Folds, TwoParts};

/// The mean of a score over folds, and its standard deviation as the spread.
///
/// ```
/// use millwork_ml::search::cross_validate;
/// use millwork_ml::split;
///
/// let folds = split::k_fold(10, 5, 42)?;
/// let score = cross_validate(&folds, |parts| Ok::<_, split::SplitError>(parts.test.len() as f64))?;
/// assert_eq!((score.value, score.spread), (2.0, Some(0.0)));
/// # Ok::<(), split::SplitError>(())
/// ```
///
/// # Errors
///
/// The first error of `score`.
pub fn cross_validate<E>(
    folds: &Folds,
    mut score: impl FnMut(&TwoParts) -> Result<f64, E>,
) -> Result<Score, E> {
    let scores = folds.iter().map(|parts| score(&parts)).collect::<Result<Vec<f64>, E>>()?;
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64;
    Ok(Score { value: mean, spread: Some(variance.sqrt()), curve: Vec::new() })
}
