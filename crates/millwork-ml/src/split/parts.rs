//! The parts of a split and of a k-fold: row numbers, and how many a share or a number of folds makes.

use crate::split::SplitError;

/// Rows to learn from and rows to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoParts {
    /// The rows to train on.
    pub train: Vec<usize>,
    /// The rows that only the final judgement sees.
    pub test: Vec<usize>,
}

/// Rows to learn from, to choose by, and to judge by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreeParts {
    /// The rows to train on.
    pub train: Vec<usize>,
    /// The rows for early stopping and for the choice of parameters.
    pub validation: Vec<usize>,
    /// The rows that only the final judgement sees.
    pub test: Vec<usize>,
}

/// The sizes of the held-out parts, in the order of `shares` (name and proportion of each); at least one row is left
/// to train on.
pub(super) fn held_out_sizes<const PARTS: usize>(
    rows: usize,
    shares: [(&'static str, f64); PARTS],
) -> Result<[usize; PARTS], SplitError> {
    if let Some(&(part, share)) = shares.iter().find(|(_, share)| !(*share > 0.0 && *share < 1.0)) {
        return Err(SplitError::Share { part, share });
    }
    if rows == 0 {
        return Err(SplitError::NoRows);
    }
    let sizes = shares.map(|(_, share)| (share * rows as f64).ceil() as usize);
    let held_out = sizes.iter().sum();
    if held_out < rows { Ok(sizes) } else { Err(SplitError::NothingToTrainOn { rows, held_out }) }
}

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

/// Checks that there are two folds or more, and as many of what is divided (`rows`, `groups`).
pub(super) fn check_folds(folds: usize, units: &'static str, count: usize) -> Result<(), SplitError> {
    if count == 0 {
        return Err(SplitError::NoRows);
    }
    if folds < 2 {
        return Err(SplitError::FoldCount { folds });
    }
    if folds > count { Err(SplitError::TooManyFolds { folds, units, count }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: usize, shares: [f64; 2], expected: Result<[usize; 2], &str>) {
        let sizes = held_out_sizes(rows, [("validation", shares[0]), ("test", shares[1])]);
        let sizes = sizes.map_err(|error| error.to_string());
        assert_eq!(
            sizes.as_ref().map_err(|text| text.split(';').next().unwrap_or_default()),
            expected.as_ref().map_err(|text| *text)
        );
    }

    #[test]
    fn shares_are_rounded_up() {
        check(20_100, [0.1, 0.2], Ok([2_010, 4_020]));
        check(11, [0.1, 0.2], Ok([2, 3]));
        check(3, [0.01, 0.01], Ok([1, 1]));
    }

    #[test]
    fn impossible_shares_are_errors() {
        check(9, [0.1, 0.0], Err("the test share is 0"));
        check(9, [1.0, 0.2], Err("the validation share is 1"));
        check(9, [-0.1, 0.2], Err("the validation share is -0.1"));
        check(9, [0.1, f64::NAN], Err("the test share is NaN"));
        check(0, [0.1, 0.2], Err("failed to split no rows"));
        check(9, [0.5, 0.5], Err("no row is left to train on: 10 of 9 rows are held out"));
        check(2, [0.1, 0.1], Err("no row is left to train on: 2 of 2 rows are held out"));
    }

    #[test]
    fn each_fold_trains_on_the_rest() {
        let folds = Folds::by_number(&[1, 0, 1, 2], 3);
        let parts: Vec<_> = folds.iter().map(|parts| (parts.train, parts.test)).collect();
        let expected = [(vec![0, 2, 3], vec![1]), (vec![1, 3], vec![0, 2]), (vec![0, 1, 2], vec![3])];
        assert_eq!(parts, expected);
        assert_eq!((folds.len(), folds.iter().len(), folds.get(3)), (3, 3, None));
    }

    fn check_fold_count(folds: usize, rows: usize, expected: Result<(), &str>) {
        let found = check_folds(folds, "rows", rows).map_err(|error| error.to_string());
        assert_eq!(
            found.as_ref().map_err(|text| text.split(';').next().unwrap_or_default()).copied(),
            expected.as_ref().map_err(|text| *text).copied(),
            "{folds} {rows}"
        );
    }

    #[test]
    fn folds_are_two_to_the_number_of_rows() {
        check_fold_count(2, 2, Ok(()));
        check_fold_count(10, 20_100, Ok(()));
        check_fold_count(1, 9, Err("1 folds were asked for"));
        check_fold_count(0, 9, Err("0 folds were asked for"));
        check_fold_count(3, 2, Err("failed to make 3 folds of 2 rows"));
        check_fold_count(3, 0, Err("failed to split no rows"));
    }
}
