//! The rows that a metric is computed of, with the number of times that each counts.

use std::sync::Arc;

use crate::metrics::Targets;

/// The targets of held-out rows, or of those of a slice, weighted by how often a resample has drawn each: what a
/// [compared](crate::comparison::PairedBootstrap::compare) metric gets in place of its targets.
///
/// A metric of this crate takes it as it is. A row that wasn't drawn has the weight 0; its prediction is there nevertheless, so that all
/// lists stay aligned.
#[derive(Debug, Clone)]
pub struct Sample<T> {
    pub(super) targets: Arc<Vec<T>>,
    pub(super) rows: Arc<Vec<usize>>,
    pub(super) weights: Option<Arc<Vec<f64>>>,
}

impl<T> Sample<T> {
    /// The numbers of the rows among all that are compared, ascending.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// What else the metric needs of each row, such as its query, out of a list for all rows that are compared.
    ///
    /// ```
    /// use millwork_ml::comparison::PairedBootstrap;
    /// use millwork_ml::metrics::{Gain, ndcg};
    /// use millwork_ml::search::Goal;
    ///
    /// let queries: Vec<u32> = (0..120).map(|row| row / 4).collect();
    /// let relevances: Vec<u32> = (0..120).map(|row| row % 4).collect();
    /// let champion: Vec<f32> = (0..120).map(|row| (row % 3) as f32).collect();
    /// let challenger: Vec<f32> = (0..120).map(|row| (row % 4) as f32).collect();
    /// // The rows of a query belong together, so queries are drawn, not rows.
    /// let comparison = PairedBootstrap::of_predictions(&relevances, &champion, &challenger)
    ///     .clusters(&queries)
    ///     .compare("NDCG@10", Goal::Maximize, |sample, scores| {
    ///         let queries = sample.of(&queries);
    ///         ndcg(sample, scores, &queries, 10, Gain::Exponential)
    ///     })?;
    /// assert_eq!(comparison.overall.challenger, 1.0);
    /// assert!(comparison.improves_by(0.0));
    /// # Ok::<(), millwork_ml::comparison::ComparisonError>(())
    /// ```
    ///
    /// Of a list that is too short, the rows that it has: the metric then finds that lengths differ.
    pub fn of<V: Clone>(&self, values: &[V]) -> Vec<V> {
        self.rows.iter().filter_map(|&row| values.get(row).cloned()).collect()
    }
}

impl<T> Targets for Sample<T> {
    type Target = T;

    fn targets(&self) -> &[T] {
        &self.targets
    }

    fn weights(&self) -> Option<&[f64]> {
        self.weights.as_ref().map(|weights| weights.as_slice())
    }
}
