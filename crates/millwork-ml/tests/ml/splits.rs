//! Splits against their invariants, against what they gave before, and against scikit-learn.

use std::collections::{BTreeMap, BTreeSet};

use millwork_ml::split::{self, Folds, SplitError, ThreeParts, TwoParts};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::ask;

/// Labels as they occur: few or many, balanced or with one that most rows have.
fn labels() -> impl Strategy<Value = Vec<u8>> {
    let skewed = (0_u8..40, 0_u8..4).prop_map(|(label, often)| if often > 0 { label / 20 } else { label });
    prop_oneof![vec(0_u8..3, 1..60), vec(0_u8..40, 1..200), vec(skewed, 1..200)]
}

/// Disjoint, not empty, together every row.
fn check_parts(rows: usize, parts: &[&[usize]]) {
    assert!(parts.iter().all(|part| !part.is_empty()), "{parts:?}");
    let mut all = parts.concat();
    all.sort_unstable();
    assert_eq!(all, (0..rows).collect::<Vec<_>>());
}

fn check_two(rows: usize, parts: &TwoParts) {
    check_parts(rows, &[&parts.train, &parts.test]);
}

fn check_three(rows: usize, parts: &ThreeParts) {
    check_parts(rows, &[&parts.train, &parts.validation, &parts.test]);
}

/// Each fold is a split of all rows, and the test parts are a split too.
fn check_folds(rows: usize, count: usize, folds: &Folds) {
    assert_eq!(folds.len(), count);
    folds.iter().for_each(|parts| check_two(rows, &parts));
    let tests: Vec<_> = folds.iter().map(|parts| parts.test).collect();
    check_parts(rows, &tests.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

fn counts<'a>(labels: &'a [u8], rows: &[usize]) -> BTreeMap<&'a u8, usize> {
    rows.iter().fold(BTreeMap::new(), |mut counts, &row| {
        *counts.entry(&labels[row]).or_insert(0) += 1;
        counts
    })
}

fn check_no_group_is_divided(groups: &[u8], parts: &[&[usize]]) {
    let groups_of = |rows: &[usize]| rows.iter().map(|&row| groups[row]).collect::<BTreeSet<_>>();
    let all: usize = parts.iter().map(|rows| groups_of(rows).len()).sum();
    assert_eq!(all, groups_of(&parts.concat()).len());
}

/// The share that a class has in a part, to within one row, and one row at least where it has two.
fn check_share(labels: &[u8], among: &[usize], part: &[usize], wanted: usize) {
    let taken = counts(labels, part);
    for (label, size) in counts(labels, among) {
        let taken = *taken.get(label).unwrap_or(&0);
        let share = (size * wanted) as f64 / among.len() as f64;
        assert!((taken as f64 - share).abs() <= 1.0, "{taken} of {size} for {share}");
        assert!(size < 2 || (1..size).contains(&taken), "{taken} of {size}");
    }
}

fn rows_of(share: f64, rows: usize) -> usize {
    (share * rows as f64).ceil() as usize
}

