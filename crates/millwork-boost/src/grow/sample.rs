//! The sampling of columns and rows for a tree.
//!
//! Columns nest as in XGBoost: a tree draws from all columns, each of its levels from the tree's, each of its nodes from the
//! level's. Rows are drawn uniformly, or by minimal variance sampling (Ibragimov and Gusev, "Minimal variance sampling in stochastic
//! gradient boosting", NeurIPS 2019), with XGBoost's constants. The draws are this crate's own generator's.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::Gradient;
use crate::random::SplitMix64;
use crate::{BoosterParams, SamplingMethod};

/// How much second derivatives count besides first ones in the probability of a row (XGBoost's constant).
const SECOND_DERIVATIVES: f32 = 0.1;

/// The least threshold of probabilities, so that nothing is divided by 0.
const LEAST_THRESHOLD: f64 = 1e-6;

/// The columns that the nodes of one tree see.
#[derive(Debug, Clone)]
pub(crate) struct ColumnSampler {
    tree: Arc<[u32]>,
    levels: BTreeMap<usize, Arc<[u32]>>,
    level_share: f64,
    node_share: f64,
}

impl ColumnSampler {
    /// Draws the columns of a tree among `columns`, by the shares that parameters name.
    pub(crate) fn new(params: &BoosterParams, columns: usize, generator: &mut SplitMix64) -> Self {
        let all: Arc<[u32]> = (0..columns as u32).collect();
        Self {
            tree: drawn(&all, params.colsample_bytree, generator),
            levels: BTreeMap::new(),
            level_share: params.colsample_bylevel,
            node_share: params.colsample_bynode,
        }
    }

    /// The columns that every node at a depth may see, ascending: drawn when they are first asked for.
    pub(crate) fn level(&mut self, depth: usize, generator: &mut SplitMix64) -> Arc<[u32]> {
        let (tree, share) = (&self.tree, self.level_share);
        Arc::clone(self.levels.entry(depth).or_insert_with(|| drawn(tree, share, generator)))
    }

    /// The columns that one more node at a depth sees, ascending: drawn anew at each call.
    pub(crate) fn node(&mut self, depth: usize, generator: &mut SplitMix64) -> Arc<[u32]> {
        let level = self.level(depth, generator);
        drawn(&level, self.node_share, generator)
    }
}

/// The share of `columns` (a proportion above 0 and at most 1) that is drawn, at least one, in the order that they have.
fn drawn(columns: &Arc<[u32]>, share: f64, generator: &mut SplitMix64) -> Arc<[u32]> {
    if share as f32 >= 1.0 {
        return Arc::clone(columns);
    }
    let count = ((columns.len() as f32 * share as f32) as usize).max(1).min(columns.len());
    let mut drawn = columns.to_vec();
    generator.shuffle(&mut drawn);
    drawn.truncate(count);
    drawn.sort_unstable();
    drawn.into()
}

/// Samples the rows of a tree by the parameters: the gradients of rows that are not drawn become [`Gradient::default`]. `outputs`
/// holds the gradients of all rows for each output of the tree, which sees the same rows in all of them.
pub fn sample_rows(params: &BoosterParams, outputs: &mut [Vec<Gradient>], generator: &mut SplitMix64) {
    if params.subsample as f32 >= 1.0 {
        return;
    }
    match params.sampling_method {
        SamplingMethod::Uniform => uniform(params.subsample, outputs, generator),
        SamplingMethod::GradientBased => gradient_based(params.subsample, outputs, generator),
    }
}

fn uniform(share: f64, outputs: &mut [Vec<Gradient>], generator: &mut SplitMix64) {
    for row in 0..outputs.first().map_or(0, Vec::len) {
        if generator.unit() >= share {
            outputs.iter_mut().for_each(|gradients| gradients[row] = Gradient::default());
        }
    }
}

/// Draws rows with probabilities in proportion to their norm, as far as those stay below 1, and divides what is drawn by its
/// probability.
fn gradient_based(share: f64, outputs: &mut [Vec<Gradient>], generator: &mut SplitMix64) {
    let rows = outputs.first().map_or(0, Vec::len);
    let norms: Vec<f32> = (0..rows).map(|row| norm(outputs.iter().map(|output| output[row]))).collect();
    let threshold = threshold(norms.clone(), (rows as f64 * share) as usize);
    for (row, norm) in norms.into_iter().enumerate() {
        let probability = f64::from(norm) / threshold;
        let drawn = generator.unit() < probability;
        for gradient in outputs.iter_mut().map(|gradients| &mut gradients[row]) {
            if !drawn {
                *gradient = Gradient::default();
            } else if probability < 1.0 {
                let factor = 1.0 / probability as f32;
                *gradient = Gradient { first: gradient.first * factor, second: gradient.second * factor };
            }
        }
    }
}

/// How much a row matters: the norm of its gradients, where second derivatives count less.
fn norm(gradients: impl Iterator<Item = Gradient>) -> f32 {
    let square = |gradient: Gradient| {
        gradient.first * gradient.first + SECOND_DERIVATIVES * (gradient.second * gradient.second)
    };
    gradients.map(square).sum::<f32>().sqrt()
}

