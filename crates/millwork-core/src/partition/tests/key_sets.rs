//! Sets against naive ones: lists of every key.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::partition::{IndexSet, KeyIndex, KeySet};

/// The indexes of runs, of which some are long, some touch and some lie in far chunks.
fn indexes() -> impl Strategy<Value = BTreeSet<i64>> {
    let start = prop_oneof![-20_i64..20, 65_500_i64..65_560, -65_560_i64..-65_500, 200_000_i64..200_010];
    let run = (start, 1_i64..40).prop_map(|(start, length)| start..start + length);
    prop::collection::vec(run, 0..6).prop_map(|runs| runs.into_iter().flatten().collect())
}

/// Every second or third index of a chunk and its neighbour, which are bits, without some.
fn scattered() -> impl Strategy<Value = BTreeSet<i64>> {
    let parts = (2_usize..4, 0_i64..3, 0_i64..70_000, indexes());
    parts.prop_map(|(step, first, end, without)| {
        (first..end).step_by(step).filter(|index| !without.contains(index)).collect()
    })
}

fn check_indexes(set: &IndexSet, naive: &BTreeSet<i64>) {
    assert!(set.iter().eq(naive.iter().copied()));
    assert_eq!(*set, naive.iter().copied().collect(), "a set has one form");
    assert_eq!(set.count(), naive.len() as u64);
    assert_eq!((set.first(), set.last()), (naive.first().copied(), naive.last().copied()));
    assert_eq!(set.is_empty(), naive.is_empty());
    let runs: Vec<_> = set.runs().collect();
    assert!(runs.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()), "runs don't touch");
    for index in naive.iter().flat_map(|index| [index - 1, *index, index + 1]).take(300) {
        assert_eq!(set.contains(index), naive.contains(&index));
        assert!(set.runs_from(index).flatten().take(5).eq(naive.range(index..).copied().take(5)));
    }
}

fn check_index_operations(a: &BTreeSet<i64>, b: &BTreeSet<i64>) {
    let (one, other): (IndexSet, IndexSet) = (a.iter().copied().collect(), b.iter().copied().collect());
    check_indexes(&one, a);
    check_indexes(&one.union(&other), &(a | b));
    check_indexes(&one.intersection(&other), &(a & b));
    check_indexes(&one.difference(&other), &(a - b));
    check_indexes(&one.moved(-7), &a.iter().map(|index| index - 7).collect());
}

