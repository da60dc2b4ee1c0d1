//! Instigators: their switches, cursors and ticks, and the commits of their evaluations.
//!
//! The table `schedules` holds a row for every instigator, by the name that it has in the store, as it was made when there were only
//! schedules.

use std::collections::BTreeMap;

use async_trait::async_trait;
use millwork_core::{Instigator, SwitchedCursor};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::automation::remember;
use super::backfills::CreateBackfill;
use super::deliveries::insert_delivery;
use super::pending::{are_untouched, insert_pending, settle};
use super::runs::CreateRun;
use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::micros::from_micros;
use crate::{Commit, InstigatorState, InstigatorStore, StorageError, Tick, TickOutcome};

#[async_trait]
impl InstigatorStore for SqliteStore {
    async fn states(&self) -> Result<BTreeMap<Instigator, InstigatorState>, StorageError> {
        let query = sqlx::query("SELECT is_on, cursor, stuck_since, name FROM schedules");
        let named = |row: &SqliteRow| {
            let name: String = row.try_get(3).map_err(failure::unreadable("a schedule"))?;
            Ok((Instigator::from_stored(&name), state(row)?))
        };
        self.reader.rows("read the states of schedules", query).await?.iter().map(named).collect()
    }

    async fn state(&self, instigator: &Instigator) -> Result<InstigatorState, StorageError> {
        let text = "SELECT is_on, cursor, stuck_since FROM schedules WHERE name = ?";
        let query = sqlx::query(text).bind(instigator.stored().into_owned());
        let rows = self.reader.rows("read the state of a schedule", query).await?;
        Ok(rows.first().map(state).transpose()?.unwrap_or_default())
    }

    async fn switch(
        &self,
        instigator: &Instigator,
        on: Option<bool>,
        cursor: SwitchedCursor,
    ) -> Result<(), StorageError> {
        self.writer.write(SwitchInstigator { instigator: instigator.clone(), on, cursor }).await
    }

    async fn commit(&self, commit: Commit) -> Result<bool, StorageError> {
        self.writer.write(CommitEvaluation::new(commit)?).await
    }

    async fn ticks(&self, of: &[Instigator], limit: u32) -> Result<Vec<Tick>, StorageError> {
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
        self.reader.rows("read ticks", query).await?.iter().map(tick).collect()
    }

    async fn ticks_behind(&self, behind: u64, limit: u32) -> Result<Vec<(u64, Tick)>, StorageError> {
        let text =
            "SELECT schedule, due, at, outcome, micros, id FROM ticks WHERE id > ? ORDER BY id LIMIT ?";
        let query = sqlx::query(text).bind(behind.cast_signed()).bind(i64::from(limit));
        let numbered = |row: &SqliteRow| {
            let number: i64 = row.try_get(5).map_err(failure::unreadable("a tick"))?;
            Ok((number.cast_unsigned(), tick(row)?))
        };
        self.reader.rows("read ticks", query).await?.iter().map(numbered).collect()
    }

    async fn newest_tick(&self) -> Result<u64, StorageError> {
        let query = sqlx::query("SELECT seq FROM sqlite_sequence WHERE name = 'ticks'");
        let rows = self.reader.rows("read the newest tick", query).await?;
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
            reason: format!("its outcome can't be read: {reason}"),
        }),
    })
}

/// The outcome of a tick, or the reason why it can't be read.
pub(super) fn outcome(row: &SqliteRow) -> Result<TickOutcome, String> {
    let json: &str = row.try_get("outcome").map_err(|error| error.to_string())?;
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// Switches an instigator on or off, or leaves it to its definition.
#[derive(Debug)]
struct SwitchInstigator {
    instigator: Instigator,
    /// Whether it is on; `None` to leave it to its definition.
    on: Option<bool>,
    /// What a change does to its cursor.
    cursor: SwitchedCursor,
}

#[async_trait]
impl Change for SwitchInstigator {
    type Outcome = ();
    const ACTION: &'static str = "switch a schedule, sensor or condition";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let text = "INSERT INTO schedules (name, is_on) VALUES (?1, ?2) \
                    ON CONFLICT (name) DO UPDATE SET is_on = excluded.is_on, \
                    cursor = CASE WHEN ?3 OR is_on IS excluded.is_on THEN cursor END";
        let keeps = self.cursor == SwitchedCursor::Kept;
        let query = sqlx::query(text).bind(self.instigator.stored()).bind(self.on).bind(keeps);
        query.execute(transaction.connection()).await?;
        transaction.memo.cursors = None;
        Ok(())
    }
}

/// Records an evaluation, unless another process was first.
#[derive(Debug)]
struct CommitEvaluation {
    commit: Commit,
    runs: Vec<CreateRun>,
    backfills: Vec<(CreateBackfill, Tick)>,
}

impl CommitEvaluation {
    fn new(mut commit: Commit) -> Result<Self, StorageError> {
        let runs = std::mem::take(&mut commit.runs).into_iter().map(CreateRun::new);
        let backfills = std::mem::take(&mut commit.backfills).into_iter();
        let backfills = backfills.map(|(backfill, tick)| Ok((CreateBackfill::new(backfill)?, tick)));
        Ok(Self {
            runs: runs.collect::<Result<_, _>>()?,
            backfills: backfills.collect::<Result<_, StorageError>>()?,
            commit,
        })
    }
}

#[async_trait]
impl Change for CommitEvaluation {
    type Outcome = bool;
    const ACTION: &'static str = "record an evaluation";
    const ASKS_MEMO_ONLY: bool = true;

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let Commit { instigator, ticks, rows, deliveries, pending, attempts, .. } = &self.commit;
        if !are_untouched(transaction, attempts).await? {
            return Ok(false);
        }
        // Refusals have to come before anything is written.
        for run in &self.runs {
            run.check(transaction).await?;
        }
        if !transaction.move_cursor(&self.commit).await? {
            return Ok(false);
        }
        for run in &self.runs {
            run.apply(transaction).await?;
        }
        for tick in ticks {
            transaction.add_tick(tick);
        }
        for (backfill, tick) in &self.backfills {
            let backfill = backfill.apply(transaction).await?;
            transaction.add_tick(&Tick { outcome: TickOutcome::Backfill { backfill }, ..tick.clone() });
        }
        remember(transaction, rows).await?;
        for delivery in deliveries {
            insert_delivery(transaction, delivery).await?;
        }
        for attempt in attempts {
            settle(transaction, attempt).await?;
        }
        for pending in pending {
            insert_pending(transaction, instigator, pending).await?;
        }
        Ok(true)
    }
}
