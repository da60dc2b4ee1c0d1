//! A run: its steps over time, what it made, why it ended so, and its log.

mod log;
mod page;
mod steps;

pub(super) use page::show;
