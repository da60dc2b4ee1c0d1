//! A model's trees laid out for prediction.
//!
//! A tree is stored as a full binary tree: the children of node `i` are `2i + 1` and `2i + 2`, branches that end early
//! are continued to the bottom. A walk is then as many steps as the tree is deep, without a branch that the processor
//! would have to guess, so that the walks of several rows overlap. Only the columns that some tree asks for take part:
//! a block of rows is spread over them (missing where absent), walked through tree after tree, and gathered.
//!
//! Margins are summed in single precision in the order of the trees, as XGBoost does: they are the same bits.
//!
//! What bounds it: for narrow matrices the steps themselves (two loads, two comparisons and a few integer operations
//! each, at eight rows at a time), for wide sparse ones the spreading.

mod layout;
mod walk;

pub(super) use layout::Forest;
