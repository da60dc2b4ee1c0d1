//! Process groups: a run's process with every process that it has started.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a process of this machine has been running; `None` if the system doesn't report it.
pub(super) fn age(pid: u32) -> Option<Duration> {
    // The clock ticks of `/proc`, whatever the kernel's own are.
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program may hold anything, so fields are counted from its closing bracket.
    let (_, fields) = stat.rsplit_once(')')?;
    let started: f64 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let uptime: f64 =
        std::fs::read_to_string("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(uptime - started / TICKS_A_SECOND).ok()
}

/// Ends what is left of the group of a run's process. The process leads the group, whose number is not reused as long as a member lives.
pub(super) fn end_group(leader: u32) {
    signal(leader, Signal::KILL);
}

/// Ends the other processes of this process's group, if it leads one: those that a run's steps have started and left behind. This process
/// gets the signal as well, and must survive it.
pub fn end_rest_of_group() {
    let this = rustix::process::getpid();
    if rustix::process::getpgrp() == this {
        let _ = kill_process_group(this, Signal::TERM);
    }
}

/// Asks a group to end.
pub(super) fn terminate_group(leader: u32) {
    signal(leader, Signal::TERM);
}

fn signal(leader: u32, signal: Signal) {
    let group = i32::try_from(leader).ok().filter(|group| *group > 1).and_then(Pid::from_raw);
    if let Some(group) = group {
        // A group that is gone needs no signal.
        let _ = kill_process_group(group, signal);
    }
}
