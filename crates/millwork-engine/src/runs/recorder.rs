//! Appends a run's events to the log, in order, and shows them to an observer once they are on disk.
//!
//! While one batch is being committed the next one collects, so the number of commits adapts to the disk, and no step waits for another
//! one's commit. The log is a prefix of the run's history at any moment: an event is never on disk without all events before it.

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

/// An update for the observer of a run.
#[derive(Debug)]
pub enum Observation<'a> {
    /// An event that is on disk.
    Recorded(&'a Event),
    /// The progress of a step, more often than it is recorded.
    Progress {
        /// The step that reports.
        step: &'a StepPartition,
        /// The number of finished units of work.
        done: u64,
        /// The total number of units of work.
        of: u64,
    },
}

/// A callback that observes a run.
pub type Observer = Arc<dyn Fn(Observation<'_>) + Send + Sync>;

/// Maximum events that wait for the disk; beyond, no further step is started.
const LARGEST_BACKLOG: usize = 50_000;
/// Maximum events of a batch.
const LARGEST_BATCH: usize = 2_048;

/// Sends events to the recorder.
#[derive(Clone)]
pub(crate) struct RecorderHandle {
    sender: mpsc::UnboundedSender<Vec<NewEvent>>,
    shared: Arc<Shared>,
}

struct Shared {
    observer: Observer,
    backlog: AtomicUsize,
    written: Notify,
    /// The budget of lines that steps print while several run.
    budget: LineBudget,
}

/// The result of the recorder.
pub(crate) type Recorded = Result<RunState, RecordError>;

/// The reason why the recorder gave up.
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
        // A recorder that has given up has reported it; later events are dropped.
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
            // Created before the backlog is read, so that no notification is lost in between.
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
    // An abandoned step may hold a sender forever, so the loop ends at the run's last event.
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
