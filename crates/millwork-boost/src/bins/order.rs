//! Sorting weighted values, with equal ones in the order in which XGBoost adds their weights.
//!
//! Weights are added in single precision, so their order shows in the last bits of ranks. XGBoost sorts by C++'s `std::sort`, which
//! leaves equal values in no particular order, but always in the same one: that of the introsort in GCC's library (Musser,
//! "Introspective sorting and selection algorithms", 1997), with its pivots and its final insertion sort. Where all weights are alike
//! the order doesn't matter, and the standard library is faster.

use crate::ordered::{of_ordered, ordered};

/// A value and its weight.
type Weighted = (f32, f32);

/// In which order equal values come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// In any: all weights are alike.
    Any,
    /// In XGBoost's, which is that of GCC.
    Gcc,
}

/// Runs up to this length are left to insertion.
const SHORT: usize = 16;

/// Sorts by value.
pub(super) fn sort(weighted: &mut [Weighted], order: Order) {
    if order == Order::Any {
        return sort_as_numbers(weighted);
    }
    if weighted.len() > 1 {
        divide(weighted, 2 * weighted.len().ilog2());
        insert_all(weighted);
    }
}

/// Sorts by value and then by weight, both as the bits of one whole number: that is compared without a branch.
fn sort_as_numbers(weighted: &mut [Weighted]) {
    let mut numbers: Vec<u64> = weighted
        .iter()
        .map(|&(value, weight)| (u64::from(ordered(value)) << 32) | u64::from(weight.to_bits()))
        .collect();
    numbers.sort_unstable();
    for (weighted, number) in weighted.iter_mut().zip(numbers) {
        *weighted = (of_ordered((number >> 32) as u32), f32::from_bits(number as u32));
    }
}

fn below(left: &Weighted, right: &Weighted) -> bool {
    left.0 < right.0
}

/// Puts values near their places, up to runs of [`SHORT`] values.
fn divide(mut weighted: &mut [Weighted], mut depth: u32) {
    while weighted.len() > SHORT {
        if depth == 0 {
            // GCC sorts such rare inputs by a heap; here equal values stay in the order in which they are.
            return weighted.sort_by(|left, right| left.0.total_cmp(&right.0));
        }
        depth -= 1;
        median_first(weighted);
        let upper = partition(weighted);
        let (lower, upper) = weighted.split_at_mut(upper);
        divide(upper, depth);
        weighted = lower;
    }
}

/// Swaps the median of the second, the middle and the last value to the front.
fn median_first(weighted: &mut [Weighted]) {
    let (second, middle, last) = (1, weighted.len() / 2, weighted.len() - 1);
    let is_below = |left: usize, right: usize| below(&weighted[left], &weighted[right]);
    let median = match (is_below(second, middle), is_below(middle, last), is_below(second, last)) {
        (true, true, _) | (false, false, false) => middle,
        (true, false, true) | (false, true, false) => last,
        (true, false, false) | (false, _, true) => second,
    };
    weighted.swap(0, median);
}

/// Parts what follows the first value by it, and gives where the upper part starts.
fn partition(weighted: &mut [Weighted]) -> usize {
    let pivot = weighted[0];
    let (mut lower, mut upper) = (1, weighted.len());
    loop {
        while below(&weighted[lower], &pivot) {
            lower += 1;
        }
        upper -= 1;
        while below(&pivot, &weighted[upper]) {
            upper -= 1;
        }
        if lower >= upper {
            return lower;
        }
        weighted.swap(lower, upper);
        lower += 1;
    }
}

/// Inserts each value among those before it, above those that equal it.
fn insert_all(weighted: &mut [Weighted]) {
    for position in 1..weighted.len() {
        let value = weighted[position];
        let mut place = position;
        while place > 0 && below(&value, &weighted[place - 1]) {
            weighted[place] = weighted[place - 1];
            place -= 1;
        }
        weighted[place] = value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn both_ways_sort(values in prop::collection::vec(-20..20_i8, 0..300)) {
            let weighted: Vec<Weighted> = values.iter().map(|&value| (f32::from(value), 1.0)).collect();
            let sorted = |order| {
                let mut sorted = weighted.clone();
                sort(&mut sorted, order);
                sorted
            };
            prop_assert!(sorted(Order::Gcc).is_sorted_by(|left, right| left.0 <= right.0));
            prop_assert_eq!(sorted(Order::Gcc), sorted(Order::Any));
        }
    }

    fn check(values: impl Iterator<Item = u8>, expected: &[u8]) {
        let mut weighted: Vec<Weighted> =
            values.zip(0_u8..).map(|(value, number)| (f32::from(value), f32::from(number))).collect();
        sort(&mut weighted, Order::Gcc);
        let numbers: Vec<u8> = weighted.iter().map(|(_, number)| *number as u8).collect();
        assert_eq!(numbers, expected);
    }

    #[test]
    fn equal_values_come_in_the_order_of_gcc() {
        // Sorted once by `std::sort` of GCC 12; each value is numbered by its weight.
        check(
            std::iter::repeat_n(1, 20),
            &[10, 19, 18, 17, 16, 15, 14, 13, 12, 11, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1],
        );
        check(
            (0..40_u8).map(|number| (u16::from(number) * 7 % 5) as u8),
            &[
                10, 20, 25, 15, 30, 35, 5, 0, 33, 8, 28, 13, 3, 38, 23, 18, 31, 1, 36, 26, 21, 6, 16, 11, 39,
                19, 4, 34, 9, 29, 14, 24, 12, 27, 32, 7, 17, 37, 2, 22,
            ],
        );
    }
}
