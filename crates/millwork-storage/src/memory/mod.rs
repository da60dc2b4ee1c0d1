//! A store in memory, for tests: simple enough to be right by inspection. Nothing is indexed, and everything happens
//! under one lock.

mod renames;
mod state;
mod store;

pub use store::MemoryStore;
