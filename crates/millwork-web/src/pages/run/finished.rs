//! A cache of the steps of finished runs, which don't change any more.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use millwork_core::run::RunId;
use millwork_storage::RunRecord;

use super::steps::Steps;

/// The number of runs whose steps are kept.
const KEPT: usize = 8;

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
pub(crate) struct FinishedRuns(Mutex<VecDeque<(Finished, Arc<Steps>)>>);

impl FinishedRuns {
    /// The steps of an execution, if they are kept.
    pub(super) fn steps(&self, wanted: Finished) -> Option<Arc<Steps>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(finished, _)| *finished == wanted)?;
        let found = kept.remove(place)?;
        let steps = found.1.clone();
        kept.push_front(found);
        Some(steps)
    }

    /// Keeps the steps of an execution, in place of the least recently used ones.
    pub(super) fn keep(&self, finished: Finished, steps: Arc<Steps>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != finished);
        kept.push_front((finished, steps));
        kept.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_executions_that_were_shown_are_kept() {
        let finished = |epoch| Finished { run: RunId::from_u128(1), epoch, at: Timestamp::UNIX_EPOCH };
        let steps = |all| Arc::new(Steps { gantt: String::new(), rows: Vec::new(), all, done: 0 });
        let runs = FinishedRuns::default();
        for epoch in 0..KEPT as u32 {
            runs.keep(finished(epoch), steps(epoch as usize));
        }
        assert_eq!(runs.steps(finished(0)).map(|steps| steps.all), Some(0), "shown, and so the newest");
        runs.keep(finished(99), steps(99));
        let all = |epoch| runs.steps(finished(epoch)).map(|steps| steps.all);
        assert_eq!([0, 1, 2, 99].map(all), [Some(0), None, Some(2), Some(99)]);
    }
}
