//! Errors that end a tick of a loop.
//!
//! No error ends the daemon: the driver counts and reports it, and the loop ticks again.

use std::borrow::Cow;

use millwork_core::advice::{Advice, ErrorClass};
use millwork_core::automation::ConditionError;
use millwork_core::backfill::BackfillError;
use millwork_core::run::RunId;
use millwork_core::schedule::ScheduleError;
use millwork_core::{BoxError, Instigator};
use millwork_storage::StorageError;
use thiserror::Error;

/// An error that ends a tick of a loop. The driver reports it, and the loop ticks again.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// A schedule's timetable is invalid, or its ticks can't be computed.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Values that retention rules don't keep could not be removed.
    #[error(transparent)]
    Forget(#[from] millwork_engine::ForgetError),
    /// An automation condition is invalid.
    #[error(transparent)]
    Condition(#[from] ConditionError),
    /// A backfill doesn't allow what has become of its runs.
    #[error(transparent)]
    Backfill(#[from] BackfillError),
    /// The collector of traces can't be reached, or refuses them.
    #[error("failed to send traces")]
    Traces {
        /// The error of the HTTP client.
        source: reqwest::Error,
    },
    /// A run could not be launched.
    #[error("failed to launch run {}", run.short())]
    Launch {
        /// The ID of the run, which stays queued.
        run: RunId,
        /// The error of the launcher.
        source: BoxError,
    },
    /// Too many functions of the definitions are being called, mostly because earlier calls don't return.
    #[error("too many functions of sensors and schedules are running")]
    TooManyCalls,
    /// The cursor of an instigator can't be encoded.
    #[error("failed to write the cursor of {instigator}")]
    Cursor {
        /// The instigator whose cursor it is.
        instigator: Instigator,
        /// The reason why it isn't valid JSON.
        source: serde_json::Error,
    },
}

impl Advice for DaemonError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Store(error) => return error.hint(),
            Self::Schedule(error) => return error.hint(),
            Self::Forget(error) => return error.hint(),
            Self::Condition(error) => return error.hint(),
            Self::Backfill(error) => return error.hint(),
            Self::Traces { .. } => "see OTEL_EXPORTER_OTLP_ENDPOINT".into(),
            Self::TooManyCalls => "`sensors list` and `schedules list` show which ones are stuck".into(),
            Self::Launch { .. } | Self::Cursor { .. } => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Schedule(error) => error.class(),
            Self::Forget(error) => error.class(),
            Self::Condition(error) => error.class(),
            Self::Backfill(error) => error.class(),
            Self::Traces { .. } | Self::TooManyCalls | Self::Launch { .. } | Self::Cursor { .. } => {
                ErrorClass::Failed
            }
        }
    }
}
