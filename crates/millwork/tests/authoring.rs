//! Everything that the attributes can say, seen from the definitions and the graph that come out of it.

#[path = "authoring/batches.rs"]
mod batches;
#[path = "authoring/calls.rs"]
mod calls;
#[path = "authoring/code_version.rs"]
mod code_version;
#[path = "authoring/graph.rs"]
mod graph;
#[path = "authoring/lints.rs"]
mod lints;
#[path = "authoring/partition_key.rs"]
mod partition_key;
#[path = "authoring/pipeline.rs"]
mod pipeline;
