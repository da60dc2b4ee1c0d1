//! Features together with the target that each row is to predict.

use std::collections::HashSet;
use std::hash::Hash;

use crate::features::{Features, FeaturesError, RowKey, RowKeys};

/// A matrix of features and one target per row: what a model is trained or evaluated on.
///
/// Rows may have weights, and may belong to groups: the query that a row is an answer to, for a model that ranks. They may have
/// keys, by which a model knows them again ([`held_out`](crate::held_out)).
///
/// At rest it is the same [`Npz`](crate::features::Npz) file as the features alone, with one array more
/// (`targets.npy`; `weights.npy`, `groups.npy` and `row_keys.npy` where there are any), so `scipy.sparse.load_npz` opens it and
/// `numpy.load` finds the targets beside.
///
/// ```
/// use millwork_ml::features::{Features, LabelledFeatures};
///
/// let features = Features::new(2, vec![0, 1, 2], vec![0, 1], vec![0.5, 0.25])?;
/// let labelled = LabelledFeatures::new(features, vec![7.0, 3.0])?.with_weights(vec![1.0, 0.5])?;
/// assert_eq!(labelled.rows(), 2);
/// assert_eq!(labelled.targets(), [7.0, 3.0]);
/// assert_eq!(labelled.weights(), Some(&[1.0, 0.5][..]));
/// # Ok::<(), millwork_ml::features::FeaturesError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledFeatures {
    features: Features,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
    groups: Option<Vec<usize>>,
    row_keys: Option<RowKeys>,
}

impl LabelledFeatures {
    /// Joins features (rows × columns) with their targets (one per row).
    ///
    /// # Errors
    ///
    /// When there are not as many targets as rows, or a target is not finite.
    pub fn new(features: Features, targets: Vec<f64>) -> Result<Self, FeaturesError> {
        check_targets(&targets, features.rows())?;
        Ok(Self { features, targets, weights: None, groups: None, row_keys: None })
    }

