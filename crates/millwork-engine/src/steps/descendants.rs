//! Ends the processes that a step has started: a blocking function can't be stopped, but it often waits for one of these.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, kill_process};

/// Kills every process that this one has started, and their descendants. Where the system doesn't list them, this has no effect; they end
/// with their process group then.
pub fn end_descendants() {
    signal_descendants(Signal::KILL);
}

/// Asks the same processes to end.
pub fn ask_descendants_to_end() {
    signal_descendants(Signal::TERM);
}

fn signal_descendants(signal: Signal) {
    let parents = parents();
    let this = std::process::id();
    let descends = |mut pid: u32| {
        // A chain of parents can't be longer than the number of processes.
        for _ in 0..parents.len() {
            match parents.get(&pid) {
                Some(&parent) if parent == this => return true,
                Some(&parent) => pid = parent,
                None => return false,
            }
        }
        false
    };
    for pid in parents.keys().copied().filter(|pid| descends(*pid)) {
        if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
            // A process that has ended meanwhile needs no signal.
            let _ = kill_process(pid, signal);
        }
    }
}

/// The parent of each process.
fn parents() -> BTreeMap<u32, u32> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    let parent = |entry: std::fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // `pid (name) state parent …`, where the name may contain anything.
        let behind_name = stat.rsplit_once(')')?.1;
        Some((pid, behind_name.split_whitespace().nth(1)?.parse().ok()?))
    };
    processes.flatten().filter_map(parent).collect()
}
