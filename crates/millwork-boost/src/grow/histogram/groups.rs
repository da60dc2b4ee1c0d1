//! The groups of columns that a histogram is built for at a time, with the bins of their rows.
//!
//! Columns are cut into groups of neighbours whose histogram fits the cache next to the processor (`plan`), and each group holds the
//! bins of its rows in the layout that suits them (`cells`).

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use crate::bins::Cuts;
use crate::data::Matrix;
use crate::grow::histogram::cells::{Block, Cell, Full, Sparse};
use crate::grow::histogram::plan::{Plan, plan, split_evenly};

/// The matrix, in bins.
pub(super) struct BinnedMatrix {
    /// The groups, in the order of their columns.
    pub(super) groups: Vec<Group>,
    /// Runs of groups whose rows lie next to each other.
    blocks: Vec<Range<usize>>,
    /// The group of each column.
    group_of: Vec<u32>,
    /// Whether no entry is missing.
    pub(super) complete: bool,
}

/// Neighbouring columns. The group's histogram has a slot for each bin of each column; in a full group with missing entries, each
/// column has one more, which collects them and is never looked at.
pub(super) struct Group {
    /// The range of columns.
    pub(super) columns: Range<usize>,
    /// The first slot of each column, and the number of slots.
    pub(super) offsets: Vec<u32>,
    /// The number of bins of each column.
    pub(super) bins: Vec<u32>,
    /// The bins of the rows.
    pub(super) cells: Cells,
}

/// The bins of a group's rows.
pub(super) enum Cells {
    /// Numbers within a column; the number of its bins where the entry is missing.
    Bytes(Arc<Block<u8>>),
    /// The same for more bins.
    Words(Arc<Block<u16>>),
    /// Slots of the group.
    Wide(Full),
    /// Slots of the group, for entries alone.
    Sparse(Sparse),
}

impl BinnedMatrix {
    /// Puts every entry of a matrix in its bin. `threads` is how many will build histograms, which changes the width of groups and no
    /// result.
    pub(super) fn new(matrix: Matrix<'_>, cuts: &Cuts, threads: usize) -> Self {
        let counts = matrix.present();
        let plans = plan(&counts, matrix.rows(), cuts, threads);
        let made: Vec<Vec<Group>> =
            plans.into_par_iter().map(|plan| plan.groups(matrix, cuts, &counts)).collect();
        let (mut groups, mut blocks) = (Vec::new(), Vec::new());
        for made in made {
            blocks.push(groups.len()..groups.len() + made.len());
            groups.extend(made);
        }
        let group_of =
            (0..).zip(&groups).flat_map(|(number, group)| vec![number; group.columns.len()]).collect();
        let complete = counts.iter().all(|count| *count == matrix.rows());
        Self { groups, blocks, group_of, complete }
    }

    /// The number of slots of all groups.
    pub(super) fn slots(&self) -> usize {
        self.groups.iter().map(Group::slots).sum()
    }

    /// The groups that each task looks at when there are this many nodes to look at: blocks, or parts of them if there would be too
    /// few tasks for all threads. (The parts of a block fetch the same lines of the cache, each on its own.)
    pub(super) fn shares(&self, nodes: usize) -> Vec<Range<usize>> {
        let threads = rayon::current_num_threads();
        // The parts of one node take equally long; nodes don't, so that there are more tasks than threads.
        let tasks = if nodes == 1 || threads == 1 { threads } else { 2 * threads };
        let parts = tasks.div_ceil((nodes * self.blocks.len()).max(1));
        self.blocks.iter().flat_map(|block| split_evenly(block, parts.min(block.len()))).collect()
    }

    /// The group of a column, and its place there.
    pub(super) fn place(&self, column: u32) -> (&Group, usize) {
        let group = &self.groups[self.group_of[column as usize] as usize];
        (group, column as usize - group.columns.start)
    }
}

/// The groups of a block, whose columns have `spare` slots more than bins.
fn of_block<T: Cell>(
    groups: Vec<Range<usize>>,
    matrix: Matrix<'_>,
    cuts: &Cuts,
    spare: impl Fn(&Range<usize>) -> u32,
    cells: fn(Arc<Block<T>>) -> Cells,
) -> Vec<Group> {
    let columns = groups[0].start..groups[groups.len() - 1].end;
    let spare = spare(&columns);
    let block = Arc::new(Block::new(matrix, cuts, columns));
    let group = |columns| Group::new(cuts, columns, spare, |_| cells(Arc::clone(&block)));
    groups.into_iter().map(group).collect()
}

