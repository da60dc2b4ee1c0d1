//! The launch page: choosing assets, showing the plan, filling in the configuration, and requesting the run.

mod field;
mod filled;
mod page;

pub(super) use page::{show, submit};
