//! The growth of trees from gradients: which splits pay, on which rows and columns, and in what order.
//!
//! A grower is made once for a matrix and then grows tree after tree behind the trait [`Grow`]. What growers share is beside
//! them: the value of leaves and splits (`score`), the rows and columns that a tree sees ([`sample`]), the columns that may meet
//! in a branch (`constraints`), and the trees that DART leaves out ([`dart`]).

mod choice;
mod columns;
mod constraints;
pub mod dart;
mod exact;
mod grown;
mod histogram;
mod memory;
pub mod sample;
mod score;

pub use choice::{Refusal, grower};
pub use exact::ExactUnsupported;
pub(crate) use grown::leaf_rate;
pub use grown::{Grow, Grown};
pub use histogram::TooLarge;
pub use memory::TooLittleMemory;
