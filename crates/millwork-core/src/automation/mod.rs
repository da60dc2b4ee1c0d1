//! Automation conditions: when an asset is to be made, decided from what has happened.
//!
//! An [`AutomationCondition`] is a tree. An [`Automation`] evaluates the trees of a pipeline: it takes the changes since
//! the last evaluation and an [`AutomationState`], and says which assets to request. Only assets whose operands can
//! have changed are looked at, so an evaluation in which little happened is cheap however many assets there are. What
//! was true, and since when, is kept for each asset: it is the memory of the operators and the source of explanations.

mod condition;
mod damping;
mod evaluation;
mod explain;
mod presets;
mod state;
mod truth;

#[cfg(test)]
mod tests;

pub use condition::{AutomationCondition, Operand, Quantifier};
pub use damping::{Damping, Hold};
pub use evaluation::{Automation, Evaluation, Outcome, Ticks};
pub use explain::explain;
pub use state::{AssetFacts, AssetMemory, AutomationState, Change, ChangeKind, Truth};
