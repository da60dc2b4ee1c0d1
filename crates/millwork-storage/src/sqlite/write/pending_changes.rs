//! Writing down what is pending, and what came of trying it again.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::Instigator;

use super::change::{Change, ChangeError};
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::{NewPending, PendingAttempt, PendingOutcome};

/// Whether nobody else has tried these since they were read.
pub(super) async fn are_untouched(
    transaction: &mut Transaction<'_>,
    attempts: &[PendingAttempt],
) -> Result<bool, ChangeError> {
    for attempt in attempts {
        let query =
            sqlx::query_scalar("SELECT attempts FROM pending WHERE id = ?").bind(attempt.id.cast_signed());
        let known: Option<i64> = query.fetch_optional(transaction.connection()).await?;
        if known != Some(i64::from(attempt.attempts)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes down what came of an attempt.
pub(super) async fn settle(
    transaction: &mut Transaction<'_>,
    attempt: &PendingAttempt,
) -> Result<(), ChangeError> {
    let id = attempt.id.cast_signed();
    let query = match &attempt.outcome {
        PendingOutcome::Done => sqlx::query("DELETE FROM pending WHERE id = ?").bind(id),
        PendingOutcome::Again { reason, next_at } => {
            sqlx::query("UPDATE pending SET attempts = attempts + 1, reason = ?, next_at = ? WHERE id = ?")
                .bind(reason.as_str())
                .bind(to_micros(*next_at))
                .bind(id)
        }
        PendingOutcome::GivenUp { reason } => {
            let text =
                "UPDATE pending SET attempts = attempts + 1, state = 'given_up', reason = ? WHERE id = ?";
            sqlx::query(text).bind(reason.as_str()).bind(id)
        }
    };
    query.execute(transaction.connection()).await?;
    Ok(())
}

/// Adds something pending, whose first attempt has failed.
pub(super) async fn insert_pending(
    transaction: &mut Transaction<'_>,
    instigator: &Instigator,
    NewPending { work, reason, next_at, at }: &NewPending,
) -> Result<(), ChangeError> {
    let text = "INSERT INTO pending (instigator, work, state, reason, attempts, next_at, created_at) \
                VALUES (?, ?, 'waiting', ?, 1, ?, ?)";
    let query = sqlx::query(text)
        .bind(instigator.stored())
        .bind(serde_json::to_string(work).expect("what is pending has string keys only"))
        .bind(reason.as_str())
        .bind(to_micros(*next_at))
        .bind(to_micros(*at));
    query.execute(transaction.connection()).await?;
    Ok(())
}

/// Lets something pending be tried now.
#[derive(Debug)]
pub(crate) struct RetryPending {
    pub(crate) id: u64,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Change for RetryPending {
    type Outcome = bool;
    const ACTION: &'static str = "retry something pending";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let text = "UPDATE pending SET state = 'waiting', attempts = 0, next_at = ? WHERE id = ?";
        let query = sqlx::query(text).bind(to_micros(self.now)).bind(self.id.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}

/// Drops something pending.
#[derive(Debug)]
pub(crate) struct DropPending(pub(crate) u64);

#[async_trait]
impl Change for DropPending {
    type Outcome = bool;
    const ACTION: &'static str = "drop something pending";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let query = sqlx::query("DELETE FROM pending WHERE id = ?").bind(self.0.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}
