//! The page of a run: its steps over time, its outputs, the reason of its end, and its log.

mod finished;
mod log;
mod page;
mod steps;

pub(crate) use finished::FinishedRuns;
pub(super) use page::show;
