//! The bounds of the bins of all columns.

use std::ops::Range;

use rayon::prelude::*;
use thiserror::Error;

use crate::bins::order::Order;
use crate::bins::sketch::ColumnSketch;
use crate::data::{CATEGORIES, Labels, Matrix};

/// The bounds of bins, column after column. A column that has no values has one bin.
///
/// A categorical column has a bin for each category that occurs. XGBoost has one for each number up to the largest, of which those
/// that don't occur stay empty; what it makes of them is known without them ([`CategoryRange`]).
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Cuts {
    /// Where the bins of each column start, and where the last one's end: columns + 1 numbers.
    pub(crate) offsets: Vec<u32>,
    /// What lies above the values of each bin, and is at most the smallest value of the next one; the category of a bin in a
    /// categorical column. The last bin of a numeric column holds all larger values as well.
    pub(crate) values: Vec<f32>,
}

/// Why a matrix can't be put into bins.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BinError {
    /// A categorical column has a value that is not a category.
    #[error(
        "column {column} has the value {value}, but a category is a number from 0 and below {CATEGORIES}"
    )]
    NoCategory {
        /// The number of the column, from 0.
        column: u32,
        /// The value that is not a category.
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
    /// A value of a categorical column is not a category, or there are too many bins.
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
        let finished: Vec<Result<Vec<f32>, f32>> = columns.into_par_iter().map(Seen::finish).collect();
        Self::of_columns(finished)
    }

    /// The cuts of all columns, or the value of one that is not a category.
    fn of_columns(columns: Vec<Result<Vec<f32>, f32>>) -> Result<Self, BinError> {
        let bins = columns.iter().flatten().map(Vec::len).sum();
        if bins > MOST_BINS {
            return Err(BinError::TooManyBins { bins });
        }
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

    /// The bin of a category that occurs in a categorical column.
    pub(crate) fn category_bin(&self, column: u32, category: f32) -> u32 {
        self.column(column).start
            + self.categories(column).of.partition_point(|&own| own < category.trunc()) as u32
    }

    /// The categories of a categorical column.
    pub(crate) fn categories(&self, column: u32) -> CategoryRange<'_> {
        let bins = self.column(column);
        CategoryRange { of: &self.values[bins.start as usize..bins.end as usize] }
    }

    /// What the values of a bin of a column reach, and those of the bin before don't; minus infinity for the first bin.
    pub(crate) fn lower_bound(&self, column: u32, bin: u32) -> f32 {
        match bin == self.offsets[column as usize] {
            true => f32::NEG_INFINITY,
            false => self.values[bin as usize - 1],
        }
    }
}

/// The categories of a column: the numbers from 0 to the largest one that occurs, most or few of which occur.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CategoryRange<'a> {
    /// Those that occur, ascending: one for each bin.
    of: &'a [f32],
}

impl CategoryRange<'_> {
    /// The number of categories, with those that don't occur.
    pub(crate) fn count(self) -> u32 {
        self.of.last().map_or(0, |largest| *largest as u32 + 1)
    }

    /// The category of a bin, counted from the column's first.
    pub(crate) fn at(self, bin: u32) -> u32 {
        self.of[bin as usize] as u32
    }

    /// How many categories below that of a bin don't occur.
    pub(crate) fn absent_below(self, bin: u32) -> u32 {
        self.at(bin) - bin
    }

    /// How many don't occur.
    pub(crate) fn absent(self) -> u32 {
        self.count() - self.of.len() as u32
    }

    /// The first one that doesn't occur, if there is one.
    pub(crate) fn first_absent(self) -> Option<u32> {
        (0..).zip(self.of).find(|(number, category)| *number != **category as u32).map(|(number, _)| number)
    }

    /// Those below a number that don't occur, ascending.
    pub(crate) fn all_absent_below(self, end: u32) -> impl Iterator<Item = u32> {
        let starts = std::iter::once(0).chain(self.of.iter().map(|category| *category as u32 + 1));
        let gaps = starts.zip(self.of).map(move |(start, category)| start..(*category as u32).min(end));
        gaps.flatten()
    }
}

/// The state of a column while its values are read.
#[derive(Debug)]
enum Seen {
    Values(ColumnSketch),
    Categories(ColumnCategories),
}

/// The categories of a column that were seen.
#[derive(Debug, Default)]
struct ColumnCategories {
    /// A bit for each category up to the largest.
    seen: Vec<u64>,
    invalid: Option<f32>,
}

impl Seen {
    fn push(&mut self, value: f32, weight: f32) {
        match self {
            Self::Values(sketch) => sketch.push(value, weight),
            Self::Categories(categories) => categories.push(value),
        }
    }

    /// The cuts of the column, or a value that is not a category.
    fn finish(self) -> Result<Vec<f32>, f32> {
        match self {
            Self::Values(sketch) => Ok(sketch.finish()),
            Self::Categories(ColumnCategories { invalid: Some(value), .. }) => Err(value),
            Self::Categories(ColumnCategories { seen, .. }) => Ok(categories(&seen)),
        }
    }
}

impl ColumnCategories {
    fn push(&mut self, value: f32) {
        if value >= 0.0 && value < CATEGORIES as f32 {
            let category = value as usize;
            if category / WORD >= self.seen.len() {
                self.seen.resize(category / WORD + 1, 0);
            }
            self.seen[category / WORD] |= 1 << (category % WORD);
        } else {
            self.invalid.get_or_insert(value);
        }
    }
}

/// The bits of a word.
const WORD: usize = u64::BITS as usize;

/// The categories whose bits are set; 0 if none is, so that there is a bin.
fn categories(seen: &[u64]) -> Vec<f32> {
    let bits = |word: u64| (0..WORD).filter(move |bit| word >> bit & 1 == 1);
    let all = seen.iter().enumerate().filter(|(_, word)| **word != 0);
    let categories: Vec<f32> =
        all.flat_map(|(number, word)| bits(*word).map(move |bit| (number * WORD + bit) as f32)).collect();
    if categories.is_empty() { vec![0.0] } else { categories }
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

/// Updates the states of a range of columns with their values, row after row.
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
