//! A small disk for the home, which can be filled: a tmpfs in a mount namespace of the soak's own.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result};
use rustix::fs::{FallocateFlags, fallocate};

use crate::folder::Folder;

const MOUNTED: &str = "SOAK_DISK_IS_MOUNTED";
const SIZE_MB: u64 = 600;

/// Whether this process was started to have a disk of its own.
pub(crate) fn is_again() -> bool {
    std::env::var_os(MOUNTED).is_some()
}

/// Whether the folder is on a disk of its own. Any other disk is never filled.
pub(crate) fn is_mounted(folder: &Folder) -> bool {
    let device = |path: &Path| std::fs::metadata(path).map(|found| found.dev());
    matches!((device(&folder.disk()), device(&folder.0)), (Ok(disk), Ok(beside)) if disk != beside)
}

/// Runs the same command again in the same folder, with a disk of its own. `None` if this machine doesn't allow that.
pub(crate) fn again_with_a_disk(folder: &Folder, days: u32, seed: Option<u64>) -> Result<Option<ExitStatus>> {
    let privileges: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["--map-root-user"] };
    let unshare = || {
        let mut command = Command::new("unshare");
        command.arg("--mount").args(privileges);
        command
    };
    let script = format!("mount -t tmpfs -o size={SIZE_MB}m soak \"$SOAK_DISK\"");
    let disk = folder.disk();
    let can_mount = unshare().args(["sh", "-c", &script]).env("SOAK_DISK", &disk).status();
    if !can_mount.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let mut again = unshare();
    again.args(["sh", "-c", &format!("{script} && exec \"$@\""), "soak"]);
    again
        .arg(std::env::current_exe()?)
        .args(["run", "--days", &days.to_string()])
        .arg("--folder")
        .arg(&folder.0);
    again.args(seed.map(|seed| format!("--seed={seed}")));
    let status = again.env("SOAK_DISK", &disk).env(MOUNTED, "1").status();
    Ok(Some(status.context("unshare")?))
}

/// Fills the disk.
pub(crate) fn fill(folder: &Folder) -> Result<()> {
    let ballast = File::create(folder.ballast())?;
    let mut size = SIZE_MB << 20;
    let mut filled = 0;
    while size >= 4096 && filled < SIZE_MB << 20 {
        match fallocate(&ballast, FallocateFlags::empty(), filled, size) {
            Ok(()) => filled += size,
            Err(_) => size /= 2,
        }
    }
    Ok(())
}

/// Frees the disk.
pub(crate) fn free(folder: &Folder) -> Result<()> {
    Ok(std::fs::remove_file(folder.ballast())?)
}
