//! The bounds of the bins of all columns.

use std::ops::Range;

use rayon::prelude::*;
use thiserror::Error;

use crate::bins::order::Order;
use crate::bins::sketch::ColumnSketch;
use crate::data::{CATEGORIES, Labels, Matrix};

/// The bounds of bins, column after column. A column that has no values has one bin.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Cuts {
    /// Where the bins of each column start, and where the last one's end: columns + 1 numbers.
    pub(crate) offsets: Vec<u32>,
    /// What lies above the values of each bin, and is at most the smallest value of the next one; the category of a bin in a
    /// categorical column. The last bin of a column holds all larger values as well.
    pub(crate) values: Vec<f32>,
}

/// Why a matrix can't be put into bins.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BinError {
    /// A categorical column has a value that is no category.
    #[error(
        "column {column} has the value {value}, but a category is a number from 0 and below {CATEGORIES}"
    )]
    NoCategory {
        /// The column.
        column: u32,
        /// The value.
        value: f32,
    },
    /// There are more bins than numbers for them.
    #[error("the columns have {bins} bins, but at most {MOST_BINS} are possible")]
    TooManyBins {
        /// The number of bins.
        bins: usize,
    },
}

/// How many bins there can be, as in XGBoost.
const MOST_BINS: usize = i32::MAX as usize;

impl Cuts {
    /// The bins of a matrix, at most `max_bin` (2 or more) for each numeric column, as XGBoost's `hist` makes them.
    ///
    /// # Errors
    /// A value of a categorical column is no category, or there are too many bins.
    pub(crate) fn new(matrix: Matrix<'_>, labels: &Labels, max_bin: usize) -> Result<Self, BinError> {
        let entries = matrix.present();
        let weights = labels.weights.as_deref();
        let order = if weights.is_some() { Order::Gcc } else { Order::Any };
        let start = |column: usize| match matrix.is_categorical(column as u32) {
            true => Seen::Categories(ColumnCategories::default()),
            false => Seen::Values(ColumnSketch::new(max_bin, entries[column], order)),
        };
        let columns: Vec<Seen> = ranges(&entries)
            .into_par_iter()
            .flat_map_iter(|range| {
                let mut columns: Vec<Seen> = range.clone().map(start).collect();
                look_through(matrix, range, weights, &mut columns);
                columns
            })
            .collect();
        // Before they are made, as a single value may stand for millions of categories.
        check_size(columns.iter().map(Seen::categories).sum())?;
        let finished: Vec<Result<Vec<f32>, f32>> = columns.into_par_iter().map(Seen::finish).collect();
        Self::of_columns(finished)
    }

    /// The cuts of all columns, or the value of one that is no category.
    fn of_columns(columns: Vec<Result<Vec<f32>, f32>>) -> Result<Self, BinError> {
        let bins = columns.iter().flatten().map(Vec::len).sum();
        check_size(bins)?;
        let mut cuts = Self { offsets: vec![0], values: Vec::with_capacity(bins) };
        for (index, column) in (0..).zip(columns) {
            let column = column.map_err(|value| BinError::NoCategory { column: index, value })?;
            cuts.values.extend(column);
            cuts.offsets.push(cuts.values.len() as u32);
        }
        Ok(cuts)
    }

    /// The number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The number of bins of all columns.
    pub(crate) fn bins(&self) -> usize {
        self.values.len()
    }

    /// The numbers of the bins of a column.
    pub(crate) fn column(&self, column: u32) -> Range<u32> {
        self.offsets[column as usize]..self.offsets[column as usize + 1]
    }

    /// The bin of a value, which is no NaN, in a numeric column.
    pub(crate) fn bin(&self, column: u32, value: f32) -> u32 {
        let bins = self.column(column);
        let cuts = &self.values[bins.start as usize..bins.end as usize];
        bins.start + cuts.partition_point(|&cut| cut <= value).min(cuts.len() - 1) as u32
    }

    /// The bin of a category in a categorical column. What is no category of the training is put into the last bin.
    pub(crate) fn category_bin(&self, column: u32, category: f32) -> u32 {
        let bins = self.column(column);
        bins.start + (category as u32).min(bins.end - bins.start - 1)
    }

    /// What the values of a bin of a column reach, and those of the bin before don't; minus infinity for the first bin.
    pub(crate) fn lower_bound(&self, column: u32, bin: u32) -> f32 {
        match bin == self.offsets[column as usize] {
            true => f32::NEG_INFINITY,
            false => self.values[bin as usize - 1],
        }
    }
}

/// What is known of a column while its values come.
#[derive(Debug)]
enum Seen {
    Values(ColumnSketch),
    Categories(ColumnCategories),
}

/// The categories of a column that were seen.
#[derive(Debug, Default)]
struct ColumnCategories {
    largest: f32,
    invalid: Option<f32>,
}

impl Seen {
    fn push(&mut self, value: f32, weight: f32) {
        match self {
            Self::Values(sketch) => sketch.push(value, weight),
            Self::Categories(categories) => categories.push(value),
        }
    }

    /// The number of categories up to the largest; 0 for a numeric column.
    fn categories(&self) -> usize {
        match self {
            Self::Values(_) => 0,
            Self::Categories(categories) => categories.largest as usize + 1,
        }
    }

    /// The cuts of the column, or a value that is no category.
    fn finish(self) -> Result<Vec<f32>, f32> {
        match self {
            Self::Values(sketch) => Ok(sketch.finish()),
            Self::Categories(ColumnCategories { invalid: Some(value), .. }) => Err(value),
            Self::Categories(ColumnCategories { largest, .. }) => {
                Ok((0..=largest as u32).map(|category| category as f32).collect())
            }
        }
    }
}

impl ColumnCategories {
    fn push(&mut self, value: f32) {
        if value >= 0.0 && value < CATEGORIES as f32 {
            self.largest = self.largest.max(value);
        } else {
            self.invalid.get_or_insert(value);
        }
    }
}

fn check_size(bins: usize) -> Result<(), BinError> {
    if bins > MOST_BINS { Err(BinError::TooManyBins { bins }) } else { Ok(()) }
}

/// Ranges of columns with about equally many entries, some for each thread.
fn ranges(entries: &[usize]) -> Vec<Range<usize>> {
    let total: usize = entries.iter().sum();
    let share = total / (2 * rayon::current_num_threads()) + 1;
    let (mut ranges, mut start, mut sum) = (Vec::new(), 0, 0);
    for (column, own) in entries.iter().enumerate() {
        sum += own;
        if sum >= share || column + 1 == entries.len() {
            ranges.push(start..column + 1);
            (start, sum) = (column + 1, 0);
        }
    }
    ranges
}

/// Shows the values of a range of columns to what is known of them, row after row.
fn look_through(matrix: Matrix<'_>, range: Range<usize>, weights: Option<&[f32]>, columns: &mut [Seen]) {
    for row in 0..matrix.rows() {
        let (indices, values) = matrix.row(row);
        let entries = entries_within(indices, matrix.columns, &range);
        let weight = weights.map_or(1.0, |weights| weights[row]);
        for (&column, &value) in indices[entries.clone()].iter().zip(&values[entries]) {
            if !value.is_nan() {
                columns[column as usize - range.start].push(value as f32, weight);
            }
        }
    }
}

/// Where a row's entries in a range of columns are.
fn entries_within(indices: &[u32], columns: usize, range: &Range<usize>) -> Range<usize> {
    if indices.len() == columns {
        return range.clone();
    }
    let before = |end: usize| indices.partition_point(|&column| (column as usize) < end);
    before(range.start)..before(range.end)
}