proptest! {
    // A failing case is printed; a file of them would have no place beside the tests of a folder.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stratified_splits_keep_shares(labels in labels(), share in 0.01_f64..0.99, seed: u64) {
        let rows = labels.len();
        let all: Vec<usize> = (0..rows).collect();
        match split::stratified(&labels, share, seed) {
            Ok(parts) => {
                check_two(rows, &parts);
                check_share(&labels, &all, &parts.test, rows_of(share, rows));
                prop_assert_eq!(&split::stratified(&labels, share, seed), &Ok(parts));
            }
            Err(error) => {
                let held_out = rows_of(share, rows);
                prop_assert!(held_out >= rows);
                prop_assert_eq!(error, SplitError::NothingToTrainOn { rows, held_out });
            }
        }
    }

    #[test]
    fn stratified_splits_in_three_split_twice(
        labels in labels(), validation in 0.01_f64..0.5, test in 0.01_f64..0.5, seed: u64,
    ) {
        let rows = labels.len();
        let Ok(parts) = split::stratified_in_three(&labels, validation, test, seed) else {
            // Small classes may ask for more test rows than the share.
            prop_assert!(validation + test > 0.3 || rows < 150);
            return Ok(());
        };
        check_three(rows, &parts);
        let two = split::stratified(&labels, test, seed).expect("the same test part");
        prop_assert_eq!(&two.test, &parts.test);
        check_share(&labels, &two.train, &parts.validation, rows_of(validation, rows));
    }

    #[test]
    fn grouped_splits_keep_groups_together(groups in labels(), share in 0.01_f64..0.99, seed: u64) {
        let (rows, wanted) = (groups.len(), rows_of(share, groups.len()));
        match split::grouped(&groups, share, seed) {
            Ok(parts) => {
                check_two(rows, &parts);
                check_no_group_is_divided(&groups, &[&parts.train, &parts.test]);
                prop_assert!(2 * parts.test.len().abs_diff(wanted) <= wanted);
                prop_assert_eq!(&split::grouped(&groups, share, seed), &Ok(parts));
            }
            Err(SplitError::GroupsMissShare { .. }) => {
                let all: Vec<usize> = (0..rows).collect();
                let sizes: Vec<usize> = counts(&groups, &all).into_values().collect();
                let near = |sum: usize| 2 * sum.abs_diff(wanted) <= wanted && sum < rows;
                prop_assert!(!sums(&sizes).into_iter().any(near), "{wanted} of {sizes:?}");
            }
            Err(error) => prop_assert_eq!(error, SplitError::NothingToTrainOn { rows, held_out: wanted }),
        }
    }

    #[test]
    fn grouped_splits_in_three_keep_groups_together(groups in labels(), seed: u64) {
        let Ok(parts) = split::grouped_in_three(&groups, 0.2, 0.2, seed) else { return Ok(()) };
        check_three(groups.len(), &parts);
        check_no_group_is_divided(&groups, &[&parts.train, &parts.validation, &parts.test]);
        prop_assert_eq!(split::grouped(&groups, 0.2, seed).expect("the same test part").test, parts.test);
    }

    #[test]
    fn folds_test_on_each_row_once(labels in labels(), count in 2_usize..9, seed: u64) {
        let rows = labels.len();
        if let Ok(folds) = split::k_fold(rows, count, seed) {
            check_folds(rows, count, &folds);
            prop_assert_eq!(split::k_fold(rows, count, seed), Ok(folds));
        }
        if let Ok(folds) = split::stratified_k_fold(&labels, count, seed) {
            check_folds(rows, count, &folds);
        }
        let shuffled = split::group_k_fold_shuffled(&labels, count, seed);
        for folds in [split::group_k_fold(&labels, count), shuffled].into_iter().flatten() {
            check_folds(rows, count, &folds);
            for parts in &folds {
                check_no_group_is_divided(&labels, &[&parts.train, &parts.test]);
            }
        }
    }

    #[test]
    fn temporal_folds_learn_from_the_past(keys in labels(), count in 2_usize..6, gap in 0_usize..5) {
        let Ok(folds) = split::temporal_k_fold_with_gap(&keys, count, gap) else { return Ok(()) };
        let mut tested = Vec::new();
        for parts in &folds {
            let newest_learnt = parts.train.iter().map(|&row| keys[row]).max().expect("training rows");
            let oldest_tested = parts.test.iter().map(|&row| keys[row]).min().expect("test rows");
            prop_assert!(newest_learnt < oldest_tested);
            let before = keys.iter().filter(|key| **key < oldest_tested).count();
            prop_assert!(parts.train.len() + gap <= before);
            tested.extend(parts.test);
        }
        let first = tested.iter().map(|&row| keys[row]).min().expect("test rows");
        let mut later: Vec<usize> = (0..keys.len()).filter(|&row| keys[row] >= first).collect();
        tested.sort_unstable();
        later.sort_unstable();
        prop_assert_eq!(tested, later);
    }
}

/// Every sum of some of the sizes.
fn sums(sizes: &[usize]) -> BTreeSet<usize> {
    let none = BTreeSet::from([0]);
    let mut sums = sizes.iter().fold(none, |sums, size| {
        let with: Vec<usize> = sums.iter().map(|sum| sum + size).collect();
        sums.into_iter().chain(with).collect()
    });
    sums.remove(&0);
    sums
}

fn tests(folds: &Folds) -> Vec<Vec<usize>> {
    folds.iter().map(|parts| parts.test).collect()
}

