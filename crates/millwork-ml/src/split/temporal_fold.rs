//! Folds by time: each learns from the past of what it tests on.

use crate::split::fold_count::check_folds;
use crate::split::folds::Cuts;
use crate::split::temporal::rows_by_key;
use crate::split::{Folds, SplitError};

/// `folds` splits by a key such as a timestamp, with an expanding window: each fold tests on the next
/// `rows / (folds + 1)` rows (rounded down) and trains on all before. The oldest rows, the remainder included, are never
/// tested on; every other row is, once.
///
/// As scikit-learn's `TimeSeriesSplit` where keys differ. Rows with equal keys stay together, in the later part, as in
/// [`temporal`](crate::split::temporal): every training key is smaller than every test key. Parts list their rows from
/// old to new.
///
/// ```
/// use millwork_ml::split;
///
/// let years = [2011, 2012, 2013, 2014, 2015, 2016];
/// let folds = split::temporal_k_fold(&years, 2)?;
/// let parts: Vec<_> = folds.iter().map(|parts| (parts.train, parts.test)).collect();
/// assert_eq!(parts, [(vec![0, 1], vec![2, 3]), (vec![0, 1, 2, 3], vec![4, 5])]);
/// # Ok::<(), split::SplitError>(())
/// ```
///
/// # Errors
///
/// When there are fewer than two folds, not more rows than folds, or a part would be empty because of equal keys.
pub fn temporal_k_fold<K: Ord>(keys: &[K], folds: usize) -> Result<Folds, SplitError> {
    temporal_k_fold_with_gap(keys, folds, 0)
}

/// As [`temporal_k_fold`], but leaves out the `gap` rows before each test part: for targets that are known only some time
/// after the features, such as the comments of the first day. Of rows with equal keys all are left out or none.
///
/// # Errors
///
/// As [`temporal_k_fold`], and when the gap leaves nothing to train on.
pub fn temporal_k_fold_with_gap<K: Ord>(keys: &[K], folds: usize, gap: usize) -> Result<Folds, SplitError> {
    check_folds(folds, "rows", keys.len())?;
    let test_rows = keys.len() / (folds + 1);
    if test_rows == 0 {
        return Err(SplitError::TooManyFolds { folds, units: "rows", count: keys.len() });
    }
    let order = rows_by_key(keys);
    // The first of the rows that share the key at a place.
    let first_tie = |place: usize| match order.get(place) {
        Some(&row) => order.partition_point(|&other| keys[other] < keys[row]),
        None => order.len(),
    };
    let starts: Vec<usize> =
        (0..=folds).map(|fold| first_tie(keys.len() - (folds - fold) * test_rows)).collect();
    let cuts = starts.windows(2).enumerate().map(|(fold, window)| {
        let (test_start, test_end) = (window[0], window[1]);
        let train_end = first_tie(test_start.saturating_sub(gap));
        if train_end == 0 {
            return Err(SplitError::EmptyFold { part: "training", fold });
        }
        if test_start == test_end {
            return Err(SplitError::EmptyFold { part: "test", fold });
        }
        Ok(Cuts { train_end, test_start, test_end })
    });
    let cuts = cuts.collect::<Result<_, _>>()?;
    Ok(Folds::by_cuts(order, cuts))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'a> = (&'a [usize], &'a [usize]);

    fn check(keys: &[u32], folds: usize, gap: usize, expected: Result<&[Parts<'_>], SplitError>) {
        let found = temporal_k_fold_with_gap(keys, folds, gap);
        let found =
            found.map(|folds| folds.iter().map(|parts| (parts.train, parts.test)).collect::<Vec<_>>());
        let owned = |parts: &[Parts<'_>]| {
            parts.iter().map(|(train, test)| (train.to_vec(), test.to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(found, expected.map(owned), "{keys:?} {folds} {gap}");
    }

    #[test]
    fn the_window_expands() {
        check(&[1, 2, 3], 2, 0, Ok(&[(&[0], &[1]), (&[0, 1], &[2])]));
        check(&[5, 4, 3, 2, 1], 2, 0, Ok(&[(&[4, 3, 2], &[1]), (&[4, 3, 2, 1], &[0])]));
        check(&[1, 2, 3, 4, 5], 2, 2, Ok(&[(&[0], &[3]), (&[0, 1], &[4])]));
    }

    #[test]
    fn equal_keys_stay_together() {
        check(&[1, 2, 2, 3], 2, 0, Ok(&[(&[0], &[1, 2]), (&[0, 1, 2], &[3])]));
        check(&[1, 2, 2, 3, 4], 2, 1, Ok(&[(&[0], &[3]), (&[0, 1, 2], &[4])]));
        check(&[1, 2, 2, 3, 4], 2, 2, Ok(&[(&[0], &[3]), (&[0], &[4])]));
    }

    #[test]
    fn empty_parts_are_errors() {
        let empty = |part, fold| Err(SplitError::EmptyFold { part, fold });
        check(&[1, 1, 2], 2, 0, empty("training", 0));
        check(&[1, 2, 2], 2, 0, empty("test", 0));
        check(&[1, 2, 3], 2, 1, empty("training", 0));
        check(&[1, 2, 3], 2, usize::MAX, empty("training", 0));
        check(&[1, 2], 2, 0, Err(SplitError::TooManyFolds { folds: 2, units: "rows", count: 2 }));
        check(&[], 2, 0, Err(SplitError::NoRows));
    }
}
