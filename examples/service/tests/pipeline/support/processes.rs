//! Processes that commands have started.

use std::process::Command;

use millwork_testing::{Lines, eventually};

/// Whether a process with this number is running.
pub(crate) fn process_lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// Waits until a daemon launches a run, and returns the number of the run's process.
pub(crate) fn launched(daemon: &Lines) -> u32 {
    daemon.line("launched as process ").rsplit(' ').next().unwrap().parse().unwrap()
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Waits until a step that a process executes has started a process of its own, and returns the number of that.
pub(crate) fn child_of(process: u32) -> u32 {
    let mut child = None;
    eventually(
        || {
            child = children(process).into_iter().find(|pid| command_of(*pid).starts_with("sleep"));
            child.is_some()
        },
        "no step has started a process",
    );
    child.unwrap()
}

fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields.to_owned()).unwrap_or_default();
        fields.split(' ').nth(1) == Some(parent.to_string().as_str())
    };
    pids.filter(is_child).collect()
}

fn command_of(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}
