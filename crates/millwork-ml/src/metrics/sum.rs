//! Sums that don't lose the small numbers among large ones.

/// The sum with its rounding errors carried along (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
/// endlicher Summen", ZAMM 1974): the error stays near one rounding, however many numbers there are.
pub(super) fn compensated(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = sum + number;
        lost += if sum.abs() >= number.abs() { (sum - next) + number } else { (number - next) + sum };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_not_lost() {
        assert_eq!(compensated([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(compensated([0.1; 10]), 1.0);
        assert_eq!(compensated([]), 0.0);
    }
}
