//! What a training is of, and what it leaves.

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::boost::training::early_stopping::EarlyStopping;
use crate::boost::training::progress::Progress;
use crate::boost::training::threads::on_own_threads;
use crate::boost::{Backend, BoostError, Booster, BoosterParams, EvalMetric, History, Score, embedded};
use crate::features::LabelledFeatures;

/// A training that is being set up.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use millwork_ml::boost::{BoosterParams, Ending, EvalMetric, Training};
/// use millwork_ml::features::{Features, LabelledFeatures};
///
/// let features = Features::new(1, vec![0, 1, 2, 3], vec![0; 3], vec![1.0, 2.0, 3.0])?;
/// let train = LabelledFeatures::new(features, vec![1.0, 4.0, 9.0])?;
///
/// let params = BoosterParams { eval_metric: vec![EvalMetric::Mae], ..BoosterParams::default() };
/// let trained = Training::new(&params, 100, &train)
///     .evaluate("train", &train)
///     .on_round(|round| if round.index == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
///     .run()?;
/// assert_eq!(trained.ending, Ending::Interrupted);
/// assert_eq!(trained.history.get("train", EvalMetric::Mae).map(<[f64]>::len), Some(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Training<'a> {
    params: &'a BoosterParams,
    rounds: usize,
    data: &'a LabelledFeatures,
    sets: Vec<(&'a str, &'a LabelledFeatures)>,
    start: Option<&'a Booster>,
    patience: Option<usize>,
    on_round: OnRound<'a>,
    cancelled: Cancelled<'a>,
}

pub(super) type OnRound<'a> = Box<dyn FnMut(&Round<'_>) -> ControlFlow<()> + Send + 'a>;
pub(in crate::boost) type Cancelled<'a> = Arc<dyn Fn() -> bool + Send + Sync + 'a>;

/// A round that has just ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Round<'a> {
    /// The number of the round, from 0.
    pub index: usize,
    /// How many rounds were asked for.
    pub rounds: usize,
    /// What was measured, in the order of the evaluation sets and within a set of the metrics.
    pub scores: &'a [Score<'a>],
}

/// What a training leaves.
#[derive(Debug)]
#[non_exhaustive]
pub struct Trained {
    /// The model. With early stopping, it ends with the best round.
    pub booster: Booster,
    /// The learning curves over all rounds that ran; empty without evaluation sets.
    pub history: History,
    /// The best round, with early stopping.
    pub best: Option<Best>,
    /// Why the training ended.
    pub ending: Ending,
}

/// The round with the best value of the watched metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// The number of the round, from 0.
    pub round: usize,
    /// The watched metric's value.
    pub value: f64,
}

/// Why a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All rounds ran.
    Completed,
    /// The watched metric did not improve any more.
    StoppedEarly,
    /// The callback asked for it, or the training was cancelled.
    Interrupted,
}

