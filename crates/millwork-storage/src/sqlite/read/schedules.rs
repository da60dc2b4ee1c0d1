//! Reading schedules' state and ticks.

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Reader;
use crate::micros::from_micros;
use crate::sqlite::failure;
use crate::{ScheduleState, StorageError, Tick};

impl Reader {
    /// What is known of all schedules.
    pub(in crate::sqlite) async fn schedules(&self) -> Result<BTreeMap<String, ScheduleState>, StorageError> {
        let query = sqlx::query("SELECT name, is_on, cursor FROM schedules");
        self.rows("look for schedules", query).await?.iter().map(schedule).collect()
    }

    /// Ticks, newest first.
    pub(in crate::sqlite) async fn ticks(
        &self,
        schedule: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Tick>, StorageError> {
        let text = "SELECT schedule, due, at, outcome, micros FROM ticks WHERE ?1 IS NULL OR schedule = ?1 \
                    ORDER BY id DESC LIMIT ?2";
        let query = sqlx::query(text).bind(schedule.map(str::to_owned)).bind(i64::from(limit));
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

fn schedule(row: &SqliteRow) -> Result<(String, ScheduleState), StorageError> {
    let unreadable = || failure::unreadable("a schedule");
    let on = row.try_get(1).map_err(unreadable())?;
    let cursor = row.try_get(2).map_err(unreadable())?;
    Ok((row.try_get(0).map_err(unreadable())?, ScheduleState { on, cursor }))
}

fn tick(row: &SqliteRow) -> Result<Tick, StorageError> {
    let unreadable = || failure::unreadable("a tick");
    let moment = |column: usize| {
        let micros = row.try_get(column).map_err(failure::unreadable("a tick"))?;
        from_micros(micros).map_err(failure::unreadable("a tick"))
    };
    let outcome: String = row.try_get(3).map_err(unreadable())?;
    Ok(Tick {
        schedule: row.try_get(0).map_err(unreadable())?,
        due: moment(1)?,
        at: moment(2)?,
        micros: row.try_get::<Option<i64>, _>(4).map_err(unreadable())?.map(i64::unsigned_abs),
        outcome: serde_json::from_str(&outcome).map_err(failure::unreadable("a tick"))?,
    })
}
