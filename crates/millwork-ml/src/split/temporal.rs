//! Splits by time: learn from the past, be judged by what came after.

use crate::split::size::held_out_sizes;
use crate::split::{SplitError, ThreeParts, TwoParts};

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
pub(super) fn rows_by_key<K: Ord>(keys: &[K]) -> Vec<usize> {
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
}
