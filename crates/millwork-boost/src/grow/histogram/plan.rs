//! The layout of columns: blocks and groups of columns, and the memory that they take.
//!
//! Columns are cut into groups of neighbours whose histogram fits the cache next to the processor. The groups of a block share the
//! rows of their cells.

use std::ops::Range;

use crate::bins::Cuts;
use crate::grow::histogram::cells::{LINE, WIDEST_FULL, stride};

/// The fewest columns that a group is made of so that there are groups for all threads.
const NARROWEST: usize = 4;

/// The fewest columns of a sparse group.
const FEWEST_SPARSE: usize = 16;

/// The most columns of a sparse group.
const WIDEST_SPARSE: usize = 4096;

/// The most slots of a group's histogram that a wider group may have (16 bytes each).
const MOST_SLOTS: usize = 1 << 13;

/// A group is full if at least this share of its cells has an entry.
const FULL_SHARE: f64 = 0.15;

/// How a column is laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Bytes,
    Words,
    Wide,
    Sparse,
}

/// Columns that are laid out together.
pub(super) enum Plan {
    /// Groups of a block of bytes.
    Bytes(Vec<Range<usize>>),
    /// Groups of a block of two bytes per cell.
    Words(Vec<Range<usize>>),
    /// A full group with still more bins.
    Wide(Range<usize>),
    /// A sparse group.
    Sparse(Range<usize>),
}

impl Plan {
    /// The bytes that the cells of this many rows take; `counts` has the number of entries of each column.
    fn bytes(&self, rows: usize, counts: &[usize]) -> u64 {
        let block = |groups: &[Range<usize>], each: usize| {
            let width = groups.iter().map(Range::len).sum();
            product(rows, (stride(width) + width) * each)
        };
        match self {
            Self::Bytes(groups) => block(groups, size_of::<u8>()),
            Self::Words(groups) => block(groups, size_of::<u16>()),
            Self::Wide(columns) => product(rows, 2 * columns.len() * size_of::<u32>()),
            Self::Sparse(columns) => {
                let entries = counts[columns.clone()].iter().sum();
                product(rows, size_of::<usize>()).saturating_add(product(entries, size_of::<u32>()))
            }
        }
    }
}

/// The bytes that a matrix of this many rows takes in bins; `counts` has the number of entries of each column.
pub(in crate::grow) fn bytes(counts: &[usize], rows: usize, cuts: &Cuts, threads: usize) -> u64 {
    plan(counts, rows, cuts, threads).iter().map(|plan| plan.bytes(rows, counts)).fold(0, u64::saturating_add)
}

fn product(count: usize, each: usize) -> u64 {
    (count as u64).saturating_mul(each as u64)
}

/// Decides how columns are laid out: blocks and groups of about the same width, from runs of full columns and runs of others.
pub(super) fn plan(counts: &[usize], rows: usize, cuts: &Cuts, threads: usize) -> Vec<Plan> {
    let is_full = |column: usize| counts[column] as f64 >= FULL_SHARE * rows as f64;
    let full_kind = |column: usize| {
        let missing = usize::from(counts[column] < rows);
        match cuts.column(column as u32).len() + missing {
            ..=0x100 => Kind::Bytes,
            0x101..=0x1_0000 => Kind::Words,
            _ => Kind::Wide,
        }
    };
    let kind = |column| if is_full(column) { full_kind(column) } else { Kind::Sparse };
    let mut kinds: Vec<Kind> = (0..counts.len()).map(kind).collect();
    // A few sparse columns don't break a block.
    let mut start = 0;
    for run in kinds.chunk_by_mut(|left, right| left == right) {
        if run[0] == Kind::Sparse && run.len() < FEWEST_SPARSE {
            run.iter_mut().zip(start..).for_each(|(kind, column)| *kind = full_kind(column));
        }
        start += run.len();
    }
    let mut plans = Vec::new();
    let mut start = 0;
    for run in kinds.chunk_by(|left, right| left == right) {
        let kind = run[0];
        let run = start..start + run.len();
        start = run.end;
        match kind {
            Kind::Bytes => plans.extend(blocks(&run, LINE, cuts, threads).map(Plan::Bytes)),
            Kind::Words => plans.extend(blocks(&run, LINE / 2, cuts, threads).map(Plan::Words)),
            Kind::Wide => {
                plans.extend(blocks(&run, LINE / 4, cuts, threads).flatten().map(Plan::Wide));
            }
            Kind::Sparse => {
                let parts = (2 * threads)
                    .min(run.len().div_ceil(FEWEST_SPARSE))
                    .max(run.len().div_ceil(WIDEST_SPARSE));
                plans.extend(
                    split_evenly(&run, parts).iter().flat_map(|part| few_slots(part, cuts)).map(Plan::Sparse),
                );
            }
        }
    }
    plans
}

