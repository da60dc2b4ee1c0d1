//! Assigns each node to a layer.

use crate::dag::Dag;

/// How often the moves may be repeated; a round without a move ends them earlier.
const ROUNDS: usize = 8;

/// Gives each node a layer above those of its upstream nodes, such that edges are short in total.
///
/// The longest path from a source is a valid answer with needlessly long edges: a source that is only read at the end
/// would stand at the beginning. A node with more edges out than in shortens their sum by moving later, one with more
/// in than out by moving earlier; both moves are repeated. This is the idea of the network simplex of Gansner et al.
/// without its spanning tree: not always the optimum, but linear.
pub(crate) fn ranks(dag: &Dag) -> Vec<usize> {
    let order = dag.topological();
    let mut ranks = vec![0; dag.len()];
    move_earlier(dag, &order, &mut ranks, |_, _| true);
    for _ in 0..ROUNDS {
        let moved_later = move_later(dag, &order, &mut ranks, |inputs, outputs| outputs >= inputs);
        let moved_earlier = move_earlier(dag, &order, &mut ranks, |inputs, outputs| inputs > outputs);
        if !moved_later && !moved_earlier {
            break;
        }
    }
    // Where it makes no difference, a node stands next to what it is made of.
    move_earlier(dag, &order, &mut ranks, |inputs, outputs| inputs == outputs);
    ranks
}

/// Puts each node with these counts of inputs and outputs right after the last of its upstream nodes.
fn move_earlier(dag: &Dag, order: &[usize], ranks: &mut [usize], chosen: fn(usize, usize) -> bool) -> bool {
    let mut moved = false;
    for &node in order {
        let earliest = dag.upstream[node].iter().map(|&upstream| ranks[upstream] + 1).max();
        if let Some(earliest) = earliest
            && chosen(dag.upstream[node].len(), dag.downstream[node].len())
        {
            moved |= ranks[node] != earliest;
            ranks[node] = earliest;
        }
    }
    moved
}

/// Puts each node with these counts of inputs and outputs right before the first of its downstream nodes.
fn move_later(dag: &Dag, order: &[usize], ranks: &mut [usize], chosen: fn(usize, usize) -> bool) -> bool {
    let mut moved = false;
    for &node in order.iter().rev() {
        let latest = dag.downstream[node].iter().map(|&downstream| ranks[downstream] - 1).min();
        if let Some(latest) = latest
            && chosen(dag.upstream[node].len(), dag.downstream[node].len())
        {
            moved |= ranks[node] != latest;
            ranks[node] = latest;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edges: &[(usize, usize)], expected: &[usize]) {
        assert_eq!(ranks(&Dag::new(expected.len(), edges)), expected, "of {edges:?}");
    }

    #[test]
    fn edges_are_short() {
        check(&[], &[0]);
        check(&[(0, 1), (1, 2)], &[0, 1, 2]);
        // A source that is read late stands late, and so does all that leads to it.
        check(&[(0, 1), (1, 2), (3, 2)], &[0, 1, 2, 1]);
        check(&[(0, 1), (1, 2), (2, 3), (4, 5), (5, 3)], &[0, 1, 2, 3, 1, 2]);
        // Where it makes no difference, next to what it is made of.
        check(&[(0, 1), (1, 2), (2, 3), (0, 4), (4, 3)], &[0, 1, 2, 3, 1]);
    }
}
