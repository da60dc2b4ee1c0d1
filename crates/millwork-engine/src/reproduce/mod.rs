//! Executes the steps of a run again, without touching what is current, and compares.
//!
//! [`Engine::plan_reproduction`](crate::Engine::plan_reproduction) reads from the log what the run has done: which steps each of its
//! executions has completed, and which versions they read. [`Engine::reproduce`](crate::Engine::reproduce) gives these steps a store in memory
//! and a temporary folder, copies what they read from outside of the run into it, and executes them there by an engine as any other; so
//! retries, time limits, pools and previous values are what they always are. A resumed run is executed in as many parts as it had executions,
//! since each has read what was current when it began. Steps begin at the time at which they began, histories
//! are read as far as they went, in the home itself, and aliases point at what they pointed at, and gates judge again. Then the data
//! versions of both are compared.
//!
//! The home is only read.

mod aliases;
mod copy;
mod error;
mod histories;
mod original;
mod plan;
mod reads;
mod run;
mod scratch;

pub use error::ReproduceError;
pub use plan::ReproductionPlan;
