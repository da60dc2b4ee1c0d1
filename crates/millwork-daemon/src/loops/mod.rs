//! The loops of the daemon, one a file.
//!
//! None of them knows another one: what one has done for the others is in the store, and an activation only wakes them to read it. Each is
//! a struct with the dependencies of its ticks, so that its fields show what it may do.

pub(crate) mod alerts;
pub(crate) mod approvals;
pub(crate) mod automation;
pub(crate) mod backfills;
pub(crate) mod clock_watch;
pub(crate) mod deliveries;
pub(crate) mod monitor;
pub(crate) mod queue;
pub(crate) mod retention;
pub(crate) mod retries;
pub(crate) mod schedules;
pub(crate) mod sensors;
pub(crate) mod shadow;
pub(crate) mod traces;
