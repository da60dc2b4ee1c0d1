//! Why a demo can't begin or go on.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::PathBuf;

use millwork::Advice;

/// The reason why a demo can't begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The home has runs, but none of a demo.
    #[error("`{}` is the home of other runs", home.display())]
    OtherHome {
        /// The home.
        home: PathBuf,
    },
    /// The home has a demo with another seed.
    #[error("the demo in `{}` has the seed {begun}, not {asked}", home.display())]
    OtherSeed {
        /// The home.
        home: PathBuf,
        /// The seed that it began with.
        begun: u64,
        /// The seed that was asked for.
        asked: u64,
    },
    /// Another process runs a demo in the same home.
    #[error("a demo is running in `{}`", home.display())]
    Running {
        /// The home.
        home: PathBuf,
    },
    /// The file that says how far the demo is has been damaged.
    #[error("`{}` doesn't say how far the demo is", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file that says how far the demo is can't be read or written.
    #[error("failed to {action} `{}`", file.display())]
    Progress {
        /// What failed.
        action: &'static str,
        /// The file.
        file: PathBuf,
        /// The error.
        source: std::io::Error,
    },
    /// The work that is due at a time doesn't end.
    #[error("the work of {at} doesn't end: {problem}")]
    Stuck {
        /// The virtual time.
        at: jiff::Timestamp,
        /// What is still to be done, or fails.
        problem: String,
    },
}

impl Advice for DemoError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::OtherHome { .. } => "name another folder with `--home`".into(),
            Self::OtherSeed { .. } => {
                "name another folder with `--home`, or leave out `--seed` to go on".into()
            }
            Self::Running { .. } => "wait until it ends, or name another folder with `--home`".into(),
            Self::Damaged { .. } => {
                "remove the folder and begin anew, or name another one with `--home`".into()
            }
            Self::Progress { source, .. } => hint_of(source.kind()).into(),
            Self::Stuck { .. } => "start the demo again: it goes on from there".into(),
        })
    }
}

/// What to do when the file can't be read or written: nothing is damaged.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of the operating system, of which there will be more"
)]
fn hint_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make space and run the same command again: the demo goes on where it stood"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists | ErrorKind::NotFound => {
            "name a folder, or where one can be made, with `--home`"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "name a folder that can be read and written with `--home`, or change its permissions"
        }
        _ => "run the same command again once that is mended: the demo goes on where it stood",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ErrorKind, expected: &str) {
        let file = PathBuf::from("demo.json.new");
        let error = DemoError::Progress { action: "write", file, source: kind.into() };
        let hint = error.hint().unwrap();
        assert!(hint.contains(expected) && !hint.contains("remove"), "{kind:?}: {hint}");
    }

    #[test]
    fn only_what_is_damaged_is_to_be_removed() {
        check(ErrorKind::StorageFull, "make space and run the same command again");
        check(ErrorKind::QuotaExceeded, "make space");
        check(ErrorKind::NotADirectory, "name a folder");
        check(ErrorKind::PermissionDenied, "permissions");
        check(ErrorKind::Interrupted, "run the same command again");
    }
}
