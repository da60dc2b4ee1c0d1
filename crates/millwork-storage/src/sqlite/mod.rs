//! The store in SQLite: one file, one writer per process, readers that never wait.
//!
//! Each file here is a subject: all SQL of a table, that reads it and that writes it, is on one page. `writer.rs` and `reader.rs` are what
//! they build on. The schema is in `migrations/`.
//!
//! # Truth and projections
//!
//! The event log is the truth. Two tables follow from it, a run's row in `runs` and the latest events of each asset in `latest`. They are
//! written in the transaction of the events that they follow from, and can be made again from the events that are there
//! (`set_aside.rs`). Ticks, cursors, slots and deliveries are not about the past but about what goes on, and have no events.
//!
//! # What a commit promises
//!
//! When a change returns, it is on disk: neither a killed process nor a power failure takes it back. Commits are whole and in order, so
//! the log on disk is a prefix of the history. That is one fsync a commit, of which a disk does some hundred a second. Changes that
//! wait at the same time therefore share a transaction (*group commit*): it makes a thousand appends cheap, and a single one no slower.
//!
//! # Refusal and failure
//!
//! Sharing must not be felt. A change is *refused* when it isn't allowed: its claim is fenced, its step has succeeded before, its run is
//! there already. It is refused before anything is written, and the others of its transaction go on. A change *fails* when the database
//! does. Then the transaction is rolled back, and every caller in it gets the error. One kind of refusal is found out only by a unique index: the
//! transaction then runs a second time, *carefully*, and looks up what it would violate before it writes.
//!
//! # Fencing by epoch
//!
//! An append carries the epoch of the claim under which it is made, and is compared with the run's row in its own transaction. SQLite lets
//! one process write at a time, so no other process can claim the run between the comparison and the write. A process that was suspended, and whose
//! run was given to another, learns it by its next append, whose events are not written.
//!
//! # Numbers for names
//!
//! An event names up to a step, an asset and a partition, and a name is long. The *dictionary* gives each a number, once and forever:
//! numbers are never used again, so both sides keep what they have seen of it in memory, whatever other processes write.

mod append;
mod automation;
mod backfills;
mod check;
mod connect;
mod deliveries;
mod dictionary;
mod events;
mod failure;
#[cfg(test)]
mod full_disk;
mod instigators;
mod latest;
mod maintenance;
mod migrate;
mod packed_events;
mod pending;
mod reader;
mod renames;
mod retention;
mod rows;
mod runs;
mod set_aside;
mod slots;
mod statuses;
mod store;
mod versions;
mod waiting_rows;
mod writer;

pub(crate) use failure::is_of_full_disk;
pub use store::SqliteStore;
