//! Announcements of the daemons of a home while they live: the limits by which they launch runs, which the command line may have changed,
//! and the error if they fail to launch any. They explain why a run waits.

use std::path::{Path, PathBuf};

use millwork_core::run::QueueLimits;
use serde::{Deserialize, Serialize};

use super::{Holder, Home, Liveness};
use crate::StorageError;

/// A daemon's announcement of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Announcement {
    daemon: Holder,
    queue: QueueLimits,
    /// The error of its last launch; absent if it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    launch_error: Option<String>,
}

/// A daemon is announced as long as this lives.
#[derive(Debug)]
pub struct Announced {
    path: PathBuf,
}

impl Drop for Announced {
    fn drop(&mut self) {
        // A file that can't be removed is recognized as that of a process that has ended.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Home {
    /// Announces that this process is a daemon that launches runs by these limits.
    ///
    /// # Errors
    ///
    /// When the home can't be written.
    pub fn announce_daemon(&self, queue: &QueueLimits) -> Result<Announced, StorageError> {
        let daemon = self.holder().clone();
        self.processes.vouch_for(&daemon)?;
        let path = self.announcement_path(&daemon);
        let announcement = Announcement { daemon, queue: queue.clone(), launch_error: None };
        self.write(&path, &announcement).map_err(|source| StorageError::Home {
            action: "announce the daemon in",
            path: path.display().to_string(),
            hint: "the folder must be writable",
            source,
        })?;
        Ok(Announced { path })
    }

    /// The limits by which runs are launched now, those of the most generous daemon; `None` if no daemon is known to live.
    pub fn queue_limits(&self) -> Option<QueueLimits> {
        self.living().map(|found| found.queue).max_by_key(|queue| queue.max_runs)
    }

    /// Announces how the last launch of the daemon in this process went: with an error, or `None` if it succeeded. Has no
    /// effect if the daemon isn't announced.
    pub fn announce_launch(&self, error: Option<String>) {
        let path = self.announcement_path(self.holder());
        let written = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(announcement) = written {
            // It explains, and nothing else depends on it.
            let _ = self.write(&path, &Announcement { launch_error: error, ..announcement });
        }
    }

    /// The error of the last launch, if every daemon that is known to live failed at its last; `None` otherwise.
    pub fn launch_error(&self) -> Option<String> {
        let errors: Option<Vec<String>> = self.living().map(|found| found.launch_error).collect();
        errors?.into_iter().next()
    }

    /// The daemons that are known to live, this process among them.
    pub(super) fn daemons(&self) -> Vec<Holder> {
        self.living().map(|found| found.daemon).collect()
    }

    /// The announcements of the daemons that are known to live.
    fn living(&self) -> impl Iterator<Item = Announcement> {
        self.announcements().into_iter().map(|(_, found)| found).filter(|found| self.lives(found))
    }

    fn announcement_path(&self, daemon: &Holder) -> PathBuf {
        self.daemons_path().join(format!("{}.json", daemon.id))
    }

    fn lives(&self, announcement: &Announcement) -> bool {
        match self.is_alive(&announcement.daemon) {
            Liveness::Alive | Liveness::Unknown => true,
            Liveness::Ended { .. } => false,
        }
    }

    fn write(&self, path: &Path, announcement: &Announcement) -> std::io::Result<()> {
        std::fs::create_dir_all(self.daemons_path())?;
        for (path, found) in self.announcements() {
            if !self.lives(&found) {
                let _ = std::fs::remove_file(path);
            }
        }
        // Renamed, so that no reader sees half of it.
        let unfinished = path.with_extension("unfinished");
        std::fs::write(&unfinished, serde_json::to_vec(announcement)?)?;
        std::fs::rename(unfinished, path)
    }

    /// Every announcement that can be read, of any process.
    fn announcements(&self) -> Vec<(PathBuf, Announcement)> {
        let Ok(entries) = std::fs::read_dir(self.daemons_path()) else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        let read = |path: PathBuf| {
            let text = std::fs::read(&path).ok()?;
            Some((path, serde_json::from_slice(&text).ok()?))
        };
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")).filter_map(read).collect()
    }

    fn daemons_path(&self) -> PathBuf {
        self.path.join("daemons")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limits_in_force_are_those_of_daemons_that_live() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(folder.path()).await.expect("a home");
        assert_eq!(home.queue_limits(), None);
        let one = QueueLimits::of(1).tag("team", "a", 1);
        let announced = home.announce_daemon(&one).expect("it is announced");
        let other = Home::open(folder.path()).await.expect("a home");
        assert_eq!(other.queue_limits(), Some(one.clone()));
        // A daemon that was killed leaves its announcement behind.
        let dead =
            Announcement { daemon: Holder::this_process(), queue: QueueLimits::of(9), launch_error: None };
        let path = home.daemons_path().join("dead.json");
        home.write(&path, &dead).expect("it is written");
        assert_eq!(other.queue_limits(), Some(one.clone()));
        home.announce_launch(Some("no such file".to_owned()));
        assert_eq!(
            (other.launch_error().as_deref(), other.queue_limits()),
            (Some("no such file"), Some(one))
        );
        let second = other.announce_daemon(&QueueLimits::of(3)).expect("it is announced");
        assert!(!path.exists(), "what is left behind is swept away");
        assert_eq!(home.queue_limits().map(|queue| queue.max_runs), Some(3));
        assert_eq!(home.launch_error(), None, "the second daemon may launch what the first can't");
        drop((announced, second));
        assert_eq!(home.queue_limits(), None);
    }
}
