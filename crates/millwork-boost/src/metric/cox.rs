//! The partial likelihood of Cox regression.

use crate::data::Labels;
use crate::objective::by_time;

/// The negative logarithm of Cox's partial likelihood for each event, with Breslow's rule for equal times: the mean over the rows
/// with an event of `ln Σ p - ln p`, where the sum is over the rows at risk. `predictions` are hazard ratios p, labels are times,
/// negative where censored. NaN without events.
pub(super) fn log_likelihood(predictions: &[f32], labels: &Labels) -> f64 {
    let times = &labels.targets;
    if predictions.len() != times.len() {
        return f64::NAN;
    }
    let order = by_time(times);
    let mut at_risk: f64 = predictions.iter().copied().map(f64::from).sum();
    let (mut sum, mut events, mut leaving) = (0.0, 0_u32, 0.0);
    for (place, &row) in order.iter().enumerate() {
        if times[row] > 0.0 {
            sum -= f64::from(predictions[row].ln()) - at_risk.ln();
            events += 1;
        }
        leaving += f64::from(predictions[row]);
        if order.get(place + 1).is_none_or(|&next| times[row].abs() < times[next].abs()) {
            at_risk -= leaving;
            leaving = 0.0;
        }
    }
    if events == 0 { f64::NAN } else { sum / f64::from(events) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(predictions: &[f32], times: &[f32], expected: f64) {
        let labels = Labels { targets: times.to_vec(), ..Labels::default() };
        let found = log_likelihood(predictions, &labels);
        assert!((found - expected).abs() < 1e-6, "{predictions:?} {times:?}: {found}");
    }

    #[test]
    fn events_are_compared_with_rows_at_risk() {
        check(&[1.0, 1.0], &[1.0, 2.0], 2_f64.ln() / 2.0);
        check(&[3.0, 1.0], &[1.0, -2.0], (4.0 / 3.0_f64).ln());
        check(&[3.0, 1.0], &[2.0, 2.0], 4_f64.ln() - 3_f64.ln() / 2.0);
    }
}
