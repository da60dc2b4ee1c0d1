//! Runs that are executed in the daemon's own process.
//!
//! That saves the start of a process for each run, and has its price: a run that ends its process ends the daemon and all runs with it, and
//! a run can't be ended from outside: it notices at its next write that it has lost its claim.

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use millwork_core::advice::one_line_of;
use millwork_core::run::{FailureClass, RunId};
use millwork_core::{BoxError, BoxFuture};
use millwork_storage::{Holder, Home};
use tokio::sync::oneshot;

use super::process::find_process;
use super::{Exit, Launch, LaunchedRun, LaunchedRunId, Launcher};

/// Executes a run to its end, or returns the reason why it could not, which is recorded for the run.
pub type ExecuteRun = dyn Fn(RunId) -> BoxFuture<Result<(), BoxError>> + Send + Sync;

/// Executes each run by a function in this process, as a task of the runtime.
#[derive(Clone)]
pub struct InProcessLauncher {
    home: Home,
    execute: Arc<ExecuteRun>,
    since: Instant,
}

impl InProcessLauncher {
    /// Executes runs of a home, which `execute` claims as the home's own [holder](Home::holder).
    pub fn new(home: &Home, execute: Arc<ExecuteRun>) -> Self {
        Self { home: home.clone(), execute, since: Instant::now() }
    }

    fn task(&self) -> Arc<dyn LaunchedRun> {
        Arc::new(Task { holder: self.home.holder().clone(), since: self.since })
    }
}

impl Launcher for InProcessLauncher {
    fn launch(&self, run: RunId) -> BoxFuture<Result<Launch, BoxError>> {
        let (ended, end) = oneshot::channel();
        let execute = (self.execute)(run);
        tokio::spawn(async move {
            let _ = ended.send(execute.await);
        });
        // A panic drops the sender.
        let end = Box::pin(async move { exit(end.await.ok()) });
        Box::pin(ready(Ok(Launch { run: self.task(), end })))
    }

    fn find(&self, _: RunId, holder: &Holder) -> BoxFuture<Option<Arc<dyn LaunchedRun>>> {
        // A run that another daemon launched as a process may still go on.
        let is_own = self.home.holder() == holder;
        Box::pin(ready(if is_own { Some(self.task()) } else { find_process(&self.home, holder) }))
    }

    fn output(&self, _: RunId) -> BoxFuture<Option<String>> {
        Box::pin(ready(None))
    }

    fn remove_output(&self, _: RunId) -> BoxFuture<()> {
        Box::pin(ready(()))
    }

    fn runs_with_output(&self) -> BoxFuture<Vec<RunId>> {
        Box::pin(ready(Vec::new()))
    }
}

/// The reason why a run ended without recording it, from its function's result; `None` if it panicked.
fn exit(returned: Option<Result<(), BoxError>>) -> Exit {
    let reason = match returned {
        Some(Ok(())) => "it ended without recording its end".to_owned(),
        Some(Err(error)) => format!("its execution failed: {}", one_line_of(error.as_ref())),
        None => "its execution panicked".to_owned(),
    };
    Exit { class: FailureClass::Error, reason }
}

/// A run that is executed in this process.
#[derive(Debug)]
struct Task {
    /// This process.
    holder: Holder,
    /// The earliest time at which runs could be launched here: no run of this process is older.
    since: Instant,
}

impl LaunchedRun for Task {
    fn id(&self) -> LaunchedRunId {
        LaunchedRunId::new("a task of this process")
    }

    fn is_holder(&self, holder: &Holder) -> bool {
        self.holder == *holder
    }

    fn age(&self) -> Option<Duration> {
        Some(self.since.elapsed())
    }

    fn terminate(&self) -> BoxFuture<()> {
        Box::pin(ready(()))
    }

    fn kill(&self) -> BoxFuture<()> {
        Box::pin(ready(()))
    }

    fn can_be_killed(&self) -> bool {
        false
    }
}

impl fmt::Debug for InProcessLauncher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessLauncher").field("home", &self.home.path).finish_non_exhaustive()
    }
}
