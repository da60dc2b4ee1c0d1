//! Whole numbers in the order of numbers, which are compared without a branch.

/// The whole number of a number that is not NaN; -0 and 0 have the same.
pub(crate) fn ordered(number: f32) -> u32 {
    // Adding 0 makes -0 the same as 0.
    let bits = (number + 0.0).to_bits();
    let negative = (bits as i32 >> 31) as u32;
    bits ^ (negative | 1 << 31)
}

/// The number of a whole number.
pub(crate) fn of_ordered(whole: u32) -> f32 {
    let negative = !((whole as i32 >> 31) as u32);
    f32::from_bits(whole ^ (negative | 1 << 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_in_the_order_of_the_numbers() {
        let ascending = [
            f32::NEG_INFINITY,
            f32::MIN,
            -1.5,
            -f32::MIN_POSITIVE,
            -1e-45,
            0.0,
            1e-45,
            2.0,
            f32::MAX,
            f32::INFINITY,
        ];
        for pair in ascending.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
            assert_eq!(of_ordered(ordered(pair[0])), pair[0]);
        }
        assert_eq!(ordered(-0.0), ordered(0.0));
    }
}
