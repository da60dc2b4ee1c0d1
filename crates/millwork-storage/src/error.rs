//! What can go wrong with a store.

use std::borrow::Cow;

use millwork_core::run::{RunId, RunStatus};
use millwork_core::stored::Unstorable;
use millwork_core::{Advice, ErrorClass};
use thiserror::Error;

/// What can go wrong with a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another process has claimed the run since.
    #[error("run {run} is executed by another process now")]
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
    #[error("run {run} is {status}")]
    NotClaimable {
        /// The run.
        run: RunId,
        /// Its status.
        status: RunStatus,
    },
    /// There is no such run.
    #[error("there is no run {run}")]
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
    #[error("failed to {action} `{path}`")]
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
    #[error("failed to {action} in the database")]
    Database {
        /// What was tried.
        action: &'static str,
        /// The remedy, if it is known.
        hint: Option<&'static str>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full, and the home is only looked at.
    #[error("failed to {action}: the disk that holds MILLWORK_HOME is full")]
    FullDisk {
        /// What was tried.
        action: &'static str,
    },
    /// The home is on a read-only disk, or belongs to another user, and is only looked at.
    #[error("failed to {action}: MILLWORK_HOME is read-only")]
    ReadOnly {
        /// What was tried.
        action: &'static str,
    },
    /// A URL names no store that is known.
    #[error("`{scheme}` names no store")]
    UnknownStore {
        /// The scheme of the URL with its colon, without the rest, which may hold a password; empty for an empty URL.
        scheme: String,
    },
    /// The file is a database of another program, or of one that made another one of it.
    #[error("`{path}` is a database of another program")]
    OfOthers {
        /// The file.
        path: String,
    },
    /// Something can't be stored, because it could not be read again.
    #[error("{what} can't be stored: {reason}")]
    Unstorable {
        /// What.
        what: String,
        /// Why.
        reason: Unstorable,
    },
    /// Something stored can't be read.
    #[error("failed to read {what} from the database")]
    Unreadable {
        /// What.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was made by a later version.
    #[error("the database has version {found}, this Millwork knows up to {known}")]
    TooNew {
        /// The version of the database.
        found: i64,
        /// The latest version known.
        known: i64,
    },
}

/// Why a store can only be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// There was no room.
    FullDisk,
    /// The file must not be changed, or is on a disk that can't be.
    ReadOnly,
}

impl Unwritable {
    /// The error of what was tried all the same.
    pub(crate) fn error(self, action: &'static str) -> StorageError {
        match self {
            Self::FullDisk => StorageError::FullDisk { action },
            Self::ReadOnly => StorageError::ReadOnly { action },
        }
    }
}

impl Advice for StorageError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Fenced { .. } => "this one was taken for dead, for example because it was suspended".into(),
            Self::NotClaimable { .. } => {
                "only runs that are queued, failed, canceled or lost can be started".into()
            }
            Self::UnknownRun { .. } => "`runs list` shows which there are".into(),
            Self::Home { hint, .. } => Cow::Borrowed(hint),
            Self::FullDisk { .. } => {
                "free some space on it; what was written is not lost, and can be looked at meanwhile".into()
            }
            Self::ReadOnly { .. } => {
                "it can be looked at; make it writable, or go on with a copy, whose folder is given by `--home`".into()
            }
            Self::UnknownStore { .. } => {
                "`sqlite:FILE`, `memory:` and the folder of a home do; write `./` before a folder with a colon in its name".into()
            }
            Self::OfOthers { .. } => "it is left as it is; use another MILLWORK_HOME".into(),
            Self::Unstorable { .. } => "keep large and deep things as values of assets".into(),
            Self::Unreadable { .. } => {
                "it is damaged; `store check` names what can't be read, `store repair` sets it aside".into()
            }
            Self::TooNew { .. } => "use the newer Millwork, or another MILLWORK_HOME".into(),
            Self::Database { hint, .. } => return hint.map(Cow::Borrowed),
            Self::AlreadySucceeded { .. } | Self::DuplicateRun { .. } => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::NotClaimable { .. }
            | Self::UnknownRun { .. }
            | Self::UnknownStore { .. }
            | Self::Unstorable { .. } => ErrorClass::Usage,
            Self::Fenced { .. }
            | Self::AlreadySucceeded { .. }
            | Self::DuplicateRun { .. }
            | Self::Home { .. }
            | Self::FullDisk { .. }
            | Self::ReadOnly { .. }
            | Self::OfOthers { .. }
            | Self::Database { .. }
            | Self::Unreadable { .. }
            | Self::TooNew { .. } => ErrorClass::Home,
        }
    }
}
