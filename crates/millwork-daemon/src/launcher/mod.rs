//! Launchers of runs.
//!
//! The daemon executes nothing itself: it decides which run may start, and asks a [`Launcher`] to execute it. How that is done (a process
//! of this machine, a job of a cluster) only the launcher knows: it names a [`LaunchedRun`], waits for its end, ends it by force, keeps its
//! output, and classifies its failure. So another way to launch runs is one more file here, and the rest of the daemon doesn't change.
//!
//! `launch.rs` is the contract, and `contract.rs` its tests; `process.rs` and `in_process.rs` implement it.

#[cfg(test)]
mod contract;
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
