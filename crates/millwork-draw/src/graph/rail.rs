//! The rails of edges along the lines of a listing.

use super::Drawing;
use super::mark::NO_MARK;

/// The rail left of one node in a listing.
#[derive(Debug)]
pub(super) struct Row {
    /// The index of the node.
    pub(super) node: usize,
    /// What it depends on, in the order of the edges.
    pub(super) upstream: Vec<usize>,
    /// The node's symbol among the lanes that pass it.
    pub(super) rail: String,
}

/// The nodes, each after those that it depends on, with a rail that shows the edges.
///
/// A node that is read further down keeps a lane from its own row to that of its last reader. There, lanes of inputs
/// bend towards the reader (`├`, `╯`), and lanes of others pass in front (`│`); a reader takes over the lane of an input
/// that ends with it, so that a chain is one lane. A cycle's nodes come last. If the rail needs more lanes than `widest`,
/// there is none, only symbols.
pub(super) fn rows(drawing: &Drawing, widest: usize) -> Vec<Row> {
    let mut upstream = vec![Vec::new(); drawing.nodes.len()];
    let mut readers = vec![Vec::new(); drawing.nodes.len()];
    for (source, target) in drawing.distinct_edges() {
        if source != target {
            upstream[target].push(source);
            readers[source].push(target);
        }
    }
    let order = depth_first_order(&upstream, &readers);
    let symbol = |node: usize| drawing.nodes[node].mark().map_or(NO_MARK, |mark| mark.symbol);
    let mut lanes = Lanes { widest, occupants: Vec::new(), unread: readers.iter().map(Vec::len).collect() };
    let rails: Option<Vec<String>> =
        order.iter().map(|&node| lanes.advance(node, &upstream[node], symbol(node))).collect();
    let rails = rails.unwrap_or_else(|| order.iter().map(|&node| symbol(node).to_string()).collect());
    let rows = order.into_iter().zip(rails);
    rows.map(|(node, rail)| Row { node, upstream: std::mem::take(&mut upstream[node]), rail }).collect()
}

/// A topological order that follows one branch to its end before the next, which keeps lanes short.
fn depth_first_order(upstream: &[Vec<usize>], readers: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting_for: Vec<usize> = upstream.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..upstream.len()).rev().filter(|&node| waiting_for[node] == 0).collect();
    let mut order = Vec::with_capacity(upstream.len());
    while let Some(node) = ready.pop() {
        order.push(node);
        for &reader in readers[node].iter().rev() {
            waiting_for[reader] -= 1;
            if waiting_for[reader] == 0 {
                ready.push(reader);
            }
        }
    }
    order.extend((0..upstream.len()).filter(|&node| waiting_for[node] > 0));
    order
}

/// The lanes between two rows.
struct Lanes {
    /// How many there may be.
    widest: usize,
    /// The node whose edges run in each lane.
    occupants: Vec<Option<usize>>,
    /// How many readers of each node are still to come.
    unread: Vec<usize>,
}

impl Lanes {
    /// Draws the row of a node, unless it takes too many lanes.
    fn advance(&mut self, node: usize, upstream: &[usize], symbol: char) -> Option<String> {
        let is_input = |occupant: &Option<usize>| occupant.is_some_and(|source| upstream.contains(&source));
        let inputs: Vec<usize> =
            (0..self.occupants.len()).filter(|&lane| is_input(&self.occupants[lane])).collect();
        upstream.iter().for_each(|&source| self.unread[source] -= 1);
        let own = self.lane_for(&inputs);
        if self.occupants.len() > self.widest {
            return None;
        }
        let row = self.row(own, &inputs, symbol);
        for &lane in &inputs {
            if self.ends(lane) {
                self.occupants[lane] = None;
            }
        }
        self.occupants[own] = Some(node).filter(|&node| self.unread[node] > 0);
        while self.occupants.last() == Some(&None) {
            self.occupants.pop();
        }
        Some(row)
    }

