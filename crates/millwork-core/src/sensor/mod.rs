//! Sensors: functions that request runs because of something outside, or because of events.
//!
//! A [`Sensor`] is a function that is called at an interval, or for each event of some kind, and returns a
//! [`SensorOutcome`]: runs to request, its new cursor, or why it skips. What it asks for and its cursor
//! are recorded together.

mod context;
mod definition;
mod outcome;
mod watched;

pub use context::{SensorContext, SensorEvent};
pub use definition::{Poll, React, Sensor, SensorSource};
pub use outcome::SensorOutcome;
pub use watched::WatchedEvents;
