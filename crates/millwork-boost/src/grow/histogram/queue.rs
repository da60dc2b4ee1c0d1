//! The queue of nodes to split: XGBoost's rules for `depthwise` and `lossguide`.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::grow::histogram::candidate::{Candidate, by_gain};
use crate::grow::score::{LEAST_GAIN, Sums};
use crate::{BoosterParams, GrowPolicy};

/// The most nodes of a level that are split at once (XGBoost's constant; it shows in the numbers of nodes).
const NODES_AT_ONCE: usize = 256;

/// The histogram of a node, group by group.
pub(super) type NodeHistogram = Vec<Vec<Sums>>;

/// A node and its best split.
pub(super) struct Entry {
    /// The number of the node in the tree.
    pub(super) node: u32,
    /// The number of splits above it.
    pub(super) depth: usize,
    /// The best split of the node.
    pub(super) candidate: Candidate,
    /// Its histogram, if it is kept.
    pub(super) histogram: Option<NodeHistogram>,
}

/// Limits of a tree's shape. 0 is no limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    policy: GrowPolicy,
    max_depth: usize,
    max_leaves: usize,
    gamma: f32,
}

/// The nodes that may be split.
pub(super) struct Queue {
    limits: Limits,
    entries: BinaryHeap<Ranked>,
    leaves: usize,
    histograms: usize,
}

/// An entry by its place in the queue.
struct Ranked {
    policy: GrowPolicy,
    entry: Entry,
}

impl Limits {
    pub(super) fn new(params: &BoosterParams) -> Self {
        Self {
            policy: params.grow_policy,
            max_depth: params.max_depth,
            max_leaves: params.max_leaves,
            gamma: params.gamma as f32,
        }
    }

    /// Whether a node at a depth may be split.
    pub(super) fn allow_split_at(&self, depth: usize) -> bool {
        self.max_depth == 0 || depth < self.max_depth
    }
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, entries: BinaryHeap::new(), leaves: 1, histograms: 0 }
    }

    /// Adds a node with its best split.
    pub(super) fn push(&mut self, entry: Entry) {
        self.histograms += usize::from(entry.histogram.is_some());
        self.entries.push(Ranked { policy: self.limits.policy, entry });
    }

    /// Takes the nodes to split next. The tree is done if there are none.
    pub(super) fn pop(&mut self) -> Vec<Entry> {
        let mut popped = Vec::new();
        let Some(depth) = self.entries.peek().map(|first| first.entry.depth) else { return popped };
        let at_once = if self.limits.policy == GrowPolicy::Lossguide { 1 } else { NODES_AT_ONCE };
        while popped.len() < at_once
            && let Some(first) = self.entries.peek()
            && first.entry.depth == depth
            && let Some(Ranked { entry, .. }) = self.entries.pop()
        {
            self.histograms -= usize::from(entry.histogram.is_some());
            if self.allows(&entry) {
                self.leaves += 1;
                popped.push(entry);
            } else if at_once == 1 {
                break;
            }
        }
        popped
    }

    /// Whether the children of an entry that was taken may be split.
    pub(super) fn allows_children(&self, depth: usize) -> bool {
        self.limits.allow_split_at(depth + 1) && !self.is_full()
    }

    /// The number of histograms of the nodes in the queue.
    pub(super) fn histograms(&self) -> usize {
        self.histograms
    }

    fn allows(&self, entry: &Entry) -> bool {
        let gain = entry.candidate.gain;
        gain > LEAST_GAIN
            && gain >= self.limits.gamma
            && self.limits.allow_split_at(entry.depth)
            && !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.limits.max_leaves > 0 && self.leaves >= self.limits.max_leaves
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.policy {
            GrowPolicy::Depthwise => other.entry.node.cmp(&self.entry.node),
            GrowPolicy::Lossguide => by_gain(
                (self.entry.candidate.gain, self.entry.node),
                (other.entry.candidate.gain, other.entry.node),
            ),
        }
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
