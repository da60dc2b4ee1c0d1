//! The search of one column for the best split of every node of a level.

use crate::boost::columns::bins::{BinnedColumns, Column};
use crate::boost::columns::level::{Candidate, Level, OpenNode, Row};
use crate::boost::columns::score::{Bar, Gradient, Regularization, Sums};

/// Searches columns one after the other. It keeps its working memory, and the best split of each node so far.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    binned: &'a BinnedColumns,
    rows: &'a [Row],
    level: &'a Level,
    regularization: &'a Regularization,
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
    ) -> Self {
        let none = |node: &OpenNode| Best { split: Candidate::NONE, bar: regularization.bar(0.0, node.gain) };
        Self {
            binned,
            rows,
            level,
            regularization,
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
    pub(super) fn search(&mut self, column: Column) {
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

    /// Collects the open rows of the column and tells whether they are all in one node; `None` if there are none.
    fn gather(&mut self, column: Column) -> Option<bool> {
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
    /// misses the column, nor where all have the same bin: the sides are then the same as on the first way.
    fn search_node(&mut self, column: Column, rows: &[OpenRow]) {
        let node = rows[0].node as usize;
        let mut search = NodeSearch {
            column,
            binned: self.binned,
            regularization: self.regularization,
            node: &self.level.nodes[node],
            best: &mut self.best[node],
        };
        search.forth(rows);
        if rows.len() < search.node.rows as usize && rows[0].bin < rows[rows.len() - 1].bin {
            search.back(rows);
        }
    }
}

/// The search of one column for the best split of one node.
struct NodeSearch<'a> {
    column: Column,
    binned: &'a BinnedColumns,
    regularization: &'a Regularization,
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
        let Some(gain) = self.regularization.split_gain(left, right, self.node.gain) else { return };
        let column = self.column.index;
        self.best.split.improve(Candidate { gain, column, threshold, default_left, left, right });
        self.best.bar = self.regularization.bar(self.best.split.gain, self.node.gain);
    }
}

/// The bin of the row after each, and none after the last.
fn bins_after(rows: &[OpenRow]) -> impl Iterator<Item = u32> {
    rows[1..].iter().map(|row| row.bin).chain([u32::MAX])
}
