//! What the daemon expects of whatever launches runs.
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

/// Makes something begin that executes a run, and knows what has become of it.
pub trait Launcher: fmt::Debug + Send + Sync {
    /// Launches a run. The run is neither claimed nor changed by that: what is launched claims it. Where nothing could be launched,
    /// the run stays queued and the daemon tries again.
    fn launch(&self, run: RunId) -> BoxFuture<Result<Launch, BoxError>>;

    /// What executes a run that this daemon has not launched, given the process that holds the run. `None` if that has ended, or
    /// this launcher can't reach it.
    fn find(&self, run: RunId, holder: &Holder) -> BoxFuture<Option<Arc<dyn LaunchedRun>>>;

    /// Takes what was printed for a run outside of its steps: before the first one, between steps, or at the end. `None` if nothing
    /// was, or nothing is kept.
    fn take_output(&self, run: RunId) -> BoxFuture<Option<String>>;

    /// The runs of which output is kept that wasn't taken, so that it isn't kept for ever where a daemon did not live to see a run's
    /// end.
    fn runs_with_output(&self) -> BoxFuture<Vec<RunId>>;
}

/// A run that was launched just now, and its end.
pub struct Launch {
    /// What was launched.
    pub run: Arc<dyn LaunchedRun>,
    /// Completes when that has ended, with all that it has started.
    pub end: BoxFuture<Exit>,
}

/// What executes a run: a process, a job of a cluster, a task of this process.
pub trait LaunchedRun: fmt::Debug + Send + Sync {
    /// What it is called where it executes.
    fn id(&self) -> LaunchedRunId;

    /// Whether it is the process that holds a run. Another process may have been faster to claim the run.
    fn is_holder(&self, holder: &Holder) -> bool;

    /// How long it has been executing, by a clock that is never set; `None` where that isn't known.
    fn age(&self) -> Option<Duration>;

    /// Asks it to end, so that it can say how it did. Nothing happens if it can't be asked, or has ended.
    fn terminate(&self) -> BoxFuture<()>;

    /// Ends it at once, with all that it has started. Nothing happens if it has ended.
    fn kill(&self) -> BoxFuture<()>;

    /// Whether [`kill`](Self::kill) ends it. A task of the daemon's own process can only notice by itself that its run has been ended.
    fn can_be_killed(&self) -> bool;
}

/// What a launched run is called where it executes, in words: `process 735`, `job 81 of Slurm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchedRunId(String);

/// How a launched run ended, as its launcher saw it. It counts only where the run's events don't say themselves how it
/// ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// What kind of failure it is for a run to end like this. Retries of runs go by it.
    pub class: FailureClass,
    /// Why it ended, for people, with a hint where there is one.
    pub reason: String,
}

impl LaunchedRunId {
    /// A name in words, such that "launched as …" can go on with it.
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
