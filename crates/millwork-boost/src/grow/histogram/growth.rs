//! The growth of a tree from histograms, from the root to its leaves.
//!
//! Nodes are split in the batches that the queue gives. For each batch, the rows of all nodes are parted, and then every pair of
//! siblings is searched for splits, group of columns by group of columns: a task adds up the histogram of the lighter sibling, makes
//! that of the parent the other's, and scans both while they are in the cache.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use crate::data::Gradient;
use crate::grow::constraints::AllowedColumns;
use crate::grow::histogram::build::{build, subtract};
use crate::grow::histogram::candidate::{Candidate, NodeState, improve};
use crate::grow::histogram::grower::HistogramGrower;
use crate::grow::histogram::queue::{Entry, NodeHistogram, Queue};
use crate::grow::histogram::rows::{BinSplit, RowList};
use crate::grow::score::{Bounds, LEAST_GAIN, Sums};
use crate::grow::{Grown, leaf_rate};
use crate::tree::{Split, Tree};

/// How many rows are looked at by a thread at a time.
const ROWS_AT_ONCE: usize = 1 << 14;

/// Rounded sums may promise a gain where one side gets no row. Below this depth, such a split is the last one of its branch, so that
/// a tree without a limit ends.
const DEEPEST_EMPTY: usize = 32;

/// A tree that grows.
pub(super) struct Growth<'a> {
    grower: &'a HistogramGrower,
    gradients: &'a [Gradient],
    tree: Tree,
    rows: RowList,
    /// The rows of each node.
    ranges: Vec<Range<usize>>,
    /// The state of each node.
    states: Vec<NodeState>,
    /// The split of each node that has one.
    splits: Vec<Option<BinSplit>>,
    pub(super) queue: Queue,
}

/// Two siblings whose splits are to be found.
pub(super) struct Siblings {
    /// The numbers of the left and the right one.
    nodes: [u32; 2],
    depth: usize,
    parent: Option<NodeHistogram>,
    /// The columns that each one may ask for.
    columns: [Arc<[u32]>; 2],
}

/// The share of some groups of columns in the search for the splits of siblings.
struct Search<'a> {
    groups: Range<usize>,
    nodes: [u32; 2],
    parent: Option<NodeHistogram>,
    columns: &'a [Arc<[u32]>; 2],
    keep: bool,
}

/// What a search found for each of two siblings.
type Found = [(NodeHistogram, Option<Candidate>); 2];

impl<'a> Growth<'a> {
    pub(super) fn new(grower: &'a HistogramGrower, gradients: &'a [Gradient], mut rows: RowList) -> Self {
        let is_sampled = |row: &u32| gradients[*row as usize] != Gradient::default();
        let all = 0..grower.rows as u32;
        let sampled = all.clone().into_par_iter().with_min_len(ROWS_AT_ONCE).filter(is_sampled).count();
        // Rows without a gradient change no sum. They are left out where that is worth it.
        if sampled < all.len() - all.len() / 8 {
            rows.start(all.filter(is_sampled));
        } else {
            rows.start(all);
        }
        Self {
            grower,
            gradients,
            tree: Tree::default(),
            rows,
            ranges: Vec::new(),
            states: Vec::new(),
            splits: Vec::new(),
            queue: Queue::new(grower.limits),
        }
    }

    /// Adds the root, whose split may ask for `columns`.
    pub(super) fn add_root(&mut self, columns: &[u32]) {
        let HistogramGrower { binned, rules, .. } = self.grower;
        let rows = 0..self.rows.len();
        let build = |groups| self.built(groups, &rows);
        let histogram: NodeHistogram =
            binned.shares(1).into_par_iter().with_max_len(1).flat_map_iter(build).collect();
        // XGBoost's choice, which shows in the last bits.
        let sums = match (binned.groups.first(), histogram.first()) {
            (Some(group), Some(histogram)) if binned.complete => {
                total(histogram[..group.bins[0] as usize].iter().copied())
            }
            _ => total(self.gradients.iter().copied().map(Sums::from)),
        };
        let value = rules.regularization.value(sums);
        let state = NodeState {
            sums,
            gain: rules.regularization.gain_at(sums, value),
            bounds: Bounds::NONE,
            allowed: AllowedColumns::default(),
        };
        let mut best = None;
        let found: Vec<Option<Candidate>> = binned
            .groups
            .par_iter()
            .zip(&histogram)
            .map(|(group, histogram)| self.grower.best(group, histogram, &state, columns))
            .collect();
        found.into_iter().for_each(|found| improve(&mut best, found));
        self.add_node(None, value, rows, state);
        if let Some(candidate) = best {
            self.queue.push(Entry { node: 0, depth: 0, candidate, histogram: Some(histogram) });
        }
    }