/// The groups of each block of columns, at most `widest` of them in a block.
fn blocks(
    columns: &Range<usize>,
    widest: usize,
    cuts: &Cuts,
    threads: usize,
) -> impl Iterator<Item = Vec<Range<usize>>> {
    let blocks = split_evenly(columns, columns.len().div_ceil(widest));
    let for_threads = (2 * threads).div_ceil(blocks.len());
    blocks.into_iter().map(move |block| {
        let parts = for_threads.min(block.len().div_ceil(NARROWEST)).max(block.len().div_ceil(WIDEST_FULL));
        split_evenly(&block, parts).iter().flat_map(|part| few_slots(part, cuts)).collect()
    })
}

/// Parts of a range whose lengths differ by at most one, none of them empty.
pub(super) fn split_evenly(range: &Range<usize>, parts: usize) -> Vec<Range<usize>> {
    let end = |part: usize| range.start + range.len() * part / parts;
    (0..parts).map(|part| end(part)..end(part + 1)).collect()
}

/// Cuts columns so that each part has few slots.
fn few_slots(columns: &Range<usize>, cuts: &Cuts) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut first = columns.start;
    for column in columns.clone() {
        if column > first && (cuts.offsets[column + 1] - cuts.offsets[first]) as usize > MOST_SLOTS {
            parts.push(first..column);
            first = column;
        }
    }
    parts.push(first..columns.end);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_narrow_enough_for_threads_and_caches() {
        let check = |bins: u32, counts: [usize; 100], threads: usize, expected: &[&[usize]]| {
            let offsets = (0..=100).map(|column| column * bins).collect();
            let cuts = Cuts { offsets, ..Cuts::default() };
            let mut columns = 0;
            let widths: Vec<Vec<usize>> = plan(&counts, 10, &cuts, threads)
                .into_iter()
                .map(|plan| match plan {
                    Plan::Bytes(groups) | Plan::Words(groups) => groups,
                    Plan::Wide(columns) | Plan::Sparse(columns) => vec![columns],
                })
                .map(|groups| {
                    assert!(
                        groups.iter().all(|group| group.start == std::mem::replace(&mut columns, group.end))
                    );
                    groups.iter().map(Range::len).collect()
                })
                .collect();
            assert_eq!(widths, expected);
        };
        check(9, [10; 100], 1, &[&[12, 13, 12, 13], &[12, 13, 12, 13]]);
        check(9, [10; 100], 8, &[&[6, 6, 6, 7, 6, 6, 6, 7], &[6, 6, 6, 7, 6, 6, 6, 7]]);
        check(5_000, [10; 100], 1, &[&[1_usize; 25][..]; 4]);
        let mut mixed = [0; 100];
        mixed[..50].fill(10);
        mixed[40..44].fill(0);
        check(9, mixed, 1, &[&[12, 13, 12, 13], &[25], &[25]]);
        mixed[44] = 9;
        check(256, mixed, 1, &[&[13, 13, 14], &[2, 3], &[2, 3], &[25], &[25]]);
    }
    #[test]
    fn the_memory_of_cells_is_known_beforehand() {
        let check = |bins: u32, count: usize, expected: u64| {
            let cuts = Cuts { offsets: (0..=100).map(|column| column * bins).collect(), ..Cuts::default() };
            assert_eq!(bytes(&[count; 100], 1000, &cuts, 1), expected, "{bins} bins, {count} entries");
        };
        // Two blocks of 50 columns, whose rows take 64 bytes, and 50 bytes more column by column.
        check(9, 1000, 1000 * 2 * (64 + 50));
        // Four blocks of 25, whose rows take 32 cells.
        check(300, 1000, 1000 * 4 * (32 + 25) * 2);
        check(70_000, 1000, 1000 * 100 * 8);
        check(9, 10, 1000 * 8 * 2 + 1000 * 4);
    }
}
