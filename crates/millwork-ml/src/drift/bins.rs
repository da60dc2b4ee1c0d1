//! Two columns counted in the same bins.
//!
//! What a sample has and the other has not must fall into a bin of its own, or no measure over the bins can see it. So a
//! value that takes a tenth of the reference and more is a bin by itself, and not the start of one that reaches to the next
//! quantile: a reference of one value would else share a bin with everything above.

use std::collections::BTreeMap;

use crate::drift::profile::CategoryCounts;

/// Into how many bins numbers are put, by the reference's quantiles.
const BINS: usize = 10;

/// Ascending numbers of the reference and of the current sample, counted in bins that start at the reference's quantiles.
/// Equal quantiles are one bin, of that value alone.
pub(super) fn binned(reference: &[f64], current: &[f64]) -> [Vec<f64>; 2] {
    let starts = starts(reference);
    [reference, current].map(|numbers| {
        let mut places = vec![0];
        places.extend(starts.iter().map(|&start| numbers.partition_point(|&number| number < start)));
        places.push(numbers.len());
        places.windows(2).map(|bin| (bin[1] - bin[0]) as f64).collect()
    })
}

/// Where the bins after the first start.
fn starts(ascending: &[f64]) -> Vec<f64> {
    // All of a reference that is one number is equal, also if that is too few numbers to make equal quantiles.
    let is_one = ascending.first() == ascending.last();
    // Of fewer numbers than bins, each is one quantile: only equal numbers make equal quantiles.
    let mut rows: Vec<usize> = (1..BINS).map(|bin| bin * ascending.len() / BINS).collect();
    rows.dedup();
    let quantiles: Vec<f64> = rows.into_iter().filter_map(|row| ascending.get(row).copied()).collect();
    let mut starts = Vec::new();
    for equal in quantiles.chunk_by(|left, right| left == right) {
        starts.push(equal[0]);
        if equal.len() > 1 || is_one {
            starts.push(equal[0].next_up());
        }
    }
    starts.dedup();
    starts
}

/// What is counted in a bin of categories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum CategoryBin<'a> {
    Named(&'a str),
    Others,
}

/// The counts of both samples, category by category, and of the others last.
///
/// A category that one sample has by name, and that may be among the others of the other sample, is counted among the
/// others in both: which of many rare categories are kept is chance.
pub(super) fn by_category(reference: &CategoryCounts, current: &CategoryCounts) -> [Vec<f64>; 2] {
    let samples = [reference, current];
    let may_be_other =
        |name: &str| samples.iter().any(|counts| counts.others > 0 && !counts.named.contains_key(name));
    let mut bins = BTreeMap::<CategoryBin<'_>, [f64; 2]>::new();
    for (sample, counts) in samples.into_iter().enumerate() {
        let named = counts.named.iter().map(|(name, &count)| {
            (if may_be_other(name) { CategoryBin::Others } else { CategoryBin::Named(name) }, count)
        });
        let others = (counts.others > 0).then_some((CategoryBin::Others, counts.others));
        for (bin, count) in named.chain(others) {
            bins.entry(bin).or_default()[sample] += count as f64;
        }
    }
    [0, 1].map(|sample| bins.values().map(|counts| counts[sample]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reference: &[f64], current: &[f64], expected: [&[f64]; 2]) {
        assert_eq!(binned(reference, current), expected, "{reference:?} {current:?}");
    }

    #[test]
    fn a_frequent_value_is_a_bin_by_itself() {
        check(&[3.0; 40], &[2.0, 3.0, 5.0, 5.0], [&[0.0, 40.0, 0.0], &[1.0, 1.0, 2.0]]);
        check(&[3.0; 2], &[5.0], [&[0.0, 2.0, 0.0], &[0.0, 0.0, 1.0]]);
        check(&[1.0], &[1.0, 2.0], [&[0.0, 1.0, 0.0], &[0.0, 1.0, 1.0]]);
        let rare = [[0.0; 19].as_slice(), &[1.0]].concat();
        check(&rare, &[1.0; 4], [&[0.0, 19.0, 1.0], &[0.0, 0.0, 4.0]]);
        let signs = [[-0.0; 10].as_slice(), &[0.0; 10]].concat();
        check(&signs, &[-0.0, 0.0], [&[0.0, 20.0, 0.0], &[0.0, 2.0, 0.0]]);
        check(&[f64::MAX; 20], &[f64::MAX], [&[0.0, 20.0, 0.0], &[0.0, 1.0, 0.0]]);
    }

    #[test]
    fn different_quantiles_start_a_bin_each() {
        let ascending: Vec<f64> = (0..100).map(f64::from).collect();
        check(
            &ascending,
            &[-1.0, 10.0, 1e9],
            [&[10.0; 10], &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]],
        );
        check(&[1.0, 2.0, 3.0], &[1.5], [&[0.0, 1.0, 1.0, 1.0], &[0.0, 1.0, 0.0, 0.0]]);
        check(&[], &[1.0], [&[0.0], &[1.0]]);
    }

    fn counts(named: &[(&str, usize)], others: usize) -> CategoryCounts {
        let named = named.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        CategoryCounts { named, others }
    }

    #[test]
    fn what_may_be_among_the_others_is_counted_there() {
        let whole = counts(&[("a", 5), ("b", 2)], 0);
        assert_eq!(
            by_category(&whole, &counts(&[("a", 1), ("c", 3)], 0)),
            [[5.0, 2.0, 0.0], [1.0, 0.0, 3.0]]
        );
        let cut = counts(&[("a", 1), ("c", 3)], 9);
        // Ordered by name: `a`, `c`, the others. That `whole` has no `c` is certain.
        assert_eq!(by_category(&whole, &cut), [[5.0, 0.0, 2.0], [1.0, 3.0, 9.0]]);
        assert_eq!(by_category(&cut, &counts(&[("d", 1)], 2)), [[13.0], [3.0]]);
    }

    #[test]
    fn every_text_can_be_a_category() {
        for text in ["(other)", "(others)", "other", "", "(null)"] {
            let both = [counts(&[("a", 5), (text, 5)], 0), counts(&[("a", 5), ("b", 5)], 0)];
            let [reference, current] = by_category(&both[0], &both[1]);
            assert_eq!((reference.len(), current.len()), (3, 3), "{text}");
        }
    }
}
