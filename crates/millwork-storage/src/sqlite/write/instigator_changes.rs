//! Switching instigators, and writing their evaluations down.

use async_trait::async_trait;
use millwork_core::Instigator;

use super::change::{Change, ChangeError};
use super::delivery_changes::insert_delivery;
use super::pending_changes::{are_untouched, insert_pending, settle};
use super::run_changes::CreateRun;
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::{AutomationRow, Commit, StorageError, Tick};

/// Switches an instigator on or off, or leaves it to its definition.
#[derive(Debug)]
pub(crate) struct SwitchInstigator {
    pub(crate) instigator: Instigator,
    /// Whether it is on.
    pub(crate) on: Option<bool>,
}

#[async_trait]
impl Change for SwitchInstigator {
    type Outcome = ();
    const ACTION: &'static str = "switch a schedule";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let text = "INSERT INTO schedules (name, is_on) VALUES (?1, ?2) \
                    ON CONFLICT (name) DO UPDATE SET is_on = excluded.is_on, \
                    cursor = CASE WHEN is_on IS excluded.is_on THEN cursor END";
        let query = sqlx::query(text).bind(self.instigator.stored()).bind(self.on);
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}

/// Writes an evaluation down, if nobody was faster.
#[derive(Debug)]
pub(crate) struct CommitEvaluation {
    commit: Commit,
    runs: Vec<CreateRun>,
}

impl CommitEvaluation {
    pub(crate) fn new(mut commit: Commit) -> Result<Self, StorageError> {
        let runs = std::mem::take(&mut commit.runs).into_iter().map(CreateRun::new);
        Ok(Self { runs: runs.collect::<Result<_, _>>()?, commit })
    }
}

#[async_trait]
impl Change for CommitEvaluation {
    type Outcome = bool;
    const ACTION: &'static str = "record an evaluation";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let Commit {
            instigator,
            from,
            cursor,
            stuck_since,
            runs: _,
            ticks,
            rows,
            deliveries,
            pending,
            attempts,
        } = &self.commit;
        let name = instigator.stored();
        let query = sqlx::query_scalar("SELECT cursor FROM schedules WHERE name = ?").bind(&*name);
        let known: Option<Option<String>> = query.fetch_optional(transaction.connection()).await?;
        if known.flatten() != *from || !are_untouched(transaction, attempts).await? {
            return Ok(false);
        }
        // What is refused has to be refused before anything is written.
        for run in &self.runs {
            run.check(transaction).await?;
        }
        let text = "INSERT INTO schedules (name, cursor, stuck_since) VALUES (?1, ?2, ?3) \
                    ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, stuck_since = excluded.stuck_since";
        let query = sqlx::query(text).bind(&*name).bind(cursor.as_str()).bind(stuck_since.map(to_micros));
        query.execute(transaction.connection()).await?;
        for run in &self.runs {
            run.apply(transaction).await?;
        }
        for tick in ticks {
            insert_tick(transaction, tick).await?;
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

async fn insert_tick(transaction: &mut Transaction<'_>, tick: &Tick) -> Result<(), ChangeError> {
    let outcome = serde_json::to_string(&tick.outcome).expect("outcomes have string keys only");
    let query = sqlx::query("INSERT INTO ticks (schedule, due, at, outcome, micros) VALUES (?, ?, ?, ?, ?)")
        .bind(tick.instigator.stored())
        .bind(to_micros(tick.due))
        .bind(to_micros(tick.at))
        .bind(outcome)
        .bind(tick.micros.map(u64::cast_signed));
    query.execute(transaction.connection()).await?;
    Ok(())
}

/// Writes what automation remembers. One statement writes all rows that are kept, and one removes the others.
async fn remember(transaction: &mut Transaction<'_>, rows: &[AutomationRow]) -> Result<(), ChangeError> {
    let (kept, forgotten): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.state.is_some());
    if !kept.is_empty() {
        let pairs: Vec<_> = kept.iter().map(|row| (&row.asset, &row.state)).collect();
        // `WHERE true`, as SQLite would read `ON` as a part of a join.
        let text = "INSERT INTO automation (asset, state) \
                    SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true \
                    ON CONFLICT (asset) DO UPDATE SET state = excluded.state";
        let query = sqlx::query(text).bind(serde_json::to_string(&pairs).expect("texts are JSON"));
        query.execute(transaction.connection()).await?;
    }
    if !forgotten.is_empty() {
        let assets: Vec<_> = forgotten.iter().map(|row| &row.asset).collect();
        let text = "DELETE FROM automation WHERE asset IN (SELECT value FROM json_each(?1))";
        let query = sqlx::query(text).bind(serde_json::to_string(&assets).expect("texts are JSON"));
        query.execute(transaction.connection()).await?;
    }
    Ok(())
}
