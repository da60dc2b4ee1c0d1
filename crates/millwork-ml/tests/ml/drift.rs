//! Measures of drift against SciPy's, on generated samples with ties, empty bins and rare tails.

use millwork_core::Advice as _;
use millwork_ml::drift;
use serde_json::{Value, json};

use crate::support::ask;

/// Random numbers, the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Each case with what we answer.
fn cases() -> Vec<(Value, Vec<f64>)> {
    let mut random = Numbers(9);
    let mut cases = Vec::new();
    for case in 0..60 {
        let values = [3, 50, 100_000][case % 3];
        let mut sample = |shift: f64| -> Vec<f64> {
            let rows = 1 + random.below(if case < 20 { 8 } else { 900 });
            (0..rows).map(|_| random.below(values) as f64 / 7.0 + shift).collect()
        };
        let (reference, current) = (sample(0.0), sample((case % 5) as f64));
        let test = drift::kolmogorov_smirnov(&reference, &current).expect("a test");
        let distance = drift::wasserstein_distance(&reference, &current).expect("a distance");
        let question = json!({ "numbers": true, "reference": reference, "current": current });
        cases.push((question, vec![test.statistic, test.p_value, distance]));
    }
    for case in 0..60 {
        let categories = 2 + random.below(if case % 2 == 0 { 4 } else { 40 });
        let mut counts =
            |most: usize| -> Vec<f64> { (0..categories).map(|_| random.below(most) as f64).collect() };
        let (mut reference, mut current) = (counts(60), counts(if case < 40 { 60 } else { 4 }));
        (reference[0], current[1]) = (reference[0] + 1.0, current[1] + 1.0);
        let test = drift::chi_square(&reference, &current).expect("a test");
        let distance = drift::jensen_shannon_distance(&reference, &current).expect("a distance");
        let index = drift::population_stability_index(&reference, &current).expect("an index");
        let question = json!({ "numbers": false, "reference": reference, "current": current });
        cases.push((question, vec![test.statistic, test.p_value, distance, index]));
    }
    cases
}

#[test]
fn measures_are_scipy_s() {
    let cases = cases();
    let question: Vec<&Value> = cases.iter().map(|(case, _)| case).collect();
    let Some(theirs) = ask::<Vec<Vec<f64>>>("scipy_drift.py", &question) else { return };
    assert_eq!(theirs.len(), cases.len());
    for ((case, ours), theirs) in cases.iter().zip(&theirs) {
        for (ours, theirs) in ours.iter().zip(theirs) {
            // SciPy's own tails are right to some 1e-11 of very small probabilities.
            assert!((ours - theirs).abs() <= 1e-12 + 1e-10 * theirs.abs(), "{case}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    for (reference, current, expected) in [
        (&[][..], &[1.0][..], "the reference has no values to compare; hint:"),
        (&[1.0], &[f64::NAN], "element 0 of the current sample is NaN, which cannot be compared"),
    ] {
        let error = drift::kolmogorov_smirnov(reference, current).expect_err(expected).one_line();
        assert!(error.starts_with(expected), "{error}");
    }
    for (reference, current, expected) in [
        (&[1.0][..], &[1.0, 2.0][..], "the reference has 1 bins and the current sample 2; hint:"),
        (&[1.0, -1.0], &[1.0, 2.0], "element 1 of the reference is -1, which cannot be compared"),
        (&[1.0, 1.0], &[0.0, 0.0], "the current sample has no values to compare; hint:"),
    ] {
        let error = drift::chi_square(reference, current).expect_err(expected).one_line();
        assert!(error.starts_with(expected), "{error}");
    }
}
