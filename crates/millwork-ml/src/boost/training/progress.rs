//! The bookkeeping after each round of a training.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::boost::training::early_stopping::EarlyStopping;
use crate::boost::training::outcome::{Canceled, OnRound};
use crate::boost::{Best, BoostError, Ending, History, Round};

/// Keeps the history of a training and decides whether it continues.
pub(super) struct Progress<'a> {
    rounds: usize,
    completed: usize,
    history: History,
    stopping: Option<EarlyStopping>,
    on_round: OnRound<'a>,
    canceled: Canceled<'a>,
    ending: Ending,
    began: Instant,
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        rounds: usize,
        history: History,
        stopping: Option<EarlyStopping>,
        on_round: OnRound<'a>,
        canceled: Canceled<'a>,
    ) -> Self {
        let (completed, ending, began) = (0, Ending::Completed, Instant::now());
        Self { rounds, completed, history, stopping, on_round, canceled, ending, began }
    }

    /// After the rounds that an earlier run completed, given their scores.
    pub(super) fn resumed(mut self, scores: &[Vec<f64>]) -> Self {
        for (round, scores) in scores.iter().enumerate() {
            self.history.push(scores);
            let watched = self.stopping.as_mut().zip(scores.last());
            if watched.is_some_and(|(stopping, &value)| stopping.stops(round, value)) {
                self.ending = Ending::StoppedEarly;
            }
        }
        self.completed = scores.len();
        self
    }

    /// Takes the scores of a round.
    pub(super) fn observe(&mut self, scores: &[f64]) -> ControlFlow<()> {
        self.history.push(scores);
        let elapsed = self.began.elapsed();
        let round =
            Round { index: self.completed, rounds: self.rounds, scores: &self.history.last(), elapsed };
        self.completed += 1;
        let index = round.index;
        if (self.on_round)(&round).is_break() || (self.canceled)() {
            self.ending = Ending::Interrupted;
            return ControlFlow::Break(());
        }
        let watched = self.stopping.as_mut().zip(scores.last());
        if watched.is_some_and(|(stopping, &value)| stopping.stops(index, value)) {
            self.ending = Ending::StoppedEarly;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// How many rounds are still to be trained.
    pub(super) fn remaining(&self) -> usize {
        if self.ending == Ending::Completed { self.rounds.saturating_sub(self.completed) } else { 0 }
    }

    pub(super) fn completed(&self) -> usize {
        self.completed
    }

    /// The scores of each completed round.
    pub(super) fn scores(&self) -> Vec<Vec<f64>> {
        let series = self.history.series();
        (0..self.completed).map(|round| series.iter().map(|curve| curve.values[round]).collect()).collect()
    }

    /// The learning curves, the best round, and why the training ended; an error if it came to its end and no round is
    /// the best.
    pub(super) fn finish(self) -> Result<(History, Option<Best>, Ending), BoostError> {
        let cut_short = self.ending == Ending::Completed && self.completed < self.rounds;
        let ending = if cut_short { Ending::Interrupted } else { self.ending };
        let undefined = self.stopping.as_ref().and_then(EarlyStopping::undefined);
        match undefined.filter(|_| ending != Ending::Interrupted) {
            Some(error) => Err(error),
            None => Ok((self.history, self.stopping.and_then(|stopping| stopping.best()), ending)),
        }
    }
}
