//! The input and output of every grower.

use crate::data::Gradient;
use crate::random::SplitMix64;
use crate::tree::Tree;
use crate::{BoosterParams, Canceled};

/// A tree, and where the rows that it grew on ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Grown {
    /// The grown tree.
    pub tree: Tree,
    /// The leaf (a node's number) of every row of the matrix, also of rows that were not sampled.
    pub leaves: Vec<u32>,
}

/// Grows trees on one matrix.
pub trait Grow {
    /// Grows a tree on the gradient of each row; a row that is not sampled has [`Gradient::default`]. `generator` draws columns.
    /// `canceled` is polled while the tree grows; once it returns true, there is no tree.
    fn grow(
        &mut self,
        gradients: &[Gradient],
        generator: &mut SplitMix64,
        canceled: Canceled<'_>,
    ) -> Option<Grown>;
}

/// What a leaf's value is multiplied by: `eta`, divided among the trees that grow in parallel for an output (XGBoost's rule).
pub(crate) fn leaf_rate(params: &BoosterParams) -> f32 {
    params.eta as f32 / params.num_parallel_tree as f32
}
