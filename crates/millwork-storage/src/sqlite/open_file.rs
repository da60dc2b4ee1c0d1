//! Whether an open database is still the one that its path names. What is written to a file that was removed or replaced is lost.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sqlx::Error;

/// A file that is open.
#[derive(Clone, Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    /// Its device and number there.
    identity: Option<(u64, u64)>,
}

impl OpenFile {
    /// The file at `path`, which was opened a moment ago.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path).ok() }
    }

    /// The path by which it was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// An error if the path names another file by now, or none.
    pub(super) fn check(&self) -> Result<(), Error> {
        let is_other = match identity(&self.path) {
            Ok(found) => self.identity.is_some_and(|opened| opened != found),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        let removed =
            || io::Error::new(ErrorKind::NotFound, "the file was removed or replaced while it was open");
        if is_other { Err(Error::Io(removed())) } else { Ok(()) }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}
