//! The run queue: requested runs become processes, so many at a time.

use std::cmp::Reverse;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{QUEUE_TAG, RunId, RunStatus};
use millwork_storage::{Batch, Claim, Fence, RunQuery, RunRecord};
use tokio::task::JoinSet;

use crate::daemon::Loop;
use crate::{Daemon, DaemonError, Happening};

/// The tag with a run's priority, a whole number: larger ones first, 0 if absent.
const PRIORITY_TAG: &str = "millwork/priority";

/// The runs that this daemon has launched.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    launched: JoinSet<(RunId, std::io::Result<ExitStatus>)>,
    running: Vec<RunId>,
}

impl Loop for Queue {
    fn name(&self) -> &'static str {
        "the run queue"
    }

    /// Looks after processes that have ended, and launches what may be.
    async fn turn(&mut self, daemon: &Daemon) -> Result<Duration, DaemonError> {
        while let Some(ended) = self.launched.try_join_next() {
            if let Ok((run, exit)) = ended {
                self.running.retain(|running| *running != run);
                settle(daemon, run, &exit).await?;
            }
        }
        let mut free = self.free(daemon).await?;
        if free > 0 {
            for run in waiting(daemon).await? {
                if free == 0 {
                    break;
                }
                if !self.running.contains(&run.id) {
                    self.launch(daemon, run.id)?;
                    free -= 1;
                }
            }
        }
        // A process that ends makes room: that is looked at more often.
        Ok(if self.running.is_empty() {
            daemon.options.beat
        } else {
            daemon.options.beat.min(Duration::from_millis(20))
        })
    }
}

impl Queue {
    /// How many runs more may go on, those of daemons before this one counted.
    async fn free(&self, daemon: &Daemon) -> Result<usize, DaemonError> {
        let going_on = runs(daemon, vec![RunStatus::Running, RunStatus::Canceling]).await?;
        let others = going_on.iter().filter(|run| !self.running.contains(&run.id)).count();
        Ok(daemon.options.max_runs.saturating_sub(others + self.running.len()))
    }

    fn launch(&mut self, daemon: &Daemon, run: RunId) -> Result<(), DaemonError> {
        let mut child = daemon.launcher.launch(run)?;
        daemon.tell(&Happening::Launched { run, pid: child.id().unwrap_or(0) });
        self.running.push(run);
        self.launched.spawn(async move { (run, child.wait().await) });
        Ok(())
    }
}

/// The requested runs, those that come first first.
async fn waiting(daemon: &Daemon) -> Result<Vec<RunRecord>, DaemonError> {
    let mut waiting = runs(daemon, vec![RunStatus::Queued]).await?;
    waiting.reverse();
    let priority = |run: &RunRecord| -> i64 {
        run.request.tags.get(PRIORITY_TAG).and_then(|priority| priority.parse().ok()).unwrap_or(0)
    };
    waiting.sort_by_key(|run| Reverse(priority(run)));
    Ok(waiting)
}

/// The runs that are left to daemons, newest first.
async fn runs(daemon: &Daemon, statuses: Vec<RunStatus>) -> Result<Vec<RunRecord>, DaemonError> {
    let tag = Some((QUEUE_TAG.0.to_owned(), QUEUE_TAG.1.to_owned()));
    Ok(daemon.store.runs(RunQuery { statuses, tag, ..RunQuery::default() }).await?)
}

/// Sees that a run whose process has ended has ended as well.
async fn settle(daemon: &Daemon, run: RunId, exit: &std::io::Result<ExitStatus>) -> Result<(), DaemonError> {
    let Some(record) = daemon.store.run(run).await? else { return Ok(()) };
    let (reason, now) = (reason(exit), daemon.options.clock.now());
    match record.status {
        RunStatus::Running | RunStatus::Canceling => {
            daemon.store.mark_lost(Fence { run, epoch: record.epoch }, &reason, now).await?;
        }
        RunStatus::Queued => {
            let holder = daemon.home.holder().clone();
            let fence = daemon.store.claim(Claim { run, holder, now, until: now }).await?;
            let reason = format!("it was not started: {reason}");
            let failed = NewEvent::of_run(run, now, EventBody::RunFailed { reason });
            daemon.store.append(Batch { fence: Some(fence), events: vec![failed] }).await?;
        }
        _ => {}
    }
    if let Some(RunRecord { status, reason, .. }) = daemon.store.run(run).await? {
        daemon.tell(&Happening::Ended { run, status, reason });
    }
    Ok(())
}

/// How a process ended, for people.
fn reason(exit: &std::io::Result<ExitStatus>) -> String {
    match exit {
        Ok(exit) => match (exit.code(), exit.signal()) {
            (Some(code), _) => format!("its process ended with exit code {code}"),
            (None, Some(9)) => {
                "its process was killed (SIGKILL); hint: the system does so when memory runs out".to_owned()
            }
            (None, signal) => format!("its process was ended by signal {}", signal.unwrap_or(0)),
        },
        Err(error) => format!("its process could not be watched: {error}"),
    }
}
