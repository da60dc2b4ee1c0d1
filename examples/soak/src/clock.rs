//! A clock of virtual time, in a file: it outlives the processes that it drives, and each of them reads the same time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use millwork_core::Clock;
use serde::{Deserialize, Serialize};

/// The time, and the file that holds it.
#[derive(Debug)]
pub(crate) struct FileClock {
    file: PathBuf,
    time: Mutex<Time>,
}

/// The reading of the wall clock, and the time that has really passed since the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Time {
    pub(crate) wall: Timestamp,
    pub(crate) passed: Duration,
    /// How far the wall clock is ahead of the right time.
    pub(crate) ahead: SignedDuration,
    /// The wall-clock time from which on every reading is new.
    pub(crate) trusted_from: Timestamp,
}

impl Time {
    /// Whether the wall clock shows the right time.
    pub(crate) fn is_right(&self) -> bool {
        self.ahead.is_zero()
    }
}

/// A wall clock that was ahead by more than this was obviously wrong.
const ABSURD: SignedDuration = SignedDuration::from_hours(24);
/// How long after a jump or an error delays are tolerated.
const AFTERMATH: SignedDuration = SignedDuration::from_mins(30);

impl FileClock {
    /// The clock that is stored in a file.
    pub(crate) fn read(file: &Path) -> Result<Arc<Self>> {
        let text = std::fs::read_to_string(file).context("the clock's file")?;
        Ok(Arc::new(Self { file: file.to_owned(), time: Mutex::new(serde_json::from_str(&text)?) }))
    }

    /// A clock that begins at a given time, stored in a new file.
    pub(crate) fn create(file: &Path, wall: Timestamp) -> Result<()> {
        let time = Time { wall, passed: Duration::ZERO, ahead: SignedDuration::ZERO, trusted_from: wall };
        let clock = Self { file: file.to_owned(), time: Mutex::new(time) };
        clock.set(time)
    }

    pub(crate) fn time(&self) -> Time {
        *self.lock()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: Duration) -> Result<()> {
        let time = self.time();
        self.set(Time { wall: time.wall + by, passed: time.passed + by, ..time })
    }

    /// Sets the wall clock to another time, as an administrator or a time server does. No time passes.
    pub(crate) fn jump(&self, by: SignedDuration) -> Result<()> {
        let time = self.time();
        let (wall, ahead) = (time.wall + by, time.ahead + by);
        let shown = if time.ahead > ABSURD { wall } else { wall.max(time.wall) };
        let trusted_from = time.trusted_from.max(shown + AFTERMATH);
        let trusted_from = if ahead > ABSURD { time.trusted_from } else { trusted_from };
        self.set(Time { wall, ahead, trusted_from, ..time })
    }

    /// Records an error: delays are tolerated for a while.
    pub(crate) fn distrust(&self) -> Result<()> {
        let time = self.time();
        let wall = if time.ahead > ABSURD { time.wall - time.ahead } else { time.wall };
        self.set(Time { trusted_from: time.trusted_from.max(wall + AFTERMATH), ..time })
    }

    /// Sets the wall clock to the right time.
    pub(crate) fn set_right(&self) -> Result<()> {
        match self.time().ahead {
            SignedDuration::ZERO => Ok(()),
            ahead => self.jump(-ahead),
        }
    }

    /// The file is replaced before this process sees the new time, so that no process ever sees an earlier one.
    fn set(&self, time: Time) -> Result<()> {
        let new = self.file.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&time)?)?;
        std::fs::rename(new, &self.file)?;
        *self.lock() = time;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Time> {
        // It holds one value that is replaced as a whole.
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        self.time().wall
    }

    fn steady(&self) -> Duration {
        self.time().passed
    }
}
