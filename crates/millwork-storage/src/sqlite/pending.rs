//! Pending work: requests of instigators that couldn't be fulfilled, and the outcomes of retries.

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
        Ok(self.reader.rows("read pending work", query).await?.iter().filter_map(readable).collect())
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
        Ok(self.reader.rows("read pending work", query).await?.iter().filter_map(readable).collect())
    }

    async fn retry_pending(&self, id: u64, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryPending { id, now }).await
    }

    async fn drop_pending(&self, id: u64) -> Result<bool, StorageError> {
        self.writer.write(DropPending(id)).await
    }
}

/// The entry, if it can be read: one that can't be is left to `store check`, and doesn't block the others.
fn readable(row: &SqliteRow) -> Option<Pending> {
    pending(row).ok()
}

fn pending(row: &SqliteRow) -> Result<Pending, StorageError> {
    let unreadable = || failure::unreadable("pending work");
    let moment = |column: usize| {
        let micros = row.try_get(column).map_err(failure::unreadable("pending work"))?;
        from_micros(micros).map_err(failure::unreadable("pending work"))
    };
    let instigator: String = row.try_get(1).map_err(unreadable())?;
    let work: String = row.try_get(2).map_err(unreadable())?;
    let state: String = row.try_get(3).map_err(unreadable())?;
    Ok(Pending {
        id: row.try_get::<i64, _>(0).map_err(unreadable())?.cast_unsigned(),
        instigator: Instigator::from_stored(&instigator),
        work: serde_json::from_str(&work).map_err(failure::unreadable("pending work"))?,
        // An entry in a state of a later version isn't retried by this one.
        state: PendingState::from_name(&state).unwrap_or(PendingState::GivenUp),
        reason: row.try_get(4).map_err(unreadable())?,
        attempts: u32::try_from(row.try_get::<i64, _>(5).map_err(unreadable())?).unwrap_or(u32::MAX),
        next_at: moment(6)?,
        created_at: moment(7)?,
    })
}

/// Whether none of these was retried by another process since they were read.
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

/// Records the outcome of a retry.
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

/// Adds work whose first attempt failed.
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

/// Makes pending work due now.
#[derive(Debug)]
struct RetryPending {
    id: u64,
    now: Timestamp,
}

#[async_trait]
impl Change for RetryPending {
    type Outcome = bool;
    const ACTION: &'static str = "retry pending work";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let text = "UPDATE pending SET state = 'waiting', attempts = 0, next_at = ? WHERE id = ?";
        let query = sqlx::query(text).bind(to_micros(self.now)).bind(self.id.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}

/// Drops pending work.
#[derive(Debug)]
struct DropPending(u64);

#[async_trait]
impl Change for DropPending {
    type Outcome = bool;
    const ACTION: &'static str = "drop pending work";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let query = sqlx::query("DELETE FROM pending WHERE id = ?").bind(self.0.cast_signed());
        Ok(query.execute(transaction.connection()).await?.rows_affected() == 1)
    }
}