/// Computed once; a change breaks the comparison of old and new models.
#[test]
fn a_seed_gives_the_same_split_forever() {
    let labels: Vec<u8> = (0..24).map(|row| [0, 0, 1, 0, 2, 1, 0, 3][row % 8]).collect();
    let stratified = split::stratified_in_three(&labels, 0.2, 0.25, 42).expect("a split");
    assert_eq!(stratified.test, [4, 8, 14, 18, 19, 23]);
    assert_eq!(stratified.validation, [1, 10, 11, 15, 20]);
    let groups: Vec<u8> = (0..24).map(|row| (row * row % 11) as u8).collect();
    let grouped = split::grouped_in_three(&groups, 0.2, 0.25, 42).expect("a split");
    assert_eq!(grouped.test, [0, 2, 9, 11, 13, 20, 22]);
    assert_eq!(grouped.validation, [5, 6, 16, 17]);
    assert_eq!(
        tests(&split::k_fold(12, 3, 42).expect("folds")),
        [[2, 5, 6, 9], [0, 1, 4, 7], [3, 8, 10, 11]]
    );
    assert_eq!(
        tests(&split::stratified_k_fold(&labels, 3, 42).expect("folds")),
        [[1, 2, 4, 6, 8, 18, 22, 23], [3, 5, 10, 11, 14, 15, 16, 20], [0, 7, 9, 12, 13, 17, 19, 21]]
    );
    assert_eq!(
        tests(&split::group_k_fold(&groups, 3).expect("folds")),
        [[0, 1, 10, 11, 12, 21, 22, 23], [2, 4, 7, 9, 13, 15, 18, 20], [3, 5, 6, 8, 14, 16, 17, 19]]
    );
    assert_eq!(
        tests(&split::group_k_fold_shuffled(&groups, 3, 42).expect("folds")),
        [[0, 1, 10, 11, 12, 21, 22, 23], [2, 3, 8, 9, 13, 14, 19, 20], [4, 5, 6, 7, 15, 16, 17, 18]]
    );
}

#[derive(serde::Serialize)]
struct Case {
    labels: Vec<u8>,
    folds: usize,
    gap: usize,
}

#[derive(serde::Deserialize)]
struct Answer {
    sizes: Option<Vec<usize>>,
    class_counts: Option<Vec<Vec<usize>>>,
    group_sizes: Option<Vec<usize>>,
    past: Option<Vec<(Vec<usize>, Vec<usize>)>>,
}

#[test]
fn folds_are_as_scikit_learn_s() {
    let cases: Vec<Case> = (0..300_usize)
        .map(|number| Case {
            labels: (0..1 + number % 53)
                .map(|row| (row * row * number % 29 % (1 + number % 7)) as u8)
                .collect(),
            folds: 2 + number % 5,
            gap: number % 3,
        })
        .collect();
    let Some(answers) = ask::<Vec<Answer>>("splits.py", &cases) else { return };
    let mut compared = [0; 4];
    for (case, answer) in cases.iter().zip(answers) {
        let found = check_case(case, &answer);
        compared.iter_mut().zip(found).for_each(|(sum, found)| *sum += usize::from(found));
    }
    println!("compared k-fold, stratified, group and temporal folds: {compared:?}");
    assert!(compared.iter().all(|&count| count > 100));
}

/// Compares, and returns which folds there are.
fn check_case(Case { labels, folds, gap }: &Case, answer: &Answer) -> [bool; 4] {
    let rows = labels.len();
    let k_fold = split::k_fold(rows, *folds, 7).ok();
    let sizes = k_fold.map(|folds| tests(&folds).iter().map(Vec::len).collect::<Vec<_>>());
    let sizes = sizes.map(|mut sizes| {
        sizes.sort_unstable();
        sizes
    });
    let groups = split::group_k_fold(labels, *folds).ok();
    let group_sizes = groups.map(|folds| tests(&folds).iter().map(Vec::len).collect::<Vec<_>>());
    let stratified = split::stratified_k_fold(labels, *folds, 7).ok();
    let every = labels.iter().collect::<BTreeSet<_>>();
    let class_counts = stratified.map(|folds| {
        let of_fold = |test: Vec<usize>| {
            let counts = counts(labels, &test);
            every.iter().map(|label| counts.get(label).copied().unwrap_or(0)).collect::<Vec<_>>()
        };
        tests(&folds).into_iter().map(of_fold).collect::<Vec<_>>()
    });
    let keys: Vec<usize> = (0..rows).collect();
    let past = split::temporal_k_fold_with_gap(&keys, *folds, *gap).ok();
    let past = past.map(|folds| folds.iter().map(|parts| (parts.train, parts.test)).collect::<Vec<_>>());
    let found = [sizes.is_some(), class_counts.is_some(), group_sizes.is_some(), past.is_some()];
    assert_eq!(sizes, answer.sizes, "{labels:?} {folds}");
    assert_eq!(class_counts, answer.class_counts, "{labels:?} {folds}");
    assert_eq!(group_sizes, answer.group_sizes, "{labels:?} {folds}");
    assert_eq!(past, answer.past, "{rows} {folds} {gap}");
    found
}
