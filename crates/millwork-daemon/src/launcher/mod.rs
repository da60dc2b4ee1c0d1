//! What launches runs.
//!
//! The daemon executes nothing itself: it decides which run may start, and asks a [`Launcher`] for something that executes it. What
//! that is (a process of this machine, a job of a cluster) only the launcher knows: it says how a [`LaunchedRun`] is called, waits
//! for its end, ends it by force, keeps what it printed, and judges of what kind a failure is. So another way to launch
//! runs is one more file here, and nothing else of the daemon changes.
//!
//! `launch.rs` is what is expected of a launcher; `process.rs` and `in_process.rs` are the two that there are.

#[cfg(test)]
pub(crate) mod fake;
mod in_process;
mod launch;
mod memory;
mod process;
mod process_group;

pub use in_process::{ExecuteRun, InProcessLauncher};
pub use launch::{Exit, Launch, LaunchedRun, LaunchedRunId, Launcher};
pub use process::ProcessLauncher;
pub use process_group::end_rest_of_group;
