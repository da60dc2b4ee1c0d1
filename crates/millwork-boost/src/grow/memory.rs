//! The memory that a grower takes, known before it is made, and whether the machine has it.
//!
//! The figures are near what is taken: what a matrix takes in the form that is grown on, and what each row, each
//! histogram and each output takes. What the rows themselves take is there already.

use std::fs;

use thiserror::Error;

use crate::BoosterParams;
use crate::bins::Cuts;
use crate::data::{CATEGORIES, Matrix};
use crate::grow::histogram::{self, MOST_HISTOGRAM_BYTES};
use crate::grow::score::Sums;

/// The machine has less memory left than growing takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("training takes about {} of memory, and {} are available", megabytes(*needed), megabytes(*available))]
pub struct TooLittleMemory {
    /// Bytes that growing takes.
    pub needed: u64,
    /// Bytes that this process can still have.
    pub available: u64,
}

/// A gradient, a place among the rows of a node (twice), and a leaf (twice).
const ROW: usize = 24;

/// A column while bins are made, and an offset of it wherever there are entries by column.
const COLUMN: usize = 192;

/// A margin, a gradient and a sampled gradient of a row for an output.
const OUTPUT: usize = 20;

/// A margin and a prediction of a row of an evaluation set for an output.
const EVALUATED: usize = 8;

/// From this depth on, trees have so many nodes that only [`MOST_HISTOGRAM_BYTES`] bound their histograms.
const DEEP: usize = 16;

/// Checks that this number of bytes is available.
///
/// # Errors
///
/// When the system reports that fewer are available. A system without such a report counts as having enough.
pub(super) fn check(needed: u64) -> Result<(), TooLittleMemory> {
    match available() {
        Some(available) if available < needed => Err(TooLittleMemory { needed, available }),
        _ => Ok(()),
    }
}

/// What the outputs of a training take: margins and gradients, and for rows that are only evaluated margins and predictions.
pub(super) fn outputs(rows: usize, evaluated: usize, outputs: usize) -> u64 {
    sum([bytes(rows, OUTPUT), bytes(evaluated, EVALUATED)]).saturating_mul(outputs as u64)
}

/// To make bins: a value and a weight for each entry, and a bit for each category up to a column's largest one.
pub(super) fn bins(matrix: Matrix<'_>) -> u64 {
    sum([bytes(matrix.entries(), 8), bytes(matrix.columns, COLUMN), bytes(categories(matrix) / 8, 1)])
}

/// The number of categories up to the largest one of each categorical column.
fn categories(matrix: Matrix<'_>) -> usize {
    if !matrix.categorical.contains(&true) {
        return 0;
    }
    let mut categories = vec![0; matrix.columns];
    for (&column, &value) in matrix.indices.iter().zip(matrix.values) {
        if matrix.is_categorical(column) && value >= 0.0 {
            let categories = &mut categories[column as usize];
            *categories = usize::max(*categories, (value as usize).min(CATEGORIES as usize - 1) + 1);
        }
    }
    categories.into_iter().sum()
}

/// What the trees of a round take at most for categories that don't occur: each split may list all of a column, as XGBoost's do.
pub(super) fn listed(params: &BoosterParams, matrix: Matrix<'_>, cuts: &Cuts, outputs: usize) -> u64 {
    let columns = (0..matrix.columns as u32).filter(|column| matrix.is_categorical(*column));
    let absent = columns.map(|column| cuts.categories(column).absent()).max().unwrap_or(0);
    let most_leaves = if params.max_leaves == 0 { usize::MAX } else { params.max_leaves };
    let splits = (1_usize << depth(params)).min(matrix.rows()).min(most_leaves).saturating_sub(1);
    [splits, params.num_parallel_tree, outputs]
        .into_iter()
        .fold(bytes(absent as usize, size_of::<u32>()), |sum, times| sum.saturating_mul(times as u64))
}

/// The depth that trees are taken to have.
fn depth(params: &BoosterParams) -> usize {
    if params.max_depth == 0 { DEEP } else { params.max_depth.min(DEEP) }
}

/// To grow column by column: a row and a bin for each entry.
pub(super) fn columns(matrix: Matrix<'_>, cuts: &Cuts) -> u64 {
    sum([bytes(matrix.entries(), 16), bytes(cuts.bins(), 8), bytes(matrix.rows(), ROW)])
}

/// To grow among all values: a value and a row for each entry, and as much again to sort them.
pub(super) fn exact(matrix: Matrix<'_>) -> u64 {
    sum([bytes(matrix.entries(), 16), bytes(matrix.columns, COLUMN), bytes(matrix.rows(), ROW)])
}

