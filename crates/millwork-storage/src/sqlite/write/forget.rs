//! Forgetting: what a retention rule lets go, a bounded part in each transaction.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::change::{Change, ChangeError};
use super::insert::is_one_of;
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::retention_store::{Forgotten, LOGS};
use crate::sqlite::retention::{Part, Position};

/// So many events are looked at in one transaction, so that nobody waits long for it.
const EVENTS_AT_ONCE: i64 = 20_000;
/// So many runs.
const RUNS_AT_ONCE: i64 = 100;
/// So many ticks.
const TICKS_AT_ONCE: i64 = 5_000;

/// Forgets old log lines and progress.
#[derive(Debug)]
pub(crate) struct ForgetLogs {
    /// Where to look on.
    pub(crate) from: Position,
    /// What is older than this.
    pub(crate) before: Timestamp,
}

#[async_trait]
impl Change for ForgetLogs {
    type Outcome = Part;
    const ACTION: &'static str = "forget log lines";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Part, ChangeError> {
        let text = "SELECT ifnull(max(sequence), 0), count(*) FROM (SELECT sequence FROM (SELECT sequence, at FROM events \
                    WHERE sequence > ?1 ORDER BY sequence LIMIT ?2) WHERE at < ?3)";
        let query = sqlx::query_as(text).bind(self.from.0).bind(EVENTS_AT_ONCE).bind(to_micros(self.before));
        let (last, seen): (i64, i64) = query.fetch_one(transaction.connection()).await?;
        let text = format!(
            "DELETE FROM events WHERE sequence > ? AND sequence <= ? AND {} AND at < ?",
            is_one_of(LOGS)
        );
        let query =
            sqlx::query(AssertSqlSafe(text)).bind(self.from.0).bind(last).bind(to_micros(self.before));
        let events = query.execute(transaction.connection()).await?.rows_affected();
        let next = (seen == EVENTS_AT_ONCE).then_some(Position(last));
        let text = "SELECT min(sequence) FROM (SELECT sequence, at FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT ?2) \
                    WHERE at >= ?3";
        let query =
            sqlx::query_scalar(text).bind(self.from.0).bind(EVENTS_AT_ONCE).bind(to_micros(self.before));
        let young: Option<i64> = query.fetch_one(transaction.connection()).await?;
        let passed = Position(young.map_or(last, |young| young - 1).max(self.from.0));
        Ok(Part { forgotten: Forgotten { events, ..Forgotten::default() }, next, passed })
    }
}

/// Forgets old runs with their events, other than what is latest of an asset.
#[derive(Debug)]
pub(crate) struct ForgetRuns {
    /// Where to look on.
    pub(crate) from: Position,
    /// What finished before this.
    pub(crate) before: Timestamp,
}

#[async_trait]
impl Change for ForgetRuns {
    type Outcome = Part;
    const ACTION: &'static str = "forget runs";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Part, ChangeError> {
        let text = "SELECT number FROM runs WHERE number > ? AND finished_at < ? ORDER BY number LIMIT ?";
        let query =
            sqlx::query_scalar(text).bind(self.from.0).bind(to_micros(self.before)).bind(RUNS_AT_ONCE);
        let old: Vec<i64> = query.fetch_all(transaction.connection()).await?;
        let mut forgotten = Forgotten::default();
        for run in &old {
            let text = "DELETE FROM events WHERE run = ?1 AND sequence NOT IN (SELECT materialization FROM latest WHERE asset \
                        IN (SELECT asset FROM events WHERE run = ?1) AND materialization IS NOT NULL UNION SELECT verdict \
                        FROM latest WHERE asset IN (SELECT asset FROM events WHERE run = ?1))";
            let query = sqlx::query(text).bind(run);
            forgotten.events += query.execute(transaction.connection()).await?.rows_affected();
            // What is latest of an asset keeps its run.
            let text =
                "DELETE FROM runs WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM events WHERE run = ?1)";
            let query = sqlx::query(text).bind(run);
            forgotten.runs += query.execute(transaction.connection()).await?.rows_affected();
        }
        let is_full = old.len() as i64 == RUNS_AT_ONCE;
        let next = old.last().filter(|_| is_full).map(|last| Position(*last));
        Ok(Part { forgotten, next, ..Part::default() })
    }
}

/// Forgets old ticks.
#[derive(Debug)]
pub(crate) struct ForgetTicks {
    /// What is older than this.
    pub(crate) before: Timestamp,
}

#[async_trait]
impl Change for ForgetTicks {
    type Outcome = Part;
    const ACTION: &'static str = "forget ticks";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Part, ChangeError> {
        let text = "DELETE FROM ticks WHERE id IN (SELECT id FROM ticks WHERE at < ? ORDER BY at LIMIT ?)";
        let query = sqlx::query(text).bind(to_micros(self.before)).bind(TICKS_AT_ONCE);
        let ticks = query.execute(transaction.connection()).await?.rows_affected();
        // What was given up is known by its last tick.
        let text = "DELETE FROM pending WHERE state = 'given_up' AND next_at < ?";
        sqlx::query(text).bind(to_micros(self.before)).execute(transaction.connection()).await?;
        let next = (ticks.cast_signed() == TICKS_AT_ONCE).then_some(Position::default());
        Ok(Part { forgotten: Forgotten { ticks, ..Forgotten::default() }, next, ..Part::default() })
    }
}

/// Forgets the values of materializations; those outside of the database were removed before.
#[derive(Debug)]
pub(crate) struct ForgetValues(pub(crate) Vec<u64>);

#[async_trait]
impl Change for ForgetValues {
    type Outcome = ();
    const ACTION: &'static str = "forget values";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        for sequence in &self.0 {
            let text = "UPDATE events SET value = NULL WHERE sequence = ?1; \
                        INSERT OR IGNORE INTO removed_values (sequence) VALUES (?1)";
            let query = sqlx::query(text).bind(sequence.cast_signed());
            query.execute(transaction.connection()).await?;
        }
        Ok(())
    }
}
