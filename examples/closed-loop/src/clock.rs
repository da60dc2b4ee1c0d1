//! A clock that stands still until it is set, and is kept in a file: of several processes, each goes on where the one before was.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use millwork_core::Clock;

/// The clock, and its file.
#[derive(Debug)]
pub(crate) struct FileClock {
    file: PathBuf,
    opening: Timestamp,
    now: Mutex<Timestamp>,
}

impl FileClock {
    /// The clock in a file; one that shows `opening` if there is none.
    ///
    /// # Errors
    ///
    /// When the file can't be read.
    pub(crate) fn open(file: &Path, opening: Timestamp) -> Result<Self> {
        let now = match std::fs::read_to_string(file) {
            Ok(text) => text.parse().with_context(|| format!("the clock in `{}`", file.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => opening,
            Err(error) => return Err(error).with_context(|| format!("the clock in `{}`", file.display())),
        };
        Ok(Self { file: file.to_owned(), opening, now: Mutex::new(now) })
    }

    /// Sets the clock. The file is replaced first, so that no process ever sees an earlier time.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub(crate) fn set(&self, now: Timestamp) -> Result<()> {
        let new = self.file.with_extension("new");
        std::fs::write(&new, now.to_string())?;
        std::fs::rename(new, &self.file)?;
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn steady(&self) -> Duration {
        Duration::try_from(self.now().duration_since(self.opening)).unwrap_or_default()
    }
}
