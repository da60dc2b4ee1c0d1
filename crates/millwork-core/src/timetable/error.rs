//! Errors of a schedule.

use std::borrow::Cow;

use thiserror::Error;

use crate::problem::{Advice, ErrorClass};

/// The error of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// A line has not five fields.
    #[error("`{cron}` has {fields} fields and must have five")]
    Fields {
        /// The line of cron.
        cron: String,
        /// How many it has.
        fields: usize,
    },
    /// A name is none.
    #[error("unknown name `{cron}`")]
    Name {
        /// The name that was given.
        cron: String,
    },
    /// A part of a field is not understood.
    #[error("`{part}` in the field {field} of `{cron}` is not understood")]
    Part {
        /// The line of cron.
        cron: String,
        /// The name of the field.
        field: &'static str,
        /// The part of the field that isn't understood.
        part: String,
        /// The syntax of the field.
        hint: String,
    },
    /// No day is ever right.
    #[error("`{cron}` never comes: no such month has such a day")]
    Never {
        /// The line of cron.
        cron: String,
    },
    /// The timetable has no lines.
    #[error("a timetable needs at least one line of cron")]
    Empty,
    /// The time zone doesn't exist.
    #[error("unknown time zone `{zone}`")]
    Zone {
        /// The name that was given.
        zone: String,
    },
}

impl Advice for ScheduleError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Fields { .. } => "minute, hour, day of the month, month, day of the week, as in `30 6 * * mon-fri`, or a name such as `@daily`".into(),
            Self::Name { .. } => "`@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` or `@annually`".into(),
            Self::Part { hint, .. } => Cow::Borrowed(hint),
            Self::Zone { .. } => "a name of the IANA database, such as `Europe/Berlin` or `UTC`".into(),
            Self::Never { .. } | Self::Empty => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}
