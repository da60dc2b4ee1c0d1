//! Rounds whose trees are grown column by column.

use std::sync::Arc;

use hessboost::config::TrainingParams;
use hessboost::metric::Metric;
use hessboost::objective::Loss;
use hessboost::training::Trainer;

use crate::boost::columns::{BinnedColumns, Gradient, Grower, GrownTree, Regularization};
use crate::boost::embedded::Model;
use crate::boost::embedded::custom::with_custom_loss;
use crate::boost::embedded::library::TRAIN;
use crate::boost::embedded::matrix::{labels_only, single_precision};
use crate::boost::embedded::parameters::metrics;
use crate::boost::embedded::wide::document::append_rounds;
use crate::boost::embedded::wide::rows::Rows;
use crate::boost::training::{self, Canceled, Observe, Task};
use crate::boost::{BoostError, BoosterKind, BoosterParams, GrowPolicy, SamplingMethod, TreeMethod};
use crate::features::Features;
use crate::split::SplitMix64;

/// The deepest trees that pay: a level costs a pass over all entries, also for the last few rows.
const DEEPEST: usize = 10;

/// A model that grows column by column.
pub(in crate::boost::embedded) struct WideRounds<'a> {
    grower: Grower,
    loss: Arc<dyn Loss>,
    metrics: Vec<Box<dyn Metric>>,
    train: Rows<'a>,
    sets: Vec<Rows<'a>>,
    subsample: f64,
    seed: u64,
    canceled: Canceled<'a>,
    /// The model before these rounds, and its number of rounds.
    start: Model,
    first_round: usize,
    rounds: Vec<Vec<GrownTree>>,
}

impl<'a> WideRounds<'a> {
    /// A model to grow, or `None` where the library is faster or the parameters are not for this way.
    pub(in crate::boost::embedded) fn new(
        task: &Task<'a>,
        parameters: &TrainingParams,
    ) -> Result<Option<Self>, BoostError> {
        let (params, features) = (task.params, task.data.features());
        if !suits(params) || !pays(params.max_depth, features.entries(), most_bins(features, params.max_bin))
        {
            return Ok(None);
        }
        let values = single_precision("feature value", features.values())?;
        let weights = task.data.weights().map(|weights| single_precision("weight", weights)).transpose()?;
        let binned = BinnedColumns::new(features, &values, params.max_bin, weights.as_deref());
        drop(values);
        if !pays(params.max_depth, features.entries(), binned.bins()) {
            return Ok(None);
        }
        // A training of no rounds checks the targets and estimates the intercept.
        let empty = labels_only(task.data)?;
        let mut trainer = Trainer::new(parameters, &empty, 0);
        if let Some(start) = task.start {
            trainer = trainer.init_model(start.library());
        }
        let start = Model::new(trainer.train().map_err(BoostError::library(TRAIN))?.model);
        let rows = |data| Rows::new(data, &start);
        let custom = with_custom_loss(parameters, task.custom)?;
        Ok(Some(Self {
            grower: grower(params, binned),
            metrics: metrics(parameters, task.custom)?,
            train: rows(task.data)?,
            sets: task.sets.iter().map(|(_, data)| rows(data)).collect::<Result<_, _>>()?,
            loss: custom.loss(1).map_err(BoostError::library(TRAIN))?,
            subsample: params.subsample,
            seed: params.seed,
            canceled: Arc::clone(task.canceled),
            first_round: start.rounds(),
            start,
            rounds: Vec::new(),
        }))
    }

    /// Grows the trees of a round, or none if the training is canceled meanwhile.
    fn grow(&mut self) -> Option<Vec<GrownTree>> {
        let round = self.first_round + self.rounds.len();
        let mut generator =
            SplitMix64::new(self.seed ^ (round as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut gradients = self.train.gradients(self.loss.as_ref(), round);
        self.sample(&mut gradients, &mut generator);
        let mut grown = Vec::with_capacity(gradients.len());
        for gradients in &gradients {
            grown.push(self.grower.grow(gradients, &mut generator, self.canceled.as_ref())?);
        }
        let mut trees = Vec::with_capacity(grown.len());
        for (output, (tree, leaves)) in grown.into_iter().enumerate() {
            self.train.add_leaves(output, &tree, &leaves);
            self.sets.iter_mut().for_each(|set| set.add(output, &tree));
            trees.push(tree);
        }
        Some(trees)
    }

    /// Takes the gradients of rows that are not drawn.
    fn sample(&self, gradients: &mut [Vec<Gradient>], generator: &mut SplitMix64) {
        if self.subsample >= 1.0 {
            return;
        }
        for row in 0..gradients.first().map_or(0, Vec::len) {
            if generator.unit() >= self.subsample {
                gradients.iter_mut().for_each(|gradients| gradients[row] = Gradient::default());
            }
        }
    }
}

impl training::Rounds for WideRounds<'_> {
    fn metrics(&self) -> Vec<String> {
        self.metrics.iter().map(|metric| metric.name().to_owned()).collect()
    }

    fn train(&mut self, rounds: usize, observe: &mut Observe<'_>) -> Result<(), BoostError> {
        for _ in 0..rounds {
            let Some(trees) = self.grow() else { break };
            self.rounds.push(trees);
            let scores: Vec<f64> =
                self.sets.iter().flat_map(|set| set.scores(self.loss.as_ref(), &self.metrics)).collect();
            if observe(&scores).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn model(&mut self) -> Result<Model, BoostError> {
        let mut document = self.start.document()?;
        append_rounds(&mut document, &self.rounds);
        Model::of_document(&document)
    }
}

/// Whether the parameters are for trees that can grow this way.
fn suits(params: &BoosterParams) -> bool {
    params.booster == BoosterKind::GbTree
        && params.tree_method == TreeMethod::Hist
        && params.grow_policy == GrowPolicy::Depthwise
        && (1..=DEEPEST).contains(&params.max_depth)
        && params.max_leaves == 0
        && params.num_parallel_tree == 1
        && params.colsample_bynode >= 1.0
        && params.sampling_method == SamplingMethod::Uniform
        && params.monotone_constraints.is_empty()
        && params.interaction_constraints.is_empty()
        && !params.objective.refits_leaves()
}

/// Whether passing over the entries once a level is less work than what histograms do: filling and searching a place for
/// every bin in every node, and half of the entries once a level. A step of either takes about the same time.
fn pays(depth: usize, entries: usize, bins: usize) -> bool {
    let by_columns = depth as u64 * entries as u64;
    let by_histograms = (bins as u64) << depth.min(DEEPEST);
    by_columns < 2 * by_histograms
}

/// The most bins that features can have; none if they are too many to be taken.
fn most_bins(features: &Features, max_bin: usize) -> usize {
    if !BinnedColumns::can_hold(features) {
        return 0;
    }
    let mut entries = vec![0_usize; features.columns()];
    features.indices().iter().for_each(|&column| entries[column as usize] += 1);
    entries.into_iter().map(|entries| entries.min(max_bin)).sum()
}

fn grower(params: &BoosterParams, binned: BinnedColumns) -> Grower {
    Grower {
        binned,
        regularization: Regularization {
            lambda: params.lambda,
            alpha: params.alpha,
            max_delta_step: params.max_delta_step.unwrap_or(params.objective.max_delta_step()),
            min_child_weight: params.min_child_weight,
        },
        eta: params.eta as f32,
        gamma: params.gamma as f32,
        max_depth: params.max_depth,
        column_shares: [params.colsample_bytree, params.colsample_bylevel],
    }
}
