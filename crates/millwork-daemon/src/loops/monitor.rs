//! The run monitor: no run goes on for ever, and none whose process has died.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::event::{EventBody, EventKind};
use millwork_core::run::{FailureClass, RunId, RunStatus};
use millwork_storage::{EventQuery, Fence, Order, RunRecord, queued_runs};

use crate::daemon::Loop;
use crate::settle::keep_output;
use crate::stopwatch::Stopwatch;
use crate::{Daemon, DaemonError, DaemonEvent};

/// How often it looks.
const REST: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Monitor {
    /// How long each run has been in its status, by the claim under which it is executed.
    times: Stopwatch<(RunId, u32, RunStatus)>,
}

impl Loop for Monitor {
    fn name(&self) -> &'static str {
        "the run monitor"
    }

    /// Remembers the runs that an earlier daemon launched and that are still going on, to report how they end.
    async fn begin(&mut self, daemon: &Daemon) -> Result<(), DaemonError> {
        let going_on = queued_runs(&*daemon.store, vec![RunStatus::Running, RunStatus::Canceling]).await?;
        daemon.inherited().extend(going_on.into_iter().map(|run| run.id));
        Ok(())
    }

    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        for RunRecord { id: run, status, reason, .. } in ended(daemon).await? {
            daemon.inherited().remove(&run);
            keep_output(daemon, run, daemon.launcher.take_output(run).await).await?;
            daemon.tell(&match status {
                RunStatus::Lost => DaemonEvent::Lost { run, reason: reason.unwrap_or_default() },
                _ => DaemonEvent::Ended { run, status, reason },
            });
        }
        let statuses = vec![RunStatus::Running, RunStatus::Canceling];
        self.times.begin_look(&*daemon.options.clock);
        let mut going_on = HashSet::new();
        for run in queued_runs(&*daemon.store, statuses).await? {
            going_on.insert((run.id, run.epoch, run.status));
            if let Some((end, class, reason)) = self.overdue(daemon, &run).await? {
                self.end(daemon, &run, end, class, reason).await?;
            }
        }
        self.times.end_look(|key| going_on.contains(key));
        tell_ends_of_inherited(daemon).await?;
        let going_on = going_on.into_iter().map(|(run, _, _)| run).collect();
        take_what_is_left(daemon, &going_on).await?;
        Ok(REST)
    }
}

/// Tells how runs have ended that an earlier daemon launched.
async fn tell_ends_of_inherited(daemon: &Daemon) -> Result<(), DaemonError> {
    let inherited = daemon.inherited().clone();
    for run in inherited {
        let record = daemon.store.run(run).await?;
        let Some(RunRecord { status, reason, .. }) = record else {
            daemon.inherited().remove(&run);
            continue;
        };
        if matches!(status, RunStatus::Running | RunStatus::Canceling) {
            continue;
        }
        daemon.inherited().remove(&run);
        if status.is_finished() {
            daemon.tell(&DaemonEvent::Ended { run, status, reason });
        }
    }
    Ok(())
}

impl Monitor {
    /// Ends a run by force. It is recorded first, so that nothing that its process still does counts.
    async fn end(
        &self,
        daemon: &Daemon,
        run: &RunRecord,
        end: EventBody,
        class: FailureClass,
        reason: String,
    ) -> Result<(), DaemonError> {
        let fence = Fence { run: run.id, epoch: run.epoch };
        if !daemon.store.end_run(fence, end, daemon.options.clock.now()).await? {
            return Ok(());
        }
        daemon.tell(&DaemonEvent::Ending { run: run.id, class, reason });
        let Some(holder) = &run.holder else { return Ok(()) };
        if let Some(launched) = daemon.launcher.find(run.id, holder).await {
            let grace = daemon.pipeline.run_limits().cancel;
            launched.terminate().await;
            tokio::spawn(async move {
                tokio::time::sleep(grace).await;
                launched.kill().await;
            });
        }
        Ok(())
    }

