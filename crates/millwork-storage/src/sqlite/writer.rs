//! The one writer of a process: a task that owns the only writing connection, and the transactions in which it makes changes.
//!
//! SQLite lets one connection write at a time, and a commit costs an fsync, so callers send [`Change`]s over a channel instead of
//! connecting themselves. All changes that are waiting when the task comes back from a commit share the next transaction: under load,
//! commits get fewer and larger instead of queueing up. A caller is answered once the transaction that has its change is on disk.
//!
//! Two things keep a change cheap. sqlx runs SQLite on a thread of its own, and each statement is a trip there and back that costs more
//! than inserting a row; so events are collected first and inserted many per statement, and `COMMIT` rides on the last one
//! (`append.rs`). And the writer remembers what it would otherwise have to read back, such as the last sequence number and the epochs of
//! runs: `PRAGMA data_version` says, within the transaction, whether another process has written since, and then the memory is void.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use millwork_core::PartitionKey;
use millwork_core::event::{KindSet, NewEvent};
use millwork_core::run::RunId;
use millwork_core::version::VersionNumber;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Error};
use tokio::sync::{mpsc, oneshot};

use super::append::{EncodedEvent, Ending, PlacedEvent, insert_events};
use super::connect::{BusyRetry, OpenFile};
use super::failure;
use super::versions::VersionRow;
use super::waiting_rows::WaitingRows;
use crate::run_projection::RunProjection;
use crate::{StorageError, Unwritable};

/// The number of changes that may wait in the channel; beyond, callers wait to send theirs.
const MOST_WAITING: usize = 1024;
/// Maximum changes that share a transaction, so that no caller waits for too many others.
const LARGEST_GROUP: usize = 512;

/// The handle of the writer for its callers.
#[derive(Debug)]
pub(super) struct Writer {
    /// The channel to the task, or the reason why the store is read-only.
    inbox: Result<mpsc::Sender<Message>, Unwritable>,
    commits: Arc<AtomicU64>,
}

/// A message to the task.
enum Message {
    Change(Box<dyn AnyChange>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the task that owns the connection.
    pub(super) fn start(connection: SqliteConnection, file: OpenFile) -> Self {
        let (inbox, messages) = mpsc::channel(MOST_WAITING);
        let commits = Arc::new(AtomicU64::new(0));
        let task = WriterTask { connection, file, memo: Memo::default(), commits: commits.clone() };
        tokio::spawn(task.run(messages));
        Self { inbox: Ok(inbox), commits }
    }

    /// The writer of a store that can only be read: it refuses everything.
    pub(super) fn refusing(why: Unwritable) -> Self {
        Self { inbox: Err(why), commits: Arc::default() }
    }

    /// The reason why nothing can be written; `None` if it can.
    pub(super) fn unwritable(&self) -> Option<Unwritable> {
        self.inbox.as_ref().err().copied()
    }

    /// Writes a change and waits until it is on disk. Changes are made in the order in which this is first polled.
    pub(super) async fn write<C: Change>(&self, change: C) -> Result<C::Outcome, StorageError> {
        let inbox = self.inbox.as_ref().map_err(|unwritable| unwritable.error(C::ACTION))?;
        let (reply, outcome) = oneshot::channel();
        let closed = || failure::database(C::ACTION, Error::PoolClosed);
        let message = Message::Change(Box::new(WaitingChange::new(change, reply)));
        inbox.send(message).await.map_err(|_| closed())?;
        outcome.await.map_err(|_| closed())?
    }

    /// The number of transactions that were committed.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Writes queued changes and closes the connection.
    pub(super) async fn close(&self) {
        let Ok(inbox) = &self.inbox else { return };
        let (reply, closed) = oneshot::channel();
        if inbox.send(Message::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

/// The state of the task.
struct WriterTask {
    connection: SqliteConnection,
    file: OpenFile,
    memo: Memo,
    commits: Arc<AtomicU64>,
}

impl WriterTask {
    async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut messages = Vec::new();
        let mut closing = None;
        while closing.is_none() && inbox.recv_many(&mut messages, LARGEST_GROUP).await > 0 {
            let mut group = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Change(change) => group.push(change),
                    Message::Close(reply) => closing = Some(reply),
                }
            }
            self.write(group).await;
        }
        // The last connection to a database tidies up its files; if it can't, the next one does.
        let _ = self.connection.close().await;
        if let Some(reply) = closing {
            let _ = reply.send(());
        }
    }

    /// Writes a group in one transaction, and replies to each caller.
    async fn write(&mut self, mut group: Vec<Box<dyn AnyChange>>) {
        let mut written = self.attempt(&mut group, Care::Usual).await;
        if written.as_ref().is_err_and(failure::is_duplicate) {
            written = self.attempt(&mut group, Care::LookFirst).await;
        }
        let committed = written.map_err(Arc::new);
        for change in group {
            change.reply(committed.clone());
        }
    }

    async fn attempt(&mut self, group: &mut [Box<dyn AnyChange>], care: Care) -> Result<(), Error> {
        let attempted = self.transact(group, care).await;
        match attempted {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                self.memo = Memo::default();
                // Some errors have rolled back already, and then this one fails; the first error is worth reporting.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
            }
        }
        attempted
    }

