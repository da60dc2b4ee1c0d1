//! Losses and metrics of the user's own.

use std::fmt;
use std::sync::Arc;

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

/// What is measured last on each evaluation set, from predictions (rows × outputs), targets and weights.
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
    pub(in crate::boost) fn derivatives(
        &self,
        margins: &[f32],
        targets: &[f32],
        weights: Option<&[f32]>,
    ) -> Vec<Derivatives> {
        let mut derivatives = vec![Derivatives::default(); margins.len()];
        (self.0)(margins, targets, &mut derivatives);
        if let Some(weights) = weights {
            let outputs = margins.len() / targets.len().max(1);
            for (of_row, &weight) in derivatives.chunks_mut(outputs.max(1)).zip(weights) {
                for derivatives in of_row {
                    derivatives.first *= weight;
                    derivatives.second *= weight;
                }
            }
        }
        derivatives
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
