//! A model's trees laid out for prediction.
//!
//! Most trees are stored as full binary trees: the root is node 1, the children of node `i` are `2i` and `2i + 1`, branches that end
//! early are continued to the bottom. A walk is then as many steps as the tree is deep, without a branch that the processor would have
//! to guess, so that the walks of several rows, or those of one row through several trees, overlap. Trees that are deep, have
//! vectors in their leaves, or ask for categories whose bits would take too much memory are linked nodes.
//!
//! Only the columns that some tree asks for take part: a block of rows is spread over them (missing where absent), walked through tree
//! after tree, and gathered. A column has up to four places, one for each way in which trees look at it: for splits that send missing
//! values right an infinity stands there, for those that send them left a negative one, for linked nodes what isn't a number, and for
//! splits of full trees on categories where the category's bits are, one for each such split. Full trees compare whole numbers that are
//! in the order of the values.
//!
//! Margins are summed in single precision in the order of the trees, as XGBoost does: they are the same bits.

mod blocks;
mod categories;
mod layout;
mod places;
mod question;
mod row;
mod walk;

#[cfg(test)]
mod tests;

pub use layout::Forest;
