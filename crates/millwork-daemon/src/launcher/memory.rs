//! Whether the system has killed processes because memory ran out.
//!
//! A process that is killed for that looks like any that is killed. So the system's count of such kills is taken before a process starts
//! and after it has ended.

/// How often the system had killed a process for want of memory, at some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutOfMemory(Option<u64>);

impl OutOfMemory {
    /// Now.
    pub(super) fn now() -> Self {
        // The count of this group of processes is exact; that of the machine is what else there is.
        let of_group = count("/sys/fs/cgroup/memory.events");
        Self(of_group.filter(|count| *count > 0).or_else(|| count("/proc/vmstat")))
    }

    /// Whether it has happened again since.
    pub(super) fn has_run_out_since(self) -> bool {
        matches!((self.0, Self::now().0), (Some(before), Some(now)) if now > before)
    }
}

/// The number behind `oom_kill` in a file of the system.
fn count(path: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}
