//! The outcome of a search.

use std::time::Duration;

use millwork_core::{Column, MetadataValue, Series, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::held_out::KeySet;
use crate::search::{Goal, Score};

/// What a search found: every trial, and the parameters of the best one.
///
/// As an asset value it is the same for the same scores: the times of trials are not stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found<P> {
    /// Whether small or large scores are good.
    pub goal: Goal,
    /// The number of the best candidate.
    pub best: usize,
    /// The parameters of the best trial.
    pub best_params: P,
    /// Every trial, in order: with successive halving, a candidate has one per stage.
    pub trials: Vec<Trial>,
    /// Whether the search was canceled before it had tried everything.
    #[serde(alias = "cancelled")]
    pub canceled: bool,
    /// The keys of the rows that the trials were scored on; `None` if the search wasn't given them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scored_on: Option<KeySet>,
}

/// One evaluation of a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The number of the candidate, from 0.
    pub candidate: usize,
    /// The searched parameters, by name.
    pub values: Map<String, Value>,
    /// How much it was given, with successive halving.
    pub resource: Option<usize>,
    /// The score of the trial; `None` if it failed.
    pub score: Option<f64>,
    /// The standard deviation of the score over folds.
    pub spread: Option<f64>,
    /// Its learning curve, if it has one.
    pub curve: Vec<f64>,
    /// The error of the trial; `None` if it succeeded.
    pub error: Option<String>,
    /// How long it took; zero once stored.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl Trial {
    pub(super) fn new(
        candidate: usize,
        values: Map<String, Value>,
        resource: Option<usize>,
        outcome: Result<Score, String>,
        elapsed: Duration,
    ) -> Self {
        let (score, error) = match outcome {
            Ok(score) => (score, None),
            Err(error) => (Score::default(), Some(error)),
        };
        let value = error.is_none().then_some(score.value);
        // A score that is not a number could not be stored.
        let curve = score.curve.into_iter().take_while(|value| value.is_finite()).collect();
        Self { candidate, values, resource, score: value, spread: score.spread, curve, error, elapsed }
    }
}

impl<P> Found<P> {
    /// The last trial of the best candidate that has a score.
    pub fn best_trial(&self) -> Option<&Trial> {
        self.trials.iter().rev().find(|trial| trial.candidate == self.best && trial.score.is_some())
    }

    /// The score of each trial and the best one so far, as a series for metadata. A failed trial is left out.
    pub fn scores(&self) -> Series {
        let scores: Vec<f64> = self.trials.iter().filter_map(|trial| trial.score).collect();
        let better = |best: &mut f64, &score: &f64| {
            *best = if self.goal == Goal::Minimize { best.min(score) } else { best.max(score) };
            Some(*best)
        };
        let start = if self.goal == Goal::Minimize { f64::INFINITY } else { f64::NEG_INFINITY };
        let best = scores.iter().scan(start, better).collect();
        Series::by_index("trial", [("score".to_owned(), scores), ("best so far".to_owned(), best)])
    }

    /// The learning curves of the trials that have one, as a series for metadata.
    pub fn curves(&self) -> Series {
        let curves = self.trials.iter().enumerate().filter(|(_, trial)| !trial.curve.is_empty());
        Series::by_index(
            "round",
            curves.map(|(number, trial)| (format!("trial {number}"), trial.curve.clone())),
        )
    }
}

/// A row per trial: its parameters, score, spread, resource, seconds and error.
impl<P> From<&Found<P>> for MetadataValue {
    fn from(found: &Found<P>) -> Self {
        let parameters: Vec<&String> =
            found.trials.first().into_iter().flat_map(|trial| trial.values.keys()).collect();
        let column =
            |name: &str, data_type: &str| Column { name: name.to_owned(), data_type: data_type.to_owned() };
        let mut columns = vec![column("candidate", "u64")];
        columns.extend(parameters.iter().map(|name| column(name, "json")));
        columns.extend([
            column("score", "f64"),
            column("spread", "f64"),
            column("resource", "u64"),
            column("seconds", "f64"),
            column("error", "text"),
        ]);
        let row = |trial: &Trial| {
            let mut row = vec![Value::from(trial.candidate)];
            row.extend(parameters.iter().map(|name| trial.values.get(*name).cloned().unwrap_or_default()));
            row.extend([
                trial.score.into(),
                trial.spread.into(),
                trial.resource.into(),
                trial.elapsed.as_secs_f64().into(),
                trial.error.clone().into(),
            ]);
            row
        };
        Self::Table(Table { columns, rows: found.trials.iter().map(row).collect() })
    }
}
