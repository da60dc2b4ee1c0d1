//! The processes that share a home, and whether each is alive.
//!
//! A process can't announce its own death, so the operating system is asked: a process that executes runs keeps an exclusive lock on
//! `processes/<its id>.lock`, and the system releases the lock however the process ends. A process that can take a shared lock on the file
//! knows that its owner is gone. The file is locked before the process's first claim is written, so a run that is found running always has
//! a lock to check; a process that only reads creates no file.
//!
//! Locks don't work across machines, and don't outlast a restart of this one, which ends all processes. The host and the machine's boot ID
//! are therefore parts of a [`Holder`], and where a lock can't be checked, leases decide.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use millwork_core::run::RunId;
use millwork_core::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

use crate::StorageError;

/// A process that holds runs and slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The ID of the process: a UUID, as process numbers are reused.
    pub id: String,
    /// The host name of its machine.
    pub host: String,
    /// Its process number on that machine.
    pub pid: u32,
    /// The ID of the machine's boot; empty if the system doesn't have one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub boot: String,
}

impl Holder {
    /// This process, under a new ID.
    pub fn this_process() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        // It sorts by age as IDs of runs do, whatever the clock shows.
        let id = RunId::new(SystemClock.now()).to_string();
        Self { id, host, pid: std::process::id(), boot: boot.trim().to_owned() }
    }
}

/// Whether a process is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The process is alive.
    Alive,
    /// The process has ended.
    Ended {
        /// How it ended, as far as is known.
        reason: String,
    },
    /// It runs, or ran, on a machine whose locks can't be checked.
    Unknown,
}

impl Liveness {
    fn restarted() -> Self {
        Self::Ended { reason: "the machine was restarted".to_owned() }
    }

    fn ended(Holder { pid, host, .. }: &Holder) -> Self {
        let process = format!("its process (pid {pid} on host {host})");
        let reason = format!("{process} ended without finishing the run: killed, crashed, or out of memory");
        Self::Ended { reason }
    }
}

/// The processes that share a home.
#[derive(Debug)]
pub(crate) struct Processes {
    folder: PathBuf,
    this: Holder,
    /// This process's own lock; `None` until it claims something.
    lock: Mutex<Option<File>>,
}

impl Processes {
    /// The processes that keep their locks in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, this: Holder::this_process(), lock: Mutex::new(None) }
    }

    /// This process, as a holder.
    pub(crate) fn this(&self) -> &Holder {
        &self.this
    }

    /// Ensures that others can check whether the holder is alive, before it claims something. Only this process can take its lock, so other
    /// holders are ignored.
    pub(crate) fn vouch_for(&self, holder: &Holder) -> Result<(), StorageError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() || holder.id != self.this.id {
            return Ok(());
        }
        let path = self.path_of(&self.this);
        *lock = Some(self.lock_file(&path).map_err(|source| StorageError::Home {
            action: "lock",
            path: path.display().to_string(),
            hint: "the folder must be writable, and on a file system that can lock files",
            source,
        })?);
        self.sweep();
        Ok(())
    }

    /// Whether a holder's process is alive.
    pub(crate) fn liveness(&self, holder: &Holder) -> Liveness {
        if holder.host != self.this.host {
            return Liveness::Unknown;
        }
        if holder.boot != self.this.boot {
            return Liveness::restarted();
        }
        if holder.id == self.this.id {
            return Liveness::Alive;
        }
        // A shared lock, so that two processes that check at once don't take each other for the owner.
        let asked = File::open(self.path_of(holder)).map(|file| file.try_lock_shared());
        match asked {
            Ok(Ok(())) => Liveness::ended(holder),
            Ok(Err(TryLockError::WouldBlock)) => Liveness::Alive,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Liveness::ended(holder),
            Ok(Err(TryLockError::Error(_))) | Err(_) => Liveness::Unknown,
        }
    }

    /// Removes the lock of a process that has ended.
    pub(crate) fn forget(&self, ended: &Holder) {
        remove_if_unlocked(&self.path_of(ended));
    }

    fn path_of(&self, holder: &Holder) -> PathBuf {
        self.folder.join(format!("{}.lock", holder.id))
    }

    /// Creates and locks a file. Another process may remove it between the two, so that the lock would be on a file without a name: then it
    /// is created again.
    fn lock_file(&self, path: &Path) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            file.lock()?;
            match std::fs::metadata(path) {
                Ok(found) if found.ino() == file.metadata()?.ino() => return Ok(file),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }

    /// Removes the locks of processes that ended while they held nothing, and so were never checked.
    fn sweep(&self) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let own = self.path_of(&self.this);
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| *path != own) {
            if path.extension().is_some_and(|extension| extension == "lock") {
                remove_if_unlocked(&path);
            }
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // Removed while it is still locked: a process that finds no file knows that the owner has ended.
        if self.lock.get_mut().is_ok_and(|lock| lock.is_some()) {
            let _ = std::fs::remove_file(self.path_of(&self.this));
        }
    }
}

/// Removes a lock file while holding its lock. What can't be removed is left to the next process.
fn remove_if_unlocked(path: &Path) {
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        let _ = std::fs::remove_file(path);
    }
}
