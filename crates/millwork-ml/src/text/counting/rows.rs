//! Rows of numbers to rows of values.

use rayon::prelude::*;

use crate::features::Features;
use crate::text::counting::chunk::Rows;
use crate::text::params::Norm;

/// How the occurrences of a document's terms become values.
pub(in crate::text) trait Weigh: Sync {
    /// The column that a number stands for; a row's numbers are in the order of their columns.
    fn column(&self, number: u32) -> u32;

    /// The value of a column from the numbers that stand for it, at least one.
    fn value(&self, column: u32, numbers: &[u32]) -> f64;
}

/// The matrix of all rows, `columns` wide, each scaled to `norm`.
pub(in crate::text) fn features(rows: Vec<Rows>, columns: usize, weigh: &impl Weigh, norm: Norm) -> Features {
    let entries: Vec<usize> = rows.par_iter().map(|rows| count_entries(rows, weigh)).collect();
    let (height, total): (usize, usize) =
        (rows.iter().map(|rows| rows.ends.len()).sum(), entries.iter().sum());
    let (mut row_offsets, mut indices, mut values) = (vec![0; height + 1], vec![0; total], vec![0.0; total]);
    let mut parts = Vec::with_capacity(rows.len());
    let mut rest = (&mut row_offsets[1..], &mut indices[..], &mut values[..]);
    let mut offset = 0;
    for (rows, entries) in rows.into_iter().zip(entries) {
        let (ends, ends_after) = rest.0.split_at_mut(rows.ends.len());
        let (indices, indices_after) = rest.1.split_at_mut(entries);
        let (values, values_after) = rest.2.split_at_mut(entries);
        parts.push((rows, Part { offset, ends, indices, values }));
        rest = (ends_after, indices_after, values_after);
        offset += entries;
    }
    parts.into_par_iter().for_each(|(rows, part)| part.fill(&rows, weigh, norm));
    Features::from_valid(columns, row_offsets, indices, values)
}

fn count_entries(rows: &Rows, weigh: &impl Weigh) -> usize {
    let distinct = |row: &[u32]| {
        let changes = row.windows(2).filter(|pair| weigh.column(pair[0]) != weigh.column(pair[1])).count();
        changes + usize::from(!row.is_empty())
    };
    rows.iter().map(distinct).sum()
}

/// The part of a matrix that a chunk's rows go to; `offset` is the position of its first entry.
struct Part<'a> {
    offset: usize,
    ends: &'a mut [usize],
    indices: &'a mut [u32],
    values: &'a mut [f64],
}

impl Part<'_> {
    fn fill(self, rows: &Rows, weigh: &impl Weigh, norm: Norm) {
        let mut end = 0;
        for (row, row_end) in rows.iter().zip(self.ends) {
            let start = end;
            for run in row.chunk_by(|&left, &right| weigh.column(left) == weigh.column(right)) {
                let column = weigh.column(run[0]);
                self.indices[end] = column;
                self.values[end] = weigh.value(column, run);
                end += 1;
            }
            scale(&mut self.values[start..end], norm);
            *row_end = self.offset + end;
        }
    }
}

/// Scales a row; the sum is taken in the order of columns. A row whose values sum to nothing stays as it is.
fn scale(row: &mut [f64], norm: Norm) {
    let length = match norm {
        Norm::None => return,
        Norm::L1 => row.iter().map(|value| value.abs()).sum::<f64>(),
        Norm::L2 => row.iter().map(|value| value * value).sum::<f64>().sqrt(),
    };
    if length != 0.0 {
        row.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_scaled() {
        let check = |norm: Norm, expected: [f64; 3]| {
            let mut row = [3.0, 0.0, -4.0];
            scale(&mut row, norm);
            assert_eq!(row, expected, "{norm:?}");
        };
        check(Norm::None, [3.0, 0.0, -4.0]);
        check(Norm::L1, [3.0 / 7.0, 0.0, -4.0 / 7.0]);
        check(Norm::L2, [0.6, 0.0, -0.8]);
        let mut nothing = [0.0, 0.0];
        scale(&mut nothing, Norm::L2);
        assert_eq!(nothing, [0.0, 0.0]);
    }
}
