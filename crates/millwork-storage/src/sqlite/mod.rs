//! The SQLite store.
mod store;
pub use store::SqliteStore;
