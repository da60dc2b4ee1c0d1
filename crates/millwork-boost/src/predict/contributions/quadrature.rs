//! Gauss's and Legendre's rule for integrals from 0 to 1.

use std::sync::LazyLock;

/// The most points of a rule: it is exact for polynomials of a degree below 128.
pub(super) const MOST: usize = 64;

/// Points and their weights.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) points: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

/// The rule that is exact for polynomials of a degree below `columns`, or that with the most points.
pub(super) fn rule(columns: usize) -> &'static Rule {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| (1..=MOST).map(Rule::new).collect());
    &RULES[columns.div_ceil(2).clamp(1, MOST) - 1]
}

impl Rule {
    /// The roots of Legendre's polynomial by Newton's method, from the approximation cos(π (i + ¾) / (n + ½)).
    fn new(points: usize) -> Self {
        let mut rule = Self { points: Vec::with_capacity(points), weights: Vec::with_capacity(points) };
        for number in 0..points {
            let mut root = (std::f64::consts::PI * (number as f64 + 0.75) / (points as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..16 {
                let (value, of_value) = legendre(points, root);
                slope = of_value;
                root -= value / slope;
            }
            rule.points.push((root + 1.0) / 2.0);
            rule.weights.push(1.0 / ((1.0 - root * root) * slope * slope));
        }
        rule
    }
}

/// The value of a Legendre polynomial of a degree above 0, and its slope, inside of -1 and 1.
fn legendre(degree: usize, at: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, at);
    for number in 2..=degree {
        let number = number as f64;
        (before, value) = (value, ((2.0 * number - 1.0) * at * value - (number - 1.0) * before) / number);
    }
    (value, degree as f64 * (at * value - before) / (at * at - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated() {
        for columns in [1, 2, 3, 7, 16, 31, 64, 128] {
            let rule = rule(columns);
            for power in 0..columns as i32 {
                let terms = rule.points.iter().zip(&rule.weights);
                let integral: f64 = terms.map(|(point, weight)| weight * point.powi(power)).sum();
                assert!(
                    (integral * f64::from(power + 1) - 1.0).abs() < 1e-12,
                    "{columns} {power} {integral}"
                );
            }
        }
    }
}
