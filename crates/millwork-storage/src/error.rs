//! What can go wrong with a store.

use millwork_core::run::{RunId, RunStatus};
use thiserror::Error;

/// What can go wrong with a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another process has claimed the run since.
    #[error(
        "run {run} is executed by another process now; hint: this one was taken for dead, for example because it was suspended"
    )]
    Fenced {
        /// The run.
        run: RunId,
    },
    /// A step of the run has succeeded already.
    #[error("step `{step}` of run {run} has succeeded already")]
    AlreadySucceeded {
        /// The run.
        run: RunId,
        /// The step.
        step: String,
    },
    /// The run can't be claimed.
    #[error(
        "run {run} is {status}; hint: only runs that are queued, failed, canceled or lost can be started"
    )]
    NotClaimable {
        /// The run.
        run: RunId,
        /// Its status.
        status: RunStatus,
    },
    /// There is no such run.
    #[error("there is no run {run}; hint: `runs list` shows which there are")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// A run with this id was created before.
    #[error("there is a run {run} already")]
    DuplicateRun {
        /// The run.
        run: RunId,
    },
    /// The home can't be used.
    #[error("failed to {action} `{path}`; hint: {hint}")]
    Home {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: String,
        /// What to do.
        hint: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The database refused or failed.
    #[error("failed to {action} in the database{hint}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// The remedy, if known: `; hint: …` or nothing.
        hint: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something stored can't be read.
    #[error(
        "failed to read {what} from the database; hint: it was written by another version of Millwork, or is damaged"
    )]
    Unreadable {
        /// What.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was made by a later version.
    #[error(
        "the database has version {found}, this Millwork knows up to {known}; hint: use the newer Millwork, or another MILLWORK_HOME"
    )]
    TooNew {
        /// The version of the database.
        found: i64,
        /// The latest version known.
        known: i64,
    },
}
