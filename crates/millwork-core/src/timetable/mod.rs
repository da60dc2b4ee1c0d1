//! Timetables: the ticks of lines of cron.
//!
//! A [`Cron`] is one line of cron, a [`Timetable`] a list of them in a time zone, which knows its ticks before and after any
//! moment. All of it is pure: the time is an argument.

mod count;
mod cron;
mod error;
mod offset_span;
mod ticks;

pub use cron::Cron;
pub use error::ScheduleError;
pub use ticks::{Ticks, Timetable};
