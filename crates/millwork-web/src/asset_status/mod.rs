//! The status of every asset, kept up with the log instead of being asked for anew by each page, so that a page costs the same
//! whatever has happened. What the status is, core's [`asset_status`](millwork_core::asset_status) decides.

mod cache;
mod trend;

pub(crate) use cache::{StatusCache, StatusSnapshot};
pub(crate) use trend::Trend;
