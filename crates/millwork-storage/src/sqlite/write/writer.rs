//! The task that owns the writing connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Error};
use tokio::sync::{mpsc, oneshot};

use super::change::{AnyChange, Change, Pending};
use super::memo::Memo;
use super::transaction::Transaction;
use crate::sqlite::failure;
use crate::sqlite::open_file::OpenFile;
use crate::{StorageError, Unwritable};

/// How many changes may wait before those who ask for more have to.
const MOST_WAITING: usize = 1024;
/// How many changes share a transaction at most, so that none waits for too many others.
const LARGEST_GROUP: usize = 512;

/// The way to the task that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Nothing for a store that is only looked at, but why.
    inbox: Result<mpsc::Sender<Message>, Unwritable>,
    commits: Arc<AtomicU64>,
}

enum Message {
    Change(Box<dyn AnyChange>),
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the task.
    pub(crate) fn start(connection: SqliteConnection, file: OpenFile) -> Self {
        let (inbox, messages) = mpsc::channel(MOST_WAITING);
        let commits = Arc::new(AtomicU64::new(0));
        let task = Task { connection, file, memo: Memo::default(), commits: commits.clone() };
        tokio::spawn(task.run(messages));
        Self { inbox: Ok(inbox), commits }
    }

    /// A writer that refuses everything.
    pub(crate) fn refusing(why: Unwritable) -> Self {
        Self { inbox: Err(why), commits: Arc::default() }
    }

    /// Why nothing can be written, if so.
    pub(crate) fn unwritable(&self) -> Option<Unwritable> {
        self.inbox.as_ref().err().copied()
    }

    /// Writes a change and waits until it is on disk. Changes are made in the order in which this is first polled.
    pub(crate) async fn write<C: Change>(&self, change: C) -> Result<C::Outcome, StorageError> {
        let inbox = self.inbox.as_ref().map_err(|unwritable| unwritable.error(C::ACTION))?;
        let (reply, outcome) = oneshot::channel();
        let closed = || failure::database(C::ACTION, Error::PoolClosed);
        let message = Message::Change(Box::new(Pending::new(change, reply)));
        inbox.send(message).await.map_err(|_| closed())?;
        outcome.await.map_err(|_| closed())?
    }

    /// How many transactions were committed.
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Writes what is waiting and closes the connection.
    pub(crate) async fn close(&self) {
        let Ok(inbox) = &self.inbox else { return };
        let (reply, closed) = oneshot::channel();
        if inbox.send(Message::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

struct Task {
    connection: SqliteConnection,
    file: OpenFile,
    memo: Memo,
    commits: Arc<AtomicU64>,
}

impl Task {
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

    /// Writes a group in one transaction, and tells everybody.
    async fn write(&mut self, mut group: Vec<Box<dyn AnyChange>>) {
        let mut written = self.attempt(&mut group, false).await;
        if written.as_ref().is_err_and(failure::is_duplicate) {
            written = self.attempt(&mut group, true).await;
        }
        let committed = written.map_err(Arc::new);
        for change in group {
            change.tell(committed.clone());
        }
    }

    async fn attempt(&mut self, group: &mut [Box<dyn AnyChange>], careful: bool) -> Result<(), Error> {
        let attempted = self.transact(group, careful).await;
        match attempted {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                self.memo = Memo::default();
                // Some errors have rolled back already, and then this one fails; the first error is worth telling.
                let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
            }
        }
        attempted
    }

    async fn transact(&mut self, group: &mut [Box<dyn AnyChange>], careful: bool) -> Result<(), Error> {
        self.file.check()?;
        let mut transaction = Transaction::begin(&mut self.connection, &mut self.memo, careful).await?;
        let mut rest = group;
        while let Some((change, others)) = rest.split_first_mut() {
            change.apply(&mut transaction).await?;
            rest = others;
        }
        transaction.commit().await
    }
}
