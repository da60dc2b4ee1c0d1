//! Trees grown column by column, for data that is wide and sparse.
//!
//! A histogram has a place for every bin of every column, in every node. On the terms of short texts nearly all of them
//! stay empty: a tree of sixty nodes over 18,000 columns fills, subtracts and searches millions of places for a few
//! thousand rows. Here the entries themselves are kept in the order of the search, by column and within a column by
//! bin, and one pass over them finds the best split of all nodes of a level at once: each entry adds its row's gradient
//! to the node where the row is. A level costs time in proportion to the entries that exist, whatever the number of
//! nodes and bins, and the memory is eight bytes an entry and four a bin.
//!
//! What is found is what XGBoost's `hist` finds: the same bins, the same candidates (an empty bin is never better than
//! the one before it), the same gain in single precision, the same choice between equals. A sum is taken within one
//! column and never across threads, so the trees do not depend on the number of threads. XGBoost adds up bins and
//! subtracts siblings, so its sums can differ from these in the last bit of double precision.
//!
//! What bounds it: one access in random order to a row's gradient (12 bytes, so 200,000 rows fit the second-level cache
//! of most processors), then two candidates an entry. A candidate that cannot win is dropped by multiplications alone.

mod choice;
mod entries;
mod grow;
mod level;
mod scan;
#[cfg(test)]
mod tests;

pub(crate) use choice::{pays, suits};
pub(crate) use grow::ColumnGrower;