/// To grow by histograms: the bins of the rows, and the histograms of the nodes that are open.
pub(super) fn histogram(params: &BoosterParams, matrix: Matrix<'_>, cuts: &Cuts) -> u64 {
    let threads = rayon::current_num_threads();
    let cells = histogram::bytes(&matrix.present(), matrix.rows(), cuts, threads);
    let slots = cuts.bins() + matrix.columns;
    let few = bytes(slots, 4 * size_of::<Sums>());
    let open = bytes(slots, size_of::<Sums>() << depth(params));
    sum([cells, bytes(matrix.rows(), ROW), open.min(few.max(MOST_HISTOGRAM_BYTES as u64))])
}

/// The sum of what is taken at the same time.
pub(super) fn sum<const N: usize>(parts: [u64; N]) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}

fn bytes(count: usize, each: usize) -> u64 {
    (count as u64).saturating_mul(each as u64)
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

/// How many bytes this process can still have: what the system has left, and what its control group leaves it (Linux).
fn available() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kilobytes_available(&text));
    let number = |file: &str| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let group = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(most, current)| most.saturating_sub(current));
    [system, group].into_iter().flatten().min()
}

/// The bytes of the line `MemAvailable: … kB`.
fn kilobytes_available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;

    #[test]
    fn what_does_not_fit_is_refused_with_both_figures() {
        assert_eq!(kilobytes_available("MemTotal: 9 kB\nMemAvailable:   2000 kB\n"), Some(2_048_000));
        assert_eq!(kilobytes_available("MemTotal: 9 kB\n"), None);
        let error = TooLittleMemory { needed: 5_000_000_000, available: 2_048_000 };
        assert_eq!(error.to_string(), "training takes about 5000 MB of memory, and 3 MB are available");
        assert_eq!(check(0), Ok(()));
        if available().is_some() {
            assert!(check(u64::MAX).is_err());
        }
    }

    #[test]
    fn a_full_matrix_takes_two_bytes_for_each_value() {
        let row_offsets: Vec<usize> = (0..=1000).map(|row| row * 20).collect();
        let indices: Vec<u32> = (0..20_000).map(|entry| entry % 20).collect();
        let values = vec![1.0; 20_000];
        let matrix = Matrix {
            columns: 20,
            row_offsets: &row_offsets,
            indices: &indices,
            values: &values,
            categorical: &[],
        };
        let cuts = Cuts { offsets: (0..=20).collect(), values: vec![1.0; 20] };
        let needed = |max_depth| histogram(&BoosterParams { max_depth, ..Default::default() }, matrix, &cuts);
        assert_eq!(needed(6), 40_000 + 24_000 + 40 * 16 * 64);
        assert_eq!((needed(0), needed(0)), (needed(16), needed(usize::MAX)));
        assert_eq!(columns(matrix, &cuts), 320_000 + 160 + 24_000);
        assert_eq!((bins(matrix), exact(matrix)), (160_000 + 20 * 192, 344_000 + 20 * 192));
        let categorical = vec![true; 20];
        let categories = Matrix { categorical: &categorical, ..matrix };
        assert_eq!(bins(categories), bins(matrix) + 20 * 2 / 8);
        assert_eq!((outputs(1000, 0, 3), outputs(usize::MAX, 0, usize::MAX)), (60_000, u64::MAX));
    }

    #[test]
    fn rows_of_evaluation_sets_are_counted() {
        assert_eq!(outputs(1000, 500, 3), 3 * (20_000 + 4_000));
        assert_eq!(outputs(0, usize::MAX, 3), u64::MAX);
    }

    #[test]
    fn categories_that_do_not_occur_are_counted_where_splits_list_them() {
        let matrix = Matrix {
            columns: 2,
            row_offsets: &[0, 1, 2, 4],
            indices: &[0, 1, 0, 1],
            values: &[3.0, 16_777_215.0, 0.0, 1.0],
            categorical: &[],
        };
        let check = |params: BoosterParams, categorical: &[bool], expected: u64| {
            let matrix = Matrix { categorical, ..matrix };
            let cuts = Cuts::new(matrix, &Labels::default(), params.max_bin).expect("categories");
            assert_eq!(listed(&params, matrix, &cuts, 3), expected, "{params:?}");
        };
        let plain = BoosterParams::default;
        // Three rows are parted by two splits at most, each of which may list all but two categories.
        check(plain(), &[true, true], 3 * 2 * 4 * 16_777_214);
        check(plain(), &[true, false], 3 * 2 * 4 * 2);
        check(BoosterParams { max_depth: 1, num_parallel_tree: 5, ..plain() }, &[true, false], 3 * 5 * 4 * 2);
        check(BoosterParams { max_leaves: 1, ..plain() }, &[true, true], 0);
        check(plain(), &[], 0);
        assert_eq!(bins(Matrix { categorical: &[true, true], ..matrix }) - bins(matrix), (1 << 24) / 8);
    }
}
