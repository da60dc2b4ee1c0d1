//! What happens after each round.

use std::ops::ControlFlow;

use crate::boost::training::early_stopping::EarlyStopping;
use crate::boost::training::setup::{Cancelled, OnRound};
use crate::boost::{Best, Ending, History, Round};

/// Keeps the history of a training and decides whether it goes on.
pub(super) struct Progress<'a> {
    rounds: usize,
    completed: usize,
    history: History,
    stopping: Option<EarlyStopping>,
    on_round: OnRound<'a>,
    cancelled: Cancelled<'a>,
    ending: Ending,
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        rounds: usize,
        history: History,
        stopping: Option<EarlyStopping>,
        on_round: OnRound<'a>,
        cancelled: Cancelled<'a>,
    ) -> Self {
        Self { rounds, completed: 0, history, stopping, on_round, cancelled, ending: Ending::Completed }
    }

    /// Takes the scores of a round.
    pub(super) fn observe(&mut self, scores: &[f64]) -> ControlFlow<()> {
        self.history.push(scores);
        let round = Round { index: self.completed, rounds: self.rounds, scores: &self.history.last() };
        self.completed += 1;
        let index = round.index;
        if (self.on_round)(&round).is_break() || (self.cancelled)() {
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

    /// The learning curves, the best round, and why the training ended.
    pub(super) fn finish(self) -> (History, Option<Best>, Ending) {
        let cut_short = self.ending == Ending::Completed && self.completed < self.rounds;
        let ending = if cut_short { Ending::Interrupted } else { self.ending };
        (self.history, self.stopping.and_then(|stopping| stopping.best()), ending)
    }
}
