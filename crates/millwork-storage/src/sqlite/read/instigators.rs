//! Reading instigators' switches, cursors and ticks.

use std::collections::BTreeMap;

use millwork_core::Instigator;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Reader;
use crate::micros::from_micros;
use crate::sqlite::failure;
use crate::{InstigatorState, StorageError, Tick, TickOutcome};

impl Reader {
    /// What is known of all instigators.
    pub(in crate::sqlite) async fn states(
        &self,
    ) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        let query = sqlx::query("SELECT is_on, cursor, stuck_since, name FROM schedules");
        let named = |row: &SqliteRow| {
            let name: String = row.try_get(3).map_err(failure::unreadable("a schedule"))?;
            Ok((Instigator::from_stored(&name), state(row)?))
        };
        self.rows("look for schedules", query).await?.iter().map(named).collect()
    }

    /// What is known of one.
    pub(in crate::sqlite) async fn state(
        &self,
        instigator: &Instigator,
    ) -> Result<InstigatorState, StorageError> {
        let text = "SELECT is_on, cursor, stuck_since FROM schedules WHERE name = ?";
        let query = sqlx::query(text).bind(instigator.stored().into_owned());
        let rows = self.rows("look for a schedule", query).await?;
        Ok(rows.first().map(state).transpose()?.unwrap_or_default())
    }

    /// Ticks, newest first.
    pub(in crate::sqlite) async fn ticks(
        &self,
        of: &[Instigator],
        limit: u32,
    ) -> Result<Vec<Tick>, StorageError> {
        let limit = i64::from(limit);
        let query = match of {
            [] => sqlx::query(
                "SELECT schedule, due, at, outcome, micros FROM ticks ORDER BY id DESC LIMIT ?",
            )
            .bind(limit),
            [one] => sqlx::query(
                "SELECT schedule, due, at, outcome, micros FROM ticks WHERE schedule = ? ORDER BY id DESC LIMIT ?",
            )
            .bind(one.stored().into_owned())
            .bind(limit),
            many => sqlx::query(
                "SELECT schedule, due, at, outcome, micros FROM ticks \
                 WHERE schedule IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?",
            )
            .bind(serde_json::to_string(many).expect("texts are JSON"))
            .bind(limit),
        };
        self.rows("look for ticks", query).await?.iter().map(tick).collect()
    }

    /// Ticks behind a number, oldest first.
    pub(in crate::sqlite) async fn ticks_behind(
        &self,
        behind: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Tick)>, StorageError> {
        let text =
            "SELECT schedule, due, at, outcome, micros, id FROM ticks WHERE id > ? ORDER BY id LIMIT ?";
        let query = sqlx::query(text).bind(behind.cast_signed()).bind(i64::from(limit));
        let numbered = |row: &SqliteRow| {
            let number: i64 = row.try_get(5).map_err(failure::unreadable("a tick"))?;
            Ok((number.cast_unsigned(), tick(row)?))
        };
        self.rows("look for ticks", query).await?.iter().map(numbered).collect()
    }

    /// The number of the newest tick, also if it was forgotten.
    pub(in crate::sqlite) async fn newest_tick(&self) -> Result<u64, StorageError> {
        let query = sqlx::query("SELECT seq FROM sqlite_sequence WHERE name = 'ticks'");
        let rows = self.rows("look for the newest tick", query).await?;
        let newest = rows.first().map(|row| row.try_get::<i64, _>(0)).transpose();
        Ok(newest.map_err(failure::unreadable("a tick"))?.unwrap_or(0).cast_unsigned())
    }
}

fn state(row: &SqliteRow) -> Result<InstigatorState, StorageError> {
    let unreadable = || failure::unreadable("a schedule");
    let on = row.try_get(0).map_err(unreadable())?;
    let cursor = row.try_get(1).map_err(unreadable())?;
    let stuck_since: Option<i64> = row.try_get(2).map_err(unreadable())?;
    let stuck_since = stuck_since.map(from_micros).transpose().map_err(failure::unreadable("a schedule"))?;
    Ok(InstigatorState { on, cursor, stuck_since })
}

fn tick(row: &SqliteRow) -> Result<Tick, StorageError> {
    let unreadable = || failure::unreadable("a tick");
    let moment = |column: usize| {
        let micros = row.try_get(column).map_err(failure::unreadable("a tick"))?;
        Ok(from_micros(micros).unwrap_or_default())
    };
    let name: String = row.try_get(0).map_err(unreadable())?;
    Ok(Tick {
        instigator: Instigator::from_stored(&name),
        due: moment(1)?,
        at: moment(2)?,
        micros: row.try_get::<Option<i64>, _>(4).map_err(unreadable())?.map(i64::unsigned_abs),
        outcome: outcome(row).unwrap_or_else(|reason| TickOutcome::Failed {
            reason: format!("what came of it can't be read: {reason}"),
        }),
    })
}

/// What came of a tick; why it can't be read, if so.
pub(in crate::sqlite) fn outcome(row: &SqliteRow) -> Result<TickOutcome, String> {
    let json: &str = row.try_get("outcome").map_err(|error| error.to_string())?;
    serde_json::from_str(json).map_err(|error| error.to_string())
}
