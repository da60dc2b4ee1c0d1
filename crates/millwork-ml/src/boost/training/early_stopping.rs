//! When a training stops for lack of improvement.

use crate::boost::training::Best;

/// The best round so far, and how long it may take to find a better one.
#[derive(Debug)]
pub(super) struct EarlyStopping {
    patience: usize,
    maximizes: bool,
    best: Option<Best>,
}

impl EarlyStopping {
    pub(super) fn new(patience: usize, maximizes: bool) -> Self {
        Self { patience, maximizes, best: None }
    }

    /// Takes the watched metric's value after a round and tells whether it is time to stop. A value that is not a
    /// number is no improvement.
    pub(super) fn stops(&mut self, round: usize, value: f64) -> bool {
        match &self.best {
            Some(best) if !self.improves(value, best.value) => round - best.round >= self.patience,
            _ => {
                self.best = Some(Best { round, value });
                false
            }
        }
    }

    fn improves(&self, value: f64, best: f64) -> bool {
        let better = if self.maximizes { value > best } else { value < best };
        better || best.is_nan() && !value.is_nan()
    }

    pub(super) fn best(&self) -> Option<Best> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(maximizes: bool, values: &[f64], stops_at: Option<usize>, best: usize) {
        let mut stopping = EarlyStopping::new(2, maximizes);
        let stopped = values.iter().enumerate().position(|(round, &value)| stopping.stops(round, value));
        assert_eq!((stopped, stopping.best().map(|best| best.round)), (stops_at, Some(best)), "{values:?}");
    }

    #[test]
    fn a_training_stops_when_its_patience_ends() {
        check(false, &[3.0, 2.0, 1.0], None, 2);
        check(false, &[3.0, 2.0, 2.0, 2.5, 0.0], Some(3), 1);
        check(true, &[0.5, 0.7, 0.6, 0.7, 0.9], Some(3), 1);
        check(false, &[f64::NAN, f64::NAN, f64::NAN], Some(2), 0);
        check(false, &[f64::NAN, 1.0, f64::NAN], None, 1);
    }
}