impl<'a> Training<'a> {
    /// A training of `rounds` rounds, each a tree per output, on the features and targets of `data`.
    pub fn new(params: &'a BoosterParams, rounds: usize, data: &'a LabelledFeatures) -> Self {
        let on_round = Box::new(|_: &Round<'_>| ControlFlow::Continue(()));
        let cancelled = Arc::new(|| false);
        Self { params, rounds, data, sets: Vec::new(), start: None, patience: None, on_round, cancelled }
    }

    /// Measures every `eval_metric` on `data` after each round, under the name `set`.
    #[must_use]
    pub fn evaluate(mut self, set: &'a str, data: &'a LabelledFeatures) -> Self {
        self.sets.push((set, data));
        self
    }

    /// Stops when the last metric on the last evaluation set has not improved for `rounds` rounds. The model then
    /// keeps the rounds up to the best one only, in memory and in its file, as by XGBoost's `save_best`: every reader
    /// of the file predicts the same.
    #[must_use]
    pub fn early_stopping(mut self, rounds: usize) -> Self {
        self.patience = Some(rounds);
        self
    }

    /// Adds the rounds to those of `booster`, which was trained with the same objective on the same columns.
    #[must_use]
    pub fn continue_from(mut self, booster: &'a Booster) -> Self {
        self.start = Some(booster);
        self
    }

    /// Asks `cancelled` after each round, and within a round on wide sparse data, and stops as soon as it says so, with
    /// the rounds that are complete.
    #[must_use]
    pub fn cancel_when(mut self, cancelled: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        self.cancelled = Arc::new(cancelled);
        self
    }

    /// Calls `on_round` after each round, on the training thread. `Break` ends the training with the rounds so far.
    #[must_use]
    pub fn on_round(mut self, on_round: impl FnMut(&Round<'_>) -> ControlFlow<()> + Send + 'a) -> Self {
        self.on_round = Box::new(on_round);
        self
    }

    /// Trains, on threads of its own.
    ///
    /// # Errors
    ///
    /// When a parameter is out of range or not supported by the backend, no round was asked for, a set is empty or has
    /// other columns than the training data, targets do not suit the objective, two sets share a name, early stopping
    /// has nothing to watch, a number does not fit `f32`, or the training was cancelled before its first round ended.
    pub fn run(self) -> Result<Trained, BoostError> {
        self.check()?;
        on_own_threads(self.params.nthread, || self.train())
    }

    fn train(self) -> Result<Trained, BoostError> {
        let Training { params, rounds, data, sets, start, patience, on_round, cancelled } = self;
        let start = start.map(Booster::model);
        let mut backend = match params.backend {
            Backend::Embedded => embedded::rounds(params, data, &sets, start, &cancelled)?,
            Backend::Native => return Err(BoostError::NoNativeBackend),
        };
        let metrics = backend.metrics();
        let stopping = patience.map(|patience| EarlyStopping::new(patience, maximizes(metrics.last())));
        let history = History::new(sets.iter().map(|(set, _)| *set), &metrics);
        let mut progress = Progress::new(rounds, history, stopping, on_round, cancelled);
        backend.train(rounds, &mut |scores| progress.observe(scores))?;
        let (history, best, ending) = progress.finish();
        let model = backend.model()?;
        let before = start.map_or(0, embedded::Model::rounds);
        if model.rounds() == before {
            return Err(BoostError::Cancelled);
        }
        let model = match best {
            Some(best) => model.up_to(before + best.round)?,
            None => model,
        };
        Ok(Trained { booster: Booster::from_model(model), history, best, ending })
    }

    fn check(&self) -> Result<(), BoostError> {
        self.params.validate()?;
        if self.rounds == 0 {
            return Err(BoostError::NoRounds);
        }
        if self.patience == Some(0) || self.patience.is_some() && self.sets.is_empty() {
            return Err(BoostError::NothingToWatch);
        }
        check_not_empty("train", self.data)?;
        let model = self.data.features().columns();
        let mut names = HashSet::new();
        for &(set, data) in &self.sets {
            if !names.insert(set) {
                return Err(BoostError::DuplicateSet { set: set.to_owned() });
            }
            check_not_empty(set, data)?;
            let features = data.features().columns();
            if features != model {
                return Err(BoostError::ColumnMismatch { features, model });
            }
        }
        Ok(())
    }
}

/// Whether larger values of a metric, given by name, are better.
fn maximizes(metric: Option<&String>) -> bool {
    metric.and_then(|metric| metric.parse().ok()).is_some_and(EvalMetric::maximizes)
}

fn check_not_empty(set: &str, data: &LabelledFeatures) -> Result<(), BoostError> {
    let (rows, columns) = (data.rows(), data.features().columns());
    if rows == 0 || columns == 0 {
        return Err(BoostError::EmptySet { set: set.to_owned(), rows, columns });
    }
    Ok(())
}

impl fmt::Debug for Training<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sets: Vec<&str> = self.sets.iter().map(|(set, _)| *set).collect();
        f.debug_struct("Training")
            .field("params", self.params)
            .field("rounds", &self.rounds)
            .field("sets", &sets)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boost::{BoosterKind, EvalMetric};
    use crate::features::Features;

    /// Rows whose one feature is their number.
    fn labelled(targets: &[f64]) -> LabelledFeatures {
        let rows = targets.len();
        let values = (0..rows).map(|row| row as f64).collect();
        let features = Features::new(1, (0..=rows).collect(), vec![0; rows], values).expect("a valid matrix");
        LabelledFeatures::new(features, targets.to_vec()).expect("a target per row")
    }

    fn check(training: Training<'_>, expected: &str) {
        let error = training.run().expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn what_cannot_be_trained_is_an_error() {
        let params = BoosterParams::default();
        let invalid = BoosterParams { eta: -1.0, ..BoosterParams::default() };
        let (good, empty, large) = (labelled(&[1.0, 2.0]), labelled(&[]), labelled(&[1.0, 1e300]));
        let features = Features::new(2, vec![0, 1], vec![0], vec![1.0]).expect("a valid matrix");
        let wide = LabelledFeatures::new(features, vec![1.0]).expect("one target");
        let linear = BoosterParams { booster: BoosterKind::GbLinear, ..BoosterParams::default() };
        let absent =
            BoosterParams { eval_metric: vec![EvalMetric::GammaDeviance], ..BoosterParams::default() };
        let training = || Training::new(&params, 3, &good);

        check(
            Training::new(&linear, 3, &good),
            "the embedded backend does not support these parameters: it cannot",
        );
        check(Training::new(&absent, 3, &good), "the embedded backend does not support these parameters: ");
        check(Training::new(&params, 0, &good), "failed to train for 0 rounds; hint:");
        check(Training::new(&invalid, 3, &good), "the booster's parameters are invalid: `eta` is -1");
        check(Training::new(&params, 3, &empty), "the data set `train` has 0 rows and 1 columns; hint:");
        check(Training::new(&params, 3, &large), "the target 1e300 does not fit");
        check(training().evaluate("test", &empty), "the data set `test` has 0 rows");
        check(
            training().evaluate("test", &wide),
            "the features have 2 columns, but the model was trained on 1",
        );
        check(training().evaluate("a", &good).evaluate("a", &good), "two evaluation sets are called `a`");
        check(training().early_stopping(5), "early stopping needs an evaluation set");
        check(training().evaluate("a", &good).early_stopping(0), "early stopping needs an evaluation set");
    }

    #[test]
    fn history_has_one_value_per_round_set_and_metric() {
        let params = BoosterParams {
            eval_metric: vec![EvalMetric::Rmse, EvalMetric::Mae],
            ..BoosterParams::default()
        };
        let (train, test) = (labelled(&[1.0, 5.0, 9.0, 13.0]), labelled(&[2.0, 4.0]));
        let mut seen = Vec::new();
        let trained = Training::new(&params, 7, &train)
            .evaluate("train", &train)
            .evaluate("test", &test)
            .on_round(|round| {
                let scores: Vec<_> = round
                    .scores
                    .iter()
                    .map(|score| (score.set.to_owned(), score.metric.to_owned()))
                    .collect();
                seen.push((round.index, round.rounds, scores));
                ControlFlow::Continue(())
            })
            .run()
            .expect("a model");
        assert_eq!((trained.ending, trained.best, trained.booster.rounds()), (Ending::Completed, None, 7));
        assert_eq!(seen.len(), 7);
        let named = |set: &str, metric: EvalMetric| (set.to_owned(), metric.to_string());
        assert_eq!(
            seen[6],
            (
                6,
                7,
                vec![
                    named("train", EvalMetric::Rmse),
                    named("train", EvalMetric::Mae),
                    named("test", EvalMetric::Rmse),
                    named("test", EvalMetric::Mae)
                ]
            )
        );
        let curve = trained.history.get("train", EvalMetric::Mae).expect("a curve");
        assert!(curve.len() == 7 && curve.is_sorted_by(|left, right| left > right), "{curve:?}");
        assert_eq!(trained.history.get("train", EvalMetric::Mae).map(<[f64]>::len), Some(7));
        let json = serde_json::to_string(&trained.history).expect("JSON");
        assert_eq!(serde_json::from_str::<History>(&json).expect("what was written"), trained.history);
    }

    #[test]
    fn the_model_ends_with_the_best_round() {
        // The test targets run against the training targets, so every round makes it worse.
        let params = BoosterParams::default();
        let (train, test) = (labelled(&[1.0, 5.0, 9.0, 13.0]), labelled(&[13.0, 9.0, 5.0, 1.0]));
        let trained = Training::new(&params, 100, &train)
            .evaluate("test", &test)
            .early_stopping(3)
            .run()
            .expect("a model");
        let curve = trained.history.get("test", EvalMetric::Rmse).expect("a curve");
        assert_eq!((trained.ending, curve.len(), trained.booster.rounds()), (Ending::StoppedEarly, 4, 1));
        assert_eq!(trained.best, Some(Best { round: 0, value: curve[0] }));
        let alone = Booster::train(&params, 1, &train).expect("a model");
        let features = train.features();
        assert_eq!(
            trained.booster.predict(features).expect("predictions"),
            alone.predict(features).expect("predictions")
        );
    }

    #[test]
    fn an_interrupted_training_keeps_its_rounds() {
        let (params, train) = (BoosterParams::default(), labelled(&[1.0, 5.0, 9.0, 13.0]));
        let trained = Training::new(&params, 100, &train)
            .on_round(
                |round| if round.index == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) },
            )
            .run()
            .expect("a model");
        assert_eq!((trained.ending, trained.booster.rounds()), (Ending::Interrupted, 3));
        assert!(trained.history.series().is_empty());
    }