    /// Splits nodes and parts their rows. Gives the siblings that may be split further, with what `columns` draws for each of them by
    /// depth.
    pub(super) fn split(
        &mut self,
        entries: Vec<Entry>,
        mut columns: impl FnMut(usize) -> Arc<[u32]>,
    ) -> Vec<Siblings> {
        let mut siblings = Vec::new();
        let parents: Vec<u32> = entries.iter().map(|entry| entry.node).collect();
        for entry in entries {
            let nodes = self.apply(entry.node, &entry.candidate);
            if self.queue.allows_children(entry.depth) {
                let depth = entry.depth + 1;
                let columns = [columns(depth), columns(depth)];
                if nodes.iter().any(|node| !self.is_light(*node)) {
                    siblings.push(Siblings { nodes, depth, parent: entry.histogram, columns });
                }
            }
        }
        let splits: Vec<(Range<usize>, &BinSplit)> = parents
            .iter()
            .filter_map(|node| {
                let node = *node as usize;
                self.splits[node].as_ref().map(|split| (self.ranges[node].clone(), split))
            })
            .collect();
        let lefts = self.rows.split(&self.grower.binned, &splits);
        for (parent, lefts) in parents.iter().zip(lefts) {
            let range = self.ranges[*parent as usize].clone();
            let middle = range.start + lefts;
            if let Some(split) = &self.tree.nodes[*parent as usize].split {
                let [left, right] = split.children.map(|child| child as usize);
                self.ranges[left] = range.start..middle;
                self.ranges[right] = middle..range.end;
            }
        }
        siblings.retain(|pair| {
            let is_empty = |node: &u32| self.ranges[*node as usize].is_empty();
            pair.depth <= DEEPEST_EMPTY || !pair.nodes.iter().any(is_empty)
        });
        siblings
    }

    /// Finds the best splits of siblings and queues them.
    pub(super) fn search(&mut self, mut siblings: Vec<Siblings>) {
        let (kept, groups) = (self.queue.histograms(), self.grower.binned.groups.len());
        let room = (self.grower.most_kept.saturating_sub(kept) / 2).max(usize::from(kept == 0));
        let shares = self.grower.binned.shares(siblings.len());
        let mut searches = Vec::with_capacity(siblings.len() * shares.len());
        for (number, pair) in siblings.iter_mut().enumerate() {
            let keep = number < room && self.grower.limits.allow_split_at(pair.depth + 1);
            let mut parent = pair.parent.take().map(Vec::into_iter);
            for groups in &shares {
                let parent = parent.as_mut().map(|parent| parent.by_ref().take(groups.len()).collect());
                searches.push(Search {
                    groups: groups.clone(),
                    nodes: pair.nodes,
                    parent,
                    columns: &pair.columns,
                    keep,
                });
            }
        }
        let found: Vec<Found> =
            searches.into_par_iter().with_max_len(1).map(|search| self.find(search)).collect();
        let mut found = found.into_iter();
        for (number, pair) in siblings.iter().enumerate() {
            let keep = number < room && self.grower.limits.allow_split_at(pair.depth + 1);
            let mut bests = [None, None];
            let mut histograms = [Vec::with_capacity(groups), Vec::with_capacity(groups)];
            for found in found.by_ref().take(shares.len()) {
                for (side, (histogram, candidate)) in found.into_iter().enumerate() {
                    histograms[side].extend(histogram);
                    improve(&mut bests[side], candidate);
                }
            }
            for ((node, best), histogram) in pair.nodes.into_iter().zip(bests).zip(histograms) {
                if let Some(candidate) = best.filter(|best| best.gain > LEAST_GAIN) {
                    let histogram = keep.then_some(histogram);
                    self.queue.push(Entry { node, depth: pair.depth, candidate, histogram });
                }
            }
        }
    }

    /// The best splits of siblings in some groups of columns, and their histograms if those are kept.
    fn find(&self, search: Search<'_>) -> Found {
        let grower = self.grower;
        let [left, right] = search.nodes.map(|node| node as usize);
        let built = |node: usize| self.built(search.groups.clone(), &self.ranges[node]);
        let histograms = match search.parent {
            None => [left, right].map(built),
            Some(mut parent) => {
                let right_is_lighter = self.states[right].sums.second < self.states[left].sums.second;
                let built = built(if right_is_lighter { right } else { left });
                parent.iter_mut().zip(&built).for_each(|(parent, built)| subtract(parent, built));
                if right_is_lighter { [parent, built] } else { [built, parent] }
            }
        };
        let mut sides = [left, right].into_iter().zip(search.columns);
        histograms.map(|histogram| {
            let (node, columns) = sides.next().expect("two siblings");
            let mut best = None;
            if !self.is_light(node as u32) {
                for (group, histogram) in grower.binned.groups[search.groups.clone()].iter().zip(&histogram) {
                    improve(&mut best, grower.best(group, histogram, &self.states[node], columns));
                }
            }
            (if search.keep { histogram } else { Vec::new() }, best)
        })
    }

