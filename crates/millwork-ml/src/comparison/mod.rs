//! Comparison: whether a challenger is better than the champion by more than chance, on the same held-out rows.
//!
//! Both models are judged by the same rows, so the difference of their metrics is known far better than either metric: a row that is hard
//! for one is mostly hard for the other. The *paired bootstrap* uses that. It draws as many rows as there are, with replacement, takes both
//! metrics of the same draw, and repeats it; how the difference varies over the draws is how it would vary over other held-out rows
//! (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993; for metrics of models Koehn, "Statistical significance tests for
//! machine translation evaluation", EMNLP 2004).
//!
//! | to compare | call |
//! |---|---|
//! | means of a loss of each row: MAE, MSE, log loss | [`Comparison::paired`], [`PairedBootstrap::of_losses`] |
//! | any metric with [`Weighted`](crate::metrics::Weighted) targets: R², RMSE, AUC, F1 | [`PairedBootstrap::of_predictions`], [`compare`](PairedBootstrap::compare) |
//! | a metric without weights: Spearman's and Kendall's correlation | the same, [`compare_rows`](PairedBootstrap::compare_rows) |
//!
//! ```
//! use millwork_ml::comparison::{Comparison, PairedBootstrap};
//! use millwork_ml::metrics;
//! use millwork_ml::search::Goal;
//!
//! let targets: Vec<f64> = (0..200).map(|row| f64::from(row % 17)).collect();
//! let champion: Vec<f64> = targets.iter().enumerate().map(|(row, target)| target + (row % 5) as f64 - 2.0).collect();
//! let challenger: Vec<f64> = targets.iter().enumerate().map(|(row, target)| target + (row % 3) as f64 - 1.0).collect();
//!
//! let errors = |predictions: &[f64]| -> Vec<f64> {
//!     targets.iter().zip(predictions).map(|(target, prediction)| (target - prediction).abs()).collect()
//! };
//! let comparison = Comparison::paired(&errors(&champion), &errors(&challenger))?.called("MAE");
//! assert!(comparison.improves_by(0.3));
//! assert_eq!(
//!     comparison.describe(),
//!     "MAE 1.20 → 0.67, −0.54 [−0.66, −0.41] at 95 % (paired bootstrap of 200 rows), better with probability 1.00"
//! );
//!
//! let parity: Vec<&str> = targets.iter().map(|target| if target % 2.0 == 0.0 { "even" } else { "odd" }).collect();
//! let comparison = PairedBootstrap::of_predictions(&targets, &champion, &challenger)
//!     .by("parity", &parity)
//!     .compare("R²", Goal::Maximize, metrics::r_squared)?;
//! assert!(comparison.improves_by(0.0) && comparison.worse_slices().count() == 0);
//! # Ok::<(), millwork_ml::comparison::ComparisonError>(())
//! ```
//!
//! *Which interval.* [`Estimate::interval`] is the bias-corrected and accelerated one (BCa; Efron, "Better bootstrap confidence intervals",
//! JASA 1987). Losses are skewed, with a few large ones, and metrics such as R² are biased in small samples; then the percentile
//! interval lies too low or too high, by an error of the order 1/√n in its coverage, which BCa has of the order 1/n. Where BCa is not
//! defined (the difference doesn't vary, or the metric has no value without some row) it is the percentile interval. Both are equal to SciPy's
//! `scipy.stats.bootstrap` on the same draws. Of fewer than some 30 rows both are too narrow.
//!
//! *What it does not know.* The rows are taken for independent; where several belong together (stories of a site, visits of a user),
//! [`clusters`](PairedBootstrap::clusters) draws them together. The models are taken as they are: how much training varies is not part of
//! it. Of 20 slices in which nothing has changed, one is worse at 95 % by chance.
//!
//! *The same result always.* Each draw has its own generator, which a seed and its number make, so the result doesn't depend on the number of
//! threads, nor a slice's on other slices: it is that of a comparison of its rows alone.

mod bootstrap;
mod differences;
mod error;
mod estimate;
mod normal;
mod outcome;
mod part;
mod report;
mod resamples;
mod sample;
mod statistic;

pub use bootstrap::{Losses, PairedBootstrap, Predictions};
pub use error::ComparisonError;
pub use estimate::{Estimate, Interval};
pub use outcome::{Comparison, Slice, SliceOutcome};
pub use sample::Sample;
