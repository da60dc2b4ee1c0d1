//! The search of one column for the best split of every node of a level.

use crate::Monotone;
use crate::data::Gradient;
use crate::grow::columns::entries::BinnedColumns;
use crate::grow::columns::level::{Candidate, Level, OpenNode, Row};
use crate::grow::constraints::Directions;
use crate::grow::score::{Bar, Regularization, Sums};

/// Searches columns one after the other. It keeps its working memory, and the best split of each node so far.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    binned: &'a BinnedColumns,
    rows: &'a [Row],
    level: &'a Level,
    regularization: &'a Regularization,
    directions: &'a Directions,
    best: Vec<Best>,
    /// The open rows of the column in the order of its bins, and the same by node.
    open: Vec<OpenRow>,
    by_node: Vec<OpenRow>,
    /// How many open rows of the column each node has, then where they end among those by node.
    ends: Vec<u32>,
}

/// A row that has an entry in the column and has not come to a leaf.
#[derive(Debug, Clone, Copy, Default)]
struct OpenRow {
    node: u32,
    bin: u32,
    gradient: Gradient,
}

/// The best split of a node so far, and what another one has to beat.
#[derive(Debug, Clone, Copy)]
struct Best {
    split: Candidate,
    bar: Bar,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        binned: &'a BinnedColumns,
        rows: &'a [Row],
        level: &'a Level,
        regularization: &'a Regularization,
        directions: &'a Directions,
    ) -> Self {
        let none = |node: &OpenNode| Best { split: Candidate::NONE, bar: regularization.bar(0.0, node.gain) };
        Self {
            binned,
            rows,
            level,
            regularization,
            directions,
            best: level.nodes.iter().map(none).collect(),
            open: Vec::new(),
            by_node: Vec::new(),
            ends: vec![0; level.nodes.len()],
        }
    }

    /// The best split of each node among the columns that were searched.
    pub(super) fn into_best(self) -> Vec<Candidate> {
        self.best.into_iter().map(|best| best.split).collect()
    }

    /// Searches a column, which is higher than those before.
    pub(super) fn search(&mut self, column: u32) {
        let Some(one_node) = self.gather(column) else { return };
        if !one_node {
            self.sort_by_node();
        }
        let open = std::mem::take(&mut self.open);
        for rows in open.chunk_by(|left, right| left.node == right.node) {
            self.search_node(column, rows);
        }
        self.open = open;
    }

    /// Collects the open rows of the column and returns whether they are all in one node; `None` if there are none.
    fn gather(&mut self, column: u32) -> Option<bool> {
        self.open.clear();
        let mut others = 0;
        for entry in self.binned.entries(column) {
            let row = self.rows[entry.row as usize];
            if let Some(position) = self.level.position(row.node) {
                let node = position as u32;
                others |= node ^ self.open.first().map_or(node, |first| first.node);
                self.open.push(OpenRow { node, bin: entry.bin, gradient: row.gradient });
            }
        }
        if self.open.is_empty() { None } else { Some(others == 0) }
    }

    /// Sorts the open rows by node, keeping the order within each.
    fn sort_by_node(&mut self) {
        self.ends.fill(0);
        for row in &self.open {
            self.ends[row.node as usize] += 1;
        }
        let mut end = 0;
        for count in &mut self.ends {
            end += std::mem::replace(count, end);
        }
        self.by_node.resize(self.open.len(), OpenRow::default());
        for row in &self.open {
            let place = &mut self.ends[row.node as usize];
            self.by_node[*place as usize] = *row;
            *place += 1;
        }
        std::mem::swap(&mut self.open, &mut self.by_node);
    }

    /// Searches the rows that one node has in the column: first from small values to large ones, with the rows that
    /// miss the column on the right, then back, with those rows on the left. The second way adds nothing where no row
    /// misses the column, nor where all have the same bin and either side may be the left one: the sides are then the
    /// same as on the first way.
    fn search_node(&mut self, column: u32, rows: &[OpenRow]) {
        let position = rows[0].node as usize;
        let node = &self.level.nodes[position];
        if !node.sees(column) {
            return;
        }
        let direction = self.directions.of(column);
        let mut search = NodeSearch {
            column,
            binned: self.binned,
            regularization: self.regularization,
            bounded: self.directions.any(),
            direction,
            node,
            best: &mut self.best[position],
        };
        search.forth(rows);
        let turns = direction.is_some() || rows[0].bin < rows[rows.len() - 1].bin;
        if rows.len() < node.rows as usize && turns {
            search.back(rows);
        }
    }
}

/// The search of one column for the best split of one node.
struct NodeSearch<'a> {
    column: u32,
    binned: &'a BinnedColumns,
    regularization: &'a Regularization,
    /// Whether the node's bounds matter.
    bounded: bool,
    direction: Option<Monotone>,
    node: &'a OpenNode,
    best: &'a mut Best,
}

impl NodeSearch<'_> {
    fn forth(&mut self, rows: &[OpenRow]) {
        let mut left = Sums::default();
        for (row, next) in rows.iter().zip(bins_after(rows)) {
            left += row.gradient;
            let right = self.node.sums - left;
            if next != row.bin && !self.regularization.fails(left, right, self.best.bar) {
                let threshold = self.binned.ceiling(row.bin);
                self.try_split(left, right, threshold, false);
            }
        }
    }

    fn back(&mut self, rows: &[OpenRow]) {
        let mut right = Sums::default();
        for (position, row) in rows.iter().enumerate().rev() {
            right += row.gradient;
            let left = self.node.sums - right;
            let before = if position == 0 { u32::MAX } else { rows[position - 1].bin };
            if before != row.bin && !self.regularization.fails(left, right, self.best.bar) {
                let threshold = self.binned.floor(self.column, row.bin);
                self.try_split(left, right, threshold, true);
            }
        }
    }

    fn try_split(&mut self, left: Sums, right: Sums, threshold: f32, default_left: bool) {
        let (regularization, parent) = (self.regularization, self.node.gain);
        let gain = match self.bounded {
            true => regularization.bounded_split_gain(left, right, parent, self.node.bounds, self.direction),
            false => regularization.split_gain(left, right, parent),
        };
        let Some(gain) = gain else { return };
        let column = self.column;
        self.best.split.improve(Candidate { gain, column, threshold, default_left, left, right });
        self.best.bar = self.regularization.bar(self.best.split.gain, self.node.gain);
    }
}

/// The bin of the row after each, and none after the last.
fn bins_after(rows: &[OpenRow]) -> impl Iterator<Item = u32> {
    rows[1..].iter().map(|row| row.bin).chain([u32::MAX])
}
