//! The direction of the flow.

use crate::component::{Component, components};
use crate::dag::Dag;
use crate::geometry::Size;
use crate::rank::ranks;

/// Which way edges point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Upstream on the left: wide labels form columns.
    #[default]
    LeftToRight,
    /// Upstream at the top.
    TopToBottom,
}

impl Direction {
    /// The direction in which a graph is narrower, by and large: pages scroll down, and shrink what is too wide.
    pub fn narrower(nodes: &[Size], edges: &[(usize, usize)], gap: f64) -> Direction {
        let (mut from_left, mut from_top) = (0.0_f64, 0.0_f64);
        for component in components(&Dag::new(nodes.len(), edges)) {
            let (sum_of_widest, widest_sum) = widths(&component, nodes, gap);
            from_left = from_left.max(sum_of_widest);
            from_top = from_top.max(widest_sum);
        }
        if from_top < from_left { Direction::TopToBottom } else { Direction::LeftToRight }
    }

    /// Turns (along, across) into (x, y) and back.
    pub(crate) fn turn(self, (one, other): (f64, f64)) -> (f64, f64) {
        match self {
            Direction::LeftToRight => (one, other),
            Direction::TopToBottom => (other, one),
        }
    }
}

/// The width of a component with its layers as columns, and as rows.
fn widths(component: &Component, nodes: &[Size], gap: f64) -> (f64, f64) {
    let ranks = ranks(&component.dag);
    let layer_count = ranks.iter().max().map_or(0, |last| last + 1);
    let mut layers = vec![(0.0_f64, 0.0_f64); layer_count];
    for (&node, rank) in component.nodes.iter().zip(ranks) {
        let width = nodes[node].width + gap;
        layers[rank] = (layers[rank].0.max(width), layers[rank].1 + width);
    }
    layers.iter().fold((0.0, 0.0), |widths, layer| (widths.0 + layer.0, widths.1.max(layer.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(node_count: usize, edges: &[(usize, usize)], expected: Direction) {
        let nodes = vec![Size { width: 100.0, height: 20.0 }; node_count];
        assert_eq!(Direction::narrower(&nodes, edges, 20.0), expected, "for {edges:?}");
    }

    #[test]
    fn long_graphs_go_down_and_broad_ones_to_the_right() {
        check(0, &[], Direction::LeftToRight);
        check(9, &[], Direction::LeftToRight);
        check(3, &[(0, 1), (1, 2)], Direction::TopToBottom);
        check(4, &[(0, 1), (0, 2), (0, 3)], Direction::LeftToRight);
        check(4, &[(0, 1), (0, 2), (1, 3), (2, 3)], Direction::TopToBottom);
    }
}
