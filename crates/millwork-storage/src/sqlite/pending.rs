//! What is pending: what instigators asked for and couldn't be done yet, and what came of trying it again.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::Instigator;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::micros::{from_micros, to_micros};
use crate::pending_store::LONGEST_PAUSE;
use crate::{NewPending, Pending, PendingAttempt, PendingOutcome, PendingState, PendingStore, StorageError};

#[async_trait]
impl PendingStore for SqliteStore {
    async fn pending(&self, of: &[Instigator], limit: u32) -> Result<Vec<Pending>, StorageError> {
        let text = "SELECT id, instigator, work, state, reason, attempts, next_at, created_at FROM pending \
                    WHERE ?1 = '[]' OR instigator IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT ?2";
        let of = serde_json::to_string(of).expect("texts are JSON");
        let query = sqlx::query(text).bind(of).bind(i64::from(limit));
        Ok(self.reader.rows("look for what is pending", query).await?.iter().filter_map(readable).collect())
    }

    async fn due_pending(
        &self,
        of: &[Instigator],
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError> {
        let text = "SELECT id, instigator, work, state, reason, attempts, next_at, created_at FROM pending \
                    WHERE instigator IN (SELECT value FROM json_each(?1)) AND state = 'waiting' \
                    AND (next_at <= ?2 OR next_at > ?3) ORDER BY id LIMIT ?4";
        let far = now.checked_add(LONGEST_PAUSE).unwrap_or(Timestamp::MAX);
        let query = sqlx::query(text)
            .bind(serde_json::to_string(of).expect("texts are JSON"))
            .bind(to_micros(now))
            .bind(to_micros(far))
            .bind(i64::from(limit));
        Ok(self.reader.rows("look for what is pending", query).await?.iter().filter_map(readable).collect())
    }

    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryPending { id, now }).await
    }

    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError> {
        self.writer.write(DropPending(id)).await
    }
}

/// What is pending, if it can be read: what can't be is left to `store check`, and holds back nothing else.
fn readable(row: &SqliteRow) -> Option<Pending> {
    pending(row).ok()
}

fn pending(row: &SqliteRow) -> Result<Pending, StorageError> {
    let unreadable = || failure::unreadable("something pending");
    let moment = |column: usize| {
        let micros = row.try_get(column).map_err(failure::unreadable("something pending"))?;
        from_micros(micros).map_err(failure::unreadable("something pending"))
    };
    let instigator: String = row.try_get(1).map_err(unreadable())?;
    let work: String = row.try_get(2).map_err(unreadable())?;
    let state: String = row.try_get(3).map_err(unreadable())?;
    Ok(Pending {
        id: row.try_get::<i64, _>(0).map_err(unreadable())?.cast_unsigned(),
        instigator: Instigator::from_stored(&instigator),
        work: serde_json::from_str(&work).map_err(failure::unreadable("something pending"))?,
        // A state of a later version isn't tried by this one.
        state: PendingState::from_name(&state).unwrap_or(PendingState::GivenUp),
        reason: row.try_get(4).map_err(unreadable())?,
        attempts: u32::try_from(row.try_get::<i64, _>(5).map_err(unreadable())?).unwrap_or(u32::MAX),
        next_at: moment(6)?,
        created_at: moment(7)?,
    })
}

/// Whether these haven't been tried by another process since they were read.
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
struct RetryPending {
    id: u64,
    now: Timestamp,
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
struct DropPending(u64);

#[async_trait]
impl Change for DropPending {
    type Outcome = bool;
    const ACTION: &'static str = "drop something pending";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let query = sqlx::query("DELETE FROM pending WHERE id = ?").bind(self.0.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}
