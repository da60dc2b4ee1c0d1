//! Splits by chance: of rows whose order means nothing, and of rows whose classes keep their proportions.
//!
//! The order is that of a generator with a fixed algorithm, so a seed gives the same split forever, on every platform.

use millwork_boost::random::SplitMix64;

use crate::split::parts::{check_folds, held_out_sizes};
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

/// The numbers of `rows` rows in a random order.
fn shuffled_rows(rows: usize, seed: u64) -> Vec<usize> {
    let mut shuffled: Vec<usize> = (0..rows).collect();
    SplitMix64::new(seed).shuffle(&mut shuffled);
    shuffled
}

/// Splits rows at random so that each class has the same share in both parts: to within one row, and at least one row
/// in each part if it has two or more. The only row of a class is trained on, as long as others can be tested on.
///
/// The test part has `ceil(test_share × rows)` rows, unless many classes with few rows ask for more (or, at large shares,
/// for fewer). Each part lists its rows in ascending order, and a seed gives the same split on every platform and in every
/// version.
///
/// ```
/// use millwork_ml::split;
///
/// let labels = ["ham", "ham", "spam", "ham", "ham", "ham", "spam", "ham", "ham", "ham"];
/// let parts = split::stratified(&labels, 0.3, 42)?;
/// assert_eq!(parts.test.len(), 3);
/// assert_eq!(parts.test.iter().filter(|&&row| labels[row] == "spam").count(), 1);
/// # Ok::<(), split::SplitError>(())
/// ```
///
/// # Errors
///
/// When the share is not above 0 and below 1, or a part would be empty.
pub fn stratified<L: Ord>(labels: &[L], test_share: f64, seed: u64) -> Result<TwoParts, SplitError> {
    let [test] = held_out_sizes(labels.len(), [("test", test_share)])?;
    let mut train = shuffled_rows(labels.len(), seed);
    let mut test = take_stratified(&mut train, test, labels);
    train.sort_unstable();
    test.sort_unstable();
    Ok(TwoParts { train, test })
}

/// Splits rows at random into three so that each class has the same share in all parts, as [`stratified`] does.
///
/// The test part is that of [`stratified`] with the same share and seed. The validation part is split off the rest in
/// the same way: classes that have two rows or more there are in training and validation.
///
/// # Errors
///
/// As [`stratified`].
pub fn stratified_in_three<L: Ord>(
    labels: &[L],
    validation_share: f64,
    test_share: f64,
    seed: u64,
) -> Result<ThreeParts, SplitError> {
    let [validation, test] =
        held_out_sizes(labels.len(), [("validation", validation_share), ("test", test_share)])?;
    let mut train = shuffled_rows(labels.len(), seed);
    let mut test = take_stratified(&mut train, test, labels);
    if validation >= train.len() {
        let held_out = test.len() + validation;
        return Err(SplitError::NothingToTrainOn { rows: labels.len(), held_out });
    }
    let mut validation = take_stratified(&mut train, validation, labels);
    train.sort_unstable();
    validation.sort_unstable();
    test.sort_unstable();
    Ok(ThreeParts { train, validation, test })
}

/// `folds` splits of rows at random, each row tested on once, in which each class has the same share: in the test parts
/// to within one row of each other, and so are the sizes of the test parts.
///
/// The counts are those of scikit-learn's `StratifiedKFold`. A class of fewer rows than folds is missing in some test
/// parts, a class of one row in one training part.
///
/// # Errors
///
/// When there are fewer than two folds, fewer rows than folds, or all classes have fewer rows than folds.
pub fn stratified_k_fold<L: Ord>(labels: &[L], folds: usize, seed: u64) -> Result<Folds, SplitError> {
    check_folds(folds, "rows", labels.len())?;
    let mut classes = rows_by_label(&shuffled_rows(labels.len(), seed), labels);
    let largest = classes.iter().map(Vec::len).max().unwrap_or(0);
    if largest < folds {
        return Err(SplitError::ClassesTooSmall { folds, largest });
    }
    // By first appearance in the data, so that the remainders of a class go to the same folds as in scikit-learn.
    classes.sort_unstable_by_key(|rows| rows.iter().min().copied());
    let mut numbers = vec![0; labels.len()];
    for (place, row) in classes.into_iter().flatten().enumerate() {
        numbers[row] = place % folds;
    }
    Ok(Folds::by_number(&numbers, folds))
}