proptest! {
    #[test]
    fn index_sets_are_sets(a in indexes(), b in indexes()) {
        check_index_operations(&a, &b);
    }

    #[test]
    fn key_sets_are_sets((a, b) in key_sets(1)) {
        check_operations(1, &a, &b);
    }

    #[test]
    fn key_sets_of_two_dimensions_are_sets((a, b) in key_sets(2)) {
        check_operations(2, &a, &b);
    }

    #[test]
    fn key_sets_of_three_dimensions_are_sets((a, b) in key_sets(3)) {
        check_operations(3, &a, &b);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn sets_of_bits_are_sets(a in scattered(), b in scattered(), runs in indexes()) {
        check_index_operations(&a, &b);
        check_index_operations(&a, &runs);
        check_index_operations(&runs, &b);
    }
}

type Product = Vec<BTreeSet<i64>>;

/// Two lists of products of few indexes, so that they overlap.
fn key_sets(dimensions: usize) -> impl Strategy<Value = (Vec<Product>, Vec<Product>)> {
    let indexes = prop::collection::btree_set(-2_i64..5, 0..5);
    let products = prop::collection::vec(prop::collection::vec(indexes, dimensions), 0..5);
    (products.clone(), products)
}

/// Every key of a product.
fn keys(product: &Product) -> Vec<KeyIndex> {
    product.iter().fold(vec![Vec::new()], |keys, indexes| {
        let longer = |key: &KeyIndex| {
            let key = key.clone();
            indexes
                .iter()
                .map(move |index| key.iter().copied().chain([*index]).collect())
                .collect::<Vec<KeyIndex>>()
        };
        keys.iter().flat_map(longer).collect()
    })
}

fn union_of(dimensions: usize, products: &[Product]) -> (KeySet, BTreeSet<KeyIndex>) {
    let of_product =
        |product: &Product| KeySet::product(product.iter().map(|indexes| indexes.iter().copied().collect()));
    let union =
        products.iter().fold(KeySet::empty(dimensions), |set, product| set.union(&of_product(product)));
    (union, products.iter().flat_map(keys).collect())
}

fn check_keys(set: &KeySet, naive: &BTreeSet<KeyIndex>) {
    let dimensions = set.dimensions();
    assert_eq!(*set, KeySet::of(dimensions, naive.iter().cloned()), "a set has one form");
    assert_eq!((set.count(), set.is_empty()), (naive.len() as u64, naive.is_empty()));
    let all: Vec<KeyIndex> = naive.iter().cloned().collect();
    assert_eq!(set.next(None, usize::MAX), all);
    for (place, key) in all.iter().enumerate().step_by(3) {
        assert!(set.contains(key));
        assert_eq!(set.next(Some(key), 4), all.iter().skip(place + 1).take(4).cloned().collect::<Vec<_>>());
        assert_eq!(set.page(place as u64, 3), all.iter().skip(place).take(3).cloned().collect::<Vec<_>>());
    }
    assert_eq!(set.page(all.len() as u64, 3), Vec::<KeyIndex>::new());
    let between = vec![1; dimensions];
    let after: Vec<KeyIndex> = all.iter().filter(|key| **key > between).take(5).cloned().collect();
    assert_eq!(set.next(Some(&between), 5), after);
    assert_eq!(set.contains(&between), naive.contains(&between));
    for dimension in 0..dimensions {
        assert_eq!(set.indexes(dimension), naive.iter().map(|key| key[dimension]).collect());
    }
    let mut listed: Vec<KeyIndex> = Vec::new();
    for product in set.products() {
        listed.extend(keys(&product.iter().map(|indexes| indexes.iter().collect()).collect()));
    }
    listed.sort_unstable();
    assert_eq!(listed, all, "products are disjoint");
}

fn check_operations(dimensions: usize, a: &[Product], b: &[Product]) {
    let ((one, a), (other, b)) = (union_of(dimensions, a), union_of(dimensions, b));
    check_keys(&one, &a);
    check_keys(&one.union(&other), &(&a | &b));
    check_keys(&one.intersection(&other), &(&a & &b));
    check_keys(&one.difference(&other), &(&a - &b));
}

#[test]
fn sets_of_other_dimensions_have_nothing_in_common() {
    let one = KeySet::product([IndexSet::from(0..=3)]);
    let two = KeySet::product([IndexSet::from(0..=3), IndexSet::from(0..=3)]);
    assert_eq!(one.union(&two), one);
    assert_eq!(two.intersection(&one), KeySet::empty(2));
    assert_eq!(two.difference(&one), two);
    assert!(!one.contains(&[0, 0]) && !two.contains(&[0]) && !one.contains(&[]));
    assert_eq!(KeySet::of(2, [vec![1], vec![1, 2]]).count(), 1);
    let none = KeySet::product([]);
    assert_eq!((none.count(), none.next(None, 3)), (0, Vec::new()));
}

#[test]
fn the_ends_of_the_numbers_are_indexes() {
    let ends: IndexSet = [i64::MIN, i64::MAX].into_iter().collect();
    assert_eq!(ends.iter().collect::<Vec<_>>(), [i64::MIN, i64::MAX]);
    assert_eq!(ends.moved(1).iter().collect::<Vec<_>>(), [i64::MIN + 1]);
    let set = KeySet::product([ends.clone(), ends]);
    assert_eq!(set.next(Some(&[i64::MIN, i64::MAX]), 1), [[i64::MAX, i64::MIN]]);
    assert_eq!(set.next(Some(&[i64::MAX, i64::MAX]), 1), [[0; 0]; 0]);
}

#[test]
fn ten_million_keys_are_kilobytes() {
    let (days, customers) = (IndexSet::from(19_000..=28_999), IndexSet::from(0..=999));
    let all = KeySet::product([days, customers]);
    let even: IndexSet = (0..1_000).step_by(2).collect();
    let made = KeySet::product([IndexSet::from(20_000..=25_000), even]);
    let missing = all.difference(&made);
    assert_eq!((all.count(), missing.count()), (10_000_000, 10_000_000 - 5_001 * 500));
    assert_eq!(missing.union(&made), all);
    assert!(missing.intersection(&made).is_empty());
    assert_eq!(missing.page(9_000_000 - 2_500_500, 1).len(), 1);
    assert!(all.bytes() < 1_000 && missing.bytes() < 10_000, "{} and {} bytes", all.bytes(), missing.bytes());
    // A million texts of which every other one is there.
    let texts: IndexSet = (0..1_000_000).step_by(2).collect();
    assert!(texts.bytes() < 150_000, "{} bytes", texts.bytes());
}
