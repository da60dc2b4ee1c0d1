//! Splits by time: learn from the past, be judged by what came after.

use crate::split::parts::{Cuts, check_folds, held_out_sizes};
use crate::split::{Folds, SplitError, ThreeParts, TwoParts};

/// Splits rows by a key such as a timestamp: the newest `ceil(test_share × rows)` rows to test on, the older ones to
/// train on.
///
/// Rows with equal keys stay together, in the later part, which may grow by that: every training key is smaller than
/// every test key, so nothing of a test row's instant is learned. Each part lists its rows from old to new, rows with
/// equal keys in their given order.
///
/// ```
/// use millwork_ml::split;
///
/// let years = [2016, 2014, 2015, 2013, 2016];
/// let parts = split::temporal(&years, 0.2)?;
/// assert_eq!(parts.train, [3, 1, 2]);
/// assert_eq!(parts.test, [0, 4]);
/// # Ok::<(), split::SplitError>(())
/// ```
///
/// # Errors
///
/// When the share is not above 0 and below 1, or a part would be empty, because there are too few rows or too few
/// different keys.
pub fn temporal<K: Ord>(keys: &[K], test_share: f64) -> Result<TwoParts, SplitError> {
    let [test] = held_out_sizes(keys.len(), [("test", test_share)])?;
    let mut train = rows_by_key(keys);
    let test = take_newest(&mut train, test, keys);
    not_empty("training", &train)?;
    Ok(TwoParts { train, test })
}

/// Splits rows by a key into three: the newest to test on, those before to validate on, the oldest to train on.
///
/// The test part is that of [`temporal`] with the same share. Rows with equal keys stay together as there.
///
/// # Errors
///
/// As [`temporal`].
pub fn temporal_in_three<K: Ord>(
    keys: &[K],
    validation_share: f64,
    test_share: f64,
) -> Result<ThreeParts, SplitError> {
    let [validation, test] =
        held_out_sizes(keys.len(), [("validation", validation_share), ("test", test_share)])?;
    let mut train = rows_by_key(keys);
    let test = take_newest(&mut train, test, keys);
    not_empty("validation", &train)?;
    let validation = take_newest(&mut train, validation, keys);
    not_empty("training", &train)?;
    Ok(ThreeParts { train, validation, test })
}

/// The rows from old to new, those of equal keys in their given order.
fn rows_by_key<K: Ord>(keys: &[K]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..keys.len()).collect();
    rows.sort_by_key(|&row| &keys[row]);
    rows
}

/// Takes the last `count` rows, and all before them that have the same key.
fn take_newest<K: Ord>(rows: &mut Vec<usize>, count: usize, keys: &[K]) -> Vec<usize> {
    let cut = rows.len().saturating_sub(count);
    let oldest = &keys[rows[cut]];
    let cut = rows.partition_point(|&row| keys[row] < *oldest);
    rows.split_off(cut)
}

fn not_empty(part: &'static str, rows: &[usize]) -> Result<(), SplitError> {
    if rows.is_empty() { Err(SplitError::TiesFillPart { part }) } else { Ok(()) }
}

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

    fn check(keys: &[u32], shares: [f64; 2], expected: Result<[&[usize]; 3], SplitError>) {
        let parts = temporal_in_three(keys, shares[0], shares[1]);
        let expected = expected.map(|[train, validation, test]| ThreeParts {
            train: train.to_vec(),
            validation: validation.to_vec(),
            test: test.to_vec(),
        });
        assert_eq!(parts, expected, "{keys:?}");
    }

    #[test]
    fn the_newest_rows_are_held_out_and_ties_stay_together() {
        check(&[5, 1, 4, 2, 3], [0.2, 0.2], Ok([&[1, 3, 4], &[2], &[0]]));
        check(&[1, 2, 3, 4, 5], [0.4, 0.4], Ok([&[0], &[1, 2], &[3, 4]]));
        check(&[9, 9, 1, 5, 5], [0.2, 0.2], Ok([&[2], &[3, 4], &[0, 1]]));
        check(&[3, 1, 3, 2, 3], [0.2, 0.2], Ok([&[1], &[3], &[0, 2, 4]]));
    }

    #[test]
    fn too_few_different_keys_are_errors() {
        check(&[7, 7, 7], [0.1, 0.1], Err(SplitError::TiesFillPart { part: "validation" }));
        check(&[7, 7, 8], [0.1, 0.1], Err(SplitError::TiesFillPart { part: "training" }));
        check(&[], [0.1, 0.1], Err(SplitError::NoRows));
        assert_eq!(temporal(&[7, 7], 0.1), Err(SplitError::TiesFillPart { part: "training" }));
        assert_eq!(temporal(&[7], 0.1), Err(SplitError::NothingToTrainOn { rows: 1, held_out: 1 }));
    }

    type Parts<'a> = (&'a [usize], &'a [usize]);

    fn check_temporal_fold(
        keys: &[u32],
        folds: usize,
        gap: usize,
        expected: Result<&[Parts<'_>], SplitError>,
    ) {
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
        check_temporal_fold(&[1, 2, 3], 2, 0, Ok(&[(&[0], &[1]), (&[0, 1], &[2])]));
        check_temporal_fold(&[5, 4, 3, 2, 1], 2, 0, Ok(&[(&[4, 3, 2], &[1]), (&[4, 3, 2, 1], &[0])]));
        check_temporal_fold(&[1, 2, 3, 4, 5], 2, 2, Ok(&[(&[0], &[3]), (&[0, 1], &[4])]));
    }

    #[test]
    fn equal_keys_stay_together() {
        check_temporal_fold(&[1, 2, 2, 3], 2, 0, Ok(&[(&[0], &[1, 2]), (&[0, 1, 2], &[3])]));
        check_temporal_fold(&[1, 2, 2, 3, 4], 2, 1, Ok(&[(&[0], &[3]), (&[0, 1, 2], &[4])]));
        check_temporal_fold(&[1, 2, 2, 3, 4], 2, 2, Ok(&[(&[0], &[3]), (&[0], &[4])]));
    }

    #[test]
    fn empty_parts_are_errors() {
        let empty = |part, fold| Err(SplitError::EmptyFold { part, fold });
        check_temporal_fold(&[1, 1, 2], 2, 0, empty("training", 0));
        check_temporal_fold(&[1, 2, 2], 2, 0, empty("test", 0));
        check_temporal_fold(&[1, 2, 3], 2, 1, empty("training", 0));
        check_temporal_fold(&[1, 2, 3], 2, usize::MAX, empty("training", 0));
        check_temporal_fold(
            &[1, 2],
            2,
            0,
            Err(SplitError::TooManyFolds { folds: 2, units: "rows", count: 2 }),
        );
        check_temporal_fold(&[], 2, 0, Err(SplitError::NoRows));
    }
}
