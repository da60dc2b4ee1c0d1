//! The embedded backend: rounds of trees that `millwork-boost` grows.
//!
//! A round asks the loss for gradients, grows a tree for each output (several, for a forest), and adds it to the margins of all
//! rows. What loss, growers and measures are is the kernel's; when to stop, and what is kept, is the training's.

mod rounds;
mod rows;

pub(super) use rounds::rounds;
