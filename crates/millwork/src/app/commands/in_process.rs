//! Runs that a daemon executes in its own process. When it is asked to end, they are canceled, and their ends are recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millwork_core::run::{RunId, RunStatus};
use millwork_core::{BoxError, BoxFuture};
use millwork_daemon::InProcessLauncher;
use millwork_engine::{Cancel, Engine};
use millwork_storage::Home;
use tokio::sync::Notify;

/// The runs of this process.
#[derive(Debug)]
pub(super) struct InProcessRuns {
    engine: Engine,
    state: Mutex<State>,
    has_ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<RunId, Cancel>,
    /// Whether this process is to end: no further run is started.
    is_ending: bool,
    /// The number of runs by the status that they ended with after this process was asked to end.
    ends: BTreeMap<&'static str, usize>,
}

impl InProcessRuns {
    pub(super) fn new(engine: Engine) -> Arc<Self> {
        Arc::new(Self { engine, state: Mutex::default(), has_ended: Notify::new() })
    }

    /// The launcher that executes runs in this process.
    pub(super) fn launcher(self: &Arc<Self>, home: &Home) -> InProcessLauncher {
        let runs = self.clone();
        let execute = Arc::new(move |run| -> BoxFuture<Result<(), BoxError>> {
            let runs = runs.clone();
            Box::pin(async move { runs.execute(run).await })
        });
        InProcessLauncher::new(home, execute)
    }

    /// Executes a run to its end. One that is launched after the request to end stays queued for the next daemon.
    async fn execute(&self, run: RunId) -> Result<(), BoxError> {
        let Some(running) = self.begin(run) else { return std::future::pending().await };
        let outcome = self.engine.execute(run, &running.cancel, Arc::new(|_| {})).await;
        let status = outcome.as_ref().map_or(RunStatus::Failed, |outcome| outcome.status);
        self.state().note_end(status);
        outcome?;
        Ok(())
    }

    fn begin(&self, run: RunId) -> Option<Running<'_>> {
        let mut state = self.state();
        let cancel = Cancel::default();
        (!state.is_ending).then(|| {
            state.running.insert(run, cancel.clone());
            Running { runs: self, run, cancel }
        })
    }

    /// Asks all runs to end, and starts no further ones.
    pub(super) fn ask_to_end(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.is_ending, true) {
            state.running.values().for_each(Cancel::request);
        }
    }

    /// Ends all runs at once, after they were asked to end.
    pub(super) fn end_at_once(&self) {
        self.ask_to_end();
        self.state().running.values().for_each(Cancel::request);
    }

    /// Waits until all runs have ended.
    pub(super) async fn ended(&self) {
        loop {
            let has_ended = self.has_ended.notified();
            if self.state().running.is_empty() {
                return;
            }
            has_ended.await;
        }
    }

    /// How runs ended after this process was asked to end, as in `2 succeeded, 1 canceled`; `None` if there were none.
    pub(super) fn ends(&self) -> Option<String> {
        let counted: Vec<String> =
            self.state().ends.iter().map(|(status, count)| format!("{count} {status}")).collect();
        (!counted.is_empty()).then(|| counted.join(", "))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion or removal, so a panic elsewhere leaves the state consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note_end(&mut self, status: RunStatus) {
        if self.is_ending {
            *self.ends.entry(status.as_str()).or_default() += 1;
        }
    }
}

/// A running run; dropping this removes it.
struct Running<'a> {
    runs: &'a InProcessRuns,
    run: RunId,
    cancel: Cancel,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.runs.state().running.remove(&self.run);
        self.runs.has_ended.notify_waiters();
    }
}
