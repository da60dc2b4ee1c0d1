//! The data for training and prediction: rows in compressed form, and their labels.

use std::ops::Range;

/// Rows × columns in compressed rows (CSR), borrowed. A row holds the entries from its offset to the next one's, in strictly
/// ascending order of columns. An entry that is absent, or NaN, is missing. Boosting computes in single precision: every value fits
/// `f32`, and the owner has checked it.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// The number of columns.
    pub columns: usize,
    /// Where the entries of each row start, and where the last one's end: rows + 1 numbers.
    pub row_offsets: &'a [usize],
    /// The column of each entry.
    pub indices: &'a [u32],
    /// The value of each entry.
    pub values: &'a [f64],
    /// Whether the values of each column are numbers of categories, from 0 on; empty if no column is categorical.
    pub categorical: &'a [bool],
}

impl<'a> Matrix<'a> {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.row_offsets.len() - 1
    }

    /// The number of entries.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// The columns and the values of a row that there is.
    pub fn row(&self, row: usize) -> (&'a [u32], &'a [f64]) {
        let entries = self.row_offsets[row]..self.row_offsets[row + 1];
        (&self.indices[entries.clone()], &self.values[entries])
    }

    /// The number of entries of each column that are not missing.
    pub(crate) fn present(&self) -> Vec<usize> {
        let mut present = vec![0; self.columns];
        for (&column, value) in self.indices.iter().zip(self.values) {
            present[column as usize] += usize::from(!value.is_nan());
        }
        present
    }

    /// Where the entries of each column that are not missing start if they stand column after column, and where the last one's end.
    pub(crate) fn column_offsets(&self) -> Vec<usize> {
        let mut end = 0;
        let ends = self.present().into_iter().map(|present| {
            end += present;
            end
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// Whether the values of a column are numbers of categories.
    pub fn is_categorical(&self, column: u32) -> bool {
        self.categorical.get(column as usize).copied().unwrap_or(false)
    }
}

/// Categories lie below this, as in XGBoost: single precision has every whole number up to it.
pub(crate) const CATEGORIES: u32 = 1 << 24;

/// The labels of the rows: targets, weights and groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// The value to be predicted for each row.
    pub targets: Vec<f32>,
    /// How much each row counts; all alike if absent.
    pub weights: Option<Vec<f32>>,
    /// Where each group of rows starts, and where the last one ends (groups + 1 numbers); absent without groups.
    pub group_offsets: Option<Vec<usize>>,
}

impl Labels {
    /// How much a row counts.
    pub(crate) fn weight(&self, row: usize) -> f32 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    /// The rows of each group; of all rows if there are no groups.
    pub fn groups(&self) -> Vec<Range<usize>> {
        match &self.group_offsets {
            Some(offsets) => offsets.windows(2).map(|ends| ends[0]..ends[1]).collect(),
            None => std::iter::once(0..self.targets.len()).collect(),
        }
    }
}

/// The first and second derivative of the loss by a row's margin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gradient {
    /// Negative where the margin has to rise.
    pub first: f32,
    /// Positive for a convex loss.
    pub second: f32,
}
