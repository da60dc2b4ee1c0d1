//! Developing a pipeline: its sources are watched, it is built again, and the new one takes over.
//!
//! One process supervises another that serves. The one that serves is replaced only by a binary that was built and whose
//! definitions fit together; runs are processes of their own, which go on meanwhile.

mod build;
mod sources;
mod supervise;

pub(super) use build::Build;
pub(super) use supervise::supervise;
