//! A run: its steps over time, what it made, why it ended so, and its log.

mod finished;
mod log;
mod page;
mod steps;

pub(crate) use finished::FinishedRuns;
pub(super) use page::show;
