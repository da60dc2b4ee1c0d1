//! Whether a process still lives.

use super::Holder;

/// Whether a process still lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It does.
    Alive,
    /// It has ended.
    Ended {
        /// How, as far as is known.
        reason: String,
    },
    /// It runs, or ran, on a machine that can't be asked.
    Unknown,
}

impl Liveness {
    pub(super) fn restarted() -> Self {
        Self::Ended { reason: "the machine was restarted".to_owned() }
    }

    pub(super) fn ended(Holder { pid, host, .. }: &Holder) -> Self {
        let process = format!("its process (pid {pid} on host {host})");
        let reason = format!("{process} ended without finishing the run: killed, crashed, or out of memory");
        Self::Ended { reason }
    }
}
