//! The rows of each node, parted as nodes are split.
//!
//! The rows of a node are a range of one list, in ascending order, and its children's are the two parts of that range. A range is
//! parted in chunks: each chunk sorts its rows into a second list, those that go left from its start on and those that go right from
//! its end back, and then all are copied to their place.

use std::ops::Range;

use rayon::prelude::*;

use crate::grow::histogram::candidate::{Candidate, Rule};
use crate::grow::histogram::groups::{BinnedMatrix, Cells};

/// The most rows of a chunk.
const ROWS_AT_ONCE: usize = 1 << 13;

/// Fewer rows than this are parted by one thread.
const ROWS_FOR_THREADS: usize = 1 << 12;

/// The rows of all nodes of a tree.
#[derive(Default)]
pub(super) struct RowList {
    rows: Vec<u32>,
    parted: Vec<u32>,
}

/// A split, by bins.
#[derive(Debug, Clone)]
pub(super) struct BinSplit {
    column: u32,
    default_left: bool,
    /// Which bins go left.
    lefts: Lefts,
}

#[derive(Debug, Clone)]
enum Lefts {
    /// The bins below this.
    Below(u32),
    /// Each bin with its own answer.
    Listed(Vec<bool>),
}

/// A chunk of a node's rows, to be parted.
struct Chunk<'a> {
    node: usize,
    rows: &'a [u32],
    parted: &'a mut [u32],
    lefts: usize,
}

impl BinSplit {
    /// The split of a candidate.
    pub(super) fn new(candidate: &Candidate, binned: &BinnedMatrix) -> Self {
        let (group, place) = binned.place(candidate.column);
        let lefts = match &candidate.rule {
            Rule::First(count) => Lefts::Below(*count),
            Rule::NotIn { bins, .. } => {
                let mut lefts = vec![true; group.bins[place] as usize];
                bins.iter().for_each(|bin| lefts[*bin as usize] = false);
                Lefts::Listed(lefts)
            }
        };
        Self { column: candidate.column, default_left: candidate.default_left, lefts }
    }

    /// Whether a row goes left.
    pub(super) fn goes_left(&self, binned: &BinnedMatrix, row: u32) -> bool {
        let (group, place) = binned.place(self.column);
        self.sends_left(group.bin(row as usize, place))
    }

    fn sends_left(&self, bin: Option<u32>) -> bool {
        match (bin, &self.lefts) {
            (None, _) => self.default_left,
            (Some(bin), Lefts::Below(end)) => bin < *end,
            (Some(bin), Lefts::Listed(lefts)) => lefts[bin as usize],
        }
    }

    /// Sorts rows into `parted`, those that go left at its start and those that go right, in reverse order, at its end. Gives how
    /// many go left.
    fn part(&self, binned: &BinnedMatrix, rows: &[u32], parted: &mut [u32]) -> usize {
        let (group, place) = binned.place(self.column);
        let (column, width) = (self.column as usize, group.columns.len());
        match &group.cells {
            Cells::Bytes(block) => self.part_full(group.bins[place], block.column(column), 0, rows, parted),
            Cells::Words(block) => self.part_full(group.bins[place], block.column(column), 0, rows, parted),
            Cells::Wide(full) => {
                let slots = full.column(place, width);
                self.part_full(group.bins[place], slots, group.offsets[place], rows, parted)
            }
            Cells::Sparse(sparse) => {
                let (first, end) = (group.offsets[place], group.offsets[place + 1]);
                part(rows, parted, |row| self.sends_left(sparse.bin(row as usize, first, end)))
            }
        }
    }

    /// [`part`](Self::part) for a column that has a cell for each row: a bin, counted from `first` on, or the number of `bins` where
    /// the entry is missing.
    fn part_full<T: Copy + Into<u32>>(
        &self,
        bins: u32,
        cells: &[T],
        first: u32,
        rows: &[u32],
        parted: &mut [u32],
    ) -> usize {
        let missing_left = self.default_left;
        let bin = |row: u32| Into::<u32>::into(cells[row as usize]) - first;
        match &self.lefts {
            Lefts::Below(end) => part(rows, parted, |row| {
                let bin = bin(row);
                (bin < *end) | ((bin >= bins) & missing_left)
            }),
            Lefts::Listed(_) => {
                part(rows, parted, |row| self.sends_left(Some(bin(row)).filter(|bin| *bin < bins)))
            }
        }
    }
}

