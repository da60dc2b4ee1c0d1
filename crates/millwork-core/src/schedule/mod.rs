//! Schedules: when something is due.
//!
//! A [`Cron`] is one line of cron, a [`Timetable`] a list of them in a time zone, which knows its ticks before and after any
//! moment. A [`Schedule`] says what to run at them. [`due`] decides what to run now, given a cursor that is stored with the
//! decision. All of it is pure: the time is an argument.

mod count;
mod cron;
mod definition;
mod due;
mod error;
mod field;
mod offset_span;
mod timetable;

pub use cron::Cron;
pub use definition::{Misfire, RunsOfTick, Schedule};
pub use due::{Due, ScheduleCursor, due};
pub use error::ScheduleError;
pub use timetable::{Ticks, Timetable};
