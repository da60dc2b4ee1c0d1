//! The entries of a matrix by column, and within a column by bin.

use rayon::prelude::*;

use crate::features::Features;

/// The margin between a column's extreme values and the ends of its outer bins, as in XGBoost.
const MARGIN: f32 = 1e-5;

/// A matrix for search: which rows are in which bin of which column. Rows without an entry in a column miss it.
#[derive(Debug)]
pub(in crate::boost) struct BinnedColumns {
    columns: Vec<Column>,
    entries: Vec<Entry>,
    /// What lies above all values of each bin, and at most the smallest value of the next one.
    ceilings: Vec<f32>,
}

/// A column that has entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its index in the matrix.
    pub(super) index: u32,
    first_entry: u32,
    end_entry: u32,
    first_bin: u32,
    /// What lies below all its values.
    floor: f32,
}

/// A row that has an entry in a column, and its bin. Bins are numbered through all columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) row: u32,
    pub(super) bin: u32,
}

/// An entry before it is binned.
#[derive(Debug, Clone, Copy, Default)]
struct RawEntry {
    value: f32,
    row: u32,
}

impl BinnedColumns {
    /// Whether a matrix can be taken: row, bin and entry numbers are 32 bits wide.
    pub(in crate::boost) fn can_hold(features: &Features) -> bool {
        u32::try_from(features.rows()).is_ok() && u32::try_from(features.entries()).is_ok()
    }

    /// Bins the columns of `features`, whose values in single precision are `values`: one bin per value in a column
    /// with at most `max_bin` different values, otherwise `max_bin` bins of about equal weight. `weights` are those of
    /// the rows.
    pub(in crate::boost) fn new(
        features: &Features,
        values: &[f32],
        max_bin: usize,
        weights: Option<&[f32]>,
    ) -> Self {
        let offsets = column_offsets(features);
        let mut raw = by_column(features, values, &offsets);
        let mut slices = column_slices(&mut raw, &offsets);
        let ends: Vec<Vec<u32>> =
            slices.par_iter_mut().map(|(_, entries)| bin_ends(entries, max_bin, weights)).collect();

        let (mut columns, mut entries) = (Vec::with_capacity(slices.len()), Vec::with_capacity(values.len()));
        let mut ceilings = Vec::with_capacity(ends.iter().map(Vec::len).sum());
        for ((index, raw), ends) in slices.iter().zip(ends) {
            let (first_entry, first_bin) = (entries.len() as u32, ceilings.len() as u32);
            let mut start = 0;
            for end in ends {
                let bin = ceilings.len() as u32;
                entries.extend(raw[start..end as usize].iter().map(|entry| Entry { row: entry.row, bin }));
                ceilings.push(ceiling(raw, end));
                start = end as usize;
            }
            let end_entry = entries.len() as u32;
            let floor = raw[0].value - (raw[0].value.abs() + MARGIN);
            columns.push(Column { index: *index, first_entry, end_entry, first_bin, floor });
        }
        Self { columns, entries, ceilings }
    }

    /// The number of bins of all columns.
    pub(in crate::boost) fn bins(&self) -> usize {
        self.ceilings.len()
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The entries of a column by bin, and within a bin by row.
    pub(super) fn entries(&self, column: Column) -> &[Entry] {
        &self.entries[column.first_entry as usize..column.end_entry as usize]
    }

    /// What lies above all values of a bin and of those before it in its column.
    pub(super) fn ceiling(&self, bin: u32) -> f32 {
        self.ceilings[bin as usize]
    }

    /// What all values of a column's bin, and of those after it, reach.
    pub(super) fn floor(&self, column: Column, bin: u32) -> f32 {
        if bin == column.first_bin { column.floor } else { self.ceiling(bin - 1) }
    }

    /// The entries of a column whose values lie below `threshold`, which is an end of one of its bins, and the others.
    pub(super) fn divide(&self, column: Column, threshold: f32) -> (&[Entry], &[Entry]) {
        let entries = self.entries(column);
        entries.split_at(entries.partition_point(|entry| self.ceiling(entry.bin) <= threshold))
    }

    /// The column of an index, which has entries.
    pub(super) fn column(&self, index: u32) -> Column {
        let position = self.columns.binary_search_by_key(&index, |column| column.index);
        self.columns[position.expect("only a column with entries is split")]
    }
}

/// Where each column's entries start, and where the last one's end.
fn column_offsets(features: &Features) -> Vec<usize> {
    let mut offsets = vec![0; features.columns() + 1];
    for &column in features.indices() {
        offsets[column as usize + 1] += 1;
    }
    for column in 0..features.columns() {
        offsets[column + 1] += offsets[column];
    }
    offsets
}

/// All entries, column after column and within a column by row.
fn by_column(features: &Features, values: &[f32], offsets: &[usize]) -> Vec<RawEntry> {
    let mut next = offsets.to_vec();
    let mut entries = vec![RawEntry::default(); values.len()];
    for (row, ends) in features.row_offsets().windows(2).enumerate() {
        for entry in ends[0]..ends[1] {
            let place = &mut next[features.indices()[entry] as usize];
            entries[*place] = RawEntry { value: values[entry], row: row as u32 };
            *place += 1;
        }
    }
    entries
}

/// The entries of each column that has some, with its index.
fn column_slices<'a>(mut entries: &'a mut [RawEntry], offsets: &[usize]) -> Vec<(u32, &'a mut [RawEntry])> {
    let mut slices = Vec::new();
    for (index, ends) in (0..).zip(offsets.windows(2)) {
        let (column, rest) = entries.split_at_mut(ends[1] - ends[0]);
        entries = rest;
        if !column.is_empty() {
            slices.push((index, column));
        }
    }
    slices
}

