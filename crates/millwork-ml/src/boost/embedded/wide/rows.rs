//! Labelled rows and the margins that a growing model gives them.

use hessboost::data::{GroupInfo, MetaInfo};
use hessboost::metric::Metric;
use hessboost::objective::{GradPair, Loss};

use crate::boost::BoostError;
use crate::boost::columns::{Gradient, GrownTree};
use crate::boost::embedded::Model;
use crate::boost::embedded::matrix::single_precision;
use crate::features::{Features, LabelledFeatures};

/// The rows of a data set: what is known of them, and their margins so far (rows × outputs).
pub(super) struct Rows<'a> {
    features: &'a Features,
    labels: Vec<f32>,
    weights: Option<Vec<f32>>,
    groups: Option<GroupInfo>,
    margins: Vec<f32>,
    outputs: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `data`, with the margins that `start` gives them.
    pub(super) fn new(data: &'a LabelledFeatures, start: &Model) -> Result<Self, BoostError> {
        let weights = data.weights().map(|weights| single_precision("weight", weights)).transpose()?;
        Ok(Self {
            features: data.features(),
            labels: single_precision("target", data.targets())?,
            weights,
            groups: data.groups().map(GroupInfo::from_sizes),
            margins: start.margins(data.features())?,
            outputs: start.outputs(),
        })
    }

    /// The weights of the rows.
    pub(super) fn weights(&self) -> Option<&[f32]> {
        self.weights.as_deref()
    }

    /// The gradients of round `round`, one list per output.
    pub(super) fn gradients(&self, loss: &dyn Loss, round: usize) -> Vec<Vec<Gradient>> {
        let mut pairs = vec![GradPair::default(); self.margins.len()];
        loss.gradient_info_at(&self.margins, &self.info(), &mut pairs, round);
        let gradient = |pair: &GradPair| Gradient { first: pair.grad, second: pair.hess };
        let of_output = |output| pairs.iter().skip(output).step_by(self.outputs).map(gradient).collect();
        (0..self.outputs).map(of_output).collect()
    }

    /// Adds a tree of an output whose leaf is known for each row.
    pub(super) fn add_leaves(&mut self, output: usize, tree: &GrownTree, leaves: &[u32]) {
        let margins = self.margins.iter_mut().skip(output).step_by(self.outputs);
        margins.zip(leaves).for_each(|(margin, &leaf)| *margin += tree.leaf_value(leaf));
    }

    /// Adds a tree of an output.
    pub(super) fn add(&mut self, output: usize, tree: &GrownTree) {
        let margins = self.margins.iter_mut().skip(output).step_by(self.outputs);
        for (margin, (columns, values)) in margins.zip(self.features.iter()) {
            let value = |column| Some(values[columns.binary_search(&column).ok()?] as f32);
            *margin += tree.leaf_value(tree.leaf(value));
        }
    }

    /// What each metric measures.
    pub(super) fn scores(&self, loss: &dyn Loss, metrics: &[Box<dyn Metric>]) -> Vec<f64> {
        let mut predictions = self.margins.clone();
        loss.eval_transform(&mut predictions);
        metrics.iter().map(|metric| metric.eval_info(&predictions, &self.info())).collect()
    }

    fn info(&self) -> MetaInfo<'_> {
        MetaInfo::new(&self.labels, self.weights(), self.groups.as_ref())
    }
}