    /// The histograms of rows in some groups, added up.
    fn built(&self, groups: Range<usize>, rows: &Range<usize>) -> NodeHistogram {
        build(&self.grower.binned.groups[groups], self.rows.of(rows), self.gradients)
    }

    /// Whether a node certainly has too little weight for two children, even if its sum is rounded.
    fn is_light(&self, node: u32) -> bool {
        self.states[node as usize].sums.second < 1.999 * self.grower.rules.regularization.min_child_weight
    }

    /// Splits a node. Gives the numbers of its children.
    fn apply(&mut self, node: u32, candidate: &Candidate) -> [u32; 2] {
        let grower = self.grower;
        let regularization = &grower.rules.regularization;
        let NodeState { bounds, allowed, .. } = self.states[node as usize].clone();
        let value = |sums: Sums| bounds.clip(regularization.value(sums));
        let mut both = candidate.left;
        both += candidate.right;
        let direction = grower.rules.directions.of(candidate.column);
        let sides = [candidate.left, candidate.right];
        let values = sides.map(value);
        let child_bounds = bounds.children(direction, values);
        let allowed = grower.interactions.below(&allowed, candidate.column);
        let children = [0, 1].map(|side| {
            let state = NodeState {
                sums: sides[side],
                gain: regularization.gain_at(sides[side], values[side]),
                bounds: child_bounds[side],
                allowed: allowed.clone(),
            };
            self.add_node(Some(node), values[side], 0..0, state)
        });
        for child in children {
            let child = &mut self.tree.nodes[child as usize];
            // XGBoost's `hist` notes the value of a leaf as it is added, unless it is split later.
            child.value = child.leaf;
        }
        let condition = grower.condition(candidate, &mut self.tree.categories);
        self.splits[node as usize] = Some(BinSplit::new(candidate, &grower.binned));
        let parent = &mut self.tree.nodes[node as usize];
        (parent.leaf, parent.value, parent.weight) = (0.0, value(both), both.second as f32);
        parent.split = Some(Split {
            column: candidate.column,
            condition,
            default_left: candidate.default_left,
            children,
            gain: candidate.gain,
        });
        children
    }

    fn add_node(&mut self, parent: Option<u32>, value: f32, rows: Range<usize>, state: NodeState) -> u32 {
        let weight = state.sums.second as f32;
        self.ranges.push(rows);
        self.states.push(state);
        self.splits.push(None);
        self.tree.add_leaf(parent, value, leaf_rate(&self.grower.params), weight)
    }

    /// The tree, where its rows ended, and the list of rows, to be used again.
    pub(super) fn finish(self) -> (Grown, RowList) {
        let leaves: Vec<AtomicU32> = (0..self.grower.rows).map(|_| AtomicU32::new(u32::MAX)).collect();
        let ends = self.ranges.par_iter().zip(&self.tree.nodes).enumerate();
        ends.filter(|(_, (_, node))| node.split.is_none()).for_each(|(number, (range, _))| {
            self.rows.of(range).par_chunks(ROWS_AT_ONCE).for_each(|rows| {
                rows.iter().for_each(|row| leaves[*row as usize].store(number as u32, Ordering::Relaxed));
            });
        });
        let mut leaves: Vec<u32> = leaves.into_iter().map(AtomicU32::into_inner).collect();
        if self.rows.len() < leaves.len() {
            leaves.par_iter_mut().zip(0..self.grower.rows as u32).for_each(|(leaf, row)| {
                if *leaf == u32::MAX {
                    *leaf = self.walked(row);
                }
            });
        }
        (Grown { tree: self.tree, leaves }, self.rows)
    }

    /// The leaf that a row comes to.
    fn walked(&self, row: u32) -> u32 {
        let mut number = 0;
        while let (Some(split), Some(bin_split)) =
            (&self.tree.nodes[number as usize].split, &self.splits[number as usize])
        {
            number = split.children[usize::from(!bin_split.goes_left(&self.grower.binned, row))];
        }
        number
    }
}

fn total(parts: impl Iterator<Item = Sums>) -> Sums {
    let mut total = Sums::default();
    parts.for_each(|part| total += part);
    total
}
