//! Whether there can be so many folds.

use crate::split::SplitError;

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

    fn check(folds: usize, rows: usize, expected: Result<(), &str>) {
        let found = check_folds(folds, "rows", rows).map_err(|error| error.to_string());
        assert_eq!(
            found.as_ref().map_err(|text| text.split(';').next().unwrap_or_default()).copied(),
            expected.as_ref().map_err(|text| *text).copied(),
            "{folds} {rows}"
        );
    }

    #[test]
    fn folds_are_two_to_the_number_of_rows() {
        check(2, 2, Ok(()));
        check(10, 20_100, Ok(()));
        check(1, 9, Err("1 folds were asked for"));
        check(0, 9, Err("0 folds were asked for"));
        check(3, 2, Err("failed to make 3 folds of 2 rows"));
        check(3, 0, Err("failed to split no rows"));
    }
}
