//! Labelled rows and the margins that a growing model gives them.

use millwork_boost::data::Labels;
use millwork_boost::tree::Tree;
use rayon::prelude::*;

use crate::boost::model::Model;
use crate::features::{Features, LabelledFeatures};

/// Rows per unit of parallel work.
const CHUNK: usize = 1 << 11;

/// The rows of a data set: what is known of them, and their margins so far (rows × outputs).
pub(super) struct Rows<'a> {
    pub(super) features: &'a Features,
    pub(super) labels: Labels,
    pub(super) margins: Vec<f32>,
    outputs: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `data`, with the margins that `start` gives them.
    pub(super) fn new(data: &'a LabelledFeatures, labels: Labels, start: &Model) -> Self {
        let features = data.features();
        Self { features, labels, margins: start.margins(features), outputs: start.outputs() }
    }

    /// Adds a tree of an output, whose leaf is known for each row.
    pub(super) fn add_leaves(&mut self, output: usize, tree: &Tree, leaves: &[u32]) {
        let margins = self.margins.iter_mut().skip(output).step_by(self.outputs);
        margins.zip(leaves).for_each(|(margin, &leaf)| *margin += tree.nodes[leaf as usize].leaf);
    }

    /// Adds a tree of an output, whose leaves count `weight` times.
    pub(super) fn add(&mut self, output: usize, tree: &Tree, weight: f32) {
        let (features, outputs) = (self.features, self.outputs);
        self.margins.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(chunk, margins)| {
            for (row, margins) in (chunk * CHUNK..).zip(margins.chunks_exact_mut(outputs)) {
                let leaf = leaf(tree, features, row);
                margins[output] += tree.nodes[leaf as usize].leaf * weight;
            }
        });
    }
}

/// The leaf that a row comes to.
fn leaf(tree: &Tree, features: &Features, row: usize) -> u32 {
    let (columns, values) = features.row(row).expect("a row of the matrix");
    if columns.len() == features.columns() {
        return tree.leaf(|column| Some(values[column as usize] as f32));
    }
    tree.leaf(|column| Some(values[columns.binary_search(&column).ok()?] as f32))
}
