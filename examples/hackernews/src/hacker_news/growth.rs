//! How a story's comments come: the curve between its submission and the number that it ends with.

/// The time constant of the curve, in seconds: six hours.
const TIME_CONSTANT: f64 = 6.0 * 3_600.0;

/// The age from which on a story's comments count as all there, in seconds: three days.
pub(crate) const SETTLED_AFTER: i64 = 3 * 24 * 3_600;

/// The number of comments on a story `age` seconds after its submission, of `all` that it ends with: `all · (1 − exp(−age / 6 h))`, rounded.
///
/// A story is commented on while it is seen, and what is newer displaces it: if it loses the same share of its readers in each hour, its
/// comments come at a rate that decays exponentially, and this is the sum. Half of them have come after 4.2 hours, 98 % after a day. After
/// three days so little is left that no story lacks a comment.
pub(crate) fn grown(all: u32, age: i64) -> u32 {
    let age = age.max(0) as f64;
    (f64::from(all) * -(-age / TIME_CONSTANT).exp_m1()).round() as u32
}

/// Whether the comments of a story that was submitted at `time` are all there at `now`, both in seconds since 1970.
pub(crate) fn is_settled(time: i64, now: i64) -> bool {
    now.saturating_sub(time) >= SETTLED_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_come_within_hours_and_are_all_there_in_three_days() {
        const HOUR: i64 = 3_600;
        for (all, age, expected) in [
            (100, -HOUR, 0),
            (100, 0, 0),
            (100, HOUR, 15),
            (100, 4 * HOUR + 12 * 60, 50),
            (100, 24 * HOUR, 98),
            (0, 24 * HOUR, 0),
            (5_000, SETTLED_AFTER, 5_000),
            (5_000, i64::MAX, 5_000),
        ] {
            assert_eq!(grown(all, age), expected, "{all} after {age} s");
        }
        assert!((0..100).map(|hour| grown(900, hour * HOUR)).is_sorted());
    }

    #[test]
    fn absurd_times_are_as_far_away_as_they_say() {
        assert!(is_settled(i64::MIN, i64::MAX) && !is_settled(i64::MAX, i64::MIN));
        assert!(is_settled(0, SETTLED_AFTER) && !is_settled(1, SETTLED_AFTER));
    }
}
