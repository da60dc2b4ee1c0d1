//! The store in SQLite: one file, one writer per process, readers that never wait.
//!
//! The event log is the truth and everything else in the file a projection of it that is written in the same
//! transaction: a run's status, and what is latest of each asset. The schema stands in `migrations/`.

mod check;
mod connect;
mod failure;
#[cfg(test)]
mod full_disk;
mod maintenance;
mod migrate;
mod open_file;
mod read;
mod retention;
mod rows;
mod store;
mod write;

pub use store::SqliteStore;
