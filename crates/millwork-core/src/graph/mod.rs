//! The graph of a pipeline: what is made from what, and the language that selects parts of it.

mod asset_graph;
mod closest;
mod cycle;
mod partitions;
mod selection;
mod selection_parser;

pub(crate) use asset_graph::order;
pub use asset_graph::{AssetGraph, AssetIndex, AssetNode, StepIndex, StepKind, StepNode};
pub use closest::closest;
pub(crate) use cycle::DependencyCycle;
pub use partitions::PartitionError;
pub use selection::{AssetSet, Selection, SelectionError};