    /// The lane of an input that ends here, or else the first free one to the right of all inputs.
    fn lane_for(&mut self, inputs: &[usize]) -> usize {
        if let Some(&ending) = inputs.iter().find(|&&lane| self.ends(lane)) {
            return ending;
        }
        let start = inputs.last().map_or(0, |last| last + 1);
        let free = (start..self.occupants.len()).find(|&lane| self.occupants[lane].is_none());
        free.unwrap_or_else(|| {
            self.occupants.push(None);
            self.occupants.len() - 1
        })
    }

    fn ends(&self, lane: usize) -> bool {
        self.occupants[lane].is_some_and(|source| self.unread[source] == 0)
    }

    fn row(&self, own: usize, inputs: &[usize], symbol: char) -> String {
        let first = inputs.first().map_or(own, |&lane| lane.min(own));
        let last = inputs.last().map_or(own, |&lane| lane.max(own));
        let mut row = String::new();
        for lane in 0..self.occupants.len() {
            let between = first < lane && lane < last;
            row.push(match self.occupants[lane] {
                _ if lane == own => symbol,
                Some(_) if inputs.contains(&lane) => junction(self.ends(lane), first < lane, lane < last),
                Some(_) => '│',
                None if between => '─',
                None => ' ',
            });
            row.push(if first <= lane && lane < last { '─' } else { ' ' });
        }
        row.truncate(row.trim_end().len());
        row
    }
}

/// Where an input's lane meets the line to its reader.
fn junction(ends: bool, to_the_left: bool, to_the_right: bool) -> char {
    match (ends, to_the_left, to_the_right) {
        (false, true, true) => '┼',
        (false, true, false) => '┤',
        (false, false, _) => '├',
        (true, true, true) => '┴',
        (true, true, false) => '╯',
        (true, false, _) => '╰',
    }
}

#[cfg(test)]
mod tests {
    use super::super::DrawingNode;
    use super::*;

    fn check(node_count: usize, edges: &[(usize, usize)], expected: &[&str]) {
        let drawing = Drawing {
            nodes: vec![DrawingNode::default(); node_count],
            edges: edges.to_vec(),
            ..Drawing::default()
        };
        let rails: Vec<_> =
            rows(&drawing, 3).into_iter().map(|row| format!("{} {}", row.rail, row.node)).collect();
        assert_eq!(rails, expected, "of {edges:?}");
    }

    #[test]
    fn rails_follow_edges() {
        check(0, &[], &[]);
        check(2, &[], &["● 0", "● 1"]);
        check(3, &[(0, 1), (1, 2)], &["● 0", "● 1", "● 2"]);
        check(3, &[(0, 1), (0, 2)], &["● 0", "├─● 1", "● 2"]);
        check(3, &[(0, 2), (1, 2)], &["● 0", "│ ● 1", "●─╯ 2"]);
        check(4, &[(0, 1), (0, 2), (1, 3), (2, 3)], &["● 0", "├─● 1", "● │ 2", "●─╯ 3"]);
        check(5, &[(0, 4), (1, 3), (2, 4)], &["● 0", "│ ● 1", "│ ● 3", "│ ● 2", "●─╯ 4"]);
    }

    #[test]
    fn lanes_of_others_pass_in_front() {
        check(5, &[(0, 3), (1, 4), (2, 3), (3, 4)], &["● 0", "│ ● 1", "│ │ ● 2", "●─│─╯ 3", "●─╯ 4"]);
    }

    #[test]
    fn too_many_lanes_are_none() {
        let edges = [(0, 4), (1, 4), (2, 4), (3, 4)];
        check(5, &edges[..3], &["● 0", "│ ● 1", "│ │ ● 2", "●─┴─╯ 4", "● 3"]);
        check(5, &edges, &["● 0", "● 1", "● 2", "● 3", "● 4"]);
    }

    #[test]
    fn a_cycle_ends() {
        check(2, &[(0, 1), (1, 0), (1, 1)], &["● 0", "● 1"]);
    }
}
