//! Calling a sensor's function, and what it answers.
//!
//! The daemon and `sensors preview` call it in the same way, so that what a preview shows is what the daemon would do. Answers are taken
//! one by one, so that a function that fails or hangs at one event doesn't take those before with it.

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

/// What a sensor's function answers, once or for each event.
pub(crate) type Answered = Result<SensorOutcome, String>;

/// A call of a sensor's function that doesn't return.
pub(crate) type Stuck = Call<Answered>;

/// How far a sensor has come, as it is stored. The number makes every evaluation's cursor another one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) number: u64,
    /// Behind which event it looks on, for one that reacts to events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<u64>,
    /// What its function said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own: Option<String>,
    /// Why there was nothing to do the last time, so that it isn't written down again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idle: Option<String>,
}

/// What a sensor's function is asked about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// Whatever it looks at.
    Outside,
    /// An event.
    Event {
        /// Its number.
        sequence: u64,
        /// What is pending because of it, if its function failed before.
        pending: Option<Box<Pending>>,
    },
}

/// What came of asking.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) answers: Vec<(Subject, Answered)>,
    /// Behind which event it has to look on.
    pub(crate) behind: Option<u64>,
    /// What is pending because of events that aren't there any more.
    pub(crate) gone: Vec<Pending>,
    pub(crate) stuck: Option<Stuck>,
}

/// Asks a sensor that looks outside.
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

/// What a call answers to each subject, in their order: to fewer if the daemon stops meanwhile.
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

/// Why a sensor couldn't be tried.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// It isn't asked about what is outside.
    #[error(
        "sensor `{sensor}` reacts to events, so there is nothing to ask it: it is called when an event comes"
    )]
    ReactsToEvents {
        /// The sensor.
        sensor: String,
    },
    /// Its function failed.
    #[error("sensor `{sensor}` failed: {reason}")]
    Failed {
        /// The sensor.
        sensor: String,
        /// Why.
        reason: String,
    },
}

impl Advice for PreviewError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::ReactsToEvents { sensor } => {
                Some(format!("`sensors on {sensor}` lets it react to what happens from then on").into())
            }
            Self::Failed { .. } => None,
        }
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::ReactsToEvents { .. } => ErrorClass::Usage,
            Self::Failed { .. } => ErrorClass::Failed,
        }
    }
}

/// Asks a sensor that looks outside what it would do now, and records nothing. Must be called within a Tokio runtime.
///
/// # Errors
///
/// When it reacts to events, or its function fails, panics, or takes longer than it may.
pub async fn preview_sensor(sensor: &Sensor, context: SensorContext) -> Result<SensorOutcome, PreviewError> {
    let name = || sensor.name.clone();
    let SensorSource::Outside(poll) = &sensor.source else {
        return Err(PreviewError::ReactsToEvents { sensor: name() });
    };
    let asked = asked_outside(&Functions::default(), sensor, poll, context).await;
    let answer = asked.map_err(|error| error.to_string()).map(|asked| asked.answers.into_iter().next());
    match answer {
        Ok(Some((_, Ok(outcome)))) => Ok(outcome),
        Ok(Some((_, Err(reason)))) | Err(reason) => Err(PreviewError::Failed { sensor: name(), reason }),
        Ok(None) => Err(PreviewError::Failed { sensor: name(), reason: "it gave no answer".to_owned() }),
    }
}

/// The cursor that a sensor's own function left.
pub fn sensor_cursor(state: &InstigatorState) -> Option<String> {
    let position: Position = serde_json::from_str(state.cursor.as_deref()?).ok()?;
    position.own
}
