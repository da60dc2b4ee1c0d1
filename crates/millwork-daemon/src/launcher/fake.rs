//! A launcher in memory: it starts no process, and its tests decide how launched runs end.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use millwork_core::run::RunId;
use millwork_core::{BoxError, BoxFuture};
use millwork_storage::Holder;
use tokio::sync::{mpsc, oneshot};

use super::{Exit, Launch, LaunchedRun, LaunchedRunId, Launcher};

/// Launches runs in memory only. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct FakeLauncher {
    state: Arc<Mutex<State>>,
    ended: mpsc::UnboundedSender<Ended>,
}

#[derive(Debug, Default)]
struct State {
    /// The requests in their order, including those that were refused.
    asked_for: Vec<RunId>,
    /// The reason why nothing can be launched, if a test has set one.
    refusal: Option<String>,
    going_on: BTreeMap<RunId, (FakeRun, oneshot::Sender<Exit>)>,
    outputs: BTreeMap<RunId, String>,
}

/// The calls on a run that was launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Terminated(RunId),
    Killed(RunId),
}

#[derive(Clone, Debug)]
struct FakeRun {
    run: RunId,
    holder: Holder,
    ended: mpsc::UnboundedSender<Ended>,
}

impl Default for FakeLauncher {
    fn default() -> Self {
        Self::watched().0
    }
}

impl FakeLauncher {
    /// A launcher, and a receiver of the calls on the runs that it has launched.
    pub(crate) fn watched() -> (Self, mpsc::UnboundedReceiver<Ended>) {
        let (ended, receiver) = mpsc::unbounded_channel();
        (Self { state: Arc::default(), ended }, receiver)
    }

    /// The runs that were requested, in order.
    pub(crate) fn asked_for(&self) -> Vec<RunId> {
        self.state().asked_for.clone()
    }

    /// Refuses launches from now on, or accepts them again.
    pub(crate) fn refuse(&self, reason: Option<&str>) {
        self.state().refusal = reason.map(str::to_owned);
    }

    /// The holder that a launched run claims to be.
    pub(crate) fn holder(&self, run: RunId) -> Holder {
        let (launched, _) = &self.state().going_on[&run];
        launched.holder.clone()
    }

    /// Ends a launched run, which has printed something.
    pub(crate) fn end(&self, run: RunId, exit: Exit, printed: &str) {
        let mut state = self.state();
        state.outputs.insert(run, printed.to_owned());
        let (_, end) = state.going_on.remove(&run).expect("a run that goes on");
        end.send(exit).expect("a daemon that waits");
    }

    /// The output that is kept of a run.
    pub(crate) fn print(&self, run: RunId, printed: &str) {
        self.state().outputs.insert(run, printed.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics meanwhile")
    }
}

impl Launcher for FakeLauncher {
    fn launch(&self, run: RunId) -> BoxFuture<Result<Launch, BoxError>> {
        let mut state = self.state();
        state.asked_for.push(run);
        if let Some(reason) = state.refusal.clone() {
            return Box::pin(ready(Err(reason.into())));
        }
        let (sender, end) = oneshot::channel();
        let holder =
            Holder { id: format!("holder of {run}"), host: "nowhere".into(), pid: 1, boot: String::new() };
        let launched = FakeRun { run, holder, ended: self.ended.clone() };
        state.going_on.insert(run, (launched.clone(), sender));
        let end = Box::pin(async { end.await.expect("a launcher that says how its runs end") });
        Box::pin(ready(Ok(Launch { run: Arc::new(launched), end })))
    }

    fn find(&self, run: RunId, holder: &Holder) -> BoxFuture<Option<Arc<dyn LaunchedRun>>> {
        let found = self.state().going_on.get(&run).map(|(launched, _)| launched.clone());
        let found = found.filter(|launched| launched.is_holder(holder));
        Box::pin(ready(found.map(|launched| Arc::new(launched) as Arc<dyn LaunchedRun>)))
    }

    fn output(&self, run: RunId) -> BoxFuture<Option<String>> {
        let printed = self.state().outputs.get(&run).cloned();
        Box::pin(ready(printed.filter(|printed| !printed.is_empty())))
    }

    fn remove_output(&self, run: RunId) -> BoxFuture<()> {
        self.state().outputs.remove(&run);
        Box::pin(ready(()))
    }

    fn runs_with_output(&self) -> BoxFuture<Vec<RunId>> {
        let runs = self.state().outputs.keys().copied().collect();
        Box::pin(ready(runs))
    }
}

impl LaunchedRun for FakeRun {
    fn id(&self) -> LaunchedRunId {
        LaunchedRunId::new(format!("fake of {}", self.run.short()))
    }

    fn is_holder(&self, holder: &Holder) -> bool {
        self.holder == *holder
    }

    fn age(&self) -> Option<Duration> {
        None
    }

    fn terminate(&self) -> BoxFuture<()> {
        // A test that doesn't watch has dropped the receiver.
        let _ = self.ended.send(Ended::Terminated(self.run));
        Box::pin(ready(()))
    }

    fn kill(&self) -> BoxFuture<()> {
        let _ = self.ended.send(Ended::Killed(self.run));
        Box::pin(ready(()))
    }

    fn can_be_killed(&self) -> bool {
        true
    }
}
