//! Reading what is pending.

use jiff::Timestamp;
use millwork_core::Instigator;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Reader;
use crate::micros::{from_micros, to_micros};
use crate::pending_store::LONGEST_PAUSE;
use crate::sqlite::failure;
use crate::{Pending, PendingState, StorageError};

impl Reader {
    /// What is pending of these instigators, or of all, oldest first.
    pub(in crate::sqlite) async fn pending(
        &self,
        of: &[Instigator],
        limit: u32,
    ) -> Result<Vec<Pending>, StorageError> {
        let text = "SELECT id, instigator, work, state, reason, attempts, next_at, created_at FROM pending \
                    WHERE ?1 = '[]' OR instigator IN (SELECT value FROM json_each(?1)) ORDER BY id LIMIT ?2";
        let of = serde_json::to_string(of).expect("texts are JSON");
        let query = sqlx::query(text).bind(of).bind(i64::from(limit));
        Ok(self.rows("look for what is pending", query).await?.iter().filter_map(readable).collect())
    }

    /// What is to be tried now of these instigators.
    pub(in crate::sqlite) async fn due_pending(
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
        Ok(self.rows("look for what is pending", query).await?.iter().filter_map(readable).collect())
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
