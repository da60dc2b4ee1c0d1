//! The progress that a training reports, and its result.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crate::boost::{Booster, History, Score};

pub(super) type OnRound<'a> = Box<dyn FnMut(&Round<'_>) -> ControlFlow<()> + Send + 'a>;
pub(in crate::boost) type Canceled<'a> = Arc<dyn Fn() -> bool + Send + Sync + 'a>;

/// A round that has just ended.
#[derive(Debug)]
pub struct Round<'a> {
    /// The number of the round, from 0.
    pub index: usize,
    /// How many rounds were asked for.
    pub rounds: usize,
    /// What was measured, in the order of the evaluation sets and within a set of the metrics.
    pub scores: &'a [Score<'a>],
    /// The time since the first round of this run began.
    pub elapsed: Duration,
}

/// What a training leaves.
#[derive(Debug)]
pub struct Trained {
    /// The model. With early stopping, it ends with the best round.
    pub booster: Booster,
    /// The learning curves over all rounds that ran; empty without evaluation sets.
    pub history: History,
    /// The best round, with early stopping; `None` if the training was interrupted before the watched metric was a number.
    pub best: Option<Best>,
    /// Why the training ended.
    pub ending: Ending,
    /// How many rounds were taken from a checkpoint instead of being trained.
    pub resumed_rounds: usize,
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
    /// All rounds were trained.
    Completed,
    /// The watched metric did not improve any more.
    StoppedEarly,
    /// The callback asked for it, or the training was canceled.
    Interrupted,
}
