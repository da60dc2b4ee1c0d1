//! The labels of an axis of passed time.

use millwork_core::asset::plot::short_number;

/// A unit: how many seconds it has, and what is round in it.
type Unit = (f64, &'static str, &'static [f64]);

/// Units, each with the longest axis that it labels, in seconds. Fifteen of a minute are round, 25 aren't.
const UNITS: [(f64, Unit); 5] = [
    (1.0, (1e-3, "ms", &[0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0])),
    (120.0, (1.0, "s", &[0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0])),
    (7_200.0, (60.0, "min", &[0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0])),
    (172_800.0, (3_600.0, "h", &[0.5, 1.0, 2.0, 3.0, 6.0, 12.0])),
    (f64::INFINITY, (86_400.0, "d", &[0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0])),
];
/// The number of labels that an axis comes close to.
const LABELS: f64 = 6.0;

/// Round times from 0 to `end`, in seconds, each with its label.
pub(super) fn round_times(end: f64) -> Vec<(f64, String)> {
    let unit = UNITS.iter().find(|(up_to, _)| end < *up_to).unwrap_or(&UNITS[UNITS.len() - 1]);
    let (_, (seconds, name, steps)) = unit;
    let least = end / seconds / LABELS;
    let step = steps.iter().copied().find(|step| *step >= least).unwrap_or(least.ceil());
    let count = (end / seconds / step * 1.0001) as usize;
    let label = |at: f64| (at * seconds, format!("{} {name}", short_number(at)));
    (0..=count.min(20)).map(|index| label(index as f64 * step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(end: f64, expected: &str) {
        let labels: Vec<String> = round_times(end).into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels.join(", "), expected, "up to {end} s");
    }

    #[test]
    fn times_are_round() {
        check(0.001, "0 ms, 0.2 ms, 0.4 ms, 0.6 ms, 0.8 ms, 1 ms");
        check(0.13, "0 ms, 50 ms, 100 ms");
        check(7.0, "0 s, 2 s, 4 s, 6 s");
        check(78.0, "0 s, 15 s, 30 s, 45 s, 60 s, 75 s");
        check(910.0, "0 min, 5 min, 10 min, 15 min");
        check(26_000.0, "0 h, 2 h, 4 h, 6 h");
        check(864_000.0, "0 d, 2 d, 4 d, 6 d, 8 d, 10 d");
        assert!(round_times(f64::MAX).len() < 22 && round_times(f64::INFINITY).len() < 22);
    }
}
