//! A matrix by columns, the entries of each in the order of their values.

use std::ops::Range;

use rayon::prelude::*;

use crate::data::Matrix;

/// An entry of a column that is not missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) value: f32,
    pub(super) row: u32,
}

/// The columns of a matrix, sorted.
#[derive(Debug)]
pub(super) struct SortedColumns {
    /// Where the entries of each column start, and where the last one's end.
    offsets: Vec<usize>,
    /// The entries of each column by value, and equal ones by row.
    entries: Vec<Entry>,
    rows: usize,
}

impl SortedColumns {
    /// Sorts the entries of a matrix; NaN is missing.
    pub(super) fn new(matrix: Matrix<'_>) -> Self {
        let present = {
            let rows = (0..matrix.rows()).flat_map(|row| {
                let (columns, values) = matrix.row(row);
                columns.iter().zip(values).map(move |(&column, &value)| (row, column as usize, value as f32))
            });
            rows.filter(|(_, _, value)| !value.is_nan())
        };
        let offsets = matrix.column_offsets();
        let mut free = offsets.clone();
        let mut entries = vec![Entry { value: 0.0, row: 0 }; offsets[matrix.columns]];
        for (row, column, value) in present {
            entries[free[column]] = Entry { value, row: row as u32 };
            free[column] += 1;
        }
        let mut columns = Vec::with_capacity(matrix.columns);
        let mut rest = entries.as_mut_slice();
        for ends in offsets.windows(2) {
            let (column, after) = rest.split_at_mut(ends[1] - ends[0]);
            columns.push(column);
            rest = after;
        }
        columns.into_par_iter().for_each(|column| {
            column.sort_by(|left, right| left.value.partial_cmp(&right.value).expect("no NaN"));
        });
        Self { offsets, entries, rows: matrix.rows() }
    }

    /// The entries of a column.
    pub(super) fn column(&self, column: u32) -> &[Entry] {
        let entries: Range<usize> = self.offsets[column as usize]..self.offsets[column as usize + 1];
        &self.entries[entries]
    }

    /// Whether a column is also searched with its missing values on the right: some are missing, as far as single precision shows,
    /// and the others are not all the same.
    pub(super) fn searched_forward(&self, column: u32) -> bool {
        let entries = self.column(column);
        let missing = (self.rows - entries.len()) as f32 / self.rows as f32;
        let constant = entries.first().is_none_or(|first| first.value == entries[entries.len() - 1].value);
        1.0 - missing < 1.0 && !constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_by_value_and_row() {
        let (row_offsets, indices) = (vec![0, 2, 4, 5, 7], vec![0, 2, 0, 2, 0, 1, 2]);
        let values = vec![3.0, 5.0, -1.0, 5.0, 3.0, f64::NAN, 5.0];
        let matrix = Matrix {
            columns: 3,
            row_offsets: &row_offsets,
            indices: &indices,
            values: &values,
            categorical: &[],
        };
        let columns = SortedColumns::new(matrix);
        let column = |column| -> Vec<(f32, u32)> {
            columns.column(column).iter().map(|entry| (entry.value, entry.row)).collect()
        };
        assert_eq!(column(0), [(-1.0, 1), (3.0, 0), (3.0, 2)]);
        assert_eq!(column(1), []);
        assert_eq!(column(2), [(5.0, 0), (5.0, 1), (5.0, 3)]);
        assert_eq!([0, 1, 2].map(|column| columns.searched_forward(column)), [true, false, false]);
    }
}
