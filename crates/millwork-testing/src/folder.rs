//! Folders for what a test writes.

use std::path::Path;

use tempfile::TempDir;

/// The disk in memory that Linux has.
const MEMORY: &str = "/dev/shm";

/// How much room it must have. In containers it may be small.
const ROOM: u64 = 2 << 30;

/// A new, empty folder, which is removed when it is dropped: in memory if the machine has a disk there, as a store waits for the disk at
/// every commit. What a test shows stays the same, since it ends processes and never the machine. Programs may not be executable in it.
///
/// # Panics
///
/// If it can't be made.
pub fn folder() -> TempDir {
    let memory = Path::new(MEMORY);
    let has_room = || rustix::fs::statvfs(memory).is_ok_and(|disk| disk.f_bavail * disk.f_frsize >= ROOM);
    let in_memory = if has_room() { TempDir::new_in(memory).ok() } else { None };
    in_memory.unwrap_or_else(|| TempDir::new().expect("a folder"))
}
