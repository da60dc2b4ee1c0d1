//! Runs that a daemon executes in its own process: when it is asked to end, they are, and their ends are recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millwork_core::run::RunId;
use millwork_daemon::Launcher;
use millwork_engine::{Cancel, Engine};
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
    /// Whether this process is to end: no run is begun any more.
    is_ending: bool,
}

impl InProcessRuns {
    pub(super) fn new(engine: Engine) -> Arc<Self> {
        Arc::new(Self { engine, state: Mutex::default(), has_ended: Notify::new() })
    }

    /// What executes runs here.
    pub(super) fn launcher(self: &Arc<Self>) -> Launcher {
        let runs = self.clone();
        Launcher::in_process(Arc::new(move |run| {
            let runs = runs.clone();
            Box::pin(async move { runs.execute(run).await })
        }))
    }

    /// Executes a run to its end. One that comes too late stays queued, for the next daemon.
    async fn execute(&self, run: RunId) {
        let Some(running) = self.begin(run) else { return std::future::pending().await };
        // A run that fails says so itself; one that can't be executed is settled by the daemon.
        let _ = self.engine.execute(run, &running.cancel, Arc::new(|_| {})).await;
    }

    fn begin(&self, run: RunId) -> Option<Running<'_>> {
        let mut state = self.state();
        let cancel = Cancel::default();
        (!state.is_ending).then(|| {
            state.running.insert(run, cancel.clone());
            Running { runs: self, run, cancel }
        })
    }

    /// Asks all runs to end, and begins none any more.
    pub(super) fn ask_to_end(&self) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.is_ending, true) {
            state.running.values().for_each(Cancel::request);
        }
    }

    /// Ends all runs, which were asked before, at once.
    pub(super) fn end_at_once(&self) {
        self.ask_to_end();
        self.state().running.values().for_each(Cancel::request);
    }

    /// Waits until no run goes on.
    pub(super) async fn ended(&self) {
        loop {
            let has_ended = self.has_ended.notified();
            if self.state().running.is_empty() {
                return;
            }
            has_ended.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion or removal, so a panic elsewhere leaves nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that goes on until this is dropped.
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
