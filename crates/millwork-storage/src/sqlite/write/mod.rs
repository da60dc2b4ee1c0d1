//! The one writer of a process.
//!
//! SQLite lets one connection write at a time, and a commit costs an fsync, so the writer is a task that owns the only
//! writing connection and takes [`Change`]s from a channel. All changes that are waiting when it comes back from a
//! commit share the next transaction: under load, commits get fewer and larger instead of queueing up.
//!
//! Two things keep a change cheap. sqlx runs SQLite on a thread of its own, and each statement is a trip there and
//! back that costs more than inserting a row; so events are collected first and inserted many per statement, and
//! `COMMIT` rides on the last one. And the writer remembers what it would otherwise have to read back, such as the
//! last sequence number and the epochs of runs: `PRAGMA data_version` tells, within the transaction, whether another
//! process has written since.

mod append;
mod change;
mod delivery_changes;
mod encoded_event;
mod forget;
mod insert;
mod instigator_changes;
mod memo;
mod pending_changes;
mod run_changes;
mod set_aside;
mod slot_changes;
mod transaction;
mod writer;

pub(super) use append::Append;
pub(super) use change::Change;
#[cfg(test)]
pub(super) use change::ChangeError;
pub(super) use delivery_changes::{BeginDelivery, DropDelivery, EndDelivery, RetryDelivery};
pub(super) use forget::{ForgetLogs, ForgetRuns, ForgetTicks, ForgetValues};
pub(super) use insert::{is_one_of, is_verdict, latest_of_group};
pub(super) use instigator_changes::{CommitEvaluation, SwitchInstigator};
pub(super) use pending_changes::{DropPending, RetryPending};
pub(super) use run_changes::{Cancel, CreateRun, EndRun, Renew, RetryRun};
pub(super) use set_aside::SetAside;
pub(super) use slot_changes::{FreeSlots, GiveSlotsBack, RenewSlots};
#[cfg(test)]
pub(super) use transaction::Transaction;
pub(super) use writer::Writer;
