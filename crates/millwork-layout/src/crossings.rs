//! Counts the crossings of edges in a given order.

use crate::order::Order;
use crate::proper::ProperGraph;

/// The number of pairs of edges that cross between neighbouring layers.
///
/// Barth, Jünger and Mutzel: going through the edges from left to right, each crosses the earlier ones that end further
/// right; a binary tree over the lower positions counts those in logarithmic time.
pub(crate) fn crossings(graph: &ProperGraph, order: &Order) -> usize {
    order.layers.windows(2).map(|pair| between(graph, order, &pair[0], pair[1].len())).sum()
}

/// How many edges of `left` and `right` cross if `left` stands before `right`; both name, in rising order, the
/// positions where edges end.
pub(crate) fn pair_crossings(left: &[usize], right: &[usize]) -> usize {
    let mut count = 0;
    let mut smaller = 0;
    for end in left {
        while right.get(smaller).is_some_and(|other| other < end) {
            smaller += 1;
        }
        count += smaller;
    }
    count
}

fn between(graph: &ProperGraph, order: &Order, upper: &[usize], lower_count: usize) -> usize {
    let first_leaf = lower_count.next_power_of_two();
    let mut tree = vec![0; 2 * first_leaf];
    let mut count = 0;
    let mut ends = Vec::new();
    for &vertex in upper {
        ends.clear();
        ends.extend(graph.downstream[vertex].iter().map(|&below| order.position[below]));
        ends.sort_unstable();
        for &end in &ends {
            count += insert(&mut tree, first_leaf + end);
        }
    }
    count
}

/// Adds an edge at the leaf and returns how many edges lie to the right of it.
fn insert(tree: &mut [usize], leaf: usize) -> usize {
    let mut further_right = 0;
    let mut at = leaf;
    tree[at] += 1;
    while at > 1 {
        if at.is_multiple_of(2) {
            further_right += tree[at + 1];
        }
        at /= 2;
        tree[at] += 1;
    }
    further_right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dag::Dag;

    /// Nodes `0..upper` are above the others, each layer in the order of its numbers.
    fn check(upper: usize, lower: usize, edges: &[(usize, usize)], expected: usize) {
        let ranks: Vec<_> = (0..upper + lower).map(|node| usize::from(node >= upper)).collect();
        let graph = ProperGraph::new(&Dag::new(ranks.len(), edges), &ranks);
        assert_eq!(crossings(&graph, &Order::new(graph.layers(), graph.len())), expected, "of {edges:?}");
    }

    #[test]
    fn crossings_are_counted_once() {
        check(1, 2, &[(0, 1), (0, 2)], 0);
        check(2, 2, &[(0, 2), (1, 3)], 0);
        check(2, 2, &[(0, 3), (1, 2)], 1);
        check(2, 2, &[(0, 2), (0, 3), (1, 2), (1, 3)], 1);
        check(3, 3, &[(0, 5), (1, 4), (2, 3)], 3);
        check(2, 3, &[(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)], 3);
    }

    #[test]
    fn two_vertices_cross_where_the_left_ends_further_right() {
        for (left, right, expected) in
            [(&[0][..], &[1][..], 0), (&[1], &[0], 1), (&[2, 3], &[0, 2], 3), (&[], &[5], 0)]
        {
            assert_eq!(pair_crossings(left, right), expected, "{left:?} before {right:?}");
        }
    }
}
