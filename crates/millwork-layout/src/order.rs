//! In which order the vertices of each layer stand.

use crate::crossings::{crossings, pair_crossings};
use crate::proper::ProperGraph;

/// Sweeps over one initial order, at most; large graphs get fewer.
const ROUNDS: usize = 24;
/// Sweeps that every graph gets.
const MINIMUM_ROUNDS: usize = 4;
/// Vertices and edges visited by all sweeps over one initial order, roughly.
const WORK: usize = 3_000_000;
/// Up to this many vertices and edges, several initial orders are tried.
const SMALL: usize = 4_000;
/// Sweeps without a better order before giving up.
const PATIENCE: usize = 6;

/// The vertices of each layer, in order.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// The vertices, by layer.
    pub(crate) layers: Vec<Vec<usize>>,
    /// The place of each vertex within its layer.
    pub(crate) position: Vec<usize>,
}

impl Order {
    /// Takes each layer in the given order.
    pub(crate) fn new(layers: Vec<Vec<usize>>, vertex_count: usize) -> Order {
        let mut order = Order { layers, position: vec![0; vertex_count] };
        for layer in 0..order.layers.len() {
            order.number(layer);
        }
        order
    }

    fn number(&mut self, layer: usize) {
        for (place, &vertex) in self.layers[layer].iter().enumerate() {
            self.position[vertex] = place;
        }
    }
}

/// Orders the layers such that few edges cross: the fewest for most small graphs, as a test with all orders shows.
pub(crate) fn ordered(graph: &ProperGraph) -> Order {
    let size = graph.len() + graph.upstream.iter().map(Vec::len).sum::<usize>();
    let rounds = (WORK / size.max(1)).clamp(MINIMUM_ROUNDS, ROUNDS);
    let by_layer: Vec<usize> = graph.layers().into_iter().flatten().collect();
    let from_sources = depth_first(graph, by_layer.iter().copied(), &graph.downstream);
    let from_sinks = depth_first(graph, by_layer.iter().rev().copied(), &graph.upstream);
    let mut attempts = vec![(from_sources.clone(), Weight::Barycentre)];
    if size <= SMALL {
        attempts.push((from_sources, Weight::Median));
        attempts.push((from_sinks.clone(), Weight::Barycentre));
        attempts.push((from_sinks, Weight::Median));
    }
    let mut best: Option<(usize, Order)> = None;
    for (start, weight) in attempts {
        let found = swept(graph, start, weight, rounds);
        if best.as_ref().is_none_or(|(fewest, _)| found.0 < *fewest) {
            best = Some(found);
        }
        if best.as_ref().is_some_and(|(fewest, _)| *fewest == 0) {
            break;
        }
    }
    best.map_or_else(|| Order::new(graph.layers(), graph.len()), |(_, order)| order)
}

/// What draws a vertex to a place among its neighbours.
#[derive(Clone, Copy)]
enum Weight {
    Barycentre,
    Median,
}

impl Weight {
    /// The place, given those of the neighbours in rising order.
    fn place(self, places: &[usize]) -> f64 {
        let middle = places.len() / 2;
        match self {
            Weight::Barycentre => places.iter().sum::<usize>() as f64 / places.len() as f64,
            Weight::Median if places.len().is_multiple_of(2) => {
                (places[middle - 1] + places[middle]) as f64 / 2.0
            }
            Weight::Median => places[middle] as f64,
        }
    }
}

/// The order in which a depth-first search meets the vertices, which draws every tree without a crossing.
fn depth_first(graph: &ProperGraph, starts: impl Iterator<Item = usize>, neighbours: &[Vec<usize>]) -> Order {
    let mut met = vec![false; graph.len()];
    let mut layers = vec![Vec::new(); graph.layers().len()];
    for start in starts {
        let mut path = vec![start];
        while let Some(vertex) = path.pop() {
            if !std::mem::replace(&mut met[vertex], true) {
                layers[graph.layer[vertex]].push(vertex);
                path.extend(neighbours[vertex].iter().rev().filter(|&&neighbour| !met[neighbour]));
            }
        }
    }
    Order::new(layers, graph.len())
}

/// Sweeps down and up in turn and returns the best order met, with its number of crossings.
fn swept(graph: &ProperGraph, start: Order, weight: Weight, rounds: usize) -> (usize, Order) {
    let mut order = start;
    let mut best = (crossings(graph, &order), order.clone());
    let mut since_best = 0;
    for round in 0..rounds {
        if best.0 == 0 || since_best == PATIENCE {
            break;
        }
        let layer_count = order.layers.len();
        // Every second pair of sweeps lets ties change places, which leads out of some dead ends.
        let ties = if round % 4 < 2 { Ties::Keep } else { Ties::Swap };
        if round % 2 == 0 {
            (1..layer_count).for_each(|layer| sort(&mut order, layer, &graph.upstream, weight, ties));
        } else {
            (0..layer_count.saturating_sub(1))
                .rev()
                .for_each(|layer| sort(&mut order, layer, &graph.downstream, weight, ties));
        }
        transpose(graph, &mut order);
        let count = crossings(graph, &order);
        since_best += 1;
        if count < best.0 {
            best = (count, order.clone());
            since_best = 0;
        }
    }
    best
}

#[derive(Clone, Copy, PartialEq)]
enum Ties {
    Keep,
    Swap,
}