/// What norms are divided by so that `count` rows are expected: rows with a norm above it are certain. Infinite for no rows.
fn threshold(mut norms: Vec<f32>, count: usize) -> f64 {
    if count == 0 {
        return f64::INFINITY;
    }
    norms.sort_unstable_by(|left, right| right.total_cmp(left));
    let mut rest: f64 = norms.iter().copied().map(f64::from).sum();
    let mut threshold = rest / count as f64;
    // With so many of the largest norms certain, the others share what remains of the count.
    for (certain, &largest) in norms.iter().take(count).enumerate() {
        threshold = rest / (count - certain) as f64;
        let largest = f64::from(largest);
        if threshold >= largest {
            break;
        }
        rest -= largest;
    }
    threshold.max(LEAST_THRESHOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_drawn(columns: &[u32], share: f64, expected: usize) {
        let drawn = drawn(&columns.into(), share, &mut SplitMix64::new(7));
        assert_eq!(drawn.len(), expected, "{share} of {columns:?}");
        assert!(drawn.is_sorted() && drawn.iter().all(|column| columns.contains(column)));
    }

    #[test]
    fn a_share_of_the_columns_is_drawn_and_at_least_one() {
        check_drawn(&[1, 3, 4, 8], 1.0, 4);
        check_drawn(&[1, 3, 4, 8], 0.5, 2);
        check_drawn(&[1, 3, 4, 8], 0.01, 1);
        check_drawn(&[], 0.5, 0);
    }

    #[test]
    fn nodes_draw_from_their_level_and_levels_from_the_tree() {
        let params = BoosterParams {
            colsample_bytree: 0.5,
            colsample_bylevel: 0.5,
            colsample_bynode: 0.5,
            ..BoosterParams::default()
        };
        let generator = &mut SplitMix64::new(3);
        let mut sampler = ColumnSampler::new(&params, 80, generator);
        let level = sampler.level(1, generator);
        let nodes = [sampler.node(1, generator), sampler.node(1, generator)];
        assert_eq!((sampler.tree.len(), level.len(), nodes[0].len()), (40, 20, 10));
        assert_ne!(nodes[0], nodes[1]);
        assert!(nodes.iter().flat_map(|node| node.iter()).all(|column| level.contains(column)));
        assert!(level.iter().all(|column| sampler.tree.contains(column)));
        assert_eq!(sampler.level(1, generator), level);
        assert_ne!(sampler.level(2, generator), level);
    }

    fn sampled(method: SamplingMethod, subsample: f64, gradients: Vec<Gradient>) -> Vec<Gradient> {
        let params = BoosterParams { sampling_method: method, subsample, ..BoosterParams::default() };
        let mut outputs = vec![gradients; 2];
        sample_rows(&params, &mut outputs, &mut SplitMix64::new(11));
        assert_eq!(outputs[0], outputs[1]);
        outputs.swap_remove(0)
    }

    #[test]
    fn about_a_share_of_the_rows_is_drawn() {
        let gradients: Vec<Gradient> =
            (0..10_000).map(|row| Gradient { first: (row % 100) as f32, second: 1.0 }).collect();
        let all = sampled(SamplingMethod::Uniform, 1.0, gradients.clone());
        assert_eq!(all, gradients);
        for method in [SamplingMethod::Uniform, SamplingMethod::GradientBased] {
            let some = sampled(method, 0.3, gradients.clone());
            let drawn = some.iter().filter(|gradient| **gradient != Gradient::default()).count();
            assert!((2_800..3_200).contains(&drawn), "{drawn} by {method:?}");
            let scale = if method == SamplingMethod::Uniform { 0.3 } else { 1.0 };
            let sum = |gradients: &[Gradient]| gradients.iter().map(|g| f64::from(g.first)).sum::<f64>();
            let error = sum(&some) / (scale * sum(&gradients)) - 1.0;
            assert!(error.abs() < 0.06, "{error} by {method:?}");
        }
        assert!(sampled(SamplingMethod::Uniform, 0.3, Vec::new()).is_empty());
        assert!(sampled(SamplingMethod::GradientBased, 0.3, Vec::new()).is_empty());
    }

    #[test]
    fn thresholds_make_the_expected_number_of_rows() {
        let check = |norms: &[f32], count: usize, expected: f64| {
            let threshold = threshold(norms.to_vec(), count);
            assert_eq!(threshold, expected, "{count} of {norms:?}");
            let drawn: f64 = norms.iter().map(|&norm| (f64::from(norm) / threshold).min(1.0)).sum();
            assert!((drawn - count as f64).abs() < 1e-9 || expected == LEAST_THRESHOLD, "{drawn}");
        };
        check(&[1.0, 1.0, 1.0, 1.0], 2, 2.0);
        check(&[1.0, 100.0, 1.0, 1.0], 2, 3.0);
        check(&[8.0, 100.0, 1.0, 1.0], 3, 2.0);
        check(&[1.0, 2.0, 3.0], 0, f64::INFINITY);
        check(&[0.0, 0.0, 0.0], 2, LEAST_THRESHOLD);
    }
}
