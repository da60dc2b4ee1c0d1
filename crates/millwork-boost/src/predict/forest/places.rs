//! The places where trees look up the values of a column.

use std::sync::{Mutex, PoisonError};

use super::categories::BitRows;
use crate::ordered::ordered;

/// The value at a place that a column doesn't have.
const UNUSED: u32 = u32::MAX;

/// Columns per column in use up to which places are looked up in a table.
const SPARSEST_TABLE: usize = 64;

/// The most places of a row that is spread on the stack; longer ones are kept for the next call.
const SHORT: usize = 128;

/// What stands at a place, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An [`ordered`] number, for splits of full trees that send missing values right.
    MissingRight,
    /// One for those that send them left.
    MissingLeft,
    /// The bits of a number, for linked nodes.
    Linked,
    /// Where the bits of a category start, for splits of full trees on categories.
    Category(BitRows),
}

impl Kind {
    const NUMBER: usize = 4;

    fn number(self) -> usize {
        match self {
            Kind::MissingRight => 0,
            Kind::MissingLeft => 1,
            Kind::Linked => 2,
            Kind::Category(_) => 3,
        }
    }

    /// The value there for a missing entry.
    fn missing(self) -> u32 {
        match self {
            Kind::MissingRight => ordered(f32::INFINITY),
            Kind::MissingLeft => ordered(f32::NEG_INFINITY),
            Kind::Linked => f32::NAN.to_bits(),
            Kind::Category(rows) => rows.missing(),
        }
    }
}

/// A place in a spread row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) column: u32,
    kind: Kind,
    /// The value there for a missing entry.
    pub(super) missing: u32,
}

impl Place {
    /// The value there for an entry of a row.
    pub(super) fn stored(&self, value: f64) -> u32 {
        let value = value as f32;
        match self.kind {
            _ if value.is_nan() => self.missing,
            Kind::Linked => value.to_bits(),
            Kind::MissingRight | Kind::MissingLeft => ordered(value),
            Kind::Category(rows) => rows.of(value),
        }
    }
}

/// The places of each column.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The columns that `of_columns` is for, ascending; empty if it is for the columns from 0 on.
    columns: Vec<u32>,
    of_columns: Vec<[u32; Kind::NUMBER]>,
    pub(super) all: Vec<Place>,
    /// Rows of missing values only, for the next calls.
    spare: Mutex<Vec<Vec<u32>>>,
}

impl Clone for Places {
    fn clone(&self) -> Self {
        Self {
            columns: self.columns.clone(),
            of_columns: self.of_columns.clone(),
            all: self.all.clone(),
            spare: Mutex::default(),
        }
    }
}

impl Places {
    /// No places yet for columns that are in use, which are ascending.
    pub(super) fn new(columns: Vec<u32>) -> Self {
        let width = columns.last().map_or(0, |&last| last as usize + 1);
        if width <= columns.len() * SPARSEST_TABLE {
            return Self { of_columns: vec![[UNUSED; Kind::NUMBER]; width], ..Self::default() };
        }
        Self { of_columns: vec![[UNUSED; Kind::NUMBER]; columns.len()], columns, ..Self::default() }
    }

    fn position(&self, column: u32) -> Option<usize> {
        if self.columns.is_empty() {
            return Some(column as usize).filter(|&position| position < self.of_columns.len());
        }
        self.columns.binary_search(&column).ok()
    }

    /// The place of a kind for a column that is in use; it is made if there is none yet.
    pub(super) fn place(&mut self, column: u32, kind: Kind) -> u32 {
        let position = self.position(column).expect("the column is in use");
        let place = &mut self.of_columns[position][kind.number()];
        if *place == UNUSED {
            *place = self.all.len() as u32;
            self.all.push(Place { column, kind, missing: kind.missing() });
        }
        *place
    }

