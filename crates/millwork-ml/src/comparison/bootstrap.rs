//! Setting up a comparison: the rows, what is drawn of them, and the slices.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use crate::comparison::part::{Part, numbered};
use crate::comparison::resamples::Resamples;
use crate::comparison::statistic::{MeanLoss, MetricValues, Statistic};
use crate::comparison::{Comparison, ComparisonError, Estimate, Sample, Slice, SliceOutcome};
use crate::metrics::{MetricError, Number};
use crate::optimization::warn_if_unoptimized;
use crate::search::Goal;

/// The resamples of mean losses, where one takes microseconds.
const OF_LOSSES: usize = 10_000;
/// The resamples of other metrics, whose every one computes the metric twice.
const OF_METRICS: usize = 2_000;

/// A comparison of two models on the same held-out rows, before a metric is chosen.
///
/// The data are either [`Losses`] or [`Predictions`]; everything else is optional:
///
/// ```
/// use millwork_ml::comparison::{PairedBootstrap, SliceOutcome};
///
/// let champion: Vec<f64> = (0..90).map(|row| f64::from(row % 7)).collect();
/// let challenger: Vec<f64> = (0..90).map(|row| f64::from(row % 7) * if row < 50 { 0.5 } else { 1.2 }).collect();
/// let domains: Vec<&str> = (0..90).map(|row| if row < 50 { "github.com" } else { "example.org" }).collect();
/// let comparison = PairedBootstrap::of_losses(&champion, &challenger)
///     .by("domain", &domains)
///     .level(0.99)
///     .resamples(5_000)
///     .seed(7)
///     .compare("MAE")?;
/// assert!(comparison.improves_by(0.0));
/// let worse: Vec<&str> = comparison.worse_slices().map(|slice| slice.name.as_str()).collect();
/// assert_eq!(worse, ["example.org"]);
/// # Ok::<(), millwork_ml::comparison::ComparisonError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PairedBootstrap<D> {
    data: D,
    setup: Setup,
}

/// The losses of both models, one for each row.
#[derive(Debug, Clone)]
pub struct Losses {
    champion: Vec<f64>,
    challenger: Vec<f64>,
}

/// The targets of held-out rows, and the predictions of both models for them.
#[derive(Debug, Clone)]
pub struct Predictions<'a, T, P> {
    targets: &'a [T],
    champion: &'a [P],
    challenger: &'a [P],
}

#[derive(Debug, Clone)]
struct Setup {
    weights: Option<Vec<f64>>,
    clusters: Option<Vec<usize>>,
    slicings: Vec<Slicing>,
    count: Option<usize>,
    given: Option<Vec<Vec<usize>>>,
    seed: u64,
    level: f64,
    smallest_slice: usize,
}

/// A division of the rows into slices.
#[derive(Debug, Clone)]
struct Slicing {
    by: String,
    /// The number of each row's slice.
    of_rows: Vec<usize>,
    names: Vec<String>,
}

impl PairedBootstrap<Losses> {
    /// Compares the means of losses, of which each row has one by each model: absolute or squared errors, logarithmic losses. Less is
    /// better.
    pub fn of_losses(champion: &[impl Number], challenger: &[impl Number]) -> Self {
        let champion = champion.iter().map(|&loss| loss.into()).collect();
        let challenger = challenger.iter().map(|&loss| loss.into()).collect();
        Self { data: Losses { champion, challenger }, setup: Setup::default() }
    }

    /// Compares the mean losses, which are called `metric` where the result is shown.
    ///
    /// It takes a few operations for each row of each resample: 10,000 resamples of 10,000 rows some 0.1 s on one core.
    ///
    /// # Errors
    ///
    /// When there are fewer than 2 rows (or clusters), lengths differ, a loss or weight is not finite, a weight is below 0, losses are too
    /// large to be added, or the level or the resamples give no interval.
    pub fn compare(&self, metric: &str) -> Result<Comparison, ComparisonError> {
        let Losses { champion, challenger } = &self.data;
        self.setup.check_length("losses of the challenger", champion.len(), challenger.len())?;
        for (value, losses) in [("champion's loss", champion), ("challenger's loss", challenger)] {
            check_finite(value, losses)?;
        }
        self.setup.compare(metric, champion.len(), OF_LOSSES, |part, judge| {
            judge.estimate(Goal::Minimize, &MeanLoss::new(part, champion, challenger)?)
        })
    }
}