    #[test]
    fn a_cancelled_training_keeps_its_rounds() {
        let (params, train) = (BoosterParams::default(), labelled(&[1.0, 5.0, 9.0, 13.0]));
        let training = || Training::new(&params, 100, &train);
        let error = training().cancel_when(|| true).run().map(|trained| trained.booster.rounds());
        // Dense data is asked after the round, so one is complete.
        assert!(matches!(error, Ok(1) | Err(BoostError::Cancelled)), "{error:?}");
        let trained = training().cancel_when(|| false).run().expect("a model");
        assert_eq!(trained.ending, Ending::Completed);
    }

    #[test]
    fn a_continued_training_is_the_same_as_a_longer_one() {
        let (params, train) =
            (BoosterParams { subsample: 0.8, ..BoosterParams::default() }, labelled(&[1.0, 5.0, 9.0, 13.0]));
        let whole = Booster::train(&params, 9, &train).expect("a model");
        let start = Booster::train(&params, 4, &train).expect("a model");
        let trained = Training::new(&params, 5, &train).continue_from(&start).run().expect("a model");
        assert_eq!(trained.booster.rounds(), 9);
        let predict = |booster: &Booster| booster.predict(train.features()).expect("predictions");
        assert_eq!(predict(&trained.booster), predict(&whole));
    }
}
