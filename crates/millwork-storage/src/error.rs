//! Errors of a store.

use std::borrow::Cow;
use std::io::ErrorKind;

use millwork_core::run::{RunId, RunStatus};
use millwork_core::stored::Unstorable;
use millwork_core::version::{AliasName, VersionNumber};
use millwork_core::{Advice, AssetKey, AssetPartition, ErrorClass};
use rustix::io::Errno;
use thiserror::Error;

use crate::store_url::StoreKind;

/// An error of a store.
#[derive(Debug, Error)]
pub enum StorageError {
    /// Another process has claimed the run since.
    #[error("run {run} was taken over by another process")]
    Fenced {
        /// The ID of the run.
        run: RunId,
    },
    /// A step of the run has already succeeded.
    #[error("step `{step}` of run {run} has already succeeded")]
    AlreadySucceeded {
        /// The ID of the run.
        run: RunId,
        /// The step.
        step: String,
    },
    /// The number of a version is taken: another run has made the asset meanwhile.
    #[error("version {version} of {} exists already", .asset.quoted())]
    VersionTaken {
        /// The asset, and its partition.
        asset: AssetPartition,
        /// The number that is taken.
        version: VersionNumber,
    },
    /// A version doesn't exist.
    #[error("{} has no version {version}", .asset.quoted())]
    UnknownVersion {
        /// The asset, and its partition.
        asset: AssetPartition,
        /// The number that no version has.
        version: VersionNumber,
    },
    /// An alias doesn't point where it is moved from: it was moved meanwhile.
    #[error("the alias `{alias}` of {} {}, and not {}", .asset.quoted(), points_at(.found), at(.expected))]
    AliasElsewhere {
        /// The asset, and its partition.
        asset: AssetPartition,
        /// The alias.
        alias: AliasName,
        /// Where it was to be moved from; `None` if it was not to exist.
        expected: Option<VersionNumber>,
        /// Where it points; `None` if it doesn't exist.
        found: Option<VersionNumber>,
    },
    /// The question about a version was answered meanwhile, or the version was judged again.
    #[error("version {version} of {} was decided about meanwhile", .asset.quoted())]
    AlreadyDecided {
        /// The asset, and its partition.
        asset: AssetPartition,
        /// The version.
        version: VersionNumber,
    },
    /// Something is stored under both names of a rename.
    #[error("`{to}` has a history already, and can't take over that of `{from}`")]
    NameTaken {
        /// The old name, of an asset or of a partition of one.
        from: String,
        /// The new name.
        to: String,
    },
    /// Another process works with the definitions of before an asset was renamed.
    #[error("`{to}` is to have the history of `{from}`, which process {pid} knows by its old name")]
    WorksWithOldName {
        /// The old key.
        from: AssetKey,
        /// The new key.
        to: AssetKey,
        /// The number of that process.
        pid: u32,
    },
    /// The run can't be claimed.
    #[error("run {run} is {status}")]
    NotClaimable {
        /// The ID of the run.
        run: RunId,
        /// The run's status.
        status: RunStatus,
    },
    /// The store has no run with this ID.
    #[error("run {run} not found")]
    UnknownRun {
        /// The ID of the run.
        run: RunId,
    },
    /// A run with this ID was created before.
    #[error("run {run} already exists")]
    DuplicateRun {
        /// The ID of the run.
        run: RunId,
    },
    /// The home can't be used.
    #[error("failed to {action} `{path}`")]
    Home {
        /// The operation that failed, as a verb phrase: "make the folder".
        action: &'static str,
        /// The path of the file or folder.
        path: String,
        /// The remedy.
        hint: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The database refused or failed.
    #[error("failed to {action} in the database")]
    Database {
        /// The operation that failed, as a verb phrase: "append events".
        action: &'static str,
        /// The remedy, if it is known.
        hint: Option<&'static str>,
        /// The error of the database.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full, and the home was opened for reading only.
    #[error("failed to {action}: the disk that holds MILLWORK_HOME is full")]
    FullDisk {
        /// The operation that was refused, as a verb phrase.
        action: &'static str,
    },
    /// The home is on a read-only disk, or belongs to another user, and was opened for reading only.
    #[error("failed to {action}: MILLWORK_HOME is read-only")]
    ReadOnly {
        /// The operation that was refused, as a verb phrase.
        action: &'static str,
    },
    /// A URL names no known kind of store.
    #[error("`{scheme}` names no store")]
    UnknownStore {
        /// The scheme of the URL with its colon, without the rest, which may hold a password; empty for an empty URL.
        scheme: String,
    },
    /// The path of a home is a URL, for which a folder of that name would be made.
    #[error("a home is a folder, and `{scheme}//` begins a URL")]
    HomeIsUrl {
        /// The scheme of the URL with its colon, without the rest, which may hold a password.
        scheme: String,
    },
    /// The values in a home could not be stored, because the file names of object stores are text without control characters.
    #[error("the path of the home has {has}: `{path}`")]
    UnusableHome {
        /// The part of it that can't be in the name of a file.
        has: &'static str,
        /// The absolute path, with what can't be shown escaped.
        path: String,
    },
    /// The file is a database of another program, or of one that uses the database of a third.
    #[error("`{path}` is a database of another program")]
    OfOthers {
        /// The path of the file.
        path: String,
    },
    /// Data can't be stored, because it could not be read again.
    #[error("{what} can't be stored: {reason}")]
    Unstorable {
        /// The data, in words: "the request of the run".
        what: String,
        /// The reason why it could not be read again.
        reason: Unstorable,
    },
    /// Stored data can't be read.
    #[error("failed to read {what} from the database")]
    Unreadable {
        /// The data, in words: "a tick".
        what: String,
        /// The reason why it can't be read.
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

fn points_at(version: &Option<VersionNumber>) -> String {
    version.map_or_else(|| "doesn't exist".to_owned(), |version| format!("points at version {version}"))
}

fn at(version: &Option<VersionNumber>) -> String {
    version.map_or_else(|| "anywhere".to_owned(), |version| format!("at version {version}"))
}

/// The reason why a store can only be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// The disk was full.
    FullDisk,
    /// The file is read-only, or on a disk that is.
    ReadOnly,
}

impl Unwritable {
    /// The error of a change that is attempted all the same.
    pub(crate) fn error(self, action: &'static str) -> StorageError {
        match self {
            Self::FullDisk => StorageError::FullDisk { action },
            Self::ReadOnly => StorageError::ReadOnly { action },
        }
    }
}

/// What to do about an error of the system that doesn't depend on the file; `None` if it isn't one of these.
fn remedy(error: &std::io::Error) -> Option<&'static str> {
    const NO_MORE_FILES: [Errno; 2] = [Errno::MFILE, Errno::NFILE];
    let is_no_more_files = |code| NO_MORE_FILES.contains(&Errno::from_raw_os_error(code));
    if error.raw_os_error().is_some_and(is_no_more_files) {
        return Some("let the process open more files (`ulimit -n`)");
    }
    let hints = [
        (ErrorKind::StorageFull, "free some space on the disk that holds MILLWORK_HOME"),
        (ErrorKind::QuotaExceeded, "free some space, or ask for a larger quota"),
        (ErrorKind::ReadOnlyFilesystem, "use a MILLWORK_HOME on a disk that can be written"),
    ];
    hints.into_iter().find(|(kind, _)| *kind == error.kind()).map(|(_, hint)| hint)
}

impl Advice for StorageError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Fenced { .. } => {
                "this process missed its lease, for example because it was suspended".into()
            }
            Self::NotClaimable { .. } => {
                "only runs that are queued, failed, canceled or lost can be started".into()
            }
            Self::UnknownRun { .. } => "`runs list` lists all runs".into(),
            Self::UnknownVersion { asset, .. } => {
                format!("`models versions {}` lists the versions", asset.asset).into()
            }
            Self::AliasElsewhere { .. } => "it was moved meanwhile; look at `models show`, and decide again".into(),
            Self::AlreadyDecided { .. } => "look at `models show`, and decide again".into(),
            Self::NameTaken { .. } => {
                "both are left as they are; choose a name of which nothing was made, or leave the old one where it is".into()
            }
            Self::WorksWithOldName { pid, .. } => {
                format!("stop process {pid}, or wait until its runs have ended, and start this again").into()
            }
            Self::Home { hint, source, .. } => Cow::Borrowed(remedy(source).unwrap_or(hint)),
            Self::FullDisk { .. } => {
                "free some space on it; what was written is kept, and can be read meanwhile".into()
            }
            Self::ReadOnly { .. } => {
                "it can be read; make it writable, or pass a writable copy with `--home`".into()
            }
            Self::UnknownStore { .. } => {
                let forms = StoreKind::ALL.map(|kind| format!("`{}`", kind.url_form())).join(", ");
                let folder = "write `./` before a folder with a colon in its name";
                format!("use {forms} or the folder of a home; {folder}").into()
            }
            Self::HomeIsUrl { .. } => {
                "the only store of a home is the SQLite database in its folder; write `./` before a folder of such a name".into()
            }
            Self::UnusableHome { .. } => "give another folder with `--home` or MILLWORK_HOME".into(),
            Self::OfOthers { .. } => "it was not changed; use another MILLWORK_HOME".into(),
            Self::Unstorable { .. } => "store large or deeply nested data as values of assets".into(),
            Self::Unreadable { .. } => {
                "it is damaged; `store check` lists what can't be read, `store repair` sets it aside".into()
            }
            Self::TooNew { .. } => "use the newer version, or another MILLWORK_HOME".into(),
            Self::Database { hint, .. } => return hint.map(Cow::Borrowed),
            Self::AlreadySucceeded { .. } | Self::DuplicateRun { .. } | Self::VersionTaken { .. } => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::NotClaimable { .. }
            | Self::UnknownRun { .. }
            | Self::UnknownVersion { .. }
            | Self::AliasElsewhere { .. }
            | Self::AlreadyDecided { .. }
            | Self::UnknownStore { .. }
            | Self::HomeIsUrl { .. }
            | Self::UnusableHome { .. }
            | Self::Unstorable { .. } => ErrorClass::Usage,
            Self::Fenced { .. }
            | Self::AlreadySucceeded { .. }
            | Self::VersionTaken { .. }
            | Self::DuplicateRun { .. }
            | Self::Home { .. }
            | Self::NameTaken { .. }
            | Self::WorksWithOldName { .. }
            | Self::FullDisk { .. }
            | Self::ReadOnly { .. }
            | Self::OfOthers { .. }
            | Self::Database { .. }
            | Self::Unreadable { .. }
            | Self::TooNew { .. } => ErrorClass::Home,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_hint_for_a_file_is_about_what_the_system_says() {
        for (source, hint) in [
            (Errno::MFILE.into(), "let the process open more files (`ulimit -n`)"),
            (Errno::NFILE.into(), "let the process open more files (`ulimit -n`)"),
            (Errno::NOSPC.into(), "free some space on the disk that holds MILLWORK_HOME"),
            (Errno::ROFS.into(), "use a MILLWORK_HOME on a disk that can be written"),
            (Errno::ACCESS.into(), "the folder must be writable"),
            (io::Error::other("odd"), "the folder must be writable"),
        ] {
            let path = "x".to_owned();
            let error =
                StorageError::Home { action: "lock", path, hint: "the folder must be writable", source };
            assert_eq!(error.hint().as_deref(), Some(hint));
        }
    }
}
