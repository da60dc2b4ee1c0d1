//! The outcome of a comparison: of all rows, and of each slice.

use millwork_core::advice;
use millwork_core::value::plot::Plot;
use serde::{Deserialize, Serialize};

use crate::comparison::{ComparisonError, Estimate, Interval, PairedBootstrap};
use crate::metrics::Number;

/// Whether a challenger is better than the champion by more than chance. It is the evidence of a gate's verdict:
///
/// ```
/// use millwork_core::Verdict;
/// use millwork_ml::comparison::{Comparison, ComparisonError};
///
/// fn verdict(champion_errors: &[f64], challenger_errors: &[f64]) -> Result<Verdict, ComparisonError> {
///     let comparison = Comparison::paired(champion_errors, challenger_errors)?.called("MAE");
///     Ok(Verdict::promote_if(comparison.improves_by(0.0)).because(comparison))
/// }
/// # assert!(verdict(&[2.0, 3.0, 2.5], &[1.0, 1.5, 1.5])?.reason.starts_with("MAE 2.50 → 1.33, "));
/// # Ok::<(), ComparisonError>(())
/// ```
///
/// It is an asset value as well, and as metadata a table: `output.metadata("comparison", &comparison)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The name of the metric.
    pub metric: String,
    /// The confidence level of the intervals, such as 0.95.
    pub level: f64,
    /// The estimate on all rows.
    pub overall: Estimate,
    /// The slices, in the order in which they were asked for, then of their labels.
    pub slices: Vec<Slice>,
    /// How the difference varies over the resamples.
    pub histogram: Plot,
}

/// Some of the rows, judged by themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// What the rows are sliced by, such as `domain`.
    pub by: String,
    /// The label of these rows.
    pub name: String,
    /// The number of rows, without those of weight 0.
    pub rows: usize,
    /// The estimate on these rows, or why there is none.
    pub outcome: SliceOutcome,
}

/// The estimate of a slice, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceOutcome {
    /// The slice has an estimate.
    Judged(Estimate),
    /// It has too few rows.
    TooSmall {
        /// The least number of rows, or of clusters, that a slice is judged by.
        needed: usize,
    },
    /// The metric has no value on it.
    NoValue {
        /// The error and its cause.
        reason: String,
    },
}

impl SliceOutcome {
    pub(super) fn of_error(error: &ComparisonError) -> Self {
        Self::NoValue { reason: advice::chain_of(error).join(": ") }
    }
}

impl Comparison {
    pub(super) fn new(
        metric: String,
        level: f64,
        overall: Estimate,
        slices: Vec<Slice>,
        differences: Vec<f64>,
    ) -> Self {
        let histogram = Plot::histogram("Challenger − champion by resample", differences, BINS)
            .labels("difference", "resamples");
        Self { metric, level, overall, slices, histogram }
    }

    /// Compares the means of losses, of which each row has one by each model, such as absolute errors: less is better.
    ///
    /// With 10,000 resamples at the level 95 %, and always the same seed; [`PairedBootstrap`] sets others, and slices.
    ///
    /// ```
    /// use millwork_ml::comparison::Comparison;
    ///
    /// let champion = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
    /// let challenger = [2.0, 1.0, 3.0, 1.0, 4.0, 7.0, 2.0, 5.0];
    /// let comparison = Comparison::paired(&champion, &challenger)?;
    /// assert_eq!(comparison.difference(), -0.75);
    /// assert!(comparison.improves_by(0.0) && !comparison.improves_by(1.0));
    /// # Ok::<(), millwork_ml::comparison::ComparisonError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the lengths differ, there are fewer than 2 rows, a loss is not finite, or losses are too large to be added.
    pub fn paired(champion: &[impl Number], challenger: &[impl Number]) -> Result<Self, ComparisonError> {
        PairedBootstrap::of_losses(champion, challenger).compare("mean loss")
    }

    /// The same with another name of the metric.
    #[must_use]
    pub fn called(mut self, metric: &str) -> Self {
        metric.clone_into(&mut self.metric);
        self
    }

    /// The challenger's metric less the champion's on all rows.
    pub fn difference(&self) -> f64 {
        self.overall.difference
    }

    /// The interval of the difference on all rows.
    pub fn interval(&self) -> Interval {
        self.overall.interval()
    }

    /// The probability that the challenger is better on all rows.
    pub fn better_probability(&self) -> f64 {
        self.overall.better_probability
    }

    /// Whether the challenger is better on all rows by more than `gain`, in the metric's unit, at the whole of the interval: see
    /// [`Estimate::improves_by`].
    pub fn improves_by(&self, gain: f64) -> bool {
        self.overall.improves_by(gain)
    }

    /// Whether the challenger is worse on all rows at the whole of the interval.
    pub fn is_worse(&self) -> bool {
        self.overall.is_worse()
    }

    /// The slices on which the challenger is worse at the whole of the interval.
    ///
    /// Of 20 slices in which nothing has changed, one interval at 95 % doesn't hold 0, by chance. Where a slice decides, divide what the
    /// level leaves by the number of slices: `.level(1.0 - 0.05 / 20.0)` (Bonferroni's correction).
    pub fn worse_slices(&self) -> impl Iterator<Item = &Slice> {
        self.slices.iter().filter(|slice| slice.estimate().is_some_and(Estimate::is_worse))
    }

    /// The slice of the rows that have this label; `None` if no row has it.
    pub fn slice(&self, by: &str, name: &str) -> Option<&Slice> {
        self.slices.iter().find(|slice| slice.by == by && slice.name == name)
    }
}

impl Slice {
    /// The estimate on these rows; `None` if there are too few, or the metric has no value on them.
    pub fn estimate(&self) -> Option<&Estimate> {
        match &self.outcome {
            SliceOutcome::Judged(estimate) => Some(estimate),
            SliceOutcome::TooSmall { .. } | SliceOutcome::NoValue { .. } => None,
        }
    }
}

/// The intervals of the histogram.
const BINS: usize = 50;
