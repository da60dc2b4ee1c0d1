//! Splits a graph into connected components.

use crate::dag::Dag;

/// One connected part of a graph, with its own numbering.
#[derive(Debug)]
pub(crate) struct Component {
    /// The numbers of its nodes in the whole graph, in rising order; the position is the number here.
    pub(crate) nodes: Vec<usize>,
    /// The edges between them.
    pub(crate) dag: Dag,
}

/// The connected components, in the order of their first nodes.
pub(crate) fn components(dag: &Dag) -> Vec<Component> {
    let mut local = vec![usize::MAX; dag.len()];
    let mut components = Vec::new();
    for start in 0..dag.len() {
        if local[start] == usize::MAX {
            let nodes = reachable(dag, start, &mut local);
            components.push(Component { dag: renumbered(dag, &nodes, &local), nodes });
        }
    }
    components
}

/// All nodes joined to `start` by edges in any direction; numbers them in `local`.
fn reachable(dag: &Dag, start: usize, local: &mut [usize]) -> Vec<usize> {
    let mut nodes = vec![start];
    local[start] = 0;
    let mut next = 0;
    while let Some(&node) = nodes.get(next) {
        next += 1;
        for &neighbour in dag.upstream[node].iter().chain(&dag.downstream[node]) {
            if local[neighbour] == usize::MAX {
                local[neighbour] = 0;
                nodes.push(neighbour);
            }
        }
    }
    nodes.sort_unstable();
    for (number, &node) in nodes.iter().enumerate() {
        local[node] = number;
    }
    nodes
}

fn renumbered(dag: &Dag, nodes: &[usize], local: &[usize]) -> Dag {
    let lists = |of: &[Vec<usize>]| {
        nodes.iter().map(|&node| of[node].iter().map(|&neighbour| local[neighbour]).collect()).collect()
    };
    Dag { upstream: lists(&dag.upstream), downstream: lists(&dag.downstream) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(node_count: usize, edges: &[(usize, usize)], expected: &[&[usize]]) {
        let found: Vec<_> =
            components(&Dag::new(node_count, edges)).into_iter().map(|component| component.nodes).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn components_follow_edges_in_both_directions() {
        check(0, &[], &[]);
        check(2, &[], &[&[0], &[1]]);
        check(4, &[(3, 0), (3, 1)], &[&[0, 1, 3], &[2]]);
        check(4, &[(0, 2), (1, 3)], &[&[0, 2], &[1, 3]]);
    }
}
