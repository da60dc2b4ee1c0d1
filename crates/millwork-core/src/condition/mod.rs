//! When an asset is to be made, as its author says it.
//!
//! An [`AutomationCondition`] is a tree of operators over [`Operand`]s, and is data: part of an asset's specification. Whether it
//! holds is decided in [`automation`](crate::automation).

mod operand;
mod presets;
mod rewrite;
mod tree;

pub use operand::Operand;
pub use tree::{AutomationCondition, Quantifier};