    /// The same data with a weight per row: a row of weight 2 counts as two equal rows, one of weight 0 not at all.
    ///
    /// # Errors
    ///
    /// When there are not as many weights as rows, or a weight is negative or not finite.
    pub fn with_weights(self, weights: Vec<f64>) -> Result<Self, FeaturesError> {
        check_weights(&weights, self.rows())?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// The same data in groups of the given numbers of rows, one group after the other.
    ///
    /// # Errors
    ///
    /// When a group is empty, or they do not add up to the number of rows.
    pub fn with_groups(self, groups: Vec<usize>) -> Result<Self, FeaturesError> {
        let rows = groups.iter().try_fold(0_usize, |rows, &size| rows.checked_add(size));
        if rows != Some(self.rows()) || groups.contains(&0) {
            return Err(FeaturesError::Groups { rows: self.rows() });
        }
        Ok(Self { groups: Some(groups), ..self })
    }

    /// The same data in groups of rows with the same id, which follow each other.
    ///
    /// ```
    /// # use millwork_ml::features::{Features, LabelledFeatures};
    /// let features = Features::from_dense(1, &[0.3, 0.1, 0.2])?;
    /// let answers = LabelledFeatures::new(features, vec![2.0, 0.0, 1.0])?.with_group_ids(&["rust", "rust", "go"])?;
    /// assert_eq!(answers.groups(), Some(&[2, 1][..]));
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there are not as many ids as rows, or an id comes again after another one.
    pub fn with_group_ids(self, ids: &[impl Hash + Eq]) -> Result<Self, FeaturesError> {
        let groups = sizes_of_runs(ids)?;
        self.with_groups(groups)
    }

    /// The same data with a key per row, an integer or a text: the id of the record that the row was made of.
    ///
    /// A model that is fitted on it has a record of the keys' hashes, so that
    /// [`check_held_out`](crate::boost::Booster::check_held_out) finds those of them that are held-out rows. Keys change nothing
    /// else. Several rows may have the same key.
    ///
    /// ```
    /// # use millwork_ml::features::{Features, LabelledFeatures};
    /// let features = Features::from_dense(1, &[0.3, 0.1, 0.2])?;
    /// let stories = LabelledFeatures::new(features, vec![2.0, 0.0, 1.0])?.with_row_keys([8863, 8864, 8869])?;
    /// let newest_first = stories.select(&[2, 1, 0])?;
    /// assert_eq!(newest_first.row_keys().and_then(|keys| keys.get(0)).as_deref(), Some("8869"));
    /// # Ok::<(), millwork_ml::features::FeaturesError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there are not as many keys as rows.
    pub fn with_row_keys(
        self,
        keys: impl IntoIterator<Item = impl Into<RowKey>>,
    ) -> Result<Self, FeaturesError> {
        self.with_keys(RowKeys::new(keys))
    }

    pub(crate) fn with_keys(self, keys: RowKeys) -> Result<Self, FeaturesError> {
        check_keys(&keys, self.rows())?;
        Ok(Self { row_keys: Some(keys), ..self })
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

    /// The weights, one per row, if rows have weights.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The number of rows of each group, in the order of the rows, if there are groups.
    pub fn groups(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// The keys, one per row, if rows have keys.
    pub fn row_keys(&self) -> Option<&RowKeys> {
        self.row_keys.as_ref()
    }

    /// The given rows, in the given order, with their targets, weights and keys. Selected rows of a group stay a group.
    ///
    /// # Errors
    ///
    /// When a row is selected that there is not, or the selected rows of a group do not follow each other.
    pub fn select(&self, selection: &[usize]) -> Result<Self, FeaturesError> {
        let features = self.features.select(selection)?;
        let of = |values: &[f64]| selection.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let groups = match &self.groups {
            Some(sizes) => {
                let group_of_row: Vec<usize> = sizes
                    .iter()
                    .enumerate()
                    .flat_map(|(group, &size)| std::iter::repeat_n(group, size))
                    .collect();
                let selected: Vec<usize> = selection.iter().map(|&row| group_of_row[row]).collect();
                Some(sizes_of_runs(&selected)?)
            }
            None => None,
        };
        let (targets, weights) = (of(&self.targets), self.weights.as_deref().map(of));
        let row_keys = self.row_keys.as_ref().map(|keys| keys.select(selection));
        Ok(Self { features, targets, weights, groups, row_keys })
    }

    /// The features and the targets, apart. Weights, groups and keys are dropped.
    pub fn into_parts(self) -> (Features, Vec<f64>) {
        (self.features, self.targets)
    }
}

pub(crate) fn check_targets(targets: &[f64], rows: usize) -> Result<(), FeaturesError> {
    if targets.len() != rows {
        return Err(FeaturesError::TargetCount { targets: targets.len(), rows });
    }
    match targets.iter().position(|target| !target.is_finite()) {
        Some(row) => Err(FeaturesError::TargetNotFinite { row }),
        None => Ok(()),
    }
}

pub(crate) fn check_weights(weights: &[f64], rows: usize) -> Result<(), FeaturesError> {
    if weights.len() != rows {
        return Err(FeaturesError::WeightCount { weights: weights.len(), rows });
    }
    match weights.iter().position(|&weight| !(weight.is_finite() && weight >= 0.0)) {
        Some(row) => Err(FeaturesError::Weight { row, weight: weights[row] }),
        None => Ok(()),
    }
}

pub(crate) fn check_keys(keys: &RowKeys, rows: usize) -> Result<(), FeaturesError> {
    let found = keys.len();
    if found == rows { Ok(()) } else { Err(FeaturesError::KeyCount { keys: found, rows }) }
}

/// The lengths of the runs of equal ids, each of which has one run.
fn sizes_of_runs(ids: &[impl Hash + Eq]) -> Result<Vec<usize>, FeaturesError> {
    let (mut sizes, mut seen, mut row) = (Vec::new(), HashSet::new(), 0);
    for run in ids.chunk_by(|left, right| left == right) {
        if !seen.insert(&run[0]) {
            return Err(FeaturesError::GroupApart { row });
        }
        sizes.push(run.len());
        row += run.len();
    }
    Ok(sizes)
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

    fn labelled(rows: usize) -> LabelledFeatures {
        let values: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let features = Features::from_dense(1, &values).expect("one column");
        LabelledFeatures::new(features, values).expect("a target per row")
    }

    #[test]
    fn a_weight_is_finite_and_not_negative() {
        let check = |weights: &[f64], expected: Result<(), FeaturesError>| {
            assert_eq!(labelled(2).with_weights(weights.to_vec()).map(|_| ()), expected, "{weights:?}");
        };
        check(&[0.0, 2.5], Ok(()));
        check(&[1.0], Err(FeaturesError::WeightCount { weights: 1, rows: 2 }));
        check(&[1.0, -1.0], Err(FeaturesError::Weight { row: 1, weight: -1.0 }));
        check(&[f64::INFINITY, 1.0], Err(FeaturesError::Weight { row: 0, weight: f64::INFINITY }));
        assert!(labelled(2).with_weights(vec![f64::NAN, 1.0]).is_err());
    }

    #[test]
    fn groups_partition_the_rows() {
        let check = |groups: &[usize], expected: Result<(), FeaturesError>| {
            assert_eq!(labelled(3).with_groups(groups.to_vec()).map(|_| ()), expected, "{groups:?}");
        };
        check(&[3], Ok(()));
        check(&[1, 2], Ok(()));
        check(&[], Err(FeaturesError::Groups { rows: 3 }));
        check(&[1, 1], Err(FeaturesError::Groups { rows: 3 }));
        check(&[3, 0], Err(FeaturesError::Groups { rows: 3 }));
        check(&[usize::MAX, 4], Err(FeaturesError::Groups { rows: 3 }));
        let ids =
            |ids: &[u8]| labelled(3).with_group_ids(ids).map(|data| data.groups().map(<[usize]>::to_vec));
        assert_eq!(ids(&[7, 7, 1]), Ok(Some(vec![2, 1])));
        assert_eq!(ids(&[7, 1, 7]), Err(FeaturesError::GroupApart { row: 2 }));
        assert_eq!(ids(&[7, 1]), Err(FeaturesError::Groups { rows: 3 }));
    }

    #[test]
    fn a_selection_keeps_weights_groups_and_keys() {
        let data = labelled(5).with_weights(vec![0.0, 1.0, 2.0, 3.0, 4.0]).expect("five weights");
        let data = data.with_groups(vec![2, 3]).expect("two groups");
        let selected = data.select(&[4, 2, 1]).expect("rows in range");
        assert_eq!(selected.targets(), [4.0, 2.0, 1.0]);
        assert_eq!(selected.weights(), Some(&[4.0, 2.0, 1.0][..]));
        assert_eq!(selected.groups(), Some(&[2, 1][..]));
        assert_eq!(data.select(&[0, 2, 1]), Err(FeaturesError::GroupApart { row: 2 }));
        assert_eq!(data.select(&[5]), Err(FeaturesError::RowOutOfRange { row: 5, rows: 5 }));
        let keyed = labelled(3).with_row_keys(["a", "7", "b"]).expect("three keys");
        let selected = keyed.select(&[1, 1]).expect("rows in range");
        assert_eq!(selected.row_keys(), Some(&RowKeys::new([7, 7])));
        assert_eq!(
            labelled(3).with_row_keys([1, 2]).map(|_| ()),
            Err(FeaturesError::KeyCount { keys: 2, rows: 3 })
        );
        let without = labelled(3).select(&[2]).expect("a row in range");
        assert_eq!((without.weights(), without.groups(), without.row_keys()), (None, None, None));
    }
}
