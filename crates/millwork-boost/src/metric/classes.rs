//! Metrics of several classes.

use super::rowwise::{SMALLEST, sums};
use crate::data::Labels;
use crate::objective::first_largest;

/// The mean of -ln p, where p is the probability of a row's class. `predictions` are rows × classes.
pub(super) fn log_loss(predictions: &[f32], labels: &Labels) -> f64 {
    mean(predictions, labels, |row, class| -row[class].max(SMALLEST).ln())
}

/// The share of the rows of which another class than their own is the most probable.
pub(super) fn error(predictions: &[f32], labels: &Labels) -> f64 {
    mean(predictions, labels, |row, class| f32::from(first_largest(row) != class))
}

fn mean(predictions: &[f32], labels: &Labels, of: impl Fn(&[f32], usize) -> f32 + Sync) -> f64 {
    let classes = predictions.len() / labels.targets.len();
    if !labels.targets.iter().all(|&label| label >= 0.0 && label < classes as f32) {
        return f64::NAN;
    }
    let (sum, weights) = sums(labels.targets.len(), |row| {
        let weight = labels.weight(row);
        let probabilities = &predictions[row * classes..(row + 1) * classes];
        (of(probabilities, labels.targets[row] as usize) * weight, weight)
    });
    sum / weights
}
