//! The acyclic graph to lay out: edges that would close a cycle are set aside.

/// A directed graph without cycles, self-loops and repeated edges, as adjacency lists.
#[derive(Debug, Default)]
pub(crate) struct Dag {
    /// For each node, the nodes that it depends on.
    pub(crate) upstream: Vec<Vec<usize>>,
    /// For each node, the nodes that depend on it.
    pub(crate) downstream: Vec<Vec<usize>>,
}

impl Dag {
    /// Keeps each edge that joins two existing nodes and closes no cycle, once.
    pub(crate) fn new(node_count: usize, edges: &[(usize, usize)]) -> Dag {
        let forward = without_back_edges(&distinct(node_count, edges));
        let mut upstream = vec![Vec::new(); node_count];
        for (source, targets) in forward.iter().enumerate() {
            for &target in targets {
                upstream[target].push(source);
            }
        }
        Dag { upstream, downstream: forward }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.upstream.len()
    }

    /// The nodes, each after all nodes that it depends on.
    pub(crate) fn topological(&self) -> Vec<usize> {
        let mut waiting_for: Vec<usize> = self.upstream.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..self.len()).filter(|&node| waiting_for[node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = order.get(next) {
            next += 1;
            for &target in &self.downstream[node] {
                waiting_for[target] -= 1;
                if waiting_for[target] == 0 {
                    order.push(target);
                }
            }
        }
        order
    }
}

/// The targets of each node, each once and in the order in which they were declared.
fn distinct(node_count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut targets = vec![Vec::new(); node_count];
    for &(source, target) in edges {
        if source < node_count && target < node_count && source != target {
            targets[source].push(target);
        }
    }
    let mut seen_from = vec![usize::MAX; node_count];
    for (source, targets) in targets.iter_mut().enumerate() {
        targets.retain(|&target| std::mem::replace(&mut seen_from[target], source) != source);
    }
    targets
}

/// Drops the edges that lead back to a node from which a depth-first search is still under way.
fn without_back_edges(targets: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut visits = vec![Visit::Pending; targets.len()];
    let mut forward = vec![Vec::new(); targets.len()];
    for start in 0..targets.len() {
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.pop() {
            if next == 0 && visits[node] != Visit::Pending {
                continue;
            }
            visits[node] = Visit::UnderWay;
            let Some(&target) = targets[node].get(next) else {
                visits[node] = Visit::Done;
                continue;
            };
            path.push((node, next + 1));
            if visits[target] != Visit::UnderWay {
                forward[node].push(target);
                path.push((target, 0));
            }
        }
    }
    forward
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Pending,
    UnderWay,
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(node_count: usize, edges: &[(usize, usize)], kept: &[(usize, usize)]) {
        let dag = Dag::new(node_count, edges);
        let mut found: Vec<_> = (0..node_count)
            .flat_map(|source| dag.downstream[source].iter().map(move |&target| (source, target)))
            .collect();
        found.sort_unstable();
        assert_eq!(found, kept, "of {edges:?}");
        assert_eq!(dag.topological().len(), node_count, "{edges:?} still has a cycle");
    }

    #[test]
    fn only_edges_with_the_flow_stay() {
        check(0, &[], &[]);
        check(1, &[(0, 0)], &[]);
        check(2, &[(0, 1), (0, 1), (0, 1)], &[(0, 1)]);
        check(2, &[(0, 1), (1, 0)], &[(0, 1)]);
        check(3, &[(0, 1), (1, 2), (2, 0)], &[(0, 1), (1, 2)]);
        check(3, &[(2, 1), (1, 0), (2, 0)], &[(1, 0), (2, 0), (2, 1)]);
        check(2, &[(0, 7), (9, 1)], &[]);
    }
}
