//! Schedules: runs at the ticks of a timetable.
//!
//! A [`Schedule`] defines the runs at the ticks of a [`Timetable`]. [`due`] decides what to run now, given a cursor that is stored with
//! the decision. All of it is pure: the time is an argument.

mod definition;
mod due;

pub use crate::timetable::{Cron, ScheduleError, Ticks, Timetable};
pub use definition::{Misfire, RunsOfTick, Schedule};
pub use due::{Due, ScheduleCursor, due};
