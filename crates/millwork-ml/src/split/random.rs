//! Splits by chance, for rows whose order means nothing.

use crate::split::fold_count::check_folds;
use crate::split::generator::shuffled_rows;
use crate::split::size::held_out_sizes;
use crate::split::{Folds, SplitError, ThreeParts, TwoParts};

/// Splits `rows` rows at random: `ceil(test_share × rows)` to test on, the rest to train on.
///
/// A seed gives the same split on every platform and in every version. Each part lists its rows in ascending order.
///
/// ```
/// use millwork_ml::split;
///
/// let parts = split::random(10, 0.25, 42)?;
/// assert_eq!((parts.train.len(), parts.test.len()), (7, 3));
/// # Ok::<(), split::SplitError>(())
/// ```
///
/// # Errors
///
/// When the share is not above 0 and below 1, or a part would be empty.
pub fn random(rows: usize, test_share: f64, seed: u64) -> Result<TwoParts, SplitError> {
    let [test] = held_out_sizes(rows, [("test", test_share)])?;
    let shuffled = shuffled_rows(rows, seed);
    let (test, train) = shuffled.split_at(test);
    Ok(TwoParts { train: ascending(train), test: ascending(test) })
}

/// Splits `rows` rows at random into three: `ceil(share × rows)` each to validate and to test on, the rest to train on.
///
/// The test part is that of [`random`] with the same share and seed, so a validation part can be added later without
/// touching what the final judgement is made on.
///
/// # Errors
///
/// When a share is not above 0 and below 1, or a part would be empty.
pub fn random_in_three(
    rows: usize,
    validation_share: f64,
    test_share: f64,
    seed: u64,
) -> Result<ThreeParts, SplitError> {
    let [validation, test] = held_out_sizes(rows, [("validation", validation_share), ("test", test_share)])?;
    let shuffled = shuffled_rows(rows, seed);
    let (test, rest) = shuffled.split_at(test);
    let (validation, train) = rest.split_at(validation);
    Ok(ThreeParts { train: ascending(train), validation: ascending(validation), test: ascending(test) })
}

/// `folds` splits of `rows` rows at random, each row tested on once; the sizes of the test parts differ by one row at
/// most, as in scikit-learn's `KFold`.
///
/// A seed gives the same folds on every platform and in every version. As many folds as rows leave one row out each.
///
/// # Errors
///
/// When there are fewer than two folds, or fewer rows than folds.
pub fn k_fold(rows: usize, folds: usize, seed: u64) -> Result<Folds, SplitError> {
    check_folds(folds, "rows", rows)?;
    let mut numbers = vec![0; rows];
    for (place, row) in shuffled_rows(rows, seed).into_iter().enumerate() {
        numbers[row] = place % folds;
    }
    Ok(Folds::by_number(&numbers, folds))
}

fn ascending(rows: &[usize]) -> Vec<usize> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: usize, validation_share: f64, test_share: f64, seed: u64) {
        let three = random_in_three(rows, validation_share, test_share, seed).expect("a split in three");
        let mut all = [three.train.clone(), three.validation.clone(), three.test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..rows).collect::<Vec<_>>());
        assert!(three.train.is_sorted() && three.validation.is_sorted() && three.test.is_sorted());

        let two = random(rows, test_share, seed).expect("a split in two");
        assert_eq!(two.test, three.test);
        assert_eq!(two, random(rows, test_share, seed).expect("the same split"));
        assert_ne!(two, random(rows, test_share, seed + 1).expect("another split"));
    }

    #[test]
    fn parts_are_disjoint_and_together_every_row() {
        check(100, 0.1, 0.2, 0);
        check(101, 0.33, 0.33, 7);
        check(20_100, 0.15, 0.2, u64::MAX - 1);
    }

    #[test]
    fn a_seed_gives_the_same_split_forever() {
        let parts = random(12, 0.3, 42).expect("a split");
        assert_eq!(parts.test, FOREVER);
    }

    /// Computed once; a change breaks the comparison of old and new models.
    const FOREVER: [usize; 4] = [5, 7, 9, 11];
}
