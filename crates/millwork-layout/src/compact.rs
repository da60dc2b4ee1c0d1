//! Moves straight lines of vertices as close together as they can be.

use crate::proper::ProperGraph;

/// How much room vertices need across the flow.
#[derive(Debug)]
pub(crate) struct Spacing<'a> {
    /// The graph whose vertices stand side by side.
    pub(crate) graph: &'a ProperGraph,
    /// The extent of each node; dummies have none.
    pub(crate) extents: &'a [f64],
    /// The distance between two nodes.
    pub(crate) node_gap: f64,
    /// The distance of an edge to anything else.
    pub(crate) edge_gap: f64,
}

impl Spacing<'_> {
    /// Half of what the vertex itself covers.
    pub(crate) fn half(&self, vertex: usize) -> f64 {
        self.extents.get(vertex).map_or(0.0, |extent| extent / 2.0)
    }

    /// The distance between the middles that two neighbours in a layer need.
    pub(crate) fn between(&self, left: usize, right: usize) -> f64 {
        let edge = self.graph.is_dummy(left) || self.graph.is_dummy(right);
        self.half(left) + self.half(right) + if edge { self.edge_gap } else { self.node_gap }
    }
}

/// Places lines as far left as they can go, then closes gaps by moving each right up to its neighbour.
///
/// `first` names for each vertex the first one of its line. Returns the middle of each vertex.
pub(crate) fn compacted(layers: &[Vec<usize>], first: &[usize], spacing: &Spacing<'_>) -> Vec<f64> {
    let mut right_of: Vec<Vec<(usize, f64)>> = vec![Vec::new(); first.len()];
    let mut waiting_for = vec![0; first.len()];
    for pair in layers.iter().flat_map(|layer| layer.windows(2)) {
        right_of[first[pair[0]]].push((first[pair[1]], spacing.between(pair[0], pair[1])));
        waiting_for[first[pair[1]]] += 1;
    }
    let lines = left_to_right(first, &right_of, waiting_for);
    let mut middle = vec![0.0_f64; first.len()];
    for &line in &lines {
        for &(neighbour, distance) in &right_of[line] {
            middle[neighbour] = middle[neighbour].max(middle[line] + distance);
        }
    }
    for &line in lines.iter().rev() {
        let room = right_of[line].iter().map(|&(neighbour, distance)| middle[neighbour] - distance);
        if let Some(limit) = room.min_by(f64::total_cmp) {
            middle[line] = middle[line].max(limit);
        }
    }
    first.iter().map(|&line| middle[line]).collect()
}

/// The lines, each after all that must stand left of it. Lines never cross, so there is such an order.
fn left_to_right(first: &[usize], right_of: &[Vec<(usize, f64)>], mut waiting_for: Vec<usize>) -> Vec<usize> {
    let mut lines: Vec<usize> =
        (0..first.len()).filter(|&vertex| first[vertex] == vertex && waiting_for[vertex] == 0).collect();
    let mut next = 0;
    while let Some(&line) = lines.get(next) {
        next += 1;
        for &(neighbour, _) in &right_of[line] {
            waiting_for[neighbour] -= 1;
            if waiting_for[neighbour] == 0 {
                lines.push(neighbour);
            }
        }
    }
    lines
}
