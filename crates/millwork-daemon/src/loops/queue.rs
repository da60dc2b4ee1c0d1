//! The run queue: requested runs are launched, so many at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use millwork_core::Retry;
use millwork_core::run::{FailureClass, RunId, RunStatus, WaitingRun, admit};
use millwork_storage::{RunRecord, queued_runs};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::daemon::Loop;
use crate::launcher::{Exit, Launch, LaunchedRun};
use crate::pauses::Pauses;
use crate::settle::settle;
use crate::{Daemon, DaemonError, DaemonEvent};

/// The runs that this daemon has launched.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    running: HashMap<RunId, Running>,
    ended: Vec<(RunId, Exit)>,
    ends: Ends,
    pauses: Pauses<RunId>,
}

/// Where ends are told.
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

impl Loop for Queue {
    fn name(&self) -> &'static str {
        "the run queue"
    }

    /// Looks after runs that have ended, and launches what may be.
    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        while let Ok(ended) = self.ends.receiver.try_recv() {
            self.ended.push(ended);
        }
        while let Some((run, exit)) = self.ended.last() {
            if let Some(running) = self.running.get(run) {
                settle(daemon, *run, &*running.launched, exit).await?;
            }
            self.running.remove(run);
            daemon.launched().remove(run);
            self.ended.pop();
        }
        let going_on = queued_runs(&*daemon.store, vec![RunStatus::Running, RunStatus::Canceling]).await?;
        self.end_what_does_not_start(daemon, &going_on).await;
        let mut waiting = queued_runs(&*daemon.store, vec![RunStatus::Queued]).await?;
        waiting.retain(|run| !self.running.contains_key(&run.id));
        waiting.reverse();
        self.let_wait(daemon, &mut waiting);
        for run in self.admitted(daemon, &going_on, &waiting) {
            self.launch(daemon, run).await?;
        }
        Ok(daemon.options.beat)
    }

    /// A run that ends makes room at once.
    async fn disturbed(&mut self) {
        self.ended.extend(self.ends.receiver.recv().await);
    }
}

impl Queue {
    /// Lets go on what has waited long enough before it is tried again, by the steady clock.
    fn let_wait(&mut self, daemon: &Daemon, waiting: &mut [RunRecord]) {
        let clock = &*daemon.options.clock;
        for run in &mut *waiting {
            let pauses = &mut self.pauses;
            let mut is_over = |until| pauses.is_over(run.id, until, Retry::LONGEST_DELAY, clock);
            // A moment that can't have come keeps one waiting whose pause is not over.
            run.not_before = run.not_before.filter(|until| !is_over(*until)).map(|_| Timestamp::MAX);
        }
        let ids: HashSet<RunId> = waiting.iter().map(|run| run.id).collect();
        self.pauses.keep(|id| ids.contains(id));
    }

    /// The waiting runs that may start, those of daemons before this one counted among what goes on.
    fn admitted<'a>(
        &self,
        daemon: &Daemon,
        going_on: &[RunRecord],
        waiting: &'a [RunRecord],
    ) -> Vec<&'a RunRecord> {
        let others = going_on.iter().filter(|run| !self.running.contains_key(&run.id));
        let ours = self.running.values().map(|running| &running.record);
        let tags = others.chain(ours).map(|run| &run.request.tags);
        let candidates = waiting
            .iter()
            .map(|run| WaitingRun { id: run.id, request: &run.request, not_before: run.not_before })
            .collect();
        let decided = admit(&daemon.options.queue, tags, candidates, daemon.options.clock.now());
        let admitted = decided.into_iter().filter(|(_, reason)| reason.is_none()).map(|(run, _)| run);
        admitted.filter_map(|id| waiting.iter().find(|run| run.id == id)).collect()
    }

    async fn launch(&mut self, daemon: &Daemon, record: &RunRecord) -> Result<(), DaemonError> {
        let run = record.id;
        // Before it can claim the run: what is launched is settled here, however early it ends.
        daemon.launched().insert(run);
        let launched = daemon.launcher.launch(run).await;
        let Launch { run: launched, end } = launched.map_err(|source| {
            daemon.launched().remove(&run);
            DaemonError::Launch { run, source }
        })?;
        daemon.tell(&DaemonEvent::Launched { run, launched: launched.id() });
        let running = Running { launched, record: record.clone(), since: Instant::now(), has_started: false };
        self.running.insert(run, running);
        let sender = self.ends.sender.clone();
        tokio::spawn(async move {
            // A queue that is gone leaves the run to the next daemon.
            let _ = sender.send((run, end.await));
        });
        Ok(())
    }

    /// Ends what has not begun with its run in time; what becomes of the run is settled when it has ended.
    async fn end_what_does_not_start(&mut self, daemon: &Daemon, going_on: &[RunRecord]) {
        let longest = daemon.pipeline.run_limits().start;
        for (&run, running) in &mut self.running {
            running.has_started |= going_on.iter().any(|other| other.id == run);
            if !running.has_started && running.since.elapsed() > longest && running.launched.can_be_killed() {
                running.has_started = true;
                let class = FailureClass::Timeout;
                let reason = format!("it has not started within {longest:?}");
                daemon.tell(&DaemonEvent::Ending { run, class, reason });
                running.launched.kill().await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
