//! Folds that never divide a group.

use crate::split::class::rows_by_label;
use crate::split::fold_count::check_folds;
use crate::split::grouped::shuffled_groups;
use crate::split::{Folds, SplitError};

/// `folds` splits of rows, each row tested on once, that never divide a group and have test parts of about the same size.
///
/// The largest group goes to the fold with the fewest rows so far (the first of several), and so on, as in scikit-learn's
/// `GroupKFold`, whose fold sizes these are. The same groups always give the same folds: of groups of the same size,
/// the one that appears first comes first.
///
/// # Errors
///
/// When there are fewer than two folds, or fewer groups than folds.
pub fn group_k_fold<G: Ord>(groups: &[G], folds: usize) -> Result<Folds, SplitError> {
    let rows: Vec<usize> = (0..groups.len()).collect();
    balanced(rows_by_label(&rows, groups), groups.len(), folds)
}

/// As [`group_k_fold`] with the same fold sizes, but groups of the same size come in a random order, so that repetitions
/// with other seeds combine other groups.
///
/// # Errors
///
/// As [`group_k_fold`].
pub fn group_k_fold_shuffled<G: Ord>(groups: &[G], folds: usize, seed: u64) -> Result<Folds, SplitError> {
    balanced(shuffled_groups(groups, seed), groups.len(), folds)
}

fn balanced(mut groups: Vec<Vec<usize>>, rows: usize, folds: usize) -> Result<Folds, SplitError> {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    check_folds(folds, "groups", groups.len())?;
    groups.sort_by_key(|rows| Reverse(rows.len()));
    let mut lightest: BinaryHeap<_> = (0..folds).map(|fold| Reverse((0, fold))).collect();
    let mut numbers = vec![0; rows];
    for group in groups {
        let Reverse((rows, fold)) = lightest.pop().expect("there are two folds or more");
        lightest.push(Reverse((rows + group.len(), fold)));
        for row in group {
            numbers[row] = fold;
        }
    }
    Ok(Folds::by_number(&numbers, folds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(groups: &[char], folds: usize, expected: &[&[usize]]) {
        let found = group_k_fold(groups, folds).expect("folds");
        let test: Vec<_> = found.iter().map(|parts| parts.test).collect();
        assert_eq!(test, expected, "{groups:?}");
    }

    #[test]
    fn large_groups_come_first_and_go_to_the_lightest_fold() {
        check(&['a', 'b', 'b', 'c'], 2, &[&[1, 2], &[0, 3]]);
        check(&['a', 'b', 'c', 'd'], 2, &[&[0, 2], &[1, 3]]);
        check(&['c', 'a', 'c', 'b', 'c', 'b'], 3, &[&[0, 2, 4], &[3, 5], &[1]]);
    }

    #[test]
    fn there_are_as_many_groups_as_folds() {
        let error = group_k_fold(&['a', 'b', 'a'], 3).expect_err("too few groups");
        assert_eq!(error, SplitError::TooManyFolds { folds: 3, units: "groups", count: 2 });
        assert_eq!(group_k_fold::<u8>(&[], 3), Err(SplitError::NoRows));
    }
}
