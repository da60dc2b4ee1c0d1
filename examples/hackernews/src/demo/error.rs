//! Why a demo can't begin or go on.

use std::borrow::Cow;
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
            Self::Progress { .. } => "if it is damaged, remove the folder and begin anew".into(),
            Self::Stuck { .. } => "start the demo again: it goes on from there".into(),
        })
    }
}
