//! Appends a run's events to the log, in order, and shows them to an observer once they are on disk.
//!
//! While one batch is being committed the next one collects, so the number of commits adapts to the disk, and no step waits for another
//! one's commit. The log is a prefix of the run's history at any moment: an event is never on disk without all events before it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use millwork_core::event::{Event, EventBody, NewEvent};
use millwork_core::run::{IllegalTransition, RunState, RunStatus};
use millwork_core::version::{ReadAs, VersionNumber};
use millwork_core::{AssetPartition, StepPartition};
use millwork_storage::{Batch, Fence, StorageError, Store, next_version};
use tokio::sync::{Notify, mpsc, oneshot, watch};
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
    sender: mpsc::UnboundedSender<Message>,
    shared: Arc<Shared>,
}

/// What the recorder is sent.
enum Message {
    /// Events that become visible together.
    Events(Vec<NewEvent>),
    /// Events that may be refused, by themselves; the sender waits for the answer.
    Commit { events: Vec<NewEvent>, reply: oneshot::Sender<Result<(), StorageError>> },
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
        let _ = self.sender.send(Message::Events(events));
    }

    /// Records events after all others so far, and waits until they are on disk. If the store refuses them, because of an alias that isn't
    /// where it is moved from, nothing of them is there, and the run goes on.
    pub(crate) async fn commit(&self, events: Vec<NewEvent>) -> Result<(), StorageError> {
        let (reply, answer) = oneshot::channel();
        let _ = self.sender.send(Message::Commit { events, reply });
        answer.await.unwrap_or_else(|_| {
            let source = "the recorder of the run has given up".into();
            Err(StorageError::Database { action: "append events", hint: None, source })
        })
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
    mut receiver: mpsc::UnboundedReceiver<Message>,
    shared: &Shared,
) -> Recorded {
    let mut log = Log { store, fence, renumbered: HashMap::new() };
    // An abandoned step may hold a sender forever, so the loop ends at the run's last event.
    while !state.status.is_some_and(RunStatus::is_finished)
        && let Some(message) = receiver.recv().await
    {
        let (mut events, mut commit) = match message {
            Message::Events(events) => (events, None),
            Message::Commit { events, reply } => (Vec::new(), Some((events, reply))),
        };
        while commit.is_none()
            && events.len() < LARGEST_BATCH
            && let Ok(message) = receiver.try_recv()
        {
            match message {
                Message::Events(more) => events.extend(more),
                Message::Commit { events, reply } => commit = Some((events, reply)),
            }
        }
        let count = events.len();
        if count > 0 {
            let recorded = log.append(events).await.map_err(RecordError::Store)?;
            show(recorded, &mut state, shared)?;
        }
        shared.backlog.fetch_sub(count, Ordering::Relaxed);
        shared.written.notify_waiters();
        if let Some((events, reply)) = commit {
            let recorded = if events.is_empty() { Ok(Vec::new()) } else { log.append(events).await };
            match recorded {
                Ok(recorded) => {
                    show(recorded, &mut state, shared)?;
                    // The sender may have stopped waiting.
                    let _ = reply.send(Ok(()));
                }
                Err(refused @ StorageError::AliasElsewhere { .. }) => drop(reply.send(Err(refused))),
                Err(error) => return Err(RecordError::Store(error)),
            }
        }
    }
    Ok(state)
}

/// Applies events that are on disk to the run's state, and shows them.
fn show(recorded: Vec<Event>, state: &mut RunState, shared: &Shared) -> Result<(), RecordError> {
    for event in recorded {
        state.apply(&event).map_err(RecordError::Contradiction)?;
        (shared.observer)(Observation::Recorded(&event));
    }
    Ok(())
}

/// The run's part of the log.
///
/// Versions are numbered by what the run has found when it began. If another run has made a version since, the number is taken, the store
/// refuses it, and the next one is given instead, also wherever the run's events name that version.
struct Log<'s> {
    store: &'s dyn Store,
    fence: Fence,
    /// The number that a version of this run was given instead of the first one.
    renumbered: HashMap<AssetPartition, VersionNumber>,
}

impl Log<'_> {
    /// Appends events in one batch, and returns them as they are in the log.
    async fn append(&mut self, mut events: Vec<NewEvent>) -> Result<Vec<Event>, StorageError> {
        loop {
            events.iter_mut().for_each(|event| self.renumber(event));
            let batch = Batch { fence: Some(self.fence), events: events.clone() };
            match self.store.append(batch).await {
                Ok(sequences) => {
                    let placed = events.into_iter().zip(sequences);
                    return Ok(placed.map(|(event, sequence)| event.at_sequence(sequence)).collect());
                }
                Err(StorageError::VersionTaken { asset, .. }) => {
                    let next = next_version(self.store, &asset).await?;
                    self.renumbered.insert(asset, next);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes the numbers that versions of this run have in fact.
    fn renumber(&self, event: &mut NewEvent) {
        if self.renumbered.is_empty() {
            return;
        }
        let of = event.asset_partition();
        if let EventBody::Materialized(made) = &mut event.body
            && let Some(number) = of.as_ref().and_then(|of| self.renumbered.get(of))
        {
            made.version = Some(*number);
        }
        if let EventBody::ShadowCalled(called) = &mut event.body
            && let Some(number) = of.and_then(|of| self.renumbered.get(&of))
        {
            called.beside = Some(*number);
        }
        let provenance = match &mut event.body {
            EventBody::Materialized(made) => Some(&mut made.provenance),
            EventBody::Kept { provenance, .. } | EventBody::NotMaterialized { provenance } => {
                Some(provenance)
            }
            EventBody::VersionJudged(judged) => Some(&mut judged.provenance),
            EventBody::ShadowCalled(called) => Some(&mut called.provenance),
            EventBody::RunQueued
            | EventBody::RunStarted { .. }
            | EventBody::RunCanceling
            | EventBody::RunSucceeded
            | EventBody::RunFailed { .. }
            | EventBody::RunCanceled
            | EventBody::RunLost { .. }
            | EventBody::RunRetrying { .. }
            | EventBody::StepStarted
            | EventBody::StepProgressed { .. }
            | EventBody::StepRetrying { .. }
            | EventBody::StepSucceeded { .. }
            | EventBody::StepFailed { .. }
            | EventBody::StepSkipped { .. }
            | EventBody::StepCanceled
            | EventBody::Observed { .. }
            | EventBody::CheckEvaluated(_)
            | EventBody::AliasMoved(_)
            | EventBody::VersionDecided(_)
            | EventBody::VersionsBacktested(_)
            | EventBody::PartitionsChanged(_)
            | EventBody::AssetRenamed(_)
            | EventBody::PartitionsRenamed(_)
            | EventBody::AliasPinned(_)
            | EventBody::EnvironmentRecorded(_)
            | EventBody::Logged(_)
            | EventBody::Unreadable(_) => None,
        };
        let inputs = provenance.into_iter().flat_map(|provenance| &mut provenance.inputs);
        for input in inputs.filter(|input| input.read_as == ReadAs::Latest) {
            if let Some(number) = self.renumbered.get(&input.upstream) {
                input.version = Some(*number);
            }
        }
    }
}
