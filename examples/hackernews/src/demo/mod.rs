//! `hackernews demo`: the job as a service for weeks of virtual time, in minutes and without network.
//!
//! A `VirtualClock` goes from hour to hour (`weeks`), a daemon on it does what schedules, conditions, gates and
//! alerts ask for, and stories come from a timeline that shifts at stated moments. Where it stands is kept in the home (`progress`), so that a
//! demo that was interrupted goes on. `account` ends it with a table of what was trained, why, and how the predictions turned out.
//! `comparison` goes through a file of real stories in the same way, three times.

mod account;
mod clock;
mod command;
mod comparison;
mod error;
mod progress;
mod weeks;

pub use command::{DemoArgs, home_of, run};
pub use comparison::{ComparisonArgs, compare};
pub use error::DemoError;
