//! Why an operation on a backfill is refused. A refused operation changes nothing.

use std::borrow::Cow;

use thiserror::Error;

use super::{BackfillStatus, Operation};
use crate::id::RunId;
use crate::problem::Advice;

/// Why an operation on a backfill is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackfillError {
    /// The status doesn't allow it.
    #[error("cannot {operation} a backfill that is {status}")]
    Illegal {
        /// The status of the backfill.
        status: BackfillStatus,
        /// What was to be done.
        operation: Operation,
    },
    /// The run isn't one of those that are running: it has finished, is lost, or belongs to something else.
    #[error("the run {run} isn't a running run of the backfill")]
    UnknownRun {
        /// The run.
        run: RunId,
    },
    /// The run is running already.
    #[error("the run {run} of the backfill has been started already")]
    StartedTwice {
        /// The run.
        run: RunId,
    },
    /// As many runs are running as may.
    #[error("{most} runs of the backfill are running already")]
    NoSlot {
        /// The maximum number of runs at the same time.
        most: u32,
    },
    /// The run would make no partition, or more than one run may.
    #[error("a run of this stage of the backfill may not make {keys} partitions")]
    RunSize {
        /// The partitions of the run.
        keys: u64,
    },
    /// Some partitions of the run aren't ready: they aren't of the stage, don't wait, or an upstream partition hasn't finished.
    #[error("{keys} partitions of the run aren't ready")]
    NotReady {
        /// The number of partitions.
        keys: u64,
    },
    /// A result is of partitions that the run doesn't make, or says two things of one.
    #[error("the result of the run {run} isn't one of its partitions")]
    OtherPartitions {
        /// The run.
        run: RunId,
    },
    /// Nothing failed, was lost, skipped or canceled.
    #[error("there is nothing to retry: no partition has failed or was lost")]
    NothingToRetry,
}

impl Advice for BackfillError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Illegal { status, operation } => illegal_hint(*status, *operation).map(Cow::Borrowed),
            Self::NotReady { .. } | Self::NoSlot { .. } | Self::RunSize { .. } => {
                Some(Cow::Borrowed("start the runs that `next_runs` names"))
            }
            Self::UnknownRun { .. }
            | Self::StartedTwice { .. }
            | Self::OtherPartitions { .. }
            | Self::NothingToRetry => None,
        }
    }
}

/// What to do instead of an operation.
fn illegal_hint(status: BackfillStatus, operation: Operation) -> Option<&'static str> {
    match (status, operation) {
        (BackfillStatus::Paused, Operation::StartRun) => Some("resume it first"),
        (BackfillStatus::Failed | BackfillStatus::Failing, Operation::StartRun | Operation::Resume) => {
            Some("retry it")
        }
        (
            BackfillStatus::Canceled | BackfillStatus::Canceling | BackfillStatus::Succeeded,
            Operation::StartRun | Operation::Resume | Operation::Retry,
        ) => Some("start another backfill, which makes what is missing"),
        (BackfillStatus::Paused, Operation::Pause) => Some("resume it, and it goes on"),
        (BackfillStatus::Requested | BackfillStatus::Running, Operation::Resume) => Some("it isn't paused"),
        (BackfillStatus::Requested, Operation::Retry) => Some("nothing of it has failed"),
        (BackfillStatus::Failing, Operation::Pause) => {
            Some("it starts nothing more; cancel it to stop its runs")
        }
        (BackfillStatus::Canceling, Operation::Pause | Operation::Cancel) => {
            Some("it ends as soon as its runs have stopped")
        }
        (
            BackfillStatus::Canceled | BackfillStatus::Succeeded | BackfillStatus::Failed,
            Operation::Pause | Operation::Cancel,
        ) => Some("it has ended: nothing of it runs any more"),
        (
            BackfillStatus::Requested
            | BackfillStatus::Running
            | BackfillStatus::Paused
            | BackfillStatus::Failing
            | BackfillStatus::Failed,
            Operation::StartRun | Operation::Pause | Operation::Resume | Operation::Cancel | Operation::Retry,
        ) => None,
    }
}
