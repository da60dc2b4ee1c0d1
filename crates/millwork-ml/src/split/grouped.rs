//! Splits that never divide a group: all rows of a user, a site or a story are in one part.

use millwork_boost::random::SplitMix64;

use crate::split::parts::{check_folds, held_out_sizes};
use crate::split::random::rows_by_label;
use crate::split::{Folds, SplitError, ThreeParts, TwoParts};

/// Splits rows at random, whole groups at a time: about `ceil(test_share × rows)` rows to test on, the rest to train on.
///
/// Groups are taken in a random order as long as they fit, and the smallest one that doesn't is taken too if that comes
/// closer. Each part lists its rows in ascending order, and a seed gives the same split on every platform and in every
/// version.
///
/// ```
/// use millwork_ml::split;
///
/// let authors = ["ann", "bob", "ann", "cid", "bob", "dan", "eve", "dan", "cid", "eve"];
/// let parts = split::grouped(&authors, 0.2, 42)?;
/// assert_eq!(parts.test.len(), 2);
/// assert_eq!(authors[parts.test[0]], authors[parts.test[1]]);
/// # Ok::<(), split::SplitError>(())
/// ```
///
/// # Errors
///
/// When the share is not above 0 and below 1, a part would be empty, or no selection of groups comes within half of the
/// rows asked for.
pub fn grouped<G: Ord>(groups: &[G], test_share: f64, seed: u64) -> Result<TwoParts, SplitError> {
    let [test] = held_out_sizes(groups.len(), [("test", test_share)])?;
    let mut train = shuffled_groups(groups, seed);
    let test = take_groups("test", &mut train, test)?;
    Ok(TwoParts { train: ascending(&train), test: ascending(&test) })
}

/// Splits rows at random into three, whole groups at a time, as [`grouped`] does.
///
/// The test part is that of [`grouped`] with the same share and seed; the validation part is taken from the rest in the
/// same way.
///
/// # Errors
///
/// As [`grouped`].
pub fn grouped_in_three<G: Ord>(
    groups: &[G],
    validation_share: f64,
    test_share: f64,
    seed: u64,
) -> Result<ThreeParts, SplitError> {
    let [validation, test] =
        held_out_sizes(groups.len(), [("validation", validation_share), ("test", test_share)])?;
    let mut train = shuffled_groups(groups, seed);
    let test = take_groups("test", &mut train, test)?;
    let validation = take_groups("validation", &mut train, validation)?;
    Ok(ThreeParts { train: ascending(&train), validation: ascending(&validation), test: ascending(&test) })
}

/// The rows of each group, the groups in a random order.
fn shuffled_groups<G: Ord>(groups: &[G], seed: u64) -> Vec<Vec<usize>> {
    let rows: Vec<usize> = (0..groups.len()).collect();
    let mut groups = rows_by_label(&rows, groups);
    SplitMix64::new(seed).shuffle(&mut groups);
    groups
}

/// Takes groups of about `wanted` rows in all, and leaves at least one.
fn take_groups(
    part: &'static str,
    groups: &mut Vec<Vec<usize>>,
    wanted: usize,
) -> Result<Vec<Vec<usize>>, SplitError> {
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let chosen = choose(&sizes, wanted);
    let closest: usize = chosen.iter().map(|&group| sizes[group]).sum();
    if closest == 0 || 2 * closest.abs_diff(wanted) > wanted {
        return Err(SplitError::GroupsMissShare { part, wanted, closest });
    }
    let mut is_chosen = vec![false; groups.len()];
    for group in chosen {
        is_chosen[group] = true;
    }
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (rows, is_chosen) in groups.drain(..).zip(is_chosen) {
        if is_chosen { taken.push(rows) } else { left.push(rows) }
    }
    *groups = left;
    Ok(taken)
}

