//! The histogram of a node in a group of columns: the sum of the gradients of each bin.
//!
//! Sums are in double precision, and each bin adds up its rows in ascending order, whichever thread does it: that is what XGBoost does
//! with one thread, and a task here is a node and a group of columns, never a share of the rows. So the sums are the same at any
//! number of threads. Of two siblings, the one with less weight is added up, and the other one is what remains of their parent.

use crate::data::Gradient;
use crate::grow::histogram::cells::{Block, Cell, Full, Sparse, WIDEST_FULL};
use crate::grow::histogram::groups::{Cells, Group};
use crate::grow::histogram::prefetch::prefetch;
use crate::grow::score::Sums;

/// How many rows are fetched before they are added up, while the next ones are asked for.
const ROWS_AT_ONCE: usize = 256;

/// The histograms of `rows` in each of `groups`, which are neighbours in one block.
pub(super) fn build(groups: &[Group], rows: &[u32], gradients: &[Gradient]) -> Vec<Vec<Sums>> {
    let mut histograms: Vec<Vec<Sums>> =
        groups.iter().map(|group| vec![Sums::default(); group.slots()]).collect();
    match groups.first().map(|group| &group.cells) {
        Some(Cells::Bytes(block)) => add_block(block, groups, rows, gradients, &mut histograms),
        Some(Cells::Words(block)) => add_block(block, groups, rows, gradients, &mut histograms),
        Some(Cells::Wide(full)) => {
            add_slots(full, rows, gradients, groups[0].columns.len(), &mut histograms[0]);
        }
        Some(Cells::Sparse(sparse)) => add_entries(sparse, rows, gradients, &mut histograms[0]),
        None => {}
    }
    histograms
}

/// Makes a parent's histogram that of a child, given the other child's.
pub(super) fn subtract(parent: &mut [Sums], child: &[Sums]) {
    for (parent, child) in parent.iter_mut().zip(child) {
        *parent = *parent - *child;
    }
}

/// Adds the gradients of rows to the histograms of groups of a block.
fn add_block<T: Cell>(
    block: &Block<T>,
    groups: &[Group],
    rows: &[u32],
    gradients: &[Gradient],
    histograms: &mut [Vec<Sums>],
) {
    let mut tiles = vec![[[T::default(); WIDEST_FULL]; ROWS_AT_ONCE]; groups.len()];
    let mut fetched = [Sums::default(); ROWS_AT_ONCE];
    let mut parts = rows.chunks(ROWS_AT_ONCE).peekable();
    while let Some(rows) = parts.next() {
        for (place, row) in rows.iter().enumerate() {
            fetched[place] = gradients[*row as usize].into();
            for (tile, group) in tiles.iter_mut().zip(groups) {
                tile[place] = block.cells(*row as usize, group.columns.start);
            }
        }
        let mut next = parts.peek().copied().unwrap_or_default();
        for ((tile, group), histogram) in tiles.iter().zip(groups).zip(&mut *histograms) {
            add_tile(group, &tile[..rows.len()], &fetched[..rows.len()], histogram, |place| {
                if let Some(row) = next.get(place) {
                    block.prefetch(*row as usize, group.columns.start);
                    prefetch(gradients, *row as usize);
                }
            });
            next = &[];
        }
    }
}

fn add_tile<T: Cell>(
    group: &Group,
    tile: &[[T; WIDEST_FULL]],
    gradients: &[Sums],
    histogram: &mut [Sums],
    ask_ahead: impl Fn(usize),
) {
    let offsets = &group.offsets[..group.columns.len()];
    match offsets.len() {
        1 => add_cells::<T, 1>(tile, gradients, offsets, histogram, ask_ahead),
        2 => add_cells::<T, 2>(tile, gradients, offsets, histogram, ask_ahead),
        3 => add_cells::<T, 3>(tile, gradients, offsets, histogram, ask_ahead),
        4 => add_cells::<T, 4>(tile, gradients, offsets, histogram, ask_ahead),
        5 => add_cells::<T, 5>(tile, gradients, offsets, histogram, ask_ahead),
        6 => add_cells::<T, 6>(tile, gradients, offsets, histogram, ask_ahead),
        7 => add_cells::<T, 7>(tile, gradients, offsets, histogram, ask_ahead),
        8 => add_cells::<T, 8>(tile, gradients, offsets, histogram, ask_ahead),
        9 => add_cells::<T, 9>(tile, gradients, offsets, histogram, ask_ahead),
        10 => add_cells::<T, 10>(tile, gradients, offsets, histogram, ask_ahead),
        11 => add_cells::<T, 11>(tile, gradients, offsets, histogram, ask_ahead),
        12 => add_cells::<T, 12>(tile, gradients, offsets, histogram, ask_ahead),
        13 => add_cells::<T, 13>(tile, gradients, offsets, histogram, ask_ahead),
        14 => add_cells::<T, 14>(tile, gradients, offsets, histogram, ask_ahead),
        15 => add_cells::<T, 15>(tile, gradients, offsets, histogram, ask_ahead),
        _ => add_cells::<T, 16>(tile, gradients, offsets, histogram, ask_ahead),
    }
}

fn add_cells<T: Cell, const WIDTH: usize>(
    tile: &[[T; WIDEST_FULL]],
    gradients: &[Sums],
    offsets: &[u32],
    histogram: &mut [Sums],
    ask_ahead: impl Fn(usize),
) {
    let offsets: &[u32; WIDTH] = offsets.try_into().expect("groups of a block are at most 16 columns wide");
    for (row, (cells, gradient)) in tile.iter().zip(gradients).enumerate() {
        ask_ahead(row);
        for place in 0..WIDTH {
            let bin: u32 = cells[place].into();
            histogram[(offsets[place] + bin) as usize] += *gradient;
        }
    }
}

fn add_slots(full: &Full, rows: &[u32], gradients: &[Gradient], width: usize, histogram: &mut [Sums]) {
    for row in rows {
        let row = *row as usize;
        let gradient = Sums::from(gradients[row]);
        for slot in &full.by_row[row * width..(row + 1) * width] {
            histogram[*slot as usize] += gradient;
        }
    }
}

fn add_entries(sparse: &Sparse, rows: &[u32], gradients: &[Gradient], histogram: &mut [Sums]) {
    for row in rows {
        let gradient = Sums::from(gradients[*row as usize]);
        for slot in sparse.row(*row as usize) {
            histogram[*slot as usize] += gradient;
        }
    }
}