/// Sorts a layer by where its neighbours in one direction stand; a vertex without any keeps its place.
fn sort(order: &mut Order, layer: usize, neighbours: &[Vec<usize>], weight: Weight, ties: Ties) {
    let vertices = std::mem::take(&mut order.layers[layer]);
    let mut places = Vec::new();
    let mut weighted: Vec<(f64, usize)> = Vec::new();
    for &vertex in vertices.iter().filter(|&&vertex| !neighbours[vertex].is_empty()) {
        places.clear();
        places.extend(neighbours[vertex].iter().map(|&neighbour| order.position[neighbour]));
        places.sort_unstable();
        weighted.push((weight.place(&places), vertex));
    }
    if ties == Ties::Swap {
        weighted.reverse();
    }
    weighted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut sorted = weighted.into_iter().map(|(_, vertex)| vertex);
    order.layers[layer] = vertices
        .into_iter()
        .map(|vertex| if neighbours[vertex].is_empty() { vertex } else { sorted.next().unwrap_or(vertex) })
        .collect();
    order.number(layer);
}

/// Swaps neighbours in a layer as long as that removes crossings, a bounded number of times.
fn transpose(graph: &ProperGraph, order: &mut Order) {
    for _ in 0..MINIMUM_ROUNDS {
        let mut improved = false;
        for layer in 0..order.layers.len() {
            improved |= transpose_layer(graph, order, layer);
        }
        if !improved {
            break;
        }
    }
}

fn transpose_layer(graph: &ProperGraph, order: &mut Order, layer: usize) -> bool {
    let mut ends: Vec<[Vec<usize>; 2]> = order.layers[layer]
        .iter()
        .map(|&vertex| {
            [&graph.upstream[vertex], &graph.downstream[vertex]].map(|neighbours| {
                let mut places: Vec<usize> = neighbours.iter().map(|&end| order.position[end]).collect();
                places.sort_unstable();
                places
            })
        })
        .collect();
    let mut improved = false;
    for right in 1..ends.len() {
        let left = right - 1;
        let count = |first: usize, second: usize| -> usize {
            ends[first].iter().zip(&ends[second]).map(|(first, second)| pair_crossings(first, second)).sum()
        };
        if count(right, left) < count(left, right) {
            ends.swap(left, right);
            order.layers[layer].swap(left, right);
            improved = true;
        }
    }
    order.number(layer);
    improved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dag::Dag;
    use crate::rank::ranks;

    fn check(node_count: usize, edges: &[(usize, usize)], expected: usize) {
        let dag = Dag::new(node_count, edges);
        let graph = ProperGraph::new(&dag, &ranks(&dag));
        let order = ordered(&graph);
        assert_eq!(crossings(&graph, &order), expected, "crossings of {edges:?}");
        let mut vertices: Vec<usize> = order.layers.concat();
        vertices.sort_unstable();
        assert!(vertices.into_iter().eq(0..graph.len()), "a vertex is lost or doubled");
    }

    fn complete(upper: usize, lower: usize) -> Vec<(usize, usize)> {
        (0..upper).flat_map(|source| (0..lower).map(move |target| (source, upper + target))).collect()
    }

    #[test]
    fn known_graphs_have_the_fewest_crossings() {
        check(0, &[], 0);
        check(1, &[], 0);
        check(4, &[(0, 3), (1, 2), (0, 2)], 0);
        // Complete bipartite graphs: pairs above times pairs below.
        check(4, &complete(2, 2), 1);
        check(6, &complete(3, 3), 9);
        check(7, &complete(3, 4), 18);
        // A binary tree whose nodes are declared in a bad order.
        check(7, &[(6, 0), (6, 3), (0, 5), (3, 1), (0, 2), (3, 4)], 0);
        // A ladder of diamonds.
        check(7, &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (3, 5), (4, 6), (5, 6)], 0);
        // A long edge goes around.
        check(5, &[(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (0, 3)], 0);
        // The reference job cannot do better: the vectorizer's branches enclose the model.
        let reference =
            [(0, 1), (0, 2), (1, 3), (1, 4), (3, 5), (2, 5), (4, 6), (5, 7), (6, 7), (6, 8), (3, 8)];
        check(9, &reference, 1);
    }

    #[test]
    fn random_graphs_are_close_to_the_fewest_crossings() {
        let mut seed = 7_u64;
        let (mut found, mut fewest) = (0, 0);
        for _ in 0..40 {
            let mut edges = Vec::new();
            for source in 0..8 {
                for target in (source / 4 + 1) * 4..(source / 4 + 2) * 4 {
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if (seed >> 33) % 10 < 4 {
                        edges.push((source, target));
                    }
                }
            }
            let layer: Vec<usize> = (0..12).map(|node| node / 4).collect();
            let graph = ProperGraph::new(&Dag::new(12, &edges), &layer);
            found += crossings(&graph, &ordered(&graph));
            fewest += fewest_crossings(&graph);
        }
        assert!(found * 100 <= fewest * 103, "{found} crossings where {fewest} are enough");
    }

    /// Tries every order of every layer.
    fn fewest_crossings(graph: &ProperGraph) -> usize {
        let layers = graph.layers();
        let orders: Vec<Vec<Vec<usize>>> = layers.iter().map(|layer| permutations(layer)).collect();
        let mut fewest = usize::MAX;
        for first in &orders[0] {
            for second in &orders[1] {
                for third in &orders[2] {
                    let order = Order::new(vec![first.clone(), second.clone(), third.clone()], graph.len());
                    fewest = fewest.min(crossings(graph, &order));
                }
            }
        }
        fewest
    }

    fn permutations(of: &[usize]) -> Vec<Vec<usize>> {
        if of.is_empty() {
            return vec![Vec::new()];
        }
        let start_with = |first: usize| {
            let rest: Vec<usize> = of.iter().copied().filter(|&other| other != first).collect();
            permutations(&rest).into_iter().map(move |tail| [vec![first], tail].concat())
        };
        of.iter().flat_map(|&first| start_with(first)).collect()
    }
}
