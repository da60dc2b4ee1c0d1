//! Features together with the target that each row is to predict.

use crate::features::{Features, FeaturesError};

/// A matrix of features and one target per row: what a model is trained or evaluated on.
///
/// At rest it is the same [`Npz`](crate::features::Npz) file as the features alone, with one array more
/// (`targets.npy`), so `scipy.sparse.load_npz` opens it and `numpy.load` finds the targets beside.
///
/// ```
/// use millwork_ml::features::{Features, LabelledFeatures};
///
/// let features = Features::new(2, vec![0, 1, 2], vec![0, 1], vec![0.5, 0.25])?;
/// let labelled = LabelledFeatures::new(features, vec![7.0, 3.0])?;
/// assert_eq!(labelled.rows(), 2);
/// assert_eq!(labelled.targets(), [7.0, 3.0]);
/// # Ok::<(), millwork_ml::features::FeaturesError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledFeatures {
    features: Features,
    targets: Vec<f64>,
}

impl LabelledFeatures {
    /// Joins features (rows × columns) with their targets (one per row).
    ///
    /// # Errors
    ///
    /// When there are not as many targets as rows, or a target is not finite.
    pub fn new(features: Features, targets: Vec<f64>) -> Result<Self, FeaturesError> {
        if targets.len() != features.rows() {
            return Err(FeaturesError::TargetCount { targets: targets.len(), rows: features.rows() });
        }
        match targets.iter().position(|target| !target.is_finite()) {
            Some(row) => Err(FeaturesError::TargetNotFinite { row }),
            None => Ok(Self { features, targets }),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.targets.len()
    }

    /// The features (rows × columns).
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The targets, one per row.
    pub fn targets(&self) -> &[f64] {
        &self.targets
    }

    /// The features and the targets, apart.
    pub fn into_parts(self) -> (Features, Vec<f64>) {
        (self.features, self.targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targets: &[f64], expected: &Result<(), FeaturesError>) {
        let features = Features::new(1, vec![0, 0, 0], vec![], vec![]).expect("two empty rows");
        assert_eq!(LabelledFeatures::new(features, targets.to_vec()).map(|_| ()), *expected, "{targets:?}");
    }

    #[test]
    fn every_row_needs_one_finite_target() {
        check(&[1.0, 2.0], &Ok(()));
        check(&[1.0], &Err(FeaturesError::TargetCount { targets: 1, rows: 2 }));
        check(&[], &Err(FeaturesError::TargetCount { targets: 0, rows: 2 }));
        check(&[1.0, f64::NAN], &Err(FeaturesError::TargetNotFinite { row: 1 }));
        check(&[f64::NEG_INFINITY, 1.0], &Err(FeaturesError::TargetNotFinite { row: 0 }));
    }
}
