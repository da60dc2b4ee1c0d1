//! The processes of runs.

use std::path::Path;

/// The processes that execute runs of a home.
pub(crate) fn of_runs(home: &Path) -> Vec<u32> {
    let home = home.to_string_lossy().into_owned();
    let executes = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(&home) && line.contains("runs execute")
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(executes).collect()
}

/// Kills a process, if it hasn't ended by itself.
pub(crate) fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}
