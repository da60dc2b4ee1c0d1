//! Announcements of the daemons of a home while they live: the limits by which they launch runs, which the command line may have changed.
//! They explain why a run waits.

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
        let path = self.daemons_path().join(format!("{}.json", daemon.id));
        let announcement = Announcement { daemon, queue: queue.clone() };
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
        let living = self.announcements().into_iter().filter(|(_, found)| self.lives(found));
        living.map(|(_, found)| found.queue).max_by_key(|queue| queue.max_runs)
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
        let dead = Announcement { daemon: Holder::this_process(), queue: QueueLimits::of(9) };
        let path = home.daemons_path().join("dead.json");
        home.write(&path, &dead).expect("it is written");
        assert_eq!(other.queue_limits(), Some(one));
        let second = other.announce_daemon(&QueueLimits::of(3)).expect("it is announced");
        assert!(!path.exists(), "what is left behind is swept away");
        assert_eq!(home.queue_limits().map(|queue| queue.max_runs), Some(3));
        drop((announced, second));
        assert_eq!(home.queue_limits(), None);
    }
}
