//! Folds: several splits of the same rows, so that every row is judged once.

use crate::split::TwoParts;

/// The splits of a k-fold, each with its own rows to test on. A split's row numbers are made when it is asked for, so
/// many folds of many rows take little memory.
///
/// ```
/// use millwork_ml::split;
///
/// let folds = split::k_fold(10, 5, 42)?;
/// for parts in &folds {
///     assert_eq!((parts.train.len(), parts.test.len()), (8, 2));
/// }
/// # Ok::<(), split::SplitError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// The rows to test on, ascending, fold by fold; each fold trains on all others.
    Rest { rows: usize, test: Vec<Vec<usize>> },
    /// Rows from old to new, and where the rows to train on end and those to test on begin and end, fold by fold.
    Past { oldest_first: Vec<usize>, cuts: Vec<Cuts> },
}

/// The places that bound the parts of a fold by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cuts {
    pub(super) train_end: usize,
    pub(super) test_start: usize,
    pub(super) test_end: usize,
}

impl Folds {
    /// Folds by the number of each row's fold, of which there are `count`.
    pub(super) fn by_number(numbers: &[usize], count: usize) -> Self {
        let mut test = vec![Vec::new(); count];
        for (row, &number) in numbers.iter().enumerate() {
            test[number].push(row);
        }
        Self { kind: Kind::Rest { rows: numbers.len(), test } }
    }

    /// Folds that learn from the past of what they test on.
    pub(super) fn by_cuts(oldest_first: Vec<usize>, cuts: Vec<Cuts>) -> Self {
        Self { kind: Kind::Past { oldest_first, cuts } }
    }

    /// How many folds there are: two or more.
    // No `is_empty`: it would always be false.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match &self.kind {
            Kind::Rest { test, .. } => test.len(),
            Kind::Past { cuts, .. } => cuts.len(),
        }
    }

    /// The parts of a fold, counted from 0, or `None` past the last.
    pub fn get(&self, fold: usize) -> Option<TwoParts> {
        match &self.kind {
            Kind::Rest { rows, test } => {
                let test = test.get(fold)?;
                Some(TwoParts { train: others(*rows, test), test: test.clone() })
            }
            Kind::Past { oldest_first, cuts } => {
                let Cuts { train_end, test_start, test_end } = *cuts.get(fold)?;
                let train = oldest_first[..train_end].to_vec();
                Some(TwoParts { train, test: oldest_first[test_start..test_end].to_vec() })
            }
        }
    }

    /// The parts of each fold.
    pub fn iter(&self) -> FoldsIter<'_> {
        FoldsIter { folds: self, next: 0 }
    }
}

/// The rows that are not among `ascending`.
fn others(rows: usize, ascending: &[usize]) -> Vec<usize> {
    let mut others = Vec::with_capacity(rows - ascending.len());
    let mut start = 0;
    for &row in ascending {
        others.extend(start..row);
        start = row + 1;
    }
    others.extend(start..rows);
    others
}

/// The parts of each fold, one after the other.
#[derive(Debug, Clone)]
pub struct FoldsIter<'a> {
    folds: &'a Folds,
    next: usize,
}

impl Iterator for FoldsIter<'_> {
    type Item = TwoParts;

    fn next(&mut self) -> Option<TwoParts> {
        let parts = self.folds.get(self.next)?;
        self.next += 1;
        Some(parts)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.folds.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for FoldsIter<'_> {}

impl<'a> IntoIterator for &'a Folds {
    type Item = TwoParts;
    type IntoIter = FoldsIter<'a>;

    fn into_iter(self) -> FoldsIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fold_trains_on_the_rest() {
        let folds = Folds::by_number(&[1, 0, 1, 2], 3);
        let parts: Vec<_> = folds.iter().map(|parts| (parts.train, parts.test)).collect();
        let expected = [(vec![0, 2, 3], vec![1]), (vec![1, 3], vec![0, 2]), (vec![0, 1, 2], vec![3])];
        assert_eq!(parts, expected);
        assert_eq!((folds.len(), folds.iter().len(), folds.get(3)), (3, 3, None));
    }
}