    async fn transact(&mut self, group: &mut [Box<dyn AnyChange>], care: Care) -> Result<(), Error> {
        self.file.check()?;
        let mut transaction = Transaction::begin(&mut self.connection, &mut self.memo, care).await?;
        let mut rest = group;
        while let Some((change, others)) = rest.split_first_mut() {
            change.apply(&mut transaction).await?;
            rest = others;
        }
        transaction.commit().await
    }
}

/// A change of the database.
#[async_trait]
pub(super) trait Change: Send + Sync + 'static {
    /// The value returned to the caller.
    type Outcome: Send;
    /// The action in messages: "append events".
    const ACTION: &'static str;
    /// Whether it reads only runs and ticks that are in the memo; otherwise rows that wait are inserted before it.
    const ASKS_MEMO_ONLY: bool = false;

    /// Makes the change, or refuses before any of it is written. It may be called again, in another transaction.
    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Self::Outcome, ChangeError>;
}

/// The reason why a change isn't made.
pub(super) enum ChangeError {
    /// It isn't allowed. Other changes are not affected.
    Refused(StorageError),
    /// The database failed, and the transaction with it.
    Failed(sqlx::Error),
}

impl From<StorageError> for ChangeError {
    fn from(error: StorageError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// A change of any type, on its way through the writer.
#[async_trait]
trait AnyChange: Send {
    /// Makes the change and keeps its outcome. Fails if the transaction did.
    async fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), sqlx::Error>;

    /// Sends the caller the outcome, now that the transaction has ended.
    fn reply(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>);
}

/// A change whose caller waits for its outcome.
struct WaitingChange<C: Change> {
    change: C,
    outcome: Option<Result<C::Outcome, StorageError>>,
    reply: oneshot::Sender<Result<C::Outcome, StorageError>>,
}

impl<C: Change> WaitingChange<C> {
    fn new(change: C, reply: oneshot::Sender<Result<C::Outcome, StorageError>>) -> Self {
        Self { change, outcome: None, reply }
    }
}

#[async_trait]
impl<C: Change> AnyChange for WaitingChange<C> {
    async fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), sqlx::Error> {
        if !C::ASKS_MEMO_ONLY {
            transaction.insert_waiting().await?;
        }
        self.outcome = Some(match self.change.apply(transaction).await {
            Ok(outcome) => Ok(outcome),
            Err(ChangeError::Refused(error)) => Err(error),
            Err(ChangeError::Failed(error)) => return Err(error),
        });
        Ok(())
    }

    fn reply(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // A refusal is valid even if the transaction failed.
            (_, Some(Err(refusal))) => Err(refusal),
            (Err(error), _) => Err(failure::shared(C::ACTION, &error)),
            (Ok(()), None) => unreachable!("a transaction commits only when all its changes were applied"),
        };
        // The caller may have stopped waiting.
        let _ = self.reply.send(outcome);
    }
}

/// How constraints of the database are handled, whose violation fails a transaction as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// Nothing is looked up before it is written: this is fast, and nearly always right.
    Usual,
    /// Rows that would violate a constraint are looked up before they are written, so that only that change is refused. A group whose usual
    /// transaction failed is retried like this.
    LookFirst,
}

/// A transaction in progress: the operations that changes use.
pub(super) struct Transaction<'w> {
    pub(super) connection: &'w mut SqliteConnection,
    pub(super) memo: &'w mut Memo,
    care: Care,
    /// Runs and ticks that aren't inserted yet.
    pub(super) waiting: WaitingRows,
    /// The last sequence number before the transaction.
    first_head: i64,
    /// Events that aren't inserted yet.
    placed: Vec<PlacedEvent>,
    has_verdicts: bool,
    /// The versions whose events are inserted, and that have no rows yet.
    versions: Vec<VersionRow>,
}

impl<'w> Transaction<'w> {
    /// Begins a transaction, after which no other process can write.
    async fn begin(
        connection: &'w mut SqliteConnection,
        memo: &'w mut Memo,
        care: Care,
    ) -> Result<Self, Error> {
        let data_version = begin_immediate(connection).await?;
        if memo.data_version != Some(data_version) {
            memo.runs.clear();
            memo.cursors = None;
            let last = "SELECT coalesce(max(seq) FILTER (WHERE name = 'events'), 0), \
                        coalesce(max(seq) FILTER (WHERE name = 'runs'), 0) FROM sqlite_sequence";
            (memo.head, memo.last_run) = sqlx::query_as(last).fetch_one(&mut *connection).await?;
            memo.data_version = Some(data_version);
        }
        let first_head = memo.head;
        let waiting = WaitingRows::default();
        let (placed, versions) = (Vec::new(), Vec::new());
        Ok(Self { connection, memo, care, waiting, first_head, placed, has_verdicts: false, versions })
    }