/// Sorts a column's entries by value and gives the end of each of its bins.
fn bin_ends(entries: &mut [RawEntry], max_bin: usize, weights: Option<&[f32]>) -> Vec<u32> {
    entries.sort_by(|left, right| left.value.partial_cmp(&right.value).expect("features are finite"));
    let starts = (1..entries.len()).filter(|&entry| entries[entry - 1].value < entries[entry].value);
    let mut ends: Vec<u32> = starts.map(|start| start as u32).collect();
    ends.push(entries.len() as u32);
    if ends.len() > max_bin { quantiles(entries, &ends, max_bin, weights) } else { ends }
}

/// Where a bin of a column ends: at the smallest value of the next bin, or above the column's largest one.
fn ceiling(entries: &[RawEntry], end: u32) -> f32 {
    match entries.get(end as usize) {
        Some(next) => next.value,
        None => {
            let largest = entries[entries.len() - 1].value;
            largest + (largest.abs() + MARGIN)
        }
    }
}

/// Of the `ends` of runs of equal values, those that part the column into `max_bin` bins of about equal weight.
fn quantiles(entries: &[RawEntry], ends: &[u32], max_bin: usize, weights: Option<&[f32]>) -> Vec<u32> {
    let weight = |entry: &RawEntry| weights.map_or(1.0, |weights| f64::from(weights[entry.row as usize]));
    let total: f64 = entries.iter().map(weight).sum();
    let mut kept = Vec::with_capacity(max_bin);
    let (mut start, mut sum) = (0, 0.0);
    for &end in ends {
        sum += entries[start as usize..end as usize].iter().map(weight).sum::<f64>();
        start = end;
        if sum * max_bin as f64 >= total * (kept.len() + 1) as f64 {
            kept.push(end);
        }
    }
    if kept.last() != ends.last() {
        kept.pop();
        kept.push(entries.len() as u32);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f32], max_bin: usize, weights: Option<&[f32]>) -> BinnedColumns {
        let wide = values.iter().map(|&value| f64::from(value)).collect();
        let rows = values.len();
        let features = Features::new(2, (0..=rows).collect(), vec![1; rows], wide).expect("a valid matrix");
        BinnedColumns::new(&features, values, max_bin, weights)
    }

    fn rows(entries: &[Entry]) -> Vec<u32> {
        entries.iter().map(|entry| entry.row).collect()
    }

    fn check(values: &[f32], max_bin: usize, expected: &[(&[u32], f32)]) {
        let binned = column(values, max_bin, None);
        let column = binned.columns()[0];
        let found: Vec<_> = binned
            .entries(column)
            .chunk_by(|left, right| left.bin == right.bin)
            .map(|bin| (rows(bin), binned.ceiling(bin[0].bin)))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(rows, ceiling)| (rows.to_vec(), *ceiling)).collect();
        assert_eq!(found, expected, "{values:?} in {max_bin} bins");
        assert_eq!((column.index, binned.bins()), (1, expected.len()));
    }

    #[test]
    fn few_values_have_a_bin_each() {
        check(&[2.0], 256, &[(&[0], 4.00001)]);
        check(&[3.0, 1.0, 3.0, -2.0], 3, &[(&[3], 1.0), (&[1], 3.0), (&[0, 2], 6.00001)]);
        check(&[0.0, -0.0], 256, &[(&[0, 1], 1e-5)]);
    }

    #[test]
    fn many_values_share_bins_of_about_equal_weight() {
        check(&[1.0, 2.0, 3.0, 4.0], 2, &[(&[0, 1], 3.0), (&[2, 3], 8.00001)]);
        check(&[1.0, 1.0, 1.0, 2.0, 3.0], 2, &[(&[0, 1, 2], 2.0), (&[3, 4], 6.00001)]);
        check(&[1.0, 2.0, 2.0, 2.0, 2.0, 2.0], 2, &[(&[0], 2.0), (&[1, 2, 3, 4, 5], 4.00001)]);
        let weighted = column(&[1.0, 2.0, 3.0], 2, Some(&[2.0, 1.0, 1.0]));
        let bins: Vec<_> = weighted.entries(weighted.columns()[0]).iter().map(|entry| entry.bin).collect();
        assert_eq!(bins, [0, 1, 1]);
    }

    #[test]
    fn a_column_is_divided_at_the_ends_of_its_bins() {
        let binned = column(&[3.0, 1.0, 2.0], 256, None);
        let divide = |threshold| {
            let (below, above) = binned.divide(binned.column(1), threshold);
            (rows(below), rows(above))
        };
        assert_eq!(divide(binned.column(1).floor), (vec![], vec![1, 2, 0]));
        assert_eq!(divide(2.0), (vec![1], vec![2, 0]));
        assert_eq!(divide(3.0), (vec![1, 2], vec![0]));
        assert_eq!(divide(6.00001), (vec![1, 2, 0], vec![]));
    }
}