/// The groups to take for about `wanted` rows, not all of them.
///
/// Those that fit, in their order, come to at most `wanted`. Every other one is larger than what is still missing, so
/// the only better selections near by have the smallest of these in addition, or alone. If none of the three is within
/// half of `wanted`, no selection is: then those that fit are less than half in all, and every other one is more than one
/// and a half. Where all fit, the smallest is spared.
fn choose(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let mut missing = wanted;
    let (mut fitting, mut others) = (Vec::new(), Vec::new());
    for (group, &size) in sizes.iter().enumerate() {
        if size <= missing {
            missing -= size;
            fitting.push(group);
        } else {
            others.push(group);
        }
    }
    let smallest_of = |groups: &[usize]| groups.iter().copied().min_by_key(|&group| sizes[group]);
    let Some(smallest) = smallest_of(&others) else {
        let spared = smallest_of(&fitting);
        fitting.retain(|&group| Some(group) != spared);
        return fitting;
    };
    let with_smallest: Vec<usize> = fitting.iter().copied().chain([smallest]).collect();
    let rows = |groups: &[usize]| groups.iter().map(|&group| sizes[group]).sum::<usize>();
    let candidates = [fitting, with_smallest, vec![smallest]];
    let possible = candidates.into_iter().filter(|groups| !groups.is_empty() && groups.len() < sizes.len());
    possible.min_by_key(|groups| rows(groups).abs_diff(wanted)).unwrap_or_default()
}

fn ascending(groups: &[Vec<usize>]) -> Vec<usize> {
    let mut rows = groups.concat();
    rows.sort_unstable();
    rows
}

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

    fn check(sizes: &[usize], wanted: usize, expected: &[usize]) {
        assert_eq!(choose(sizes, wanted), expected, "{wanted} of {sizes:?}");
    }

    #[test]
    fn the_closest_selection_near_by_is_taken() {
        check(&[2, 2, 2, 2, 2], 4, &[0, 1]);
        check(&[3, 9, 1, 5], 4, &[0, 2]);
        check(&[3, 9, 9], 4, &[0]);
        check(&[1, 6, 9], 6, &[1]);
        check(&[1, 9, 8], 6, &[2]);
        check(&[5, 5], 4, &[0]);
        check(&[10], 4, &[]);
        check(&[1, 9], 10, &[1]);
    }

    #[test]
    fn shares_that_groups_cannot_reach_are_errors() {
        let miss = |wanted, closest| SplitError::GroupsMissShare { part: "test", wanted, closest };
        assert_eq!(grouped(&[1; 10], 0.5, 0), Err(miss(5, 0)));
        let halves = [1, 1, 1, 1, 1, 2, 2, 2, 2, 2];
        assert_eq!(grouped(&halves, 0.2, 0), Err(miss(2, 5)));
        assert_eq!(grouped(&halves, 0.5, 0).expect("a half").test.len(), 5);
        let error = grouped_in_three(&halves, 0.2, 0.5, 0).expect_err("no group is left");
        assert_eq!(error, SplitError::GroupsMissShare { part: "validation", wanted: 2, closest: 0 });
        assert_eq!(grouped::<u8>(&[], 0.5, 0), Err(SplitError::NoRows));
    }

    fn check_group_fold(groups: &[char], folds: usize, expected: &[&[usize]]) {
        let found = group_k_fold(groups, folds).expect("folds");
        let test: Vec<_> = found.iter().map(|parts| parts.test).collect();
        assert_eq!(test, expected, "{groups:?}");
    }

    #[test]
    fn large_groups_come_first_and_go_to_the_lightest_fold() {
        check_group_fold(&['a', 'b', 'b', 'c'], 2, &[&[1, 2], &[0, 3]]);
        check_group_fold(&['a', 'b', 'c', 'd'], 2, &[&[0, 2], &[1, 3]]);
        check_group_fold(&['c', 'a', 'c', 'b', 'c', 'b'], 3, &[&[0, 2, 4], &[3, 5], &[1]]);
    }

    #[test]
    fn there_are_as_many_groups_as_folds() {
        let error = group_k_fold(&['a', 'b', 'a'], 3).expect_err("too few groups");
        assert_eq!(error, SplitError::TooManyFolds { folds: 3, units: "groups", count: 2 });
        assert_eq!(group_k_fold::<u8>(&[], 3), Err(SplitError::NoRows));
    }
}