    /// Inserts the events that are left and commits.
    async fn commit(mut self) -> Result<(), Error> {
        let placed = self.intern_placed().await?;
        let ending = match self.has_verdicts {
            true => Ending::ProjectAndCommit { after: self.first_head, versions: &self.versions },
            false => Ending::Commit,
        };
        insert_events(self.connection, self.memo, &placed, ending).await?;
        self.memo.forget_finished_runs();
        Ok(())
    }

    /// The connection, for a change's own statements. Events that were pushed may not be inserted yet.
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection
    }

    /// Whether successes are looked up before they are inserted.
    pub(super) fn looks_first(&self) -> bool {
        self.care == Care::LookFirst
    }

    /// Inserts the rows that wait and the events that were pushed so far, and returns the connection, which sees them.
    pub(super) async fn flush(&mut self) -> Result<&mut SqliteConnection, Error> {
        match self.placed.is_empty() {
            true => self.insert_waiting().await?,
            false => {
                let placed = self.intern_placed().await?;
                insert_events(self.connection, self.memo, &placed, Ending::Continue).await?;
            }
        }
        Ok(self.connection)
    }

    /// The sequence number of the event that is pushed next.
    pub(super) fn next_sequence(&self) -> i64 {
        self.memo.head + 1
    }

    /// Whether a version that waits for its row has this number.
    pub(super) fn will_have(&self, asset: i64, partition: i64, version: VersionNumber) -> bool {
        let waiting = self.placed.iter().filter_map(|placed| placed.event.version());
        let mut waiting = waiting.map(|(of, number)| {
            let partition = of.partition.as_ref().map(PartitionKey::identity);
            (self.memo.known_name(Some(of.asset.as_str())), self.memo.known_name(partition), number)
        });
        let mut inserted = self.versions.iter();
        waiting.any(|row| row == (Some(asset), Some(partition), version))
            || inserted.any(|row| (row.0, row.1, row.2) == (asset, partition, version.get()))
    }

    /// Appends an event of a run that was looked up with [`run`](Transaction::run), and updates that run.
    pub(super) async fn push(&mut self, event: Arc<EncodedEvent>) -> Result<i64, Error> {
        if let (Some(run), Some((body, at))) = (event.run, &event.run_event) {
            self.known(run).projection.apply(body, *at);
            self.save(run).await?;
        }
        let run = event.run.map(|run| self.known(run).number);
        self.memo.head += 1;
        let sequence = self.memo.head;
        self.has_verdicts |= KindSet::VERDICTS.contains(event.kind);
        self.placed.push(PlacedEvent { sequence, run, event });
        Ok(sequence)
    }

    /// Appends an event that a change made itself.
    pub(super) async fn push_new(&mut self, event: NewEvent) -> Result<i64, ChangeError> {
        let event = EncodedEvent::new(event)?;
        Ok(self.push(Arc::new(event)).await?)
    }

    /// Takes the events that were pushed so far, whose names have numbers then, and notes the versions among them.
    async fn intern_placed(&mut self) -> Result<Vec<PlacedEvent>, Error> {
        self.insert_waiting().await?;
        let placed = std::mem::take(&mut self.placed);
        let names = placed.iter().flat_map(|placed| placed.event.names()).flatten().collect();
        self.intern(names).await?;
        for PlacedEvent { sequence, event, .. } in &placed {
            if let Some(number) = event.number {
                let [_, asset, partition] =
                    event.names().map(|name| self.memo.name(name.map(|name| name.text)));
                self.versions.push((asset, partition, number.get(), *sequence));
            }
        }
        Ok(placed)
    }
}

/// Locks the database for writing, and returns its `data_version`: as long as it stays the same, no other connection has
/// written.
async fn begin_immediate(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let mut retry = BusyRetry::default();
    loop {
        let begin = sqlx::query_scalar("BEGIN IMMEDIATE; PRAGMA data_version");
        match begin.fetch_one(&mut *connection).await {
            Err(error) if retry.allows(&error).await => {}
            begun => return begun,
        }
    }
}

/// The writer's cache between transactions.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// The `PRAGMA data_version` when the rest was read; `None` if the rest must be read again.
    data_version: Option<i64>,
    /// The last sequence number.
    head: i64,
    /// The last number of a run.
    pub(super) last_run: i64,
    /// Runs that aren't finished.
    pub(super) runs: HashMap<RunId, KnownRun>,
    /// The cursors of the instigators that have a row, by their stored names; `None` before they are read.
    pub(super) cursors: Option<HashMap<String, Option<String>>>,
    /// Numbers of names. They never change, so they survive what other processes write.
    pub(super) names: HashMap<Box<str>, i64>,
}

/// A run in the writer's cache.
#[derive(Debug)]
pub(super) struct KnownRun {
    pub(super) number: i64,
    pub(super) projection: RunProjection,
}

impl Memo {
    /// Finished runs are seldom written to again.
    fn forget_finished_runs(&mut self) {
        self.runs.retain(|_, run| !run.projection.status.is_finished());
    }
}
