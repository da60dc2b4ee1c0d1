//! A store in memory, for tests: simple enough to be right by inspection. Nothing is indexed, and everything happens
//! under one lock.

mod alert_store;
mod automation_store;
mod event_log;
mod instigator_store;
mod pending_store;
mod pool_slots;
mod run_store;
mod state;
mod store;

pub use store::MemoryStore;
