//! The environment of one execution of a run, gathered while its steps run.

use std::sync::Arc;

use futures::FutureExt as _;
use millwork_core::Clock;
use millwork_core::event::{Environment, EventBody, NewEvent};
use millwork_core::run::RunId;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use super::EnvironmentProbe;
use crate::runs::RecorderHandle;
use crate::tasks::AbortOnDrop;

/// The environment of a run in progress: a task gathers and records it.
pub(crate) struct EnvironmentRecord {
    /// Dropped when the steps have ended: from then on the task has little time left.
    steps: oneshot::Sender<()>,
    task: AbortOnDrop<()>,
}

impl EnvironmentRecord {
    /// Begins to gather. It is recorded as soon as it is known, unless it is what an earlier execution of the run has recorded.
    pub(crate) fn start(
        probe: EnvironmentProbe,
        earlier: Option<Environment>,
        run: RunId,
        clock: Arc<dyn Clock>,
        recorder: RecorderHandle,
    ) -> Self {
        let (steps, ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            let environment = gather(&probe, ended).await;
            if earlier.as_ref() != Some(&environment) {
                let body = EventBody::EnvironmentRecorded(environment);
                recorder.record(vec![NewEvent::of_run(run, clock.now(), body)]);
            }
        });
        Self { steps, task: AbortOnDrop(task) }
    }

    /// Waits until it is recorded, for a moment at most.
    pub(crate) async fn finish(self) {
        let Self { steps, mut task } = self;
        drop(steps);
        // A task that panicked has nothing to record.
        let _ = (&mut task.0).await;
    }
}

/// Gathers the environment, until a moment after the steps have ended.
async fn gather(probe: &EnvironmentProbe, ended: oneshot::Receiver<()>) -> Environment {
    let patience = async {
        let _ = ended.await;
        tokio::time::sleep(probe.patience).await;
    };
    let patience = patience.shared();
    let (tree, binary) = (probe.clone(), probe.clone());
    // Both are at work at once: asking git takes about as long as reading the binary.
    let tree = spawn_blocking(move || tree.working_tree());
    let binary = spawn_blocking(move || binary.binary());
    let tree = until(tree, patience.clone()).await.flatten();
    let binary = until(binary, patience).await.flatten();
    probe.environment(binary, tree)
}

/// The result of a blocking task, if it is there in time.
async fn until<T>(task: JoinHandle<T>, patience: impl Future<Output = ()>) -> Option<T> {
    tokio::select! {
        biased;
        result = task => result.ok(),
        () = patience => None,
    }
}
