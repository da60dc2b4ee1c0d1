//! The folder that everything lives in, and the processes that share it.
//!
//! A home holds `millwork.db`, `values/`, `processes/` and, while daemons live, `daemons/`. Nobody announces that a process has died, so the operating
//! system is asked: a process that executes runs keeps an exclusive lock on `processes/<its id>.lock`, and the system
//! releases the lock however the process ends. Whoever can take a shared lock on the file knows that its owner is
//! gone. The file is locked before the process's first claim is written, so a run that is found running always has a
//! lock to ask; a process that only reads creates nothing.

mod daemons;
mod folder;
mod holder;
mod liveness;
mod processes;
mod recover;

pub use daemons::Announced;
pub use folder::Home;
pub use holder::Holder;
pub use liveness::Liveness;
pub(crate) use processes::Processes;
