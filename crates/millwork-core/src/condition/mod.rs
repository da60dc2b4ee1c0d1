//! Automation conditions: when an asset is to be made, as its author defines it.
//!
//! An [`AutomationCondition`] is a tree of operators over operands, and is data: part of an asset's specification. Whether it
//! holds is decided in [`automation`](crate::automation), over its `Nodes`.

mod metric;
mod nodes;
mod operand;
mod presets;
mod tree;

pub use metric::Metric;
pub(crate) use metric::{COVERAGE, ComparedWith, MetricComparison, age_in_words, in_words, percent};
pub use nodes::NodeId;
pub(crate) use nodes::Nodes;
pub(crate) use operand::Operand;
pub use tree::AutomationCondition;
pub(crate) use tree::{Operator, Quantifier};
