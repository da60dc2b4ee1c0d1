//! The graph of a pipeline: what is made from what, and the language that selects parts of it.

mod asset_graph;
mod closest;
mod cycle;
mod selection;
mod selection_parser;

pub use asset_graph::{AssetGraph, AssetIndex, AssetNode, StepIndex, StepKind, StepNode};
pub use closest::closest;
pub use selection::{AssetSet, Selection, SelectionError};
