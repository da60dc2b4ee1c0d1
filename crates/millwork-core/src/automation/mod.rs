//! Automation conditions: when an asset is to be made, decided from what has happened.
//!
//! An [`AutomationCondition`] is a tree. An [`Automation`] evaluates the trees of a pipeline: it takes the changes since
//! the last evaluation and an [`AutomationState`], and says which assets to request. Only assets whose operands can
//! have changed are looked at, so an evaluation in which little happened is cheap however many assets there are. What
//! was true, and since when, is kept for each asset: it is the memory of the operators and the source of explanations.

mod change;
mod damping;
mod entry;
mod evaluation;
mod explain;
mod facts;
mod happened;
mod look;
mod parts;
mod prepare;
mod state;
mod taken_ticks;
mod timetables;
mod truth;

#[cfg(test)]
mod tests;

pub use crate::condition::{AutomationCondition, Operand, Quantifier};
pub use change::{Change, ChangeKind, RunScope};
pub use damping::{Damping, Hold};
pub use entry::{AutomationEntry, entries};
pub use evaluation::{Evaluation, Outcome, Ticks};
pub use explain::{Explanation, Part, explain};
pub use facts::AssetFacts;
pub use happened::{KINDS, changes, scope};
pub use prepare::{Automation, ConditionError};
pub use state::{AssetMemory, AssetState, AutomationCursor, AutomationState, Truth};
pub use timetables::Timetables;
