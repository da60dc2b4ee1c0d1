//! The bins of rows in the layouts that histograms are built from and rows are parted by.
//!
//! A row's bins stand next to each other, so that they are read at once, and a second time column by column, so that the rows of a
//! node are parted by reading one to four bytes each. Where few entries are present, there are compressed rows instead.

use std::ops::Range;

use rayon::prelude::*;

use crate::bins::Cuts;
use crate::data::Matrix;
use crate::grow::histogram::groups::Group;
use crate::grow::histogram::prefetch::prefetch;

/// The most columns of a full group: with 256 bins each, its histogram takes 64 KiB.
pub(super) const WIDEST_FULL: usize = 16;

/// The size of a line of the cache in bytes: a row of a block is at most that wide.
pub(super) const LINE: usize = 64;

/// How many rows are put in bins at a time.
const ROWS_AT_ONCE: usize = 4096;

/// A narrow number per cell, for the columns of neighbouring groups.
pub(super) struct Block<T> {
    /// The range of columns.
    columns: Range<usize>,
    /// Row by row: `before` cells so that rows start where lines of the cache do, and then `stride` cells for each row. Behind the
    /// last row, there are as many cells as the widest group has.
    by_row: Vec<T>,
    before: usize,
    stride: usize,
    /// Column by column.
    by_column: Vec<T>,
}

/// A slot per cell.
pub(super) struct Full {
    /// Row by row.
    pub(super) by_row: Vec<u32>,
    /// Column by column.
    pub(super) by_column: Vec<u32>,
}

/// A number per entry.
pub(super) struct Sparse {
    /// Where the entries of each row start, and where the last one's end.
    pub(super) offsets: Vec<usize>,
    /// The slots, ascending in each row.
    pub(super) slots: Vec<u32>,
}

/// A width of numbers.
pub(super) trait Cell: Copy + Send + Sync + Default + Into<u32> {
    /// The number, which fits.
    fn of(number: u32) -> Self;
}

impl Cell for u8 {
    fn of(number: u32) -> Self {
        number as Self
    }
}

impl Cell for u16 {
    fn of(number: u32) -> Self {
        number as Self
    }
}

impl Cell for u32 {
    fn of(number: u32) -> Self {
        number
    }
}

impl<T: Cell> Block<T> {
    /// The bins of all rows in neighbouring columns.
    pub(super) fn new(matrix: Matrix<'_>, cuts: &Cuts, columns: Range<usize>) -> Self {
        let (width, rows) = (columns.len(), matrix.rows());
        let stride = stride(width);
        let mut by_row = vec![T::default(); rows * stride + LINE + WIDEST_FULL];
        let before = by_row.as_ptr().align_offset(LINE).min(LINE);
        let absent: Vec<T> =
            columns.clone().map(|column| T::of(cuts.column(column as u32).len() as u32)).collect();
        let cells = &mut by_row[before..before + rows * stride];
        cells.par_chunks_mut(stride * ROWS_AT_ONCE).enumerate().for_each(|(chunk, cells)| {
            for (row, cells) in (chunk * ROWS_AT_ONCE..).zip(cells.chunks_mut(stride)) {
                cells[..width].copy_from_slice(&absent);
                entries(matrix, cuts, &columns, row, |place, bin| cells[place] = T::of(bin));
            }
        });
        let by_column = transposed(&by_row[before..], rows, stride, width);
        Self { columns, by_row, before, stride, by_column }
    }

    /// The cells of a row from a column on; those behind the block's columns mean nothing.
    pub(super) fn cells(&self, row: usize, column: usize) -> [T; WIDEST_FULL] {
        *self.by_row[self.first(row, column)..].first_chunk().expect("the block is wider than its last row")
    }

    /// Asks the cache for the cells of a row from a column on.
    pub(super) fn prefetch(&self, row: usize, column: usize) {
        prefetch(&self.by_row, self.first(row, column));
    }

    /// The cell of a row in a column.
    pub(super) fn cell(&self, row: usize, column: usize) -> T {
        self.by_row[self.first(row, column)]
    }

    fn first(&self, row: usize, column: usize) -> usize {
        self.before + row * self.stride + column - self.columns.start
    }

    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> &[T] {
        let rows = self.by_column.len() / self.columns.len();
        let place = column - self.columns.start;
        &self.by_column[place * rows..(place + 1) * rows]
    }
}

