//! The run monitor: ends runs that take too long, and detects those whose process has died.
//!
//! The end of a run is first written to the store, under the run's claim, and only then is its process ended: so everything that the
//! process still writes is refused, and a daemon that is killed in between leaves a run that has ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{EventBody, EventKind};
use millwork_core::run::{FailureClass, RunId, RunStatus};
use millwork_core::{Clock, Pipeline};
use millwork_storage::{EventQuery, Fence, Home, Order, RunRecord, Store, queued_runs};

use crate::activation::{Activation, Activations};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::launcher::Launcher;
use crate::loop_name::LoopName;
use crate::run_output::keep_output;
use crate::stopwatch::Stopwatch;
use crate::supervised_runs::SupervisedRuns;

/// The poll interval.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Ends runs that take too long, and detects those whose process has died.
pub(crate) struct RunMonitor {
    pub(crate) pipeline: Pipeline,
    /// Knows which processes are alive.
    pub(crate) home: Home,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) supervised: SupervisedRuns,
    /// How long each run has been in its status, by the claim under which it is executed.
    pub(crate) times: Stopwatch<(RunId, u32, RunStatus)>,
}

impl DaemonLoop for RunMonitor {
    const NAME: LoopName = LoopName::RunMonitor;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::RunEnded];

    fn poll_interval(&self) -> Duration {
        POLL_INTERVAL
    }

    /// Remembers the runs that an earlier daemon launched and that are still going on, to report how they end.
    async fn begin(&mut self) -> Result<(), DaemonError> {
        let going_on = queued_runs(&*self.store, vec![RunStatus::Running, RunStatus::Canceling]).await?;
        self.supervised.inherited().extend(going_on.into_iter().map(|run| run.id));
        Ok(())
    }

    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        for RunRecord { id: run, status, reason, .. } in self.dead().await? {
            self.supervised.inherited().remove(&run);
            keep_output(&*self.store, &*self.launcher, run, self.clock.now()).await?;
            (self.observer)(&match status {
                RunStatus::Lost => DaemonEvent::Lost { run, reason: reason.unwrap_or_default() },
                RunStatus::Queued
                | RunStatus::Running
                | RunStatus::Canceling
                | RunStatus::Succeeded
                | RunStatus::Failed
                | RunStatus::Canceled => DaemonEvent::Ended { run, status, reason },
            });
            self.activations.send(Activation::RunEnded);
        }
        let statuses = vec![RunStatus::Running, RunStatus::Canceling];
        self.times.begin_look(&*self.clock);
        let mut going_on = HashSet::new();
        for run in queued_runs(&*self.store, statuses).await? {
            going_on.insert((run.id, run.epoch, run.status));
            if let Some((end, class, reason)) = self.overdue(&run).await? {
                self.end(&run, end, class, reason).await?;
            }
        }
        self.times.end_look(|key| going_on.contains(key));
        self.report_ends_of_inherited().await?;
        let going_on = going_on.into_iter().map(|(run, _, _)| run).collect();
        self.take_what_is_left(&going_on).await?;
        Ok(NextTick::Poll)
    }
}

impl RunMonitor {
    /// Reports the ends of runs that an earlier daemon launched.
    async fn report_ends_of_inherited(&self) -> Result<(), DaemonError> {
        let inherited = self.supervised.inherited().clone();
        for run in inherited {
            let record = self.store.run(run).await?;
            let Some(RunRecord { status, reason, .. }) = record else {
                self.supervised.inherited().remove(&run);
                continue;
            };
            if matches!(status, RunStatus::Running | RunStatus::Canceling) {
                continue;
            }
            self.supervised.inherited().remove(&run);
            if status.is_finished() {
                (self.observer)(&DaemonEvent::Ended { run, status, reason });
            }
        }
        Ok(())
    }

    /// Ends a run by force. The end is recorded first, so that everything that its process still writes is refused.
    async fn end(
        &self,
        run: &RunRecord,
        end: EventBody,
        class: FailureClass,
        reason: String,
    ) -> Result<(), DaemonError> {
        let fence = Fence { run: run.id, epoch: run.epoch };
        if !self.store.end_run(fence, end, self.clock.now()).await? {
            return Ok(());
        }
        (self.observer)(&DaemonEvent::Ending { run: run.id, class, reason });
        let Some(holder) = &run.holder else { return Ok(()) };
        if let Some(launched) = self.launcher.find(run.id, holder).await {
            let grace = self.pipeline.run_limits().cancel;
            launched.terminate().await;
            tokio::spawn(async move {
                tokio::time::sleep(grace).await;
                launched.kill().await;
            });
        }
        Ok(())
    }

