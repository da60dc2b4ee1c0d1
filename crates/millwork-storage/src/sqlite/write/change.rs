//! What can be written: a change, its outcome, and who waits for it.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::transaction::Transaction;
use crate::StorageError;
use crate::sqlite::failure;

/// Something to write.
#[async_trait]
pub(crate) trait Change: Send + Sync + 'static {
    /// What whoever asked for it learns.
    type Outcome: Send;
    /// What is being done, for messages.
    const ACTION: &'static str;

    /// Makes the change, or refuses before anything of it is written. It may be asked again, in another transaction.
    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Self::Outcome, ChangeError>;
}

/// Why a change isn't made.
pub(crate) enum ChangeError {
    /// It isn't allowed. Other changes are not concerned.
    Refused(StorageError),
    /// The database failed, and the transaction with it.
    Broken(sqlx::Error),
}

impl From<StorageError> for ChangeError {
    fn from(error: StorageError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error)
    }
}

/// A change of any kind, on its way through the writer.
#[async_trait]
pub(super) trait AnyChange: Send {
    /// Makes the change and keeps its outcome. Fails if the transaction did.
    async fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), sqlx::Error>;

    /// Tells the outcome, now that the transaction has ended.
    fn tell(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>);
}

/// A change and who waits for it.
pub(super) struct Pending<C: Change> {
    change: C,
    outcome: Option<Result<C::Outcome, StorageError>>,
    reply: oneshot::Sender<Result<C::Outcome, StorageError>>,
}

impl<C: Change> Pending<C> {
    pub(super) fn new(change: C, reply: oneshot::Sender<Result<C::Outcome, StorageError>>) -> Self {
        Self { change, outcome: None, reply }
    }
}

#[async_trait]
impl<C: Change> AnyChange for Pending<C> {
    async fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), sqlx::Error> {
        self.outcome = Some(match self.change.apply(transaction).await {
            Ok(outcome) => Ok(outcome),
            Err(ChangeError::Refused(error)) => Err(error),
            Err(ChangeError::Broken(error)) => return Err(error),
        });
        Ok(())
    }

    fn tell(self: Box<Self>, committed: Result<(), Arc<sqlx::Error>>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // A refusal stands whatever became of the others.
            (_, Some(Err(refusal))) => Err(refusal),
            (Err(error), _) => Err(failure::shared(C::ACTION, &error)),
            (Ok(()), None) => unreachable!("a transaction commits only when all its changes were applied"),
        };
        // Whoever asked may have stopped waiting.
        let _ = self.reply.send(outcome);
    }
}
