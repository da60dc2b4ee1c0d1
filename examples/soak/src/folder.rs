//! The layout of a soak: the home is on a disk of its own, which can be full; the rest is beside it.

use std::path::{Path, PathBuf};

/// The folder of a soak.
#[derive(Clone, Debug)]
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    /// The folder of a home's soak.
    pub(crate) fn of_home(home: &Path) -> Option<Self> {
        Some(Self(home.parent()?.parent()?.to_owned()))
    }

    /// The mount point of the disk.
    pub(crate) fn disk(&self) -> PathBuf {
        self.0.join("disk")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.disk().join("home")
    }

    /// Copies the database off the disk, which goes with this process.
    pub(crate) fn keep_database(&self) -> std::io::Result<()> {
        for file in ["millwork.db", "millwork.db-wal"] {
            let stored = self.home().join(file);
            if stored.exists() {
                std::fs::copy(stored, self.0.join(file))?;
            }
        }
        Ok(())
    }

    /// The file that fills the disk.
    pub(crate) fn ballast(&self) -> PathBuf {
        self.disk().join("ballast")
    }

    pub(crate) fn clock(&self) -> PathBuf {
        self.0.join("clock")
    }

    /// The file that a daemon creates once it has opened the home.
    pub(crate) fn has_begun(&self) -> PathBuf {
        self.0.join("has_begun")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }
}