/// Takes about `count` of the shuffled rows, from each class its share: one row or more, and not all.
fn take_stratified<L: Ord>(shuffled: &mut Vec<usize>, count: usize, labels: &[L]) -> Vec<usize> {
    let mut classes = rows_by_label(shuffled, labels);
    let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
    let quotas = quotas(&sizes, count).into_iter();
    let taken = classes.iter_mut().zip(quotas).flat_map(|(rows, quota)| rows.drain(..quota)).collect();
    *shuffled = classes.concat();
    taken
}

/// How many rows of each class to take for about `count` in all: each share rounded down, kept between 1 and all but
/// one, and then rounded up where it was cut the most until `count` is reached. Classes of one row come last in that, and
/// of equal remainders the first.
fn quotas(sizes: &[usize], count: usize) -> Vec<usize> {
    let rows: usize = sizes.iter().sum();
    let share = |size: usize| size as u128 * count as u128;
    let kept = |size: usize, quota: usize| if size < 2 { quota } else { quota.clamp(1, size - 1) };
    let mut quotas: Vec<usize> =
        sizes.iter().map(|&size| kept(size, (share(size) / rows as u128) as usize)).collect();

    let can_grow = |class: usize| {
        let (size, quota) = (sizes[class], quotas[class]);
        (quota as u128 * (rows as u128) < share(size)) && kept(size, quota + 1) == quota + 1
    };
    let mut growing: Vec<usize> = (0..sizes.len()).filter(|&class| can_grow(class)).collect();
    growing.sort_by_key(|&class| (sizes[class] < 2, std::cmp::Reverse(share(sizes[class]) % rows as u128)));
    let missing = count.saturating_sub(quotas.iter().sum());
    for class in growing.into_iter().take(missing) {
        quotas[class] += 1;
    }
    quotas
}

/// The rows of each label, in the order in which labels first appear; within a label in the order of `rows`. O(n log n).
pub(super) fn rows_by_label<L: Ord>(rows: &[usize], labels: &[L]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by_key(|&place| &labels[rows[place]]);
    let mut by_label: Vec<&[usize]> =
        places.chunk_by(|&left, &right| labels[rows[left]] == labels[rows[right]]).collect();
    by_label.sort_unstable_by_key(|places| places[0]);
    by_label.into_iter().map(|places| places.iter().map(|&place| rows[place]).collect()).collect()
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

    fn check_stratified(sizes: &[usize], count: usize, expected: &[usize]) {
        assert_eq!(quotas(sizes, count), expected, "{count} of {sizes:?}");
    }

    #[test]
    fn each_class_gives_its_share() {
        check_stratified(&[50, 30, 20], 10, &[5, 3, 2]);
        check_stratified(&[50, 30, 20], 11, &[6, 3, 2]);
        check_stratified(&[9, 9, 9], 10, &[4, 3, 3]);
    }

    #[test]
    fn small_classes_are_in_both_parts_and_single_rows_come_last() {
        check_stratified(&[96, 2, 2], 4, &[3, 1, 1]);
        check_stratified(&[2, 2, 2], 1, &[1, 1, 1]);
        check_stratified(&[2, 2, 2], 5, &[1, 1, 1]);
        check_stratified(&[1, 1, 8], 2, &[0, 0, 2]);
        check_stratified(&[1, 1, 1], 2, &[1, 1, 0]);
        check_stratified(&[1, 1, 2], 3, &[1, 1, 1]);
    }

    #[test]
    fn what_cannot_be_split_is_an_error() {
        let error = |labels: &[u8], share| stratified(labels, share, 0).expect_err("no split");
        assert_eq!(error(&[], 0.5), SplitError::NoRows);
        assert_eq!(error(&[1], 0.5), SplitError::NothingToTrainOn { rows: 1, held_out: 1 });
        let error = stratified_in_three(&[1, 1, 2, 2], 0.5, 0.25, 0).expect_err("nothing to train on");
        assert_eq!(error, SplitError::NothingToTrainOn { rows: 4, held_out: 4 });
        let error = stratified_k_fold(&[1, 1, 2, 2], 3, 0).expect_err("small classes");
        assert_eq!(error, SplitError::ClassesTooSmall { folds: 3, largest: 2 });
    }

    #[test]
    fn labels_come_in_order_of_appearance() {
        let labels = ["b", "a", "b", "c", "a"];
        assert_eq!(rows_by_label(&[0, 1, 2, 3, 4], &labels), [vec![0, 2], vec![1, 4], vec![3]]);
        assert_eq!(rows_by_label(&[4, 3, 1, 0], &labels), [vec![4, 1], vec![3], vec![0]]);
        assert!(rows_by_label::<u8>(&[], &[]).is_empty());
    }
}
