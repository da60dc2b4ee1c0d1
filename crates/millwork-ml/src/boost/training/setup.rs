//! The setup of a training.

use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::boost::training::checkpoint::Checkpoint;
use crate::boost::training::custom::{Custom, CustomLoss, CustomMetric};
use crate::boost::training::outcome::{Canceled, OnRound};
use crate::boost::training::run;
use crate::boost::{BoostError, Booster, BoosterParams, Derivatives, Round, Trained};
use crate::features::LabelledFeatures;
use crate::held_out::KeySet;

/// What a training learns from: [`LabelledFeatures`], or [`LabelledTexts`](crate::pipeline::LabelledTexts).
pub trait TrainingData: sealed::Sealed {
    /// The parameters of a training on such data.
    type Params: fmt::Debug;
    /// What the training makes.
    type Model;
}

pub(crate) mod sealed {
    /// Only this crate trains.
    pub trait Sealed {}
}

impl sealed::Sealed for LabelledFeatures {}

impl TrainingData for LabelledFeatures {
    type Params = BoosterParams;
    type Model = Booster;
}

/// A training that is being set up: of a [`Booster`] on features ([`Training::new`]), or of a
/// [`TextPipeline`](crate::pipeline::TextPipeline) on texts ([`Training::on_texts`]).
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
pub struct Training<'a, D: TrainingData = LabelledFeatures> {
    pub(crate) params: &'a D::Params,
    pub(super) rounds: usize,
    pub(crate) data: &'a D,
    pub(crate) sets: Vec<(&'a str, &'a D)>,
    pub(crate) start: Option<&'a D::Model>,
    pub(super) chosen_on: Vec<Option<&'a KeySet>>,
    pub(super) patience: Option<usize>,
    pub(super) custom: Custom,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) on_round: OnRound<'a>,
    pub(super) canceled: Canceled<'a>,
}

impl<'a> Training<'a> {
    /// A training of `rounds` rounds, each a tree per output, on the features and targets of `data`.
    pub fn new(params: &'a BoosterParams, rounds: usize, data: &'a LabelledFeatures) -> Self {
        Self::of(params, rounds, data)
    }

    /// Trains, on threads of its own.
    ///
    /// # Errors
    ///
    /// When a parameter is out of range or not supported by the backend, no round was asked for, a set is empty or has
    /// other columns than the training data (or categories where that has numbers), the model to continue from has others, targets do not
    /// suit the objective, a metric does not suit objective or targets, two sets share a name, a metric of your own is called as one of
    /// XGBoost's, early stopping
    /// has nothing to watch or the watched metric is never a number, a number does not fit `f32`, the native library is not found or refuses, the checkpoint
    /// cannot be read or written, or the training was canceled before its first round ended.
    pub fn run(self) -> Result<Trained, BoostError> {
        run::run(self)
    }
}

impl<'a, D: TrainingData> Training<'a, D> {
    pub(crate) fn of(params: &'a D::Params, rounds: usize, data: &'a D) -> Self {
        Self {
            params,
            rounds,
            data,
            sets: Vec::new(),
            start: None,
            chosen_on: Vec::new(),
            patience: None,
            custom: Custom::default(),
            checkpoint: None,
            on_round: Box::new(|_: &Round<'_>| ControlFlow::Continue(())),
            canceled: Arc::new(|| false),
        }
    }

    /// The same training on features that were made of its data and of its evaluation sets, in their order.
    pub(crate) fn on_features<'f>(
        self,
        params: &'f BoosterParams,
        data: &'f LabelledFeatures,
        sets: &'f [LabelledFeatures],
        start: Option<&'f Booster>,
    ) -> Training<'f>
    where
        'a: 'f,
    {
        let sets = self.sets.iter().map(|(set, _)| *set).zip(sets).collect();
        let Self { rounds, chosen_on, patience, custom, checkpoint, on_round, canceled, .. } = self;
        Training {
            params,
            rounds,
            data,
            sets,
            start,
            chosen_on,
            patience,
            custom,
            checkpoint,
            on_round,
            canceled,
        }
    }

    /// Measures every `eval_metric` on `data` after each round, under the name `set`.
    #[must_use]
    pub fn evaluate(mut self, set: &'a str, data: &'a D) -> Self {
        self.sets.push((set, data));
        self
    }

    /// Stops when the last metric on the last evaluation set has not improved for `rounds` rounds. A round in which that
    /// metric is not a finite number, because it is not defined on that set, is skipped with a warning: it is never the
    /// best. If that is every round, the training fails with [`BoostError::UndefinedMetric`]. The model then
    /// keeps the rounds up to the best one only, in memory and in its file, as by XGBoost's `save_best`: every reader
    /// of the file predicts the same.
    #[must_use]
    pub fn early_stopping(mut self, rounds: usize) -> Self {
        self.patience = Some(rounds);
        self
    }

