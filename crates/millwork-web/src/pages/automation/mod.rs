//! Automation: schedules, sensors, conditions, their ticks and explanations, and alerts.

mod explained;
mod page;

pub(super) use explained::show as explained;
pub(super) use page::{is_switch, show};
