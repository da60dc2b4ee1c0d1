//! The extractor of the time at which a step began.

use std::ops::Deref;

use jiff::Timestamp;

use super::{FromStep, StepContext};
use crate::BoxError;

/// The time at which the attempt of the step began, by the engine's clock: of a run over virtual time, the virtual time. A function that
/// takes it, instead of asking the system, can be tested with any time.
///
/// ```
/// use jiff::{SignedDuration, Timestamp};
/// use millwork_core::StepTime;
///
/// fn is_recent(made: Timestamp, now: StepTime) -> bool {
///     now.duration_since(made) < SignedDuration::from_hours(1)
/// }
/// assert!(is_recent(Timestamp::UNIX_EPOCH, StepTime(Timestamp::UNIX_EPOCH)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTime(pub Timestamp);

impl Deref for StepTime {
    type Target = Timestamp;

    fn deref(&self) -> &Timestamp {
        &self.0
    }
}

impl FromStep for StepTime {
    fn from_step(context: &StepContext) -> Result<Self, BoxError> {
        Ok(Self(context.started_at()))
    }
}
