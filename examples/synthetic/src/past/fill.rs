//! Writing a past into a home.

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use millwork_core::Pipeline;
use millwork_core::plan::PlanError;
use millwork_core::run::{RunId, RunStatus};
use millwork_storage::{Batch, Claim, Home, StorageError, Store};
use thiserror::Error;

use super::run_events::{PastRun, RunGenerator};
use super::ticks;

/// The number of runs that are written together, which shares commits.
const TOGETHER: usize = 16;
/// The approximate number of a step's events: its own three, log lines, now and then a retry or a check.
const EVENTS_OF_STEP: f64 = 6.4;

/// The size of a past.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// The number of runs.
    pub runs: usize,
    /// The number of events, which is met approximately.
    pub events: usize,
    /// When the first run was requested.
    pub from: Timestamp,
    /// When the last run was requested.
    pub until: Timestamp,
}

/// The past that was written.
#[derive(Clone, Debug, Default)]
pub struct Filled {
    /// The number of events.
    pub events: u64,
    /// The ID of a run of every asset.
    pub largest: Option<RunId>,
    /// The ID of a run that failed.
    pub failed: Option<RunId>,
}

/// The reason why a past could not be written.
#[derive(Debug, Error)]
pub enum FillError {
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A run could not be planned.
    #[error("failed to plan a run")]
    Plan(#[from] PlanError),
}

impl Past {
    /// A month of runs and events that ends at a moment.
    pub fn month_until(until: Timestamp, runs: usize, events: usize) -> Self {
        let from = until - SignedDuration::from_hours(30 * 24);
        Self { runs, events, from, until }
    }

    /// Writes the past of a pipeline into an empty home.
    ///
    /// # Errors
    ///
    /// When the store can't be written to.
    pub async fn fill(&self, home: &Home, pipeline: &Pipeline) -> Result<Filled, FillError> {
        let store = home.store();
        let mut generator = RunGenerator::new(pipeline.graph());
        let mut filled = Filled::default();
        let mut ids = Vec::with_capacity(self.runs);
        for first in (0..self.runs).step_by(TOGETHER) {
            let indices = first..self.runs.min(first + TOGETHER);
            let written = filled.events as f64;
            let mean = (self.events as f64 - written) / (self.runs - first) as f64 / EVENTS_OF_STEP;
            let runs = indices
                .map(|index| generator.next_run(self.asked_at(index), self.steps(index, mean, pipeline)))
                .collect::<Result<Vec<PastRun>, PlanError>>()?;
            for (index, run) in (first..).zip(&runs) {
                ids.push((run.new.id, run.new.at));
                filled.largest = if index == self.largest() { Some(run.new.id) } else { filled.largest };
                let is_failed = run.status() == Some(RunStatus::Failed);
                filled.failed = if is_failed { Some(run.new.id) } else { filled.failed };
                filled.events += run.events.len() as u64 + 2;
            }
            write(home, &*store, runs).await?;
        }
        ticks::write(&*store, pipeline, &ids).await?;
        Ok(filled)
    }

    /// The times at which runs were requested: one after the other, evenly.
    fn asked_at(&self, index: usize) -> Timestamp {
        let whole = self.until.duration_since(self.from).as_secs_f64();
        let part = whole * (index + 1) as f64 / self.runs as f64;
        self.from + SignedDuration::try_from_secs_f64(part).unwrap_or_default()
    }

    /// The run of every asset: late enough to be among the newer ones, early enough to have ended.
    fn largest(&self) -> usize {
        self.runs * 9 / 10
    }

    /// The number of a run's assets: mostly few, sometimes a lot.
    fn steps(&self, index: usize, mean: f64, pipeline: &Pipeline) -> usize {
        let factor = match index % 100 {
            _ if index == self.largest() => f64::INFINITY,
            7 => 10.0,
            rest if rest % 20 == 11 => 4.0,
            rest => (rest % 16) as f64 / 10.0,
        };
        ((mean * factor) as usize).clamp(1, pipeline.graph().assets().len())
    }
}

/// Writes runs from their request to their end.
async fn write(home: &Home, store: &dyn Store, runs: Vec<PastRun>) -> Result<(), StorageError> {
    try_join_all(runs.iter().map(|run| store.create_run(run.new.clone()))).await?;
    let claims = runs.iter().map(|run| {
        let (holder, now) = (home.holder().clone(), run.started_at);
        store.claim(Claim {
            run: run.new.id,
            holder,
            now,
            until: now + SignedDuration::from_secs(30),
            resumes: false,
        })
    });
    let fences = try_join_all(claims).await?;
    let batches = runs.into_iter().zip(fences).map(|(run, fence)| {
        let batch = Batch { fence: Some(fence), events: run.events };
        store.append(batch)
    });
    try_join_all(batches).await?;
    Ok(())
}