impl Full {
    /// The slots of all rows in the columns of a group.
    pub(super) fn new(matrix: Matrix<'_>, cuts: &Cuts, group: &Group) -> Self {
        let (width, rows) = (group.columns.len(), matrix.rows());
        let absent: Vec<u32> = (0..width).map(|place| group.offsets[place] + group.bins[place]).collect();
        let mut by_row = vec![0; width * rows];
        by_row.par_chunks_mut(width * ROWS_AT_ONCE).enumerate().for_each(|(chunk, cells)| {
            for (row, cells) in (chunk * ROWS_AT_ONCE..).zip(cells.chunks_mut(width)) {
                cells.copy_from_slice(&absent);
                entries(matrix, cuts, &group.columns, row, |place, bin| {
                    cells[place] = group.offsets[place] + bin;
                });
            }
        });
        let by_column = transposed(&by_row, rows, width, width);
        Self { by_row, by_column }
    }

    /// The slots of the column at a place of a group of `width` columns.
    pub(super) fn column(&self, place: usize, width: usize) -> &[u32] {
        let rows = self.by_column.len() / width;
        &self.by_column[place * rows..(place + 1) * rows]
    }
}

impl Sparse {
    /// The slots of the `count` entries in the columns of a group.
    pub(super) fn new(matrix: Matrix<'_>, cuts: &Cuts, group: &Group, count: usize) -> Self {
        let mut offsets = Vec::with_capacity(matrix.rows() + 1);
        let mut slots = Vec::with_capacity(count);
        offsets.push(0);
        for row in 0..matrix.rows() {
            entries(matrix, cuts, &group.columns, row, |place, bin| slots.push(group.offsets[place] + bin));
            offsets.push(slots.len());
        }
        Self { offsets, slots }
    }

    /// The entries of a row.
    pub(super) fn row(&self, row: usize) -> &[u32] {
        &self.slots[self.offsets[row]..self.offsets[row + 1]]
    }

    /// The bin of a row in the column whose slots are from `first` to `end`.
    pub(super) fn bin(&self, row: usize, first: u32, end: u32) -> Option<u32> {
        let slots = self.row(row);
        let slot = *slots.get(slots.partition_point(|slot| *slot < first))?;
        (slot < end).then(|| slot - first)
    }
}

/// The cells from a row of a block of this width to the next: a power of two where that wastes little.
pub(super) fn stride(width: usize) -> usize {
    let line = width.next_power_of_two();
    if 4 * width >= 3 * line { line } else { width }
}

/// Calls back with the place within `columns` and the bin of each entry of a row, in the order of columns.
fn entries(
    matrix: Matrix<'_>,
    cuts: &Cuts,
    columns: &Range<usize>,
    row: usize,
    mut entry: impl FnMut(usize, u32),
) {
    let (indices, values) = matrix.row(row);
    let first = if indices.len() == matrix.columns {
        columns.start
    } else {
        indices.partition_point(|column| (*column as usize) < columns.start)
    };
    for (column, value) in indices[first..].iter().zip(&values[first..]) {
        if *column as usize >= columns.end {
            break;
        }
        let bins = cuts.column(*column);
        if value.is_nan() || bins.is_empty() {
            continue;
        }
        let value = *value as f32;
        let bin = match matrix.is_categorical(*column) {
            true => cuts.category_bin(*column, value),
            false => cuts.bin(*column, value),
        };
        entry(*column as usize - columns.start, bin - bins.start);
    }
}

/// The first `width` cells of each of `rows` rows, which are `stride` cells apart, column by column.
fn transposed<T: Copy + Default + Send + Sync>(
    by_row: &[T],
    rows: usize,
    stride: usize,
    width: usize,
) -> Vec<T> {
    let mut by_column = vec![T::default(); rows * width];
    if by_column.is_empty() {
        return by_column;
    }
    let mut chunks: Vec<Vec<&mut [T]>> =
        by_row[..rows * stride].chunks(stride * ROWS_AT_ONCE).map(|_| Vec::new()).collect();
    for column in by_column.chunks_mut(rows) {
        chunks.iter_mut().zip(column.chunks_mut(ROWS_AT_ONCE)).for_each(|(chunk, part)| chunk.push(part));
    }
    chunks.into_par_iter().zip(by_row.par_chunks(stride * ROWS_AT_ONCE)).for_each(|(columns, rows)| {
        for (place, column) in columns.into_iter().enumerate() {
            column.iter_mut().zip(rows.chunks(stride)).for_each(|(cell, row)| *cell = row[place]);
        }
    });
    by_column
}
