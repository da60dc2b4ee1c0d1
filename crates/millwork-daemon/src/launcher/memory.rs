//! Detects that the system has killed processes because memory ran out.
//!
//! The end of such a process looks like that of any killed one. So the system's count of these kills is read before a process starts and
//! after it has ended.

/// The number of processes that the system had killed for lack of memory, at some moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutOfMemory(Option<u64>);

impl OutOfMemory {
    /// Reads the count now.
    pub(super) fn now() -> Self {
        // The count of this cgroup is exact; that of the machine is the fallback.
        let of_group = count("/sys/fs/cgroup/memory.events");
        Self(of_group.filter(|count| *count > 0).or_else(|| count("/proc/vmstat")))
    }

    /// Whether the count has risen since.
    pub(super) fn has_run_out_since(self) -> bool {
        matches!((self.0, Self::now().0), (Some(before), Some(now)) if now > before)
    }
}

/// The number behind `oom_kill` in a file of the system.
fn count(path: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}