    /// Why a run is to be ended, and how that is recorded; nothing if it may go on.
    async fn overdue(
        &mut self,
        daemon: &Daemon,
        run: &RunRecord,
    ) -> Result<Option<(EventBody, FailureClass, String)>, DaemonError> {
        let limits = daemon.pipeline.run_limits();
        if run.status == RunStatus::Canceling {
            let since = canceling_since(daemon, run).await?;
            let Some(since) = since else { return Ok(None) };
            let is_late = self.passed(daemon, run, since).await > limits.cancel;
            let reason = format!("it did not stop within {:?}", limits.cancel);
            return Ok(is_late.then_some((EventBody::RunCanceled, FailureClass::Killed, reason)));
        }
        let Some(started) = run.started_at else { return Ok(None) };
        let passed = self.passed(daemon, run, started).await;
        let limit = limits.runtime_of(&run.request.tags).filter(|limit| passed > *limit);
        Ok(limit.map(|limit| {
            let (reason, class) = (format!("it took longer than {limit:?}"), FailureClass::Timeout);
            (EventBody::RunFailed { reason: reason.clone(), class }, class, reason)
        }))
    }

    /// How long a run has been in its status.
    async fn passed(&mut self, daemon: &Daemon, run: &RunRecord, since: Timestamp) -> Duration {
        let found = match &run.holder {
            Some(holder) => daemon.launcher.find(run.id, holder).await,
            None => None,
        };
        let oldest = found.and_then(|launched| launched.age());
        self.times.passed((run.id, run.epoch, run.status), since, oldest, &*daemon.options.clock)
    }
}

/// Takes away what processes have printed whose daemon did not live to see their ends. Of a run that was lost, it says why.
async fn take_what_is_left(daemon: &Daemon, going_on: &HashSet<RunId>) -> Result<(), DaemonError> {
    for run in daemon.launcher.runs_with_output().await {
        if going_on.contains(&run) || daemon.launched().contains(&run) {
            continue;
        }
        let status = daemon.store.run(run).await?.map(|record| record.status);
        if status.is_none_or(RunStatus::is_finished) {
            let output = daemon.launcher.take_output(run).await;
            if status == Some(RunStatus::Lost) {
                keep_output(daemon, run, output).await?;
            }
        }
    }
    Ok(())
}

async fn canceling_since(daemon: &Daemon, run: &RunRecord) -> Result<Option<Timestamp>, DaemonError> {
    let last = EventQuery {
        run: Some(run.id),
        kinds: Some(EventKind::RunCanceling.into()),
        order: Order::NewestFirst,
        limit: Some(1),
        ..EventQuery::default()
    };
    Ok(daemon.store.events(last).await?.first().map(|event| event.at))
}

/// The runs whose process has died, other than those that the queue settles.
async fn ended(daemon: &Daemon) -> Result<Vec<RunRecord>, DaemonError> {
    let now = daemon.options.clock.now();
    Ok(daemon.home.recover_unless(now, |run| daemon.launched().contains(&run.id)).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use millwork_core::run::RunRequest;
    use millwork_core::{Clock as _, Definitions, SystemClock};
    use millwork_storage::{Claim, Home, NewRun};

    use super::*;
    use crate::launcher::fake::FakeLauncher;

    #[tokio::test]
    async fn what_a_process_printed_is_taken_away_whoever_saw_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
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
        Monitor::default().turn(&daemon).await.expect("a look");
        assert_eq!(daemon.launcher.runs_with_output().await, [runs[0]], "only what waits may print more");
        for (run, kept) in runs.iter().zip([0, 0, 1]) {
            let kinds = Some(EventKind::Logged.into());
            let logged = EventQuery { run: Some(*run), kinds, ..EventQuery::default() };
            assert_eq!(daemon.store.events(logged).await.expect("events").len(), kept, "{run}");
        }
    }
}
