//! The run queue: launches requested runs, as many as the limits allow, and settles their ends.
//!
//! A run records its end itself, by events. Only if it could not, because it was killed or never began, the end that its launcher saw is
//! recorded for it. Ends arrive from tasks that wait for them; one whose settling fails is kept and settled at the next tick.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::advice::one_line_of;
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{FailureClass, RunId, RunStatus, WaitingRun, admit};
use millwork_core::{Clock, Pipeline, QueueLimits, Retry};
use millwork_storage::{Batch, Claim, Fence, Holder, Home, RunRecord, Store, queued_runs};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::activation::{Activation, Activations};
use crate::daemon_loop::{DaemonLoop, NextTick};
use crate::error::DaemonError;
use crate::event::{DaemonEvent, Observer};
use crate::launcher::{Exit, Launch, LaunchedRun, Launcher};
use crate::loop_name::LoopName;
use crate::pauses::Pauses;
use crate::run_output::keep_output;
use crate::supervised_runs::SupervisedRuns;

/// Launches runs, and settles the ends of those that it has launched.
pub(crate) struct RunQueue {
    pub(crate) pipeline: Pipeline,
    pub(crate) limits: QueueLimits,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) launcher: Arc<dyn Launcher>,
    /// Where the errors of launches are announced.
    pub(crate) home: Home,
    /// This process, as the holder that claims runs which were never begun, to record how they ended.
    pub(crate) holder: Holder,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Observer,
    pub(crate) activations: Activations,
    pub(crate) supervised: SupervisedRuns,
    pub(crate) poll_interval: Duration,
    pub(crate) launches: Launches,
}

/// The runs that were launched and aren't settled, and the pauses of those that wait.
#[derive(Debug, Default)]
pub(crate) struct Launches {
    running: HashMap<RunId, Running>,
    ended: Vec<(RunId, Exit)>,
    ends: Ends,
    pauses: Pauses<RunId>,
    /// The announced error of the last launch; `None` if it succeeded.
    error: Option<String>,
}

/// Where ends are sent.
#[derive(Debug)]
struct Ends {
    sender: UnboundedSender<(RunId, Exit)>,
    receiver: UnboundedReceiver<(RunId, Exit)>,
}

impl Default for Ends {
    fn default() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { sender, receiver }
    }
}

#[derive(Debug)]
struct Running {
    launched: Arc<dyn LaunchedRun>,
    record: RunRecord,
    since: Instant,
    has_started: bool,
}

impl DaemonLoop for RunQueue {
    const NAME: LoopName = LoopName::RunQueue;
    const WOKEN_BY: &'static [Activation] =
        &[Activation::StoreWritten, Activation::ClockSet, Activation::RunQueued, Activation::LaunchEnded];

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    /// Settles runs that have ended, and launches those that may start: a run that ends makes room at once.
    async fn tick(&mut self) -> Result<NextTick, DaemonError> {
        while let Ok(ended) = self.launches.ends.receiver.try_recv() {
            self.launches.ended.push(ended);
        }
        while let Some((run, exit)) = self.launches.ended.last() {
            if let Some(running) = self.launches.running.get(run) {
                self.settle(*run, &*running.launched, exit).await?;
            }
            self.launches.running.remove(run);
            self.supervised.launched().remove(run);
            self.launches.ended.pop();
        }
        let going_on = queued_runs(&*self.store, vec![RunStatus::Running, RunStatus::Canceling]).await?;
        self.end_what_does_not_start(&going_on).await;
        let mut waiting = queued_runs(&*self.store, vec![RunStatus::Queued]).await?;
        waiting.retain(|run| !self.launches.running.contains_key(&run.id));
        waiting.reverse();
        self.let_wait(&mut waiting);
        for run in self.admitted(&going_on, &waiting) {
            self.launch(run).await?;
        }
        Ok(NextTick::Poll)
    }
}

impl RunQueue {
    /// Clears pauses that are over, and moves the end of those that aren't to a time that never comes, by the steady clock.
    fn let_wait(&mut self, waiting: &mut [RunRecord]) {
        let clock = &*self.clock;
        for run in &mut *waiting {
            let pauses = &mut self.launches.pauses;
            let mut is_over = |until| pauses.is_over(run.id, until, Retry::LONGEST_DELAY, clock);
            // The stored end may be in the past by a clock that was set, so the latest time replaces it.
            run.not_before = run.not_before.filter(|until| !is_over(*until)).map(|_| Timestamp::MAX);
        }
        let ids: HashSet<RunId> = waiting.iter().map(|run| run.id).collect();
        self.launches.pauses.keep(|id| ids.contains(id));
    }

