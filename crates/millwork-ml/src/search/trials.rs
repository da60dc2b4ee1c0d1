//! Trying candidates.

use std::fmt::Display;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::features::RowKeys;
use crate::held_out::KeySet;
use crate::search::candidates::Candidate;
use crate::search::{Candidates, Found, Halving, SearchError, Trial};

/// Whether small or large scores are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// A lower score is better, as of a loss.
    Minimize,
    /// A share that is right or explained.
    Maximize,
}

/// What a trial is given.
#[derive(Debug)]
pub struct Try<'a, P> {
    /// The candidate's parameters.
    pub params: &'a P,
    /// How much to spend, such as boosting rounds, with successive halving.
    pub resource: Option<usize>,
}

/// What a trial found. A plain number is a score without the rest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Score {
    /// The score that trials are compared by.
    pub value: f64,
    /// Its standard deviation over folds.
    pub spread: Option<f64>,
    /// The learning curve; kept up to the first value that is not a finite number.
    pub curve: Vec<f64>,
}

impl From<f64> for Score {
    fn from(value: f64) -> Self {
        Self { value, ..Self::default() }
    }
}

/// A search that is being set up.
///
/// ```
/// use millwork_ml::boost::{BoosterParams, EvalMetric, Training};
/// use millwork_ml::search::{Candidates, Goal, Score, Search, Space};
/// # use millwork_ml::features::{Features, LabelledFeatures};
/// # let values: Vec<f64> = (0..60).map(f64::from).collect();
/// # let rows = Features::from_dense(1, &values)?;
/// # let train = LabelledFeatures::new(rows.clone(), (0..60).map(|row| f64::from(row / 20)).collect())?;
/// # let validation = train.clone();
///
/// let space = Space::new().choices("max_depth", [1, 3]).log_uniform("eta", 0.05, 0.5);
/// let candidates = Candidates::random(&BoosterParams::default(), &space, 8, 42)?;
/// let found = Search::new(&candidates, Goal::Minimize).run(|trial| {
///     let trained = Training::new(trial.params, 20, &train).evaluate("validation", &validation).run()?;
///     let curve = trained.history.get("validation", EvalMetric::Rmse).expect("measured").to_vec();
///     Ok::<_, millwork_ml::boost::BoostError>(Score { value: curve[curve.len() - 1], curve, ..Score::default() })
/// })?;
/// assert_eq!(found.trials.len(), 8);
/// assert!(found.best_params.eta > 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Search<'a, P> {
    candidates: &'a Candidates<P>,
    goal: Goal,
    halving: Option<Halving>,
    scored_on: Vec<Option<KeySet>>,
    threads: usize,
    on_trial: Mutex<OnTrial<'a>>,
    canceled: Box<dyn Fn() -> bool + Send + Sync + 'a>,
}

type OnTrial<'a> = Box<dyn FnMut(&Trial) + Send + 'a>;

