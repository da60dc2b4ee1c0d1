//! Columns that hold one value only, and miss it elsewhere.
//!
//! Such a column has one bin. XGBoost still tries the split between the rows that have the value and those that miss
//! it; `hessboost` 0.4.6 passes over every numeric column with fewer than two bins. Most terms of a vocabulary occur in
//! one document, so without those splits a model of texts is another one than XGBoost's.
//!
//! The way round: bins are made from the data and one row more, which has a second value in those columns and is left
//! out again before training. That value is where XGBoost ends the bin, so thresholds are XGBoost's as well.

use crate::features::Features;

/// The margin between a column's largest value and the end of its last bin, as in XGBoost.
const MARGIN: f32 = 1e-5;

/// What is known of a column from the entries seen so far.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Empty,
    Lone { value: f32, entries: usize },
    Varied,
}

impl Column {
    fn with(self, value: f32) -> Self {
        match self {
            Self::Empty => Self::Lone { value, entries: 1 },
            Self::Lone { value: lone, entries } if lone == value => {
                Self::Lone { value, entries: entries + 1 }
            }
            Self::Lone { .. } | Self::Varied => Self::Varied,
        }
    }
}

/// The row that gives a second bin to each column with one value and a missing entry: its columns, ascending, and its
/// values. `values` are those of `features` in single precision.
pub(super) fn separating_row(features: &Features, values: &[f32]) -> (Vec<u32>, Vec<f32>) {
    let mut columns = vec![Column::Empty; features.columns()];
    for (&column, &value) in features.indices().iter().zip(values) {
        let column = &mut columns[column as usize];
        *column = column.with(value);
    }
    let separating = |(column, index): (Column, u32)| match column {
        Column::Lone { value, entries } if entries < features.rows() => {
            let end = value + (value.abs() + MARGIN);
            end.is_finite().then_some((index, end))
        }
        _ => None,
    };
    columns.into_iter().zip(0..).filter_map(separating).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[&[(u32, f32)]], expected: &[(u32, f32)]) {
        let mut row_offsets = vec![0];
        row_offsets.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let (indices, values): (Vec<u32>, Vec<f32>) = rows.concat().into_iter().unzip();
        let wide = values.iter().map(|&value| f64::from(value)).collect();
        let features = Features::new(4, row_offsets, indices, wide).expect("a valid matrix");
        let expected: (Vec<u32>, Vec<f32>) = expected.iter().copied().unzip();
        assert_eq!(separating_row(&features, &values), expected, "{rows:?}");
    }

    #[test]
    fn columns_with_one_value_and_a_missing_entry_are_separated() {
        check(&[], &[]);
        check(&[&[], &[(1, 1.0)]], &[(1, 2.00001)]);
        check(&[&[(1, 0.0), (3, -2.0)], &[(1, 0.0)], &[]], &[(1, 1e-5), (3, 1.001358e-5)]);
        check(&[&[(0, 1.0), (2, 1.0)], &[(0, 1.0), (2, 3.0)]], &[]);
        check(&[&[(0, f32::MAX)], &[]], &[]);
    }
}
