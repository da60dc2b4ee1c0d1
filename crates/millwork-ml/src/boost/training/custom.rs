//! Losses and metrics of the user's own.

use std::fmt;
use std::sync::Arc;

use crate::boost::BoostError;

/// The derivatives of a row's loss by one of the row's margins.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Derivatives {
    /// The first derivative: negative where the margin has to rise.
    pub first: f32,
    /// The second derivative, which is positive for a convex loss.
    pub second: f32,
}

/// What a training learns and measures besides what its parameters name.
#[derive(Clone, Default)]
pub(in crate::boost) struct Custom {
    pub(in crate::boost) loss: Option<CustomLoss>,
    pub(in crate::boost) metric: Option<CustomMetric>,
}

/// A loss by its derivatives: margins (rows × outputs) and targets (rows) to derivatives (rows × outputs).
#[derive(Clone)]
pub(in crate::boost) struct CustomLoss(Arc<Derive>);

type Derive = dyn Fn(&[f32], &[f32], &mut [Derivatives]) + Send + Sync;

/// A metric of the caller's, measured last on each evaluation set, from predictions (rows × outputs), targets and weights.
#[derive(Clone)]
pub(in crate::boost) struct CustomMetric {
    pub(in crate::boost) name: String,
    pub(in crate::boost) maximizes: bool,
    measure: Arc<Measure>,
}

type Measure = dyn Fn(&[f32], &[f32], Option<&[f32]>) -> f64 + Send + Sync;

impl CustomLoss {
    pub(super) fn new(derive: impl Fn(&[f32], &[f32], &mut [Derivatives]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(derive))
    }

    /// The derivatives of each row's loss (rows × outputs), times the row's weight.
    ///
    /// # Errors
    ///
    /// With the first row whose derivatives are no finite numbers, from which no tree can be learned.
    pub(in crate::boost) fn derivatives(
        &self,
        margins: &[f32],
        targets: &[f32],
        weights: Option<&[f32]>,
    ) -> Result<Vec<Derivatives>, BoostError> {
        let mut derivatives = vec![Derivatives::default(); margins.len()];
        (self.0)(margins, targets, &mut derivatives);
        let outputs = (margins.len() / targets.len().max(1)).max(1);
        if let Some(weights) = weights {
            for (of_row, &weight) in derivatives.chunks_mut(outputs).zip(weights) {
                for derivatives in of_row {
                    derivatives.first *= weight;
                    derivatives.second *= weight;
                }
            }
        }
        let is_finite = |of: &Derivatives| of.first.is_finite() && of.second.is_finite();
        match derivatives.iter().position(|derivatives| !is_finite(derivatives)) {
            Some(place) => {
                let Derivatives { first, second } = derivatives[place];
                Err(BoostError::Derivatives { row: place / outputs, output: place % outputs, first, second })
            }
            None => Ok(derivatives),
        }
    }
}

impl CustomMetric {
    pub(super) fn new(
        name: &str,
        maximizes: bool,
        measure: impl Fn(&[f32], &[f32], Option<&[f32]>) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), maximizes, measure: Arc::new(measure) }
    }

    pub(in crate::boost) fn measure(
        &self,
        predictions: &[f32],
        targets: &[f32],
        weights: Option<&[f32]>,
    ) -> f64 {
        (self.measure)(predictions, targets, weights)
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom")
            .field("loss", &self.loss.is_some())
            .field("metric", &self.metric.as_ref().map(|metric| &metric.name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Learns rows of two outputs, where the fourth number is `derivatives`.
    fn check(derivatives: Derivatives, weights: Option<&[f32]>, expected: &str) {
        let loss = CustomLoss::new(move |_, _, all| all[3] = derivatives);
        let learned = loss.derivatives(&[0.0; 6], &[1.0; 3], weights);
        assert_eq!(learned.map_or_else(|error| error.to_string(), |all| all.len().to_string()), expected);
    }

    #[test]
    fn derivatives_that_are_no_numbers_are_refused_with_their_row() {
        check(Derivatives { first: 1.0, second: 1.0 }, None, "6");
        let error = "the loss has the derivatives NaN and 1 for row 1, output 1, which must be finite";
        check(Derivatives { first: f32::NAN, second: 1.0 }, None, error);
        let error = "the loss has the derivatives 1 and inf for row 1, output 1, which must be finite";
        check(Derivatives { first: 1.0, second: f32::INFINITY }, None, error);
        let error = "the loss has the derivatives 0 and inf for row 1, output 1, which must be finite";
        check(Derivatives { first: 0.0, second: 1e30 }, Some(&[1.0, 1e30, 1.0]), error);
    }
}