impl<'a, T, P> PairedBootstrap<Predictions<'a, T, P>>
where
    T: Clone + Send + Sync,
    P: Clone + Send + Sync,
{
    /// Compares a metric of targets and predictions. A prediction is what the metric takes: a number, a label, or the probabilities of a
    /// row.
    pub fn of_predictions(targets: &'a [T], champion: &'a [P], challenger: &'a [P]) -> Self {
        Self { data: Predictions { targets, champion, challenger }, setup: Setup::default() }
    }

    /// Compares a metric that takes weighted targets, as all in [`metrics`](crate::metrics) but rank correlations do, which is called
    /// `metric` where the result is shown. A resample is these rows, weighted by how often each is drawn.
    ///
    /// ```
    /// use millwork_ml::comparison::PairedBootstrap;
    /// use millwork_ml::metrics;
    /// use millwork_ml::search::Goal;
    ///
    /// # let targets: Vec<f64> = (0..60).map(|row| f64::from(row % 7)).collect();
    /// # let champion: Vec<f32> = targets.iter().map(|&target| target as f32 + 1.0).collect();
    /// # let challenger: Vec<f32> = targets.iter().map(|&target| target as f32 + 0.5).collect();
    /// let rows = PairedBootstrap::of_predictions(&targets, &champion, &challenger);
    /// let r_squared = rows.compare("R²", Goal::Maximize, metrics::r_squared)?;
    /// let pinball = rows.compare("pinball loss", Goal::Minimize, |targets, predictions| {
    ///     metrics::mean_pinball_loss(targets, predictions, 0.9)
    /// })?;
    /// # assert!(r_squared.improves_by(0.0) && pinball.improves_by(0.0));
    /// # Ok::<(), millwork_ml::comparison::ComparisonError>(())
    /// ```
    ///
    /// It computes the metric of both models for each resample, and for each row (of more than 1,000 rows, for 1,000 blocks of them) that
    /// is left out for the interval's acceleration, on the threads of rayon. A median of weighted numbers is the lower one:
    /// [`compare_rows`](Self::compare_rows) takes that of an even number as it is.
    ///
    /// # Errors
    ///
    /// As for losses; and when the metric has no value on all rows, or on more than a tenth of the resamples.
    pub fn compare(
        &self,
        metric: &str,
        goal: Goal,
        value: impl Fn(Sample<T>, &[P]) -> Result<f64, MetricError> + Sync,
    ) -> Result<Comparison, ComparisonError> {
        let Predictions { targets, champion, challenger } = self.data;
        self.compare_parts(metric, |part, judge| {
            let rows = Arc::new(part.rows.clone());
            let targets = Arc::new(selected(targets, &rows).into_owned());
            let (champion, challenger) = (selected(champion, &rows), selected(challenger, &rows));
            let values = |counts: Option<Vec<f64>>| {
                let weights = counts.map(|counts| part.weights_of(counts)).or_else(|| part.weights.clone());
                let sample = Sample {
                    targets: Arc::clone(&targets),
                    rows: Arc::clone(&rows),
                    weights: weights.map(Arc::new),
                };
                [value(sample.clone(), &champion), value(sample, &challenger)]
            };
            judge.estimate(goal, &MetricValues { metric, part, values })
        })
    }

    /// Compares a metric that takes no weights, such as [`spearman_correlation`](crate::metrics::spearman_correlation). A resample is a copy
    /// of the rows, each as often as it is drawn.
    ///
    /// # Errors
    ///
    /// As [`compare`](Self::compare), and when rows have weights.
    pub fn compare_rows(
        &self,
        metric: &str,
        goal: Goal,
        value: impl Fn(&[T], &[P]) -> Result<f64, MetricError> + Sync,
    ) -> Result<Comparison, ComparisonError> {
        if self.setup.weights.is_some() {
            return Err(ComparisonError::Unweighted { metric: metric.to_owned() });
        }
        let Predictions { targets, champion, challenger } = self.data;
        self.compare_parts(metric, |part, judge| {
            let values = |counts: Option<Vec<f64>>| {
                let rows: Cow<'_, [usize]> = match counts {
                    None => Cow::Borrowed(&part.rows),
                    Some(counts) => Cow::Owned(part.repeated(&counts)),
                };
                let targets = selected(targets, &rows);
                [champion, challenger].map(|predictions| value(&targets, &selected(predictions, &rows)))
            };
            judge.estimate(goal, &MetricValues { metric, part, values })
        })
    }

    fn compare_parts(
        &self,
        metric: &str,
        judge: impl Fn(&Part, &Judge<'_>) -> Result<Judged, ComparisonError>,
    ) -> Result<Comparison, ComparisonError> {
        let rows = self.data.targets.len();
        self.setup.check_length("predictions of the champion", rows, self.data.champion.len())?;
        self.setup.check_length("predictions of the challenger", rows, self.data.challenger.len())?;
        self.setup.compare(metric, rows, OF_METRICS, judge)
    }
}

