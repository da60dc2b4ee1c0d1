//! Early stopping: ends a training for lack of improvement.

use crate::boost::BoostError;
use crate::boost::training::Best;

/// The best round so far, and how long it may take to find a better one.
///
/// A value that is not a finite number is not a score: a metric that is not defined on the watched set, such as the area
/// under a curve where there is one class only, or a loss that has overflowed. Such a round is never the best and is no
/// improvement; a training that has none but such rounds when its patience ends has nothing to be judged by.
#[derive(Debug)]
pub(super) struct EarlyStopping {
    patience: usize,
    maximizes: bool,
    watched: Watched,
    best: Option<Best>,
    /// How many rounds had no score.
    undefined: usize,
}

/// The metric and evaluation set that early stopping watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) set: String,
    pub(super) metric: String,
}

impl EarlyStopping {
    pub(super) fn new(patience: usize, maximizes: bool, watched: Watched) -> Self {
        Self { patience, maximizes, watched, best: None, undefined: 0 }
    }

    /// Takes the watched metric's value after a round and returns whether to stop.
    pub(super) fn stops(&mut self, round: usize, value: f64) -> bool {
        if !value.is_finite() {
            self.skip(round, value);
        } else if self.best.is_none_or(|best| self.improves(value, best.value)) {
            self.best = Some(Best { round, value });
            return false;
        }
        match self.best {
            Some(best) => round - best.round >= self.patience,
            None => self.undefined >= self.patience,
        }
    }

    /// Warns once that a round has no score.
    fn skip(&mut self, round: usize, value: f64) {
        if self.undefined == 0 {
            let Watched { set, metric } = &self.watched;
            tracing::warn!(%set, %metric, round, value, "the watched metric is not defined; such rounds are never the best");
        }
        self.undefined += 1;
    }

    fn improves(&self, value: f64, best: f64) -> bool {
        if self.maximizes { value > best } else { value < best }
    }

    /// The best round; `None` before the first round that has a score.
    pub(super) fn best(&self) -> Option<Best> {
        self.best
    }

    /// The error of a training that has come to its end and has no round to keep.
    pub(super) fn undefined(&self) -> Option<BoostError> {
        let Watched { set, metric } = self.watched.clone();
        let is_undefined = self.best.is_none() && self.undefined > 0;
        is_undefined.then_some(BoostError::UndefinedMetric { set, metric, rounds: self.undefined })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(maximizes: bool, values: &[f64], stops_at: Option<usize>, best: Option<usize>) {
        let watched = Watched { set: "test".to_owned(), metric: "auc".to_owned() };
        let mut stopping = EarlyStopping::new(2, maximizes, watched);
        let stopped = values.iter().enumerate().position(|(round, &value)| stopping.stops(round, value));
        assert_eq!((stopped, stopping.best().map(|best| best.round)), (stops_at, best), "{values:?}");
        assert_eq!(stopping.undefined().is_some(), best.is_none(), "{values:?}");
    }

    #[test]
    fn a_training_stops_when_its_patience_ends() {
        check(false, &[3.0, 2.0, 1.0], None, Some(2));
        check(false, &[3.0, 2.0, 2.0, 2.5, 0.0], Some(3), Some(1));
        check(true, &[0.5, 0.7, 0.6, 0.7, 0.9], Some(3), Some(1));
    }

    #[test]
    fn what_is_not_a_number_is_never_the_best() {
        const NAN: f64 = f64::NAN;
        const INFINITY: f64 = f64::INFINITY;
        check(false, &[NAN, NAN, NAN], Some(1), None);
        check(false, &[NAN, 1.0, NAN], None, Some(1));
        check(true, &[0.5, NAN, NAN, 0.9], Some(2), Some(0));
        check(true, &[INFINITY, 0.5, 0.4], None, Some(1));
        check(false, &[-INFINITY, 0.5, 0.4, -INFINITY, NAN], Some(4), Some(2));
        check(false, &[INFINITY, INFINITY], Some(1), None);
    }
}
