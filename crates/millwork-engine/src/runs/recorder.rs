//! Appends a run's events to the log, in order, and shows them once they are on disk.
//!
//! While one batch is being committed the next one gathers, so the number of commits adapts to the disk, and no step
//! waits for another one's commit. The log is a prefix of what happened at any moment: an event is never on disk
//! without everything that came before it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millwork_core::StepPartition;
use millwork_core::event::{Event, NewEvent};
use millwork_core::run::{IllegalTransition, RunState, RunStatus};
use millwork_storage::{Batch, Fence, StorageError, Store};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use crate::logs::LineBudget;

/// What an observer of a run is shown.
#[derive(Debug)]
pub enum Observation<'a> {
    /// An event that is on disk.
    Recorded(&'a Event),
    /// How far a step has come, more often than it is recorded.
    Progress {
        /// The step.
        step: &'a StepPartition,
        /// So many units of work are done …
        done: u64,
        /// … of so many.
        of: u64,
    },
}

/// Watches a run.
pub type Observer = Arc<dyn Fn(Observation<'_>) + Send + Sync>;

/// With more events than this waiting for the disk, no further step is started.
const LARGEST_BACKLOG: usize = 50_000;
/// One batch holds so many events at most.
const LARGEST_BATCH: usize = 2_048;

/// Hands events to the recorder.
#[derive(Clone)]
pub(crate) struct RecorderHandle {
    sender: mpsc::UnboundedSender<Vec<NewEvent>>,
    shared: Arc<Shared>,
}

struct Shared {
    observer: Observer,
    backlog: AtomicUsize,
    written: Notify,
    /// Of the lines that steps print while several run.
    budget: LineBudget,
}

/// What the recorder leaves behind.
pub(crate) type Recorded = Result<RunState, RecordError>;

/// Why the recorder gave up.
#[derive(Debug)]
pub(crate) enum RecordError {
    Store(StorageError),
    Contradiction(IllegalTransition),
}

/// Starts a recorder for a run that is in `state`. The receiver turns true when it has given up.
pub(crate) fn start_recorder(
    store: Arc<dyn Store>,
    fence: Fence,
    state: RunState,
    observer: Observer,
) -> (RecorderHandle, watch::Receiver<bool>, JoinHandle<Recorded>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (failed, has_failed) = watch::channel(false);
    let shared = Arc::new(Shared {
        observer,
        backlog: AtomicUsize::new(0),
        written: Notify::new(),
        budget: LineBudget::default(),
    });
    let handle = RecorderHandle { sender, shared: shared.clone() };
    let recorder = tokio::spawn(async move {
        let recorded = record_all(&*store, fence, state, receiver, &shared).await;
        if recorded.is_err() {
            failed.send_replace(true);
        }
        recorded
    });
    (handle, has_failed, recorder)
}

impl RecorderHandle {
    /// Takes events that become visible together.
    pub(crate) fn record(&self, events: Vec<NewEvent>) {
        self.shared.backlog.fetch_add(events.len(), Ordering::Relaxed);
        // A recorder that has given up has said so; what comes after is of no use to anybody.
        let _ = self.sender.send(events);
    }

    /// The budget of the lines that steps of the run print while several run.
    pub(crate) fn shared_budget(&self) -> &LineBudget {
        &self.shared.budget
    }

    /// Shows progress to the observer without recording it.
    pub(crate) fn show_progress(&self, step: &StepPartition, done: u64, of: u64) {
        (self.shared.observer)(Observation::Progress { step, done, of });
    }

    /// Waits until the disk has caught up, if it is far behind.
    pub(crate) async fn catch_up(&self) {
        loop {
            // Made before the backlog is looked at, so that no notification falls in between.
            let written = self.shared.written.notified();
            if self.shared.backlog.load(Ordering::Relaxed) <= LARGEST_BACKLOG {
                return;
            }
            tokio::select! {
                () = written => {}
                () = self.sender.closed() => return,
            }
        }
    }
}

impl fmt::Debug for RecorderHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderHandle").finish_non_exhaustive()
    }
}

async fn record_all(
    store: &dyn Store,
    fence: Fence,
    mut state: RunState,
    mut receiver: mpsc::UnboundedReceiver<Vec<NewEvent>>,
    shared: &Shared,
) -> Recorded {
    // A step that was left alone may hold a sender for ever, so it is the run's last event that ends the loop.
    while !state.status.is_some_and(RunStatus::is_finished)
        && let Some(mut events) = receiver.recv().await
    {
        while events.len() < LARGEST_BATCH
            && let Ok(more) = receiver.try_recv()
        {
            events.extend(more);
        }
        let count = events.len();
        let shown: Vec<NewEvent> = events.iter().map(without_value).collect();
        let batch = Batch { fence: Some(fence), events };
        let sequences = store.append(batch).await.map_err(RecordError::Store)?;
        for (event, sequence) in shown.into_iter().zip(sequences) {
            let event = event.at_sequence(sequence);
            state.apply(&event).map_err(RecordError::Contradiction)?;
            (shared.observer)(Observation::Recorded(&event));
        }
        shared.backlog.fetch_sub(count, Ordering::Relaxed);
        shared.written.notify_waiters();
    }
    Ok(state)
}

fn without_value(event: &NewEvent) -> NewEvent {
    let NewEvent { run, at, step, asset, partition, attempt, body, value: _ } = event;
    NewEvent {
        run: *run,
        at: *at,
        step: step.clone(),
        asset: asset.clone(),
        partition: partition.clone(),
        attempt: *attempt,
        body: body.clone(),
        value: None,
    }
}
