//! Calls of a sensor's function, and its answers.
//!
//! The daemon and `sensors preview` call it in the same way, so that a preview shows what the daemon would do. Answers are taken one by
//! one, so that a function that fails or hangs at one event doesn't lose the answers before.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use millwork_core::advice::{Advice, ErrorClass};
use millwork_core::sensor::{Poll, Sensor, SensorContext, SensorOutcome, SensorSource};
use millwork_storage::{InstigatorState, Pending};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::error::DaemonError;
use crate::functions::{Answer, Call, Functions, stuck};

/// The answer of a sensor's function, once or for each event.
pub(crate) type Answered = Result<SensorOutcome, String>;

/// A call of a sensor's function that doesn't return.
pub(crate) type Stuck = Call<Answered>;

/// The position of a sensor, as it is stored. The number makes every evaluation's cursor differ from the others.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) number: u64,
    /// The sequence number of the last event that was read, for a sensor that reacts to events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<u64>,
    /// The cursor that its function returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own: Option<String>,
    /// The reason why there was nothing to do the last time, so that it isn't recorded again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idle: Option<String>,
}

/// What a sensor's function is called with.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// No event: the function looks outside.
    Outside,
    /// An event.
    Event {
        /// The sequence number of the event.
        sequence: u64,
        /// The pending work because of it, if its function failed before.
        pending: Option<Box<Pending>>,
    },
}

/// The outcome of the calls.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) answers: Vec<(Subject, Answered)>,
    /// The sequence number of the last event that was read.
    pub(crate) behind: Option<u64>,
    /// The pending work for events that were removed meanwhile.
    pub(crate) gone: Vec<Pending>,
    pub(crate) stuck: Option<Stuck>,
}

/// Calls the function of a sensor that looks outside.
pub(crate) async fn asked_outside(
    functions: &Functions,
    sensor: &Sensor,
    poll: &Arc<Poll>,
    context: SensorContext,
) -> Result<Asked, DaemonError> {
    let (poll, limit) = (poll.clone(), sensor.timeout);
    let call = functions.call(&sensor.name, limit, move |answers| {
        if let Some(answer) = answers.drive(limit, || poll(context)) {
            answers.leave(answer);
        }
    });
    answered(call, [Subject::Outside], limit).await
}

/// The answers for the subjects, in their order; for fewer if the daemon stops meanwhile.
pub(crate) async fn answered(
    call: Option<Call<Answered>>,
    subjects: impl IntoIterator<Item = Subject>,
    limit: Duration,
) -> Result<Asked, DaemonError> {
    let mut call = call.ok_or(DaemonError::TooManyCalls)?;
    let mut asked = Asked::default();
    for subject in subjects {
        match call.next().await {
            Answer::Of(answer) => asked.answers.push((subject, answer)),
            Answer::Returned => break,
            Answer::Stuck => {
                asked.answers.push((subject, Err(stuck(limit))));
                asked.stuck = Some(call);
                break;
            }
        }
    }
    Ok(asked)
}

/// The reason why a sensor could not be previewed.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// The sensor reacts to events, so there is no call to preview.
    #[error("sensor `{sensor}` reacts to events and can't be previewed: it is called when an event comes")]
    ReactsToEvents {
        /// The name of the sensor.
        sensor: String,
    },
    /// Its function blocks its thread, and its time is up.
    #[error("sensor `{sensor}` has not returned after {limit:?}, the time limit of its function")]
    Stuck {
        /// The name of the sensor.
        sensor: String,
        /// The time limit.
        limit: Duration,
    },
    /// Its function failed.
    #[error("sensor `{sensor}` failed: {reason}")]
    Failed {
        /// The name of the sensor.
        sensor: String,
        /// The error of the function.
        reason: String,
    },
}

impl Advice for PreviewError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::ReactsToEvents { sensor } => {
                Some(format!("`sensors on {sensor}` lets it react to events from then on").into())
            }
            Self::Stuck { .. } => {
                Some("give what it waits for a time-out of its own, or raise `Sensor::timeout`".into())
            }
            Self::Failed { .. } => None,
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::ReactsToEvents { .. } => ErrorClass::Usage,
            Self::Stuck { .. } | Self::Failed { .. } => ErrorClass::Failed,
        }
    }
}

/// Calls a sensor that looks outside as the daemon would, and records nothing. Must be called within a Tokio runtime.
///
/// # Errors
///
/// When it reacts to events, or its function fails, panics, or takes longer than its time limit, whether it can be ended or not.
pub async fn preview_sensor(sensor: &Sensor, context: SensorContext) -> Result<SensorOutcome, PreviewError> {
    let name = || sensor.name.clone();
    let SensorSource::Outside(poll) = &sensor.source else {
        return Err(PreviewError::ReactsToEvents { sensor: name() });
    };
    let asked = asked_outside(&Functions::default(), sensor, poll, context).await;
    if asked.as_ref().is_ok_and(|asked| asked.stuck.is_some()) {
        return Err(PreviewError::Stuck { sensor: name(), limit: sensor.timeout });
    }
    let answer = asked.map_err(|error| error.to_string()).map(|asked| asked.answers.into_iter().next());
    match answer {
        Ok(Some((_, Ok(outcome)))) => Ok(outcome),
        Ok(Some((_, Err(reason)))) | Err(reason) => Err(PreviewError::Failed { sensor: name(), reason }),
        Ok(None) => Err(PreviewError::Failed { sensor: name(), reason: "it returned no answer".to_owned() }),
    }
}

/// The cursor that a sensor's own function returned.
pub fn sensor_cursor(state: &InstigatorState) -> Option<String> {
    let position: Position = serde_json::from_str(state.cursor.as_deref()?).ok()?;
    position.own
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    async fn previewed(sensor: Sensor) -> String {
        let context = SensorContext::new(None, Timestamp::UNIX_EPOCH, Arc::default());
        preview_sensor(&sensor, context).await.expect_err("no answer").to_string()
    }

    #[tokio::test]
    async fn a_function_that_hangs_is_previewed_for_its_time_limit() {
        let limit = Duration::from_millis(1);
        let waits = Sensor::new("waits", |_| std::future::pending()).timeout(limit);
        assert_eq!(previewed(waits).await, "sensor `waits` failed: it took longer than 1ms");
        let blocks = Sensor::new("blocks", |_| async {
            loop {
                std::thread::park();
            }
        });
        let expected = "sensor `blocks` has not returned after 1ms, the time limit of its function";
        assert_eq!(previewed(blocks.timeout(limit)).await, expected);
    }
}
