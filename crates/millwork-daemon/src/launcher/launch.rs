//! The contract between the daemon and launchers.
//!
//! A launched run outlives the daemon, so its end can only be waited for by the daemon that launched it. That is why the
//! end is a future of its own beside the handle: a daemon that comes later finds a handle by the process that holds the run
//! ([`Launcher::find`]), with which it can end the run, and learns the end from the store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use millwork_core::run::{FailureClass, RunId};
use millwork_core::{BoxError, BoxFuture};
use millwork_storage::Holder;

/// Starts the execution of runs, and knows how it ended.
pub trait Launcher: fmt::Debug + Send + Sync {
    /// Launches a run. That neither claims nor changes the run: what was launched claims it. After an error the run stays queued, and the
    /// daemon tries again. A daemon that is started while a run waits to begin launches it again, since no process holds it yet; only one of
    /// the two claims it, and the other one ends. A launcher whose runs wait long, as in the queue of a cluster, returns the first one.
    fn launch(&self, run: RunId) -> BoxFuture<Result<Launch, BoxError>>;

    /// Finds what executes a run that this daemon has not launched, given the process that holds the run. `None` if it has ended, or if
    /// this launcher can't reach it.
    fn find(&self, run: RunId, holder: &Holder) -> BoxFuture<Option<Arc<dyn LaunchedRun>>>;

    /// The output of a run outside of its steps: before the first one, between steps, or at the end. `None` if it has printed nothing, or
    /// its output isn't kept.
    fn output(&self, run: RunId) -> BoxFuture<Option<String>>;

    /// Removes the output of a run, once it is recorded or of no interest. Has no effect if none is kept.
    fn remove_output(&self, run: RunId) -> BoxFuture<()>;

    /// The runs whose output is kept, so that it isn't kept forever if a daemon ends before the run does.
    fn runs_with_output(&self) -> BoxFuture<Vec<RunId>>;
}

/// A run that was launched just now, and a future of its end.
pub struct Launch {
    /// A handle to what was launched.
    pub run: Arc<dyn LaunchedRun>,
    /// Completes when it has ended, with every process that it has started.
    pub end: BoxFuture<Exit>,
}

/// A handle to what executes a run: a process, a job of a cluster, a task of this process.
pub trait LaunchedRun: fmt::Debug + Send + Sync {
    /// Its name where it executes: `process 735`.
    fn id(&self) -> LaunchedRunId;

    /// Whether it is the process that holds a run. Another process may have claimed the run first.
    fn is_holder(&self, holder: &Holder) -> bool;

    /// How long it has been executing, by a clock that is never set; `None` if that isn't known.
    fn age(&self) -> Option<Duration>;

    /// Asks it to end gracefully. Has no effect if it can't be asked, or has ended.
    fn terminate(&self) -> BoxFuture<()>;

    /// Ends it at once, with every process that it has started. Has no effect if it has ended.
    fn kill(&self) -> BoxFuture<()>;

    /// Whether [`kill`](Self::kill) ends it. A task of the daemon's own process ends only when it notices that its run has been ended.
    fn can_be_killed(&self) -> bool;
}

/// The name of a launched run where it executes: `process 735`, `job 81 of Slurm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchedRunId(String);

/// How a launched run ended, as its launcher saw it. It counts only if the run's events don't record how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The class of failure of such an end, which decides about retries of the run.
    pub class: FailureClass,
    /// The reason for people, with a hint where one is known.
    pub reason: String,
}

impl LaunchedRunId {
    /// A name that follows "launched as …".
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for LaunchedRunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch").field("run", &self.run).finish_non_exhaustive()
    }
}
