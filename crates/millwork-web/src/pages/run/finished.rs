//! A cache of the steps of finished runs, which don't change any more.

use jiff::Timestamp;
use millwork_core::run::RunId;
use millwork_storage::RunRecord;

use super::super::recent::Recent;
use super::steps::Steps;

/// An execution of a run that has finished: a run that is resumed has another epoch when it finishes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    run: RunId,
    epoch: u32,
    at: Timestamp,
}

impl Finished {
    /// The finished execution of a run's record; `None` if the run hasn't finished.
    pub(super) fn of(record: &RunRecord) -> Option<Self> {
        let at = record.finished_at.filter(|_| record.status.is_finished())?;
        Some(Self { run: record.id, epoch: record.epoch, at })
    }
}

/// The steps of the last finished runs that were shown. They follow from a run's events, of which a large run has tens of thousands:
/// reading them is most of the work of its page.
#[derive(Debug, Default)]
pub(crate) struct FinishedRuns(pub(super) Recent<Finished, Steps, 8>);
