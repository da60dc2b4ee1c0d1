//! Ending processes of runs, with all that they have started.

use rustix::process::{Pid, Signal, kill_process_group};

/// Ends what is left of the group of a run's process. Its process leads the group, whose number is not used again as
/// long as anything of the group lives.
pub(crate) fn end_group(leader: u32) {
    signal(leader, Signal::KILL);
}

/// Ends the other processes of this process's group, if it leads one: what a run's steps have started and left behind.
/// This process gets the signal as well, and must not die of it.
pub fn end_rest_of_group() {
    let this = rustix::process::getpid();
    if rustix::process::getpgrp() == this {
        let _ = kill_process_group(this, Signal::TERM);
    }
}

/// Asks a group to end.
pub(crate) fn terminate_group(leader: u32) {
    signal(leader, Signal::TERM);
}

fn signal(leader: u32, signal: Signal) {
    let group = i32::try_from(leader).ok().filter(|group| *group > 1).and_then(Pid::from_raw);
    if let Some(group) = group {
        // A group that is gone is what is wanted.
        let _ = kill_process_group(group, signal);
    }
}