    /// Where trees look for the values of a column.
    pub(super) fn of(&self, column: u32) -> impl Iterator<Item = usize> {
        let places =
            self.position(column).map_or([UNUSED; Kind::NUMBER], |position| self.of_columns[position]);
        places.into_iter().filter(|&place| place != UNUSED).map(|place| place as usize)
    }

    /// Calls with a row spread over the places.
    pub(super) fn with_row<T>(&self, indices: &[u32], values: &[f64], call: impl FnOnce(&[u32]) -> T) -> T {
        if self.all.len() <= SHORT {
            let mut spread = [0; SHORT];
            let spread = &mut spread[..self.all.len()];
            if self.are_all_in(indices) {
                let places = spread.iter_mut().zip(&self.all);
                places.for_each(|(stored, place)| *stored = place.stored(values[place.column as usize]));
            } else {
                spread.iter_mut().zip(&self.all).for_each(|(stored, place)| *stored = place.missing);
                self.spread(indices, values, spread);
            }
            return call(spread);
        }
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let from_spare = spare().pop();
        let mut spread = from_spare.unwrap_or_else(|| self.all.iter().map(|place| place.missing).collect());
        self.spread(indices, values, &mut spread);
        let result = call(&spread);
        for &column in indices {
            self.of(column).for_each(|place| spread[place] = self.all[place].missing);
        }
        spare().push(spread);
        result
    }

    /// Whether these columns, which are ascending, are those from 0 on up to the last in use.
    fn are_all_in(&self, indices: &[u32]) -> bool {
        let last = self.of_columns.len().wrapping_sub(1);
        self.columns.is_empty() && indices.get(last).is_some_and(|&column| column as usize == last)
    }

    fn spread(&self, indices: &[u32], values: &[f64], spread: &mut [u32]) {
        for (&column, &value) in indices.iter().zip(values) {
            self.of(column).for_each(|place| spread[place] = self.all[place].stored(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[u32]) {
        let mut places = Places::new(columns.to_vec());
        let (first, last) = (columns[0], columns[columns.len() - 1]);
        assert_eq!(
            [Kind::MissingLeft, Kind::Linked, Kind::MissingLeft].map(|kind| places.place(first, kind)),
            [0, 1, 0]
        );
        assert_eq!(places.place(last, Kind::MissingRight), 2);
        assert_eq!(places.of(first).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(places.of(last + 1).count() + places.of(first + 1).count(), 0);
        let check_row = |indices: &[u32], values: &[f64], [left, linked, right]: [f32; 3]| {
            places.with_row(indices, values, |row| {
                assert_eq!(row[..3], [ordered(left), linked.to_bits(), ordered(right)]);
            });
        };
        check_row(&[first, last], &[1.0, 2.0], [1.0, 1.0, 2.0]);
        check_row(&[first], &[f64::NAN], [f32::NEG_INFINITY, f32::NAN, f32::INFINITY]);
        check_row(&[first + 1, last + 9], &[5.0, 5.0], [f32::NEG_INFINITY, f32::NAN, f32::INFINITY]);
    }

    #[test]
    fn columns_have_a_place_of_each_kind_that_is_asked_for() {
        check(&[3, 7]);
        check(&[3, u32::MAX - 9]);
    }

    #[test]
    fn long_rows_are_used_again() {
        let mut places = Places::new((0..300).collect());
        (0..300).for_each(|column| {
            places.place(column, Kind::MissingRight);
        });
        for round in 0..3 {
            let present = places.with_row(&[round, 200], &[1.5, f64::NAN], |row| {
                let is_present = |(_, value): &(usize, &u32)| **value != ordered(f32::INFINITY);
                row.iter()
                    .enumerate()
                    .filter(is_present)
                    .map(|(place, &value)| (place, value))
                    .collect::<Vec<_>>()
            });
            assert_eq!(present, [(round as usize, ordered(1.5))]);
            assert_eq!(places.spare.lock().expect("a lock").len(), 1);
        }
    }
}
