//! A queue of the nodes that are ready: a graph that is consumed from its roots.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::index::{IndexVec, TypedIndex};

/// The nodes of a graph, handed out when everything upstream of them is finished. Of several that are ready,
/// the one with the longest way still below it comes first, so that the critical path isn't kept waiting; of equals,
/// the lower index.
///
/// ```
/// use millwork_core::plan::ReadyQueue;
///
/// let mut queue = ReadyQueue::<usize>::new(&vec![vec![], vec![0], vec![0], vec![1, 2]].into());
/// assert_eq!(queue.pop(), Some(0));
/// assert_eq!(queue.pop(), None);
/// queue.finish(0);
/// assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(2)));
/// assert_eq!(queue.drop_below(1), [3]);
/// queue.finish(2);
/// assert!(queue.pop().is_none() && queue.unfinished() == 0);
/// ```
#[derive(Debug)]
pub struct ReadyQueue<I> {
    downstream: IndexVec<I, Vec<I>>,
    /// The nodes that wait for a node's end, whether it finishes or is dropped.
    then: IndexVec<I, Vec<I>>,
    /// For each node the number of nodes before it that aren't over.
    waiting_for: IndexVec<I, usize>,
    /// For each node the length of the longest path that starts at it.
    height: IndexVec<I, usize>,
    state: IndexVec<I, NodeState>,
    ready: BinaryHeap<(usize, Reverse<I>)>,
    unfinished: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum NodeState {
    Waiting,
    HandedOut,
    Over,
}

impl<I: TypedIndex> ReadyQueue<I> {
    /// A queue of nodes with these upstream nodes. There must be no cycle: its nodes would never become ready.
    pub fn new(upstream: &IndexVec<I, Vec<I>>) -> Self {
        Self::with_after(upstream, &upstream.map(|_| Vec::new()))
    }

    /// A queue of nodes that also wait for others to be over, whether those finish or are dropped: `after` has these for each node. A
    /// node stands in one of the two lists of another at most.
    pub fn with_after(upstream: &IndexVec<I, Vec<I>>, after: &IndexVec<I, Vec<I>>) -> Self {
        let (downstream, then) = (reversed(upstream), reversed(after));
        let height = heights(upstream, after, &downstream, &then);
        let mut waiting_for = upstream.map(Vec::len);
        for (node, before) in after.iter_enumerated() {
            waiting_for[node] += before.len();
        }
        let roots = upstream.indices().filter(|node| waiting_for[*node] == 0);
        let ready = roots.map(|node| (height[node], Reverse(node))).collect();
        let state = upstream.map(|_| NodeState::Waiting);
        Self { downstream, then, waiting_for, height, state, ready, unfinished: upstream.len() }
    }

    /// Hands out a node that is ready.
    pub fn pop(&mut self) -> Option<I> {
        loop {
            let (_, Reverse(node)) = self.ready.pop()?;
            if self.state[node] == NodeState::Waiting {
                self.state[node] = NodeState::HandedOut;
                return Some(node);
            }
        }
    }

    /// Marks a node as finished: nodes that waited only for it become ready.
    pub fn finish(&mut self, node: I) {
        if !self.end(node) {
            return;
        }
        for index in 0..self.downstream[node].len() {
            self.wait_less(self.downstream[node][index]);
        }
    }

    /// Marks a node as failed: neither it nor any node downstream will be handed out. Returns the nodes dropped
    /// downstream, in an order in which each comes after a node that it waited for.
    pub fn drop_below(&mut self, node: I) -> Vec<I> {
        self.end(node);
        self.drop_nodes(self.downstream[node].clone())
    }

    /// Takes out these nodes and everything below them, as far as they weren't handed out. Returns all that fell out.
    pub fn drop_nodes(&mut self, mut nodes: Vec<I>) -> Vec<I> {
        let mut dropped = Vec::new();
        nodes.reverse();
        while let Some(node) = nodes.pop() {
            if self.state[node] == NodeState::Waiting {
                self.end(node);
                dropped.push(node);
                nodes.extend(self.downstream[node].iter().rev());
            }
        }
        dropped
    }

    /// How many nodes are neither finished nor dropped.
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// What directly waits for a node.
    pub fn downstream(&self, node: I) -> &[I] {
        &self.downstream[node]
    }

