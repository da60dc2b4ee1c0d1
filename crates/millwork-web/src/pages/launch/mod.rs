//! Launching a run: choosing assets, seeing the plan, filling in the configuration, and asking for it.

mod field;
mod filled;
mod page;

pub(super) use page::{show, submit};