impl<D> PairedBootstrap<D> {
    /// Judges each group of rows with the same label by itself as well, such as each domain. Can be called for several labels.
    ///
    /// Groups of fewer than 30 rows aren't judged, unless [`smallest_slice`](Self::smallest_slice) allows it.
    #[must_use]
    pub fn by<L: Ord + Display>(mut self, name: &str, labels: &[L]) -> Self {
        let (of_rows, first) = numbered(labels);
        let names = first.iter().map(|&row| labels[row].to_string()).collect();
        self.setup.slicings.push(Slicing { by: name.to_owned(), of_rows, names });
        self
    }

    /// Sets the least number of rows, or of clusters, that a slice is judged by: 30 unless set, and 2 or more.
    #[must_use]
    pub fn smallest_slice(mut self, rows: usize) -> Self {
        self.setup.smallest_slice = rows.max(2);
        self
    }

    /// Weighs the rows: one of weight 2 counts as two, one of weight 0 as none.
    #[must_use]
    pub fn weights(mut self, weights: &[impl Number]) -> Self {
        self.setup.weights = Some(weights.iter().map(|&weight| weight.into()).collect());
        self
    }

    /// Draws rows of the same label together, because they aren't independent: the stories of an author, the rows of a query. Intervals are
    /// then wider, and true (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8).
    #[must_use]
    pub fn clusters<L: Ord>(mut self, labels: &[L]) -> Self {
        self.setup.clusters = Some(numbered(labels).0);
        self
    }

    /// Sets the number of resamples: 10,000 of losses and 2,000 of other metrics unless set.
    #[must_use]
    pub fn resamples(mut self, resamples: usize) -> Self {
        self.setup.count = Some(resamples);
        self
    }

    /// Takes these resamples, lists of row numbers (or of those of clusters, in the order of their labels), in place of drawn ones, to
    /// compare figures with those of another program. Slices have other rows, and theirs are drawn.
    #[must_use]
    pub fn on_resamples(mut self, resamples: Vec<Vec<usize>>) -> Self {
        self.setup.given = Some(resamples);
        self
    }

    /// Sets the seed of the resamples: 42 unless set. A seed gives the same result on every platform, with any number of threads.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// Sets the confidence level of the intervals: 0.95 unless set.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.setup.level = level;
        self
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            weights: None,
            clusters: None,
            slicings: Vec::new(),
            count: None,
            given: None,
            seed: 42,
            level: 0.95,
            smallest_slice: 30,
        }
    }
}

/// A part's estimate, and the differences of its resamples, ascending.
type Judged = (Estimate, Vec<f64>);

/// How a part of the rows is judged.
struct Judge<'a> {
    metric: &'a str,
    part: &'a Part,
    resamples: &'a Resamples,
    level: f64,
}