    /// Why a run is to be ended, and the event that records it; `None` if it may go on.
    async fn overdue(
        &mut self,
        run: &RunRecord,
    ) -> Result<Option<(EventBody, FailureClass, String)>, DaemonError> {
        let limits = self.pipeline.run_limits();
        if run.status == RunStatus::Canceling {
            let since = self.canceling_since(run).await?;
            let Some(since) = since else { return Ok(None) };
            let is_late = self.passed(run, since).await > limits.cancel;
            let reason = format!("it did not stop within {:?}", limits.cancel);
            return Ok(is_late.then_some((EventBody::RunCanceled, FailureClass::Killed, reason)));
        }
        let Some(started) = run.started_at else { return Ok(None) };
        let passed = self.passed(run, started).await;
        let limit = limits.runtime_of(&run.request.tags).filter(|limit| passed > *limit);
        Ok(limit.map(|limit| {
            let (reason, class) = (format!("it took longer than {limit:?}"), FailureClass::Timeout);
            (EventBody::RunFailed { reason: reason.clone(), class }, class, reason)
        }))
    }

    /// How long a run has been in its status.
    async fn passed(&mut self, run: &RunRecord, since: Timestamp) -> Duration {
        let found = match &run.holder {
            Some(holder) => self.launcher.find(run.id, holder).await,
            None => None,
        };
        let oldest = found.and_then(|launched| launched.age());
        self.times.passed((run.id, run.epoch, run.status), since, oldest, &*self.clock)
    }

    /// Takes the output of processes whose daemon ended before they did. For a lost run, it explains why.
    async fn take_what_is_left(&self, going_on: &HashSet<RunId>) -> Result<(), DaemonError> {
        for run in self.launcher.runs_with_output().await {
            if going_on.contains(&run) || self.supervised.launched().contains(&run) {
                continue;
            }
            let status = self.store.run(run).await?.map(|record| record.status);
            if status == Some(RunStatus::Lost) {
                keep_output(&*self.store, &*self.launcher, run, self.clock.now()).await?;
            } else if status.is_none_or(RunStatus::is_finished) {
                self.launcher.remove_output(run).await;
            }
        }
        Ok(())
    }

    async fn canceling_since(&self, run: &RunRecord) -> Result<Option<Timestamp>, DaemonError> {
        let last = EventQuery {
            run: Some(run.id),
            kinds: Some(EventKind::RunCanceling.into()),
            order: Order::NewestFirst,
            limit: Some(1),
            ..EventQuery::default()
        };
        Ok(self.store.events(last).await?.first().map(|event| event.at))
    }

    /// The runs whose process has died, other than those that the queue settles.
    async fn dead(&self) -> Result<Vec<RunRecord>, DaemonError> {
        let now = self.clock.now();
        Ok(self.home.recover_unless(now, |run| self.supervised.launched().contains(&run.id)).await?)
    }
}

#[cfg(test)]
mod tests {
    use millwork_core::run::RunRequest;
    use millwork_core::{Definitions, SystemClock};
    use millwork_storage::{Claim, Home, NewRun};

    use super::*;
    use crate::daemon::Daemon;
    use crate::launcher::fake::FakeLauncher;

    #[tokio::test]
    async fn output_of_a_process_is_taken_by_any_daemon() {
        let folder = millwork_testing::folder();
        let home = Home::open(folder.path()).await.expect("a home");
        let (store, now) = (home.store(), SystemClock.now());
        let launcher = FakeLauncher::default();
        let mut runs = Vec::new();
        for end in [None, Some(EventBody::RunSucceeded), Some(EventBody::run_lost("it is gone"))] {
            let run = RunId::new(now);
            let request = RunRequest::default().queued();
            store.create_run(NewRun { id: run, request, at: now, lease: None }).await.expect("a run");
            if let Some(end) = end {
                let claim = Claim { run, holder: home.holder().clone(), now, until: now, resumes: false };
                let fence = store.claim(claim).await.expect("a claim");
                assert!(store.end_run(fence, end, now).await.expect("an end"));
            }
            launcher.print(run, "last words");
            runs.push(run);
        }
        launcher.print(RunId::new(now), "of a run that is forgotten");
        let pipeline = Definitions::new().resolve().expect("definitions that fit together");
        let daemon = Daemon::new(pipeline, home, Arc::new(launcher), Arc::new(|_| {}));
        daemon.run_monitor().tick().await.expect("a look");
        assert_eq!(daemon.launcher.runs_with_output().await, [runs[0]], "only what waits may print more");
        for (run, kept) in runs.iter().zip([0, 0, 1]) {
            let kinds = Some(EventKind::Logged.into());
            let logged = EventQuery { run: Some(*run), kinds, ..EventQuery::default() };
            assert_eq!(daemon.store.events(logged).await.expect("events").len(), kept, "{run}");
        }
    }
}
