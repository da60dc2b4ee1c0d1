//! The graph of a pipeline: what is made from what, the language that selects parts of it, and its drawings.

mod asset_graph;
mod closest;
mod cycle;
pub mod draw;
pub mod layout;
mod partitions;
mod selection;
mod selection_parser;

pub(crate) use asset_graph::order;
pub use asset_graph::{AssetGraph, AssetIndex, AssetNode, StepIndex, StepKind, StepNode};
pub use closest::closest;
pub use partitions::PartitionError;
pub use selection::{AssetSet, Selection, SelectionError};
