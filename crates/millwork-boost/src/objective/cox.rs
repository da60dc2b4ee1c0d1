//! Cox regression: the partial likelihood of survival times.

use rayon::prelude::*;

use crate::data::{Gradient, Labels};

/// The gradients of the negative logarithm of Cox's partial likelihood, with Breslow's rule for equal times.
///
/// A label is a time, negative if the row was censored then. With the sum `S(t)` of `exp(margin)` over the rows that are at risk at
/// the time t, the first derivative of a row is `exp(m) Σ 1/S(t) - [an event]`, the second `exp(m) Σ 1/S(t) - exp(2m) Σ 1/S(t)²`,
/// over the events up to its own time.
pub(super) fn gradients(margins: &[f32], labels: &Labels) -> Vec<Gradient> {
    let order = by_time(&labels.targets);
    let mut at_risk: f64 = order.iter().map(|&row| f64::from(margins[row].exp())).sum();
    let mut gradients = vec![Gradient::default(); order.len()];
    let (mut sum, mut sum_of_squares) = (0.0, 0.0);
    let (mut last, mut last_time, mut leaving) = (0.0, 0.0, 0.0);
    for row in order {
        let hazard = f64::from(margins[row]).exp();
        let (weight, label) = (f64::from(labels.weight(row)), f64::from(labels.targets[row]));
        leaving += last;
        if last_time < label.abs() {
            at_risk -= leaving;
            leaving = 0.0;
        }
        if label > 0.0 {
            sum += 1.0 / at_risk;
            sum_of_squares += 1.0 / (at_risk * at_risk);
        }
        let first = hazard * sum - f64::from(u8::from(label > 0.0));
        let second = hazard * sum - hazard * hazard * sum_of_squares;
        gradients[row] = Gradient { first: (first * weight) as f32, second: (second * weight) as f32 };
        (last, last_time) = (hazard, label.abs());
    }
    gradients
}

/// The rows by time, the earliest first; those of equal times in their order.
pub(crate) fn by_time(times: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.par_sort_by(|&left, &right| times[left].abs().total_cmp(&times[right].abs()));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_sum_over_the_events_so_far() {
        let labels = Labels { targets: vec![3.0, 1.0, -2.0], ..Labels::default() };
        let gradients = gradients(&[0.0; 3], &labels);
        let firsts: Vec<f32> = gradients.iter().map(|gradient| gradient.first).collect();
        let third = 1.0 / 3.0_f64;
        assert_eq!(firsts, [third, third - 1.0, third].map(|first| first as f32));
    }

    #[test]
    fn rows_are_ordered_by_absolute_time() {
        assert_eq!(by_time(&[3.0, -1.0, 2.0, 1.0]), [1, 3, 2, 0]);
    }
}
