//! Replaces long edges by chains of short ones.

use crate::dag::Dag;

/// Dummy vertices allowed for each node and edge. Beyond it a drawing has more trunk than content, and the time would
/// no longer be proportional to the input.
const DUMMIES_PER_ITEM: usize = 10;
/// Dummy vertices that every graph may have.
const DUMMIES_FOR_ALL: usize = 2_000;

/// A layered graph in which every edge leads to the next layer.
///
/// Vertices below `node_count` are the nodes; those above are dummies, where a long edge passes through a layer.
#[derive(Debug)]
pub(crate) struct ProperGraph {
    /// How many vertices are nodes.
    pub(crate) node_count: usize,
    /// The layer of each vertex.
    pub(crate) layer: Vec<usize>,
    /// For each vertex, its neighbours in the layer before.
    pub(crate) upstream: Vec<Vec<usize>>,
    /// For each vertex, its neighbours in the layer after.
    pub(crate) downstream: Vec<Vec<usize>>,
    /// For each node, the dummies that its long edges share, from the layer after its own onwards.
    pub(crate) trunks: Vec<Vec<usize>>,
}

impl ProperGraph {
    /// Puts dummies where edges pass through layers. The longest trunks go without when there are too many.
    pub(crate) fn new(dag: &Dag, ranks: &[usize]) -> ProperGraph {
        let edge_count: usize = dag.downstream.iter().map(Vec::len).sum();
        let mut graph = ProperGraph {
            node_count: dag.len(),
            layer: ranks.to_vec(),
            upstream: vec![Vec::new(); dag.len()],
            downstream: vec![Vec::new(); dag.len()],
            trunks: vec![Vec::new(); dag.len()],
        };
        graph.grow_trunks(dag, DUMMIES_FOR_ALL + DUMMIES_PER_ITEM * (dag.len() + edge_count));
        graph.join(dag);
        graph
    }

    /// How many vertices there are.
    pub(crate) fn len(&self) -> usize {
        self.layer.len()
    }

    /// Whether the vertex only marks where an edge passes.
    pub(crate) fn is_dummy(&self, vertex: usize) -> bool {
        vertex >= self.node_count
    }

    /// The vertices of each layer, in the order of their numbers.
    pub(crate) fn layers(&self) -> Vec<Vec<usize>> {
        let layer_count = self.layer.iter().max().map_or(0, |last| last + 1);
        let mut layers = vec![Vec::new(); layer_count];
        for (vertex, &layer) in self.layer.iter().enumerate() {
            layers[layer].push(vertex);
        }
        layers
    }

    fn grow_trunks(&mut self, dag: &Dag, mut allowance: usize) {
        let mut lengths: Vec<(usize, usize)> = (0..dag.len())
            .map(|node| {
                let last = dag.downstream[node].iter().map(|&target| self.layer[target]).max();
                (last.map_or(0, |last| last - self.layer[node] - 1), node)
            })
            .collect();
        lengths.sort_unstable();
        for (length, node) in lengths {
            if length > allowance {
                break;
            }
            allowance -= length;
            for step in 0..length {
                let above = self.trunks[node].last().copied().unwrap_or(node);
                let dummy = self.layer.len();
                self.layer.push(self.layer[node] + 1 + step);
                self.upstream.push(vec![above]);
                self.downstream.push(Vec::new());
                self.downstream[above].push(dummy);
                self.trunks[node].push(dummy);
            }
        }
    }

    fn join(&mut self, dag: &Dag) {
        for source in 0..dag.len() {
            for &target in &dag.downstream[source] {
                let between = self.layer[target] - self.layer[source] - 1;
                if between > self.trunks[source].len() {
                    continue; // Its trunk is missing: the edge is drawn, but takes no part in the layout.
                }
                let above = if between == 0 { source } else { self.trunks[source][between - 1] };
                self.downstream[above].push(target);
                self.upstream[target].push(above);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ranks: &[usize], edges: &[(usize, usize)], dummies: usize) {
        let graph = ProperGraph::new(&Dag::new(ranks.len(), edges), ranks);
        assert_eq!(graph.len() - graph.node_count, dummies, "dummies of {edges:?}");
        for vertex in 0..graph.len() {
            for &below in &graph.downstream[vertex] {
                assert_eq!(graph.layer[below], graph.layer[vertex] + 1);
                assert!(graph.upstream[below].contains(&vertex));
            }
        }
    }

    #[test]
    fn long_edges_of_a_node_share_a_trunk() {
        check(&[0, 1], &[(0, 1)], 0);
        check(&[0, 3], &[(0, 1)], 2);
        check(&[0, 3, 3, 2], &[(0, 1), (0, 2), (0, 3)], 2);
        check(&[0, 0, 2], &[(0, 2), (1, 2)], 2);
        check(&[0, 1_000_000], &[(0, 1)], 0);
    }
}
