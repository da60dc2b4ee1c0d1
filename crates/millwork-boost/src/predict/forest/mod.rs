//! A model's trees laid out for prediction.
//!
//! Most trees are stored as full binary trees: the root is node 1, the children of node `i` are `2i` and `2i + 1`, branches that end
//! early are continued to the bottom. A walk is then as many steps as the tree is deep, without a branch that the processor would have
//! to guess, so that the walks of several rows, or those of one row through several trees, overlap. Trees that are deep, ask for
//! categories or have vectors in their leaves are linked nodes.
//!
//! Only the columns that some tree asks for take part: a block of rows is spread over them (missing where absent), walked through tree
//! after tree, and gathered. A column has up to three places, one for each way in which trees look at it: for splits that send missing
//! values right an infinity stands there, for those that send them left a negative one, and for linked nodes what isn't a number. Full
//! trees compare whole numbers that are in the order of the values.
//!
//! Margins are summed in single precision in the order of the trees, as XGBoost does: they are the same bits.

mod blocks;
mod layout;
mod places;
mod row;
mod walk;

pub use layout::Forest;