    fn end(&mut self, node: I) -> bool {
        let was_open = self.state[node] != NodeState::Over;
        self.state[node] = NodeState::Over;
        self.unfinished -= usize::from(was_open);
        if was_open {
            for index in 0..self.then[node].len() {
                self.wait_less(self.then[node][index]);
            }
        }
        was_open
    }

    /// One of the nodes before `node` is over.
    fn wait_less(&mut self, node: I) {
        self.waiting_for[node] -= 1;
        if self.waiting_for[node] == 0 {
            self.ready.push((self.height[node], Reverse(node)));
        }
    }
}

fn reversed<I: TypedIndex>(before: &IndexVec<I, Vec<I>>) -> IndexVec<I, Vec<I>> {
    let mut behind = before.map(|_| Vec::new());
    for (node, before) in before.iter_enumerated() {
        for &before in before {
            behind[before].push(node);
        }
    }
    behind
}

fn heights<I: TypedIndex>(
    upstream: &IndexVec<I, Vec<I>>,
    after: &IndexVec<I, Vec<I>>,
    downstream: &IndexVec<I, Vec<I>>,
    then: &IndexVec<I, Vec<I>>,
) -> IndexVec<I, usize> {
    let mut height: IndexVec<I, usize> = upstream.map(|_| 0);
    let mut below = downstream.map(Vec::len);
    for (node, then) in then.iter_enumerated() {
        below[node] += then.len();
    }
    let mut done: Vec<I> = upstream.indices().filter(|node| below[*node] == 0).collect();
    while let Some(node) = done.pop() {
        for &input in upstream[node].iter().chain(&after[node]) {
            height[input] = height[input].max(height[node] + 1);
            below[input] -= 1;
            if below[input] == 0 {
                done.push(input);
            }
        }
    }
    height
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// A graph as a list of upstream nodes, each with a lower number.
    fn graphs() -> impl Strategy<Value = IndexVec<usize, Vec<usize>>> {
        prop::collection::vec(prop::collection::btree_set(0_usize..40, 0..4), 1..40).prop_map(|nodes| {
            let below = |(node, inputs): (usize, BTreeSet<usize>)| {
                inputs.into_iter().filter(|input| *input < node).collect()
            };
            nodes.into_iter().enumerate().map(below).collect()
        })
    }

    proptest! {
        /// Against a naive model: a node is ready if all of its inputs are finished and those that it comes after are over, and falls
        /// out if an input fails.
        #[test]
        fn agrees_with_a_naive_model(
            whole in graphs(),
            soft in prop::collection::btree_set((0_usize..40, 0_usize..40), 0..40),
            failing in prop::collection::btree_set(0_usize..40, 0..5),
        ) {
            let is_soft = |node: usize, input: usize| soft.contains(&(node, input));
            let part = |wanted: bool| -> IndexVec<usize, Vec<usize>> {
                let of = |(node, inputs): (usize, &Vec<usize>)| {
                    inputs.iter().copied().filter(|input| is_soft(node, *input) == wanted).collect()
                };
                whole.iter_enumerated().map(of).collect()
            };
            let (graph, after) = (part(false), part(true));
            let mut queue = ReadyQueue::with_after(&graph, &after);
            let mut finished = BTreeSet::new();
            let mut gone = BTreeSet::new();
            while let Some(node) = queue.pop() {
                prop_assert!(graph[node].iter().all(|input| finished.contains(input)));
                prop_assert!(after[node].iter().all(|input| finished.contains(input) || gone.contains(input)));
                if failing.contains(&node) {
                    gone.insert(node);
                    for dropped in queue.drop_below(node) {
                        prop_assert!(graph[dropped].iter().any(|input| gone.contains(input)));
                        prop_assert!(gone.insert(dropped));
                    }
                } else {
                    queue.finish(node);
                    prop_assert!(finished.insert(node));
                }
            }
            prop_assert_eq!(finished.len() + gone.len(), graph.len());
            prop_assert_eq!(queue.unfinished(), 0);
        }
    }

    #[test]
    fn the_longest_path_comes_first() {
        // 0 and 1 are roots; 1 has two more below it.
        let mut queue = ReadyQueue::<usize>::new(&vec![vec![], vec![], vec![1], vec![2]].into());
        assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(0)));
    }
}