    /// The waiting runs that may start. Runs that earlier daemons launched count towards the limits.
    fn admitted<'a>(&self, going_on: &[RunRecord], waiting: &'a [RunRecord]) -> Vec<&'a RunRecord> {
        let others = going_on.iter().filter(|run| !self.launches.running.contains_key(&run.id));
        let ours = self.launches.running.values().map(|running| &running.record);
        let tags = others.chain(ours).map(|run| &run.request.tags);
        let candidates = waiting
            .iter()
            .map(|run| WaitingRun { id: run.id, request: &run.request, not_before: run.not_before })
            .collect();
        let decided = admit(&self.limits, tags, candidates, self.clock.now());
        let admitted = decided.into_iter().filter(|(_, reason)| reason.is_none()).map(|(run, _)| run);
        admitted.filter_map(|id| waiting.iter().find(|run| run.id == id)).collect()
    }

    async fn launch(&mut self, record: &RunRecord) -> Result<(), DaemonError> {
        let run = record.id;
        // Registered before it can claim the run: what is launched is settled here, however early it ends.
        self.supervised.launched().insert(run);
        let launched = self.launcher.launch(run).await;
        let error = launched.as_ref().err().map(|error| one_line_of(&**error));
        if error != self.launches.error {
            self.home.announce_launch(error.clone());
            self.launches.error = error;
        }
        let Launch { run: launched, end } = launched.map_err(|source| {
            self.supervised.launched().remove(&run);
            DaemonError::Launch { run, source }
        })?;
        (self.observer)(&DaemonEvent::Launched { run, launched: launched.id() });
        let running = Running { launched, record: record.clone(), since: Instant::now(), has_started: false };
        self.launches.running.insert(run, running);
        let (sender, activations) = (self.launches.ends.sender.clone(), self.activations.clone());
        tokio::spawn(async move {
            // If the queue is gone, the run is left to the next daemon.
            let _ = sender.send((run, end.await));
            activations.send(Activation::LaunchEnded);
        });
        Ok(())
    }

    /// Ensures that a launched run whose execution has ended has ended in the store as well.
    async fn settle(&self, run: RunId, launched: &dyn LaunchedRun, exit: &Exit) -> Result<(), DaemonError> {
        let Exit { class, reason } = exit.clone();
        let Some(record) = self.store.run(run).await? else { return Ok(()) };
        if record.status.is_finished() {
            self.launcher.remove_output(run).await;
        } else {
            keep_output(&*self.store, &*self.launcher, run, self.clock.now()).await?;
        }
        let now = self.clock.now();
        match record.status {
            // A process that an earlier daemon launched may have claimed the run first, and is executing it.
            RunStatus::Running | RunStatus::Canceling
                if !record.holder.as_ref().is_some_and(|holder| launched.is_holder(holder)) => {}
            RunStatus::Running | RunStatus::Canceling => {
                let end = record.end_of_process(reason, class);
                self.store.end_run(Fence { run, epoch: record.epoch }, end, now).await?;
            }
            RunStatus::Queued if record.not_before.is_none() => {
                let holder = self.holder.clone();
                let fence = self.store.claim(Claim { run, holder, now, until: now, resumes: false }).await?;
                let reason = format!("it was not started: {reason}");
                let failed = NewEvent::of_run(run, now, EventBody::RunFailed { reason, class });
                self.store.append(Batch { fence: Some(fence), events: vec![failed] }).await?;
            }
            RunStatus::Queued
            | RunStatus::Succeeded
            | RunStatus::Failed
            | RunStatus::Canceled
            | RunStatus::Lost => {}
        }
        if let Some(RunRecord { status, reason, .. }) = self.store.run(run).await? {
            if matches!(status, RunStatus::Running | RunStatus::Canceling) {
                self.supervised.inherited().insert(run);
                return Ok(());
            }
            (self.observer)(&DaemonEvent::Ended { run, status, reason });
            self.activations.send(Activation::RunEnded);
        }
        Ok(())
    }

    /// Ends processes that haven't claimed their run in time; the runs are settled when they have ended.
    async fn end_what_does_not_start(&mut self, going_on: &[RunRecord]) {
        let longest = self.pipeline.run_limits().start;
        for (&run, running) in &mut self.launches.running {
            running.has_started |= going_on.iter().any(|other| other.id == run);
            if !running.has_started && running.since.elapsed() > longest && running.launched.can_be_killed() {
                running.has_started = true;
                let class = FailureClass::Timeout;
                let reason = format!("it has not started within {longest:?}");
                (self.observer)(&DaemonEvent::Ending { run, class, reason });
                running.launched.kill().await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
