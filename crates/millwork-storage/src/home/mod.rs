//! The folder that holds a pipeline's store and values, and the processes that share it.
//!
//! A home holds `millwork.db`, `values/`, `processes/` and, while daemons live, `daemons/`; the engine keeps `binaries.json` there. A run whose process has died is found by any
//! other process that opens the home (`recover.rs`), because each can ask whether another lives (`processes.rs`).

mod daemons;
mod folder;
mod processes;
mod recover;
mod renames;

pub use daemons::Announced;
pub use folder::Home;
pub(crate) use processes::Processes;
pub use processes::{Holder, Liveness};