impl<'a, P: Clone + Send + Sync> Search<'a, P> {
    /// A search among candidates, one at a time.
    pub fn new(candidates: &'a Candidates<P>, goal: Goal) -> Self {
        let on_trial = Mutex::new(Box::new(|_: &Trial| {}) as OnTrial<'a>);
        Self {
            candidates,
            goal,
            halving: None,
            scored_on: Vec::new(),
            threads: 1,
            on_trial,
            canceled: Box::new(|| false),
        }
    }

    /// Records that trials are scored on rows with these keys: those of a validation part, or with folds those of all rows that are
    /// divided. Several calls add up; `None` if rows have no keys. [`Found::scored_on`] then has them, for
    /// [`Training::chosen_on`](crate::boost::Training::chosen_on): a model with the best parameters has been selected by these rows.
    #[must_use]
    pub fn scored_on(mut self, keys: Option<&RowKeys>) -> Self {
        self.scored_on.push(keys.map(KeySet::of));
        self
    }

    /// Tries all candidates with few resources, and ever fewer of them with more.
    #[must_use]
    pub fn halving(mut self, halving: Halving) -> Self {
        self.halving = Some(halving);
        self
    }

    /// Sets the number of candidates tried in parallel. The result is the same for any number; let each trial then have few threads of
    /// its own.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Calls `on_trial` when a trial has ended, with several threads in any order.
    #[must_use]
    pub fn on_trial(mut self, on_trial: impl FnMut(&Trial) + Send + 'a) -> Self {
        self.on_trial = Mutex::new(Box::new(on_trial));
        self
    }

    /// Asks `canceled` before each trial, and ends the search with the trials so far if it returns true.
    #[must_use]
    pub fn cancel_when(mut self, canceled: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        self.canceled = Box::new(canceled);
        self
    }

    /// Tries the candidates. A trial that fails, or whose score is not a number, is recorded as failed.
    ///
    /// # Errors
    ///
    /// When the halving is impossible, no trial has a score, or the search was canceled before one had.
    pub fn run<S: Into<Score>, E: Display>(
        self,
        score: impl Fn(&Try<'_, P>) -> Result<S, E> + Sync,
    ) -> Result<Found<P>, SearchError> {
        let stages = match &self.halving {
            Some(halving) => halving.resources()?.into_iter().map(Some).collect(),
            None => vec![None],
        };
        let mut left: Vec<usize> = (0..self.candidates.len()).collect();
        let (mut trials, mut best, mut canceled) = (Vec::new(), None, false);
        for resource in stages {
            let of_stage = self.stage(&left, resource, &score)?;
            let complete = of_stage.len() == left.len();
            let order = self.order(&of_stage);
            // A stage that was cut short compares fewer candidates than the one before.
            if complete || best.is_none() {
                best = order.first().copied().or(best);
            }
            trials.extend(of_stage);
            canceled = !complete;
            if canceled || order.is_empty() {
                break;
            }
            let kept = self.halving.as_ref().map_or(1, |halving| halving.kept(left.len()));
            left = order.into_iter().take(kept).collect();
            left.sort_unstable();
        }
        self.found(trials, best, canceled)
    }

    /// Tries candidates, whose trials come back in the order of the candidates.
    ///
    /// The threads are not rayon's: a worker of rayon that waits for another pool, such as a training's, takes up the next
    /// trial meanwhile, and any number of them would run at a time, nested on one stack.
    fn stage<S: Into<Score>, E: Display>(
        &self,
        candidates: &[usize],
        resource: Option<usize>,
        score: &(impl Fn(&Try<'_, P>) -> Result<S, E> + Sync),
    ) -> Result<Vec<Trial>, SearchError> {
        let next = AtomicUsize::new(0);
        let take = || candidates.get(next.fetch_add(1, Ordering::Relaxed));
        let work =
            || -> Vec<Trial> { std::iter::from_fn(|| self.trial(*take()?, resource, score)).collect() };
        let mut trials = thread::scope(|scope| {
            let spawn =
                |number| thread::Builder::new().name(format!("trial-{number}")).spawn_scoped(scope, work);
            let workers =
                (0..self.threads.min(candidates.len())).map(spawn).collect::<Result<Vec<_>, _>>()?;
            let trials = workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
            Ok::<Vec<Trial>, SearchError>(trials.collect())
        })?;
        trials.sort_unstable_by_key(|trial| trial.candidate);
        Ok(trials)
    }

    /// Tries a candidate, unless the search is canceled.
    fn trial<S: Into<Score>, E: Display>(
        &self,
        number: usize,
        resource: Option<usize>,
        score: &impl Fn(&Try<'_, P>) -> Result<S, E>,
    ) -> Option<Trial> {
        if (self.canceled)() {
            return None;
        }
        let Candidate { values, params } = &self.candidates.all[number];
        let began = Instant::now();
        let outcome = score(&Try { params, resource }).map(Into::into).map_err(|error| error.to_string());
        let outcome = outcome.and_then(|score: Score| {
            if score.value.is_finite() { Ok(score) } else { Err(format!("the score is {}", score.value)) }
        });
        let trial = Trial::new(number, values.clone(), resource, outcome, began.elapsed());
        if let Ok(mut on_trial) = self.on_trial.lock() {
            on_trial(&trial);
        }
        Some(trial)
    }

    /// The candidates of trials with a score, the best first; of equal ones the first.
    fn order(&self, trials: &[Trial]) -> Vec<usize> {
        let mut scored: Vec<(f64, usize)> =
            trials.iter().filter_map(|trial| Some((trial.score?, trial.candidate))).collect();
        scored.sort_by(|(left, _), (right, _)| match self.goal {
            Goal::Minimize => left.total_cmp(right),
            Goal::Maximize => right.total_cmp(left),
        });
        scored.into_iter().map(|(_, candidate)| candidate).collect()
    }

    fn found(
        &self,
        trials: Vec<Trial>,
        best: Option<usize>,
        canceled: bool,
    ) -> Result<Found<P>, SearchError> {
        let Some(candidate) = best else {
            let first = trials.iter().find_map(|trial| trial.error.clone()).ok_or(SearchError::Canceled)?;
            return Err(SearchError::AllFailed { trials: trials.len(), first });
        };
        let best_params = self.candidates.all[candidate].params.clone();
        let scored_on: Option<Vec<&KeySet>> = self.scored_on.iter().map(Option::as_ref).collect();
        let scored_on = scored_on.filter(|parts| !parts.is_empty());
        let scored_on =
            scored_on.map(|parts| parts.into_iter().fold(KeySet::default(), |all, keys| all.union(keys)));
        Ok(Found { goal: self.goal, best: candidate, best_params, trials, canceled, scored_on })
    }
}
