//! The asset graph of a pipeline, and the selection language for parts of it.

mod asset_graph;
mod closest;
mod cycle;
mod history;
mod models;
mod partitions;
mod selection;
mod selection_parser;

pub(crate) use asset_graph::order;
pub use asset_graph::{AssetGraph, AssetIndex, AssetNode, Edge, StepIndex, StepKind, StepNode};
pub use closest::closest;
pub(crate) use cycle::DependencyCycle;
pub use history::HistoryEdge;
pub use partitions::{Mappings, PartitionError};
pub use selection::{AssetSet, Selection, SelectionError};