impl Group {
    /// A group whose columns have `spare` slots beside those of their bins: one if an entry may be missing, else none.
    fn new(cuts: &Cuts, columns: Range<usize>, spare: u32, cells: impl FnOnce(&Self) -> Cells) -> Self {
        let bins: Vec<u32> =
            columns.clone().map(|column| cuts.offsets[column + 1] - cuts.offsets[column]).collect();
        let mut offsets = vec![0];
        for bins in &bins {
            offsets.push(offsets[offsets.len() - 1] + bins + spare);
        }
        let none = Cells::Sparse(Sparse { offsets: Vec::new(), slots: Vec::new() });
        let mut group = Self { columns, offsets, bins, cells: none };
        group.cells = cells(&group);
        group
    }

    /// The number of slots of the group's histogram.
    pub(super) fn slots(&self) -> usize {
        self.offsets[self.offsets.len() - 1] as usize
    }

    /// The bin of a row in the column at a place of the group; absent if the entry is missing.
    pub(super) fn bin(&self, row: usize, place: usize) -> Option<u32> {
        let bin = match &self.cells {
            Cells::Bytes(block) => u32::from(block.cell(row, self.columns.start + place)),
            Cells::Words(block) => u32::from(block.cell(row, self.columns.start + place)),
            Cells::Wide(full) => full.by_row[row * self.columns.len() + place] - self.offsets[place],
            Cells::Sparse(sparse) => return sparse.bin(row, self.offsets[place], self.offsets[place + 1]),
        };
        (bin < self.bins[place]).then_some(bin)
    }
}

impl Plan {
    /// The groups, with the bins of a matrix in them; `counts` has the number of entries of each column.
    fn groups(self, matrix: Matrix<'_>, cuts: &Cuts, counts: &[usize]) -> Vec<Group> {
        let entries = |columns: &Range<usize>| counts[columns.clone()].iter().sum::<usize>();
        let spare = |columns: &Range<usize>| u32::from(entries(columns) < columns.len() * matrix.rows());
        match self {
            Self::Bytes(groups) => of_block(groups, matrix, cuts, spare, Cells::Bytes),
            Self::Words(groups) => of_block(groups, matrix, cuts, spare, Cells::Words),
            Self::Wide(columns) => {
                let spare = spare(&columns);
                vec![Group::new(cuts, columns, spare, |group| Cells::Wide(Full::new(matrix, cuts, group)))]
            }
            Self::Sparse(columns) => {
                let entries = entries(&columns);
                vec![Group::new(cuts, columns, 0, |group| {
                    Cells::Sparse(Sparse::new(matrix, cuts, group, entries))
                })]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;

    /// Bins a table whose rows miss every column but each `every`th of their own, and checks each cell of it. Gives the layout.
    fn check(rows: usize, columns: usize, levels: usize, every: usize, max_bin: usize) -> &'static str {
        let (mut row_offsets, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in 0..rows {
            for column in (0..columns).filter(|column| (row + column) % every == 0) {
                indices.push(column as u32);
                values.push(((row * 7 + column) % levels) as f64);
            }
            row_offsets.push(indices.len());
        }
        let matrix = Matrix {
            columns,
            row_offsets: &row_offsets,
            indices: &indices,
            values: &values,
            categorical: &[],
        };
        let cuts = Cuts::new(matrix, &Labels::default(), max_bin).unwrap();
        let binned = BinnedMatrix::new(matrix, &cuts, 1);
        assert_eq!(binned.complete, every == 1);
        for row in 0..rows {
            let (present, values) = matrix.row(row);
            for column in 0..columns as u32 {
                let expected = present
                    .binary_search(&column)
                    .ok()
                    .map(|entry| cuts.bin(column, values[entry] as f32) - cuts.offsets[column as usize]);
                let (group, place) = binned.place(column);
                assert_eq!(group.bin(row, place), expected, "row {row}, column {column}");
            }
        }
        match binned.groups[0].cells {
            Cells::Bytes(_) => "bytes",
            Cells::Words(_) => "words",
            Cells::Wide(_) => "wide",
            Cells::Sparse(_) => "sparse",
        }
    }

    #[test]
    fn cells_are_as_narrow_as_bins_allow() {
        assert_eq!(check(300, 40, 256, 1, 256), "bytes");
        assert_eq!(check(600, 3, 255, 2, 256), "bytes");
        assert_eq!(check(600, 3, 257, 2, 512), "words");
        assert_eq!(check(300, 3, 300, 1, 512), "words");
        assert_eq!(check(70_000, 1, 69_999, 1, 70_000), "wide");
        assert_eq!(check(300, 40, 5, 8, 256), "sparse");
    }
}