impl Judge<'_> {
    fn estimate(&self, goal: Goal, statistic: &impl Statistic) -> Result<Judged, ComparisonError> {
        let Self { metric, part, resamples, level } = *self;
        Estimate::of(metric, goal, part, statistic, resamples, level)
    }
}

impl Setup {
    fn check_length(&self, values: &str, rows: usize, count: usize) -> Result<(), ComparisonError> {
        if count == rows {
            return Ok(());
        }
        Err(ComparisonError::LengthMismatch { rows, values: values.to_owned(), count })
    }

    fn check(&self, rows: usize) -> Result<(), ComparisonError> {
        if let Some(weights) = &self.weights {
            self.check_length("weights", rows, weights.len())?;
            check_finite("weight", weights)?;
            if let Some(row) = weights.iter().position(|&weight| weight < 0.0) {
                return Err(ComparisonError::NegativeWeight { row, weight: weights[row] });
            }
        }
        if let Some(clusters) = &self.clusters {
            self.check_length("labels of clusters", rows, clusters.len())?;
        }
        for slicing in &self.slicings {
            self.check_length(
                &format!("labels of the slices by `{}`", slicing.by),
                rows,
                slicing.of_rows.len(),
            )?;
        }
        if self.level > 0.0 && self.level < 1.0 {
            Ok(())
        } else {
            Err(ComparisonError::Level { level: self.level })
        }
    }

    /// Judges all rows, and each slice.
    fn compare(
        &self,
        metric: &str,
        rows: usize,
        default_resamples: usize,
        judge: impl Fn(&Part, &Judge<'_>) -> Result<Judged, ComparisonError>,
    ) -> Result<Comparison, ComparisonError> {
        warn_if_unoptimized();
        self.check(rows)?;
        let drawn = Resamples::Drawn { count: self.count.unwrap_or(default_resamples), seed: self.seed };
        let judged = |part: &Part, resamples: &Resamples| {
            part.check()?;
            resamples.check(part.units, self.level)?;
            judge(part, &Judge { metric, part, resamples, level: self.level })
        };
        let given = self.given.clone().map(Resamples::Given);
        let (overall, differences) = judged(&self.part(0..rows), given.as_ref().unwrap_or(&drawn))?;
        let slices = self.slicings.iter().flat_map(|slicing| {
            slicing.parts().map(|(name, rows)| {
                let part = self.part(rows.into_iter());
                let outcome = if part.units < self.smallest_slice {
                    SliceOutcome::TooSmall { needed: self.smallest_slice }
                } else {
                    match judged(&part, &drawn) {
                        Ok((estimate, _)) => SliceOutcome::Judged(estimate),
                        Err(error) => SliceOutcome::of_error(&error),
                    }
                };
                Slice { by: slicing.by.clone(), name: name.to_owned(), rows: part.rows.len(), outcome }
            })
        });
        let slices = slices.collect();
        Ok(Comparison::new(metric.to_owned(), self.level, overall, slices, differences))
    }

    fn part(&self, rows: impl Iterator<Item = usize>) -> Part {
        Part::new(rows, self.weights.as_deref(), self.clusters.as_deref())
    }
}

impl Slicing {
    /// The name of each slice, and its rows.
    fn parts(&self) -> impl Iterator<Item = (&str, Vec<usize>)> {
        let mut rows = vec![Vec::new(); self.names.len()];
        self.of_rows.iter().enumerate().for_each(|(row, &slice)| rows[slice].push(row));
        self.names.iter().map(String::as_str).zip(rows)
    }
}

fn check_finite(value: &'static str, numbers: &[f64]) -> Result<(), ComparisonError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(row) => Err(ComparisonError::NotFinite { value, row }),
        None => Ok(()),
    }
}

/// The values of rows; those of all rows as they are.
fn selected<'v, V: Clone>(values: &'v [V], rows: &[usize]) -> Cow<'v, [V]> {
    if rows.len() == values.len() && rows.iter().enumerate().all(|(place, &row)| place == row) {
        return Cow::Borrowed(values);
    }
    Cow::Owned(rows.iter().map(|&row| values[row].clone()).collect())
}