impl RowList {
    /// Starts with the rows of a root, ascending.
    pub(super) fn start(&mut self, rows: impl Iterator<Item = u32>) {
        self.rows.clear();
        self.rows.extend(rows);
        self.parted.resize(self.rows.len(), 0);
    }

    /// The number of rows of the root.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows of a node.
    pub(super) fn of(&self, node: &Range<usize>) -> &[u32] {
        &self.rows[node.clone()]
    }

    /// Parts the rows of nodes, whose ranges are ascending. Gives how many rows of each go left.
    pub(super) fn split(&mut self, binned: &BinnedMatrix, nodes: &[(Range<usize>, &BinSplit)]) -> Vec<usize> {
        let total: usize = nodes.iter().map(|(range, _)| range.len()).sum();
        let mut chunks = Vec::new();
        let (mut rest, mut passed) = (&mut self.parted[..], 0);
        for (node, (range, _)) in nodes.iter().enumerate() {
            rest = &mut rest[range.start - passed..];
            let (parted, after) = rest.split_at_mut(range.len());
            (rest, passed) = (after, range.end);
            let rows = self.rows[range.clone()].chunks(ROWS_AT_ONCE);
            chunks.extend(rows.zip(parted.chunks_mut(ROWS_AT_ONCE)).map(|(rows, parted)| Chunk {
                node,
                rows,
                parted,
                lefts: 0,
            }));
        }
        let part =
            |chunk: &mut Chunk<'_>| chunk.lefts = nodes[chunk.node].1.part(binned, chunk.rows, chunk.parted);
        if total < ROWS_FOR_THREADS {
            chunks.iter_mut().for_each(part);
        } else {
            chunks.par_iter_mut().for_each(part);
        }
        let parted: Vec<(usize, usize, usize)> =
            chunks.iter().map(|chunk| (chunk.node, chunk.rows.len(), chunk.lefts)).collect();
        self.copy_back(nodes, &parted)
    }

    /// Copies what chunks (a node, a number of rows, and how many of them go left) parted to its place.
    fn copy_back(
        &mut self,
        nodes: &[(Range<usize>, &BinSplit)],
        chunks: &[(usize, usize, usize)],
    ) -> Vec<usize> {
        let mut lefts = vec![0; nodes.len()];
        for (node, _, left) in chunks {
            lefts[*node] += left;
        }
        let mut copies: Vec<(&[u32], &mut [u32], bool)> = Vec::with_capacity(2 * chunks.len());
        let (mut rest, mut passed) = (&mut self.rows[..], 0);
        let mut chunks = chunks.iter().peekable();
        let mut total = 0;
        for (node, (range, _)) in nodes.iter().enumerate() {
            rest = &mut rest[range.start - passed..];
            let (rows, after) = rest.split_at_mut(range.len());
            (rest, passed) = (after, range.end);
            total += range.len();
            let (mut to_left, mut to_right) = rows.split_at_mut(lefts[node]);
            let mut from = range.start;
            while let Some((_, count, left)) = chunks.next_if(|chunk| chunk.0 == node) {
                let parted = &self.parted[from..from + count];
                from += count;
                let (here, after) = to_left.split_at_mut(*left);
                copies.push((&parted[..*left], here, false));
                to_left = after;
                let (here, after) = to_right.split_at_mut(count - left);
                copies.push((&parted[*left..], here, true));
                to_right = after;
            }
        }
        let copy = |(from, to, reversed): (&[u32], &mut [u32], bool)| {
            to.copy_from_slice(from);
            if reversed {
                to.reverse();
            }
        };
        if total < ROWS_FOR_THREADS {
            copies.into_iter().for_each(copy);
        } else {
            copies.into_par_iter().for_each(copy);
        }
        lefts
    }
}

fn part(rows: &[u32], parted: &mut [u32], goes_left: impl Fn(u32) -> bool) -> usize {
    let (mut left, mut right) = (0, rows.len());
    for row in rows {
        let goes = goes_left(*row);
        // Both places are free; the one that it doesn't belong to is written again.
        parted[left] = *row;
        parted[right - 1] = *row;
        left += usize::from(goes);
        right -= usize::from(!goes);
    }
    left
}
