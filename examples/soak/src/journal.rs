//! The journal of actions on the service, each written before it is done: the account at the end compares the log with it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One action on the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Entry {
    /// The wall clock was set by this number of seconds.
    Jump { seconds: i64 },
    /// The service did all due work in a span of time, with room on the disk and a clock that was right.
    Calm { from: Timestamp, to: Timestamp },
    /// A sensor requested a run with this key, `times` times in one answer; `is_good` if the run can be created.
    Asked { key: String, times: usize, is_good: bool },
    /// A process began to execute a run.
    Process,
    /// A daemon was killed.
    KilledDaemon,
    /// A run's process was killed.
    KilledRun,
    /// The disk was full for a while.
    FullDisk,
    /// A sensor blocked its thread beyond its limit.
    Blocked,
    /// A sensor's function panicked.
    Panicked,
}

/// The file of the journal.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<File>);

impl Journal {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self(Mutex::new(File::options().create(true).append(true).open(path)?)))
    }

    /// Appends an entry. The line is one write, so that processes can share the file.
    pub(crate) fn add(&self, entry: &Entry) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)?;
        Ok(())
    }

    pub(crate) fn read(path: &Path) -> Result<Vec<Entry>> {
        let text = std::fs::read_to_string(path)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

/// The number of actions of each kind, for the report.
pub(crate) fn counts(entries: &[Entry]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        let name = match entry {
            Entry::Jump { .. } => "clock jumps",
            Entry::Calm { .. } => "calm spans",
            Entry::Asked { is_good: true, .. } => "requests of a sensor",
            Entry::Asked { is_good: false, .. } => "requests that can't be made",
            Entry::Process => "runs in processes",
            Entry::KilledDaemon => "daemons killed",
            Entry::KilledRun => "runs killed",
            Entry::FullDisk => "full disks",
            Entry::Blocked => "blocking sensors",
            Entry::Panicked => "panicking sensors",
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}
