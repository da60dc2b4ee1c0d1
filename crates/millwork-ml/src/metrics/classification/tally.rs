//! What is counted of each class: all that most metrics of classes need, in O(n log n), however many classes there are.

use std::collections::BTreeSet;

use crate::metrics::rows::checked_weights;
use crate::metrics::{Label, MetricError, Targets};

/// How much weight one class has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// In rows that are of the class and predicted so.
    pub(super) correct: f64,
    /// In rows that are predicted to be of the class.
    pub(super) predicted: f64,
    /// In rows that are of the class.
    pub(super) actual: f64,
}

impl Tally {
    pub(super) fn precision(self) -> f64 {
        ratio(self.correct, self.predicted)
    }

    pub(super) fn recall(self) -> f64 {
        ratio(self.correct, self.actual)
    }

    pub(super) fn f_beta(self, beta: f64) -> f64 {
        if beta.is_infinite() {
            return self.recall();
        }
        let square = beta * beta;
        ratio((1.0 + square) * self.correct, square * self.actual + self.predicted)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            correct: self.correct + other.correct,
            predicted: self.predicted + other.predicted,
            actual: self.actual + other.actual,
        }
    }
}

/// A share, which is 0 where there is nothing to have a share of.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// Rows whose labels are numbered in ascending order.
pub(super) struct Numbered<L> {
    /// The labels of targets and predictions, ascending, each once.
    pub(super) labels: Vec<L>,
    /// The number of the target's label, that of the prediction's, and the weight of each row.
    pub(super) rows: Vec<(usize, usize, f64)>,
}

impl<L: Label> Numbered<L> {
    pub(super) fn read(
        metric: &'static str,
        targets: &impl Targets<Target = L>,
        predictions: &[L],
    ) -> Result<Self, MetricError> {
        let weights = checked_weights(metric, 1, targets, predictions.len())?;
        // One by one, because labels are few: to sort all rows would take longer, and more memory.
        let mut labels = BTreeSet::new();
        labels.extend(targets.targets().iter().chain(predictions));
        let labels: Vec<&L> = labels.into_iter().collect();
        let number = |label| labels.binary_search(&label).expect("every label is listed");
        let pairs = targets.targets().iter().zip(predictions).zip(weights);
        let rows = pairs.map(|((target, prediction), weight)| (number(target), number(prediction), weight));
        let rows = rows.collect();
        Ok(Self { labels: labels.into_iter().cloned().collect(), rows })
    }

    /// What is counted of each class, in the order of the labels.
    pub(super) fn tallies(&self) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.labels.len()];
        for &(target, prediction, weight) in &self.rows {
            tallies[target].actual += weight;
            tallies[prediction].predicted += weight;
            if target == prediction {
                tallies[target].correct += weight;
            }
        }
        tallies
    }
}
