//! Aligns vertices in straight lines.

use std::collections::HashSet;

use crate::order::Order;
use crate::proper::ProperGraph;

/// The edges that must not be straight, because they cross one between two dummies; each as the lower and the higher
/// number of its ends.
pub(crate) type Conflicts = HashSet<(usize, usize)>;

/// Finds those edges: Brandes and Köpf's type 1 conflicts. Long edges win, since their bends are seen from far away.
pub(crate) fn conflicts(graph: &ProperGraph, order: &Order) -> Conflicts {
    let mut conflicts = Conflicts::new();
    for pair in order.layers.windows(2) {
        let (upper, lower) = (&pair[0], &pair[1]);
        let mut leftmost = 0;
        let mut done = 0;
        for (place, &vertex) in lower.iter().enumerate() {
            let trunk = trunk_above(graph, vertex).map(|above| order.position[above]);
            if trunk.is_none() && place + 1 < lower.len() {
                continue;
            }
            let rightmost = trunk.unwrap_or(upper.len());
            for &below in &lower[done..=place] {
                for &above in &graph.upstream[below] {
                    if (order.position[above] < leftmost || order.position[above] > rightmost)
                        && trunk_above(graph, below) != Some(above)
                    {
                        conflicts.insert(key(above, below));
                    }
                }
            }
            done = place + 1;
            leftmost = rightmost;
        }
    }
    conflicts
}

/// Lines vertices up with the median of their neighbours in the layer before, as far as lines don't cross.
///
/// `layers` and `position` give the order and `neighbours` the layer to line up with, so that mirrored input gives
/// mirrored lines. Returns for each vertex the first one of its line.
pub(crate) fn lines(
    layers: &[Vec<usize>],
    position: &[usize],
    neighbours: &[Vec<usize>],
    conflicts: &Conflicts,
) -> Vec<usize> {
    let mut first: Vec<usize> = (0..position.len()).collect();
    let mut candidates = Vec::new();
    for layer in layers {
        // Places up to here are taken or would be crossed.
        let mut free_from = 0;
        for &vertex in layer {
            candidates.clear();
            candidates.extend_from_slice(&neighbours[vertex]);
            candidates.sort_unstable_by_key(|&candidate| position[candidate]);
            let count = candidates.len();
            let medians = candidates.get(count.saturating_sub(1) / 2..count / 2 + 1).unwrap_or_default();
            let chosen = medians
                .iter()
                .find(|&&median| position[median] >= free_from && !conflicts.contains(&key(median, vertex)));
            if let Some(&median) = chosen {
                first[vertex] = first[median];
                free_from = position[median] + 1;
            }
        }
    }
    first
}

fn trunk_above(graph: &ProperGraph, vertex: usize) -> Option<usize> {
    graph.upstream[vertex].iter().copied().find(|&above| graph.is_dummy(above) && graph.is_dummy(vertex))
}

fn key(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}
