//! How many rows a share is.

use crate::split::SplitError;

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
}
