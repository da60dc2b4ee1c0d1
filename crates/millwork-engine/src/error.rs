//! Why a run could not be executed, as opposed to a run that failed.

use std::borrow::Cow;

use millwork_core::advice::{Advice, ErrorClass, register};
use millwork_core::definitions::RequestError;
use millwork_core::run::{IllegalTransition, RunId};
use millwork_storage::StorageError;
use thiserror::Error;

/// The reason why a run could not be executed.
#[derive(Debug, Error)]
pub enum ExecuteError {
    /// The store failed, so the rest of the run can't be recorded.
    #[error("failed to record the run")]
    Record(#[source] StorageError),
    /// The store couldn't be read.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The request doesn't fit the definitions.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A part of the run can't be read, so it isn't known what is left to do.
    #[error("run {run} is damaged: {damage}")]
    Damaged {
        /// The ID of the run.
        run: RunId,
        /// What can't be read or is missing, in words.
        damage: String,
    },
    /// The run's events are not a valid sequence.
    #[error("the events of run {run} contradict each other")]
    Contradiction {
        /// The ID of the run.
        run: RunId,
        /// The event that doesn't follow from those before.
        source: IllegalTransition,
    },
}

impl Advice for ExecuteError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Record(..) => "what was recorded is safe, `runs retry` goes on from there".into(),
            Self::Store(error) => return error.hint(),
            Self::Request(error) => return error.hint(),
            Self::Damaged { run, .. } => {
                format!("`runs retry {} --from-scratch` starts a new run of the same", run.short()).into()
            }
            Self::Contradiction { .. } => return None,
        })
    }

    fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => error.class(),
            Self::Request(error) => error.class(),
            Self::Damaged { .. } => ErrorClass::Usage,
            Self::Record(_) | Self::Contradiction { .. } => ErrorClass::Home,
        }
    }
}

/// Registers the errors of this crate and of storage, so that their hints are found behind a `dyn Error`.
pub(crate) fn register_errors() {
    register::<StorageError>();
    register::<crate::ValueError>();
    register::<ExecuteError>();
    register::<crate::BacktestError>();
    register::<crate::TrialError>();
    register::<crate::ReproduceError>();
}
