//! How every asset stands: fresh, stale, running, failed, late. Kept up with the log instead of being asked for anew by each
//! page, so that a page costs the same whatever has happened.

mod judge;
mod look;
mod memory;
mod start;
mod trend;

pub(crate) use look::{Counts, Progress, Standing, Standings};
pub(crate) use memory::{KINDS, Lookout};
pub(crate) use trend::Trend;
