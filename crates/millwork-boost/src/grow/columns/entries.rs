//! The entries of a matrix by column, and within a column by bin.

use rayon::prelude::*;

use crate::bins::Cuts;
use crate::data::Matrix;

/// A matrix for search: which rows are in which bin of which column. Rows without an entry in a column miss it.
#[derive(Debug)]
pub(super) struct BinnedColumns {
    cuts: Cuts,
    /// Where the entries of each column start, and where the last one's end.
    offsets: Vec<usize>,
    entries: Vec<Entry>,
}

/// A row that has an entry in a column, and its bin. Bins are numbered through all columns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Entry {
    pub(super) row: u32,
    pub(super) bin: u32,
}

impl BinnedColumns {
    /// Puts the entries of a matrix into the bins of `cuts`, which are those of its columns. Rows are numbered in 32 bits.
    pub(super) fn new(matrix: Matrix<'_>, cuts: Cuts) -> Self {
        let offsets = matrix.column_offsets();
        let mut entries = by_column(matrix, &offsets);
        column_slices(&mut entries, &offsets).into_par_iter().for_each(|(column, entries)| {
            for entry in &mut *entries {
                entry.bin = cuts.bin(column, f32::from_bits(entry.bin));
            }
            entries.sort_by_key(|entry| entry.bin);
        });
        Self { cuts, offsets, entries }
    }

    /// The number of columns.
    pub(super) fn columns(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The entries of a column by bin, and within a bin by row.
    pub(super) fn entries(&self, column: u32) -> &[Entry] {
        &self.entries[self.offsets[column as usize]..self.offsets[column as usize + 1]]
    }

    /// What lies above all values of a bin and of those before it in its column.
    pub(super) fn ceiling(&self, bin: u32) -> f32 {
        self.cuts.values[bin as usize]
    }

    /// What all values of a column's bin, and of those after it, reach.
    pub(super) fn floor(&self, column: u32, bin: u32) -> f32 {
        self.cuts.lower_bound(column, bin)
    }

    /// The entries of a column whose values lie below `threshold`, which is an end of one of its bins, and the others.
    pub(super) fn divide(&self, column: u32, threshold: f32) -> (&[Entry], &[Entry]) {
        let entries = self.entries(column);
        entries.split_at(entries.partition_point(|entry| self.ceiling(entry.bin) <= threshold))
    }
}

/// All entries, column after column and within a column by row, with the bits of their values in place of bins.
fn by_column(matrix: Matrix<'_>, offsets: &[usize]) -> Vec<Entry> {
    let mut next = offsets.to_vec();
    let mut entries = vec![Entry::default(); offsets[matrix.columns]];
    for row in 0..matrix.rows() {
        let (columns, values) = matrix.row(row);
        for (&column, &value) in columns.iter().zip(values) {
            if !value.is_nan() {
                let place = &mut next[column as usize];
                entries[*place] = Entry { row: row as u32, bin: (value as f32).to_bits() };
                *place += 1;
            }
        }
    }
    entries
}

/// The entries of each column, with its index.
fn column_slices<'a>(mut entries: &'a mut [Entry], offsets: &[usize]) -> Vec<(u32, &'a mut [Entry])> {
    let mut slices = Vec::with_capacity(offsets.len() - 1);
    for (index, ends) in (0..).zip(offsets.windows(2)) {
        let (column, rest) = entries.split_at_mut(ends[1] - ends[0]);
        entries = rest;
        slices.push((index, column));
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;

    fn rows(entries: &[Entry]) -> Vec<u32> {
        entries.iter().map(|entry| entry.row).collect()
    }

    #[test]
    fn a_column_is_divided_at_the_ends_of_its_bins() {
        let values = [3.0, 1.0, f64::NAN, 2.0];
        let matrix = Matrix {
            columns: 2,
            row_offsets: &[0, 1, 2, 3, 4],
            indices: &[1; 4],
            values: &values,
            categorical: &[],
        };
        let cuts = Cuts::new(matrix, &Labels::default(), 256).expect("few bins");
        let binned = BinnedColumns::new(matrix, cuts);
        let divide = |threshold| {
            let (below, above) = binned.divide(1, threshold);
            (rows(below), rows(above))
        };
        assert_eq!(divide(binned.floor(1, binned.entries(1)[0].bin)), (vec![], vec![1, 3, 0]));
        assert_eq!(divide(2.0), (vec![1], vec![3, 0]));
        assert_eq!(divide(3.0), (vec![1, 3], vec![0]));
        assert_eq!(divide(6.00001), (vec![1, 3, 0], vec![]));
        assert!(binned.entries(0).is_empty());
    }
}