    /// Records that `keys` are those of rows that decided on the parameters, as [`check_held_out`](Booster::check_held_out) then warns of:
    /// `found.scored_on.as_ref()` after a [`Search`](crate::search::Search), or [`KeySet::of`] the rows by which they were chosen otherwise.
    /// `None` if their keys are not known; then the model knows that too. The rows that early stopping watches are recorded without it.
    #[must_use]
    pub fn chosen_on(mut self, keys: Option<&'a KeySet>) -> Self {
        self.chosen_on.push(keys);
        self
    }

    /// Learns by the derivatives of a loss of your own, in place of those of the parameters' `objective`, which still
    /// determines how many outputs there are and how margins become predictions.
    ///
    /// `derive` is given the margins (rows × outputs) and the targets (rows), and fills in the derivatives of each row's
    /// loss (rows × outputs); they are multiplied by the weights afterwards. Training starts with `base_score`, 0.5 if
    /// absent, as by XGBoost with a custom objective.
    ///
    /// ```
    /// use millwork_ml::boost::{BoosterParams, Derivatives, Training};
    /// # use millwork_ml::features::{Features, LabelledFeatures};
    /// # let train = LabelledFeatures::new(Features::from_dense(1, &[1.0, 2.0, 3.0])?, vec![1.0, 4.0, 9.0])?;
    /// // Three times as bad to predict too little as to predict too much.
    /// let trained = Training::new(&BoosterParams::default(), 20, &train)
    ///     .objective(|margins, targets, derivatives| {
    ///         for ((margin, target), derivatives) in margins.iter().zip(targets).zip(derivatives) {
    ///             let weight = if margin < target { 3.0 } else { 1.0 };
    ///             *derivatives = Derivatives { first: weight * (margin - target), second: weight };
    ///         }
    ///     })
    ///     .run()?;
    /// # assert!(trained.booster.predict(train.features())?[2] > 8.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn objective(
        mut self,
        derive: impl Fn(&[f32], &[f32], &mut [Derivatives]) + Send + Sync + 'static,
    ) -> Self {
        self.custom.loss = Some(CustomLoss::new(derive));
        self
    }

    /// Measures a metric of your own on each evaluation set, after those of the parameters, so that it decides early
    /// stopping; larger values are better if it `maximizes`. `name` is none of XGBoost's names, such as `rmse`.
    ///
    /// `measure` is given the predictions (rows × outputs), the targets and the weights, if there are any (rows).
    ///
    /// ```
    /// use millwork_ml::boost::{BoosterParams, Training};
    /// # use millwork_ml::features::{Features, LabelledFeatures};
    /// # let train = LabelledFeatures::new(Features::from_dense(1, &[1.0, 2.0, 3.0])?, vec![1.0, 4.0, 9.0])?;
    /// let trained = Training::new(&BoosterParams::default(), 100, &train)
    ///     .evaluate("train", &train)
    ///     .metric("within one", true, |predictions, targets, _weights| {
    ///         let near = predictions.iter().zip(targets).filter(|(found, target)| (**found - **target).abs() <= 1.0);
    ///         near.count() as f64 / targets.len() as f64
    ///     })
    ///     .early_stopping(10)
    ///     .run()?;
    /// assert_eq!(trained.best.map(|best| best.value), Some(1.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn metric(
        mut self,
        name: &str,
        maximizes: bool,
        measure: impl Fn(&[f32], &[f32], Option<&[f32]>) -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.custom.metric = Some(CustomMetric::new(name, maximizes, measure));
        self
    }

    /// Writes the state of the training to `file` after every `every` rounds (at least 1) and when it is interrupted.
    /// The same training, started again, continues from there and leaves the same model; another one (of other
    /// parameters, rounds, data or sets) starts anew. A function of your own is taken to be the same one. The file is
    /// removed when the training has ended.
    ///
    /// Between checkpoints little is lost and between them little is paid: for dense data each costs about as much as
    /// preparing the data, so choose `every` such that it comes every minute or so.
    #[must_use]
    pub fn checkpoint(mut self, file: impl Into<PathBuf>, every: usize) -> Self {
        self.checkpoint = Some(Checkpoint { file: file.into(), every: every.max(1) });
        self
    }

    /// Adds the rounds to those of `model`, which was trained with the same objective on the same columns: also on categories where
    /// the training data has categories, as far as it knows by its columns' types or its splits.
    #[must_use]
    pub fn continue_from(mut self, model: &'a D::Model) -> Self {
        self.start = Some(model);
        self
    }

    /// Asks `canceled` after each round, and on the embedded backend within a round as well, and stops as soon as it returns true,
    /// with the rounds that are complete.
    #[must_use]
    pub fn cancel_when(mut self, canceled: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        self.canceled = Arc::new(canceled);
        self
    }

    /// Calls `on_round` after each round, on the training thread. `Break` ends the training with the rounds so far.
    #[must_use]
    pub fn on_round(mut self, on_round: impl FnMut(&Round<'_>) -> ControlFlow<()> + Send + 'a) -> Self {
        self.on_round = Box::new(on_round);
        self
    }
}

impl<D: TrainingData> fmt::Debug for Training<'_, D> {
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
