//! Retention: finding and removing what the rules don't keep.
//!
//! The removed data can be half of a large database, and others write meanwhile, so it goes in many small transactions, each of which
//! returns where the next one continues. Log lines are found by the sequence numbers of events, as there is no index of times; the position
//! up to which everything was old enough is kept, and not searched again.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventKind};
use millwork_core::retention::{KeptValues, Retention};
use sqlx::{AssertSqlSafe, Row as _};

use super::events::is_one_of;
use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure, versions};
use crate::micros::to_micros;
use crate::retention_store::{LATELY, LOGS};
use crate::version_store::{kept_versions, undecided_versions};
use crate::{EventLog as _, EventQuery, Forgotten, RetentionStore, StorageError};

/// The number of events that are searched in one transaction, so that other writers don't wait long for it.
const EVENTS_AT_ONCE: i64 = 20_000;
/// The number of runs that are removed in one transaction.
const RUNS_AT_ONCE: i64 = 100;
/// The number of ticks that are removed in one transaction.
const TICKS_AT_ONCE: i64 = 5_000;

/// The position of a search for old data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position(i64);

/// The part of a removal that one transaction does.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    /// The amount of removed data.
    forgotten: Forgotten,
    /// Where to continue; `None` if nothing more is old enough.
    next: Option<Position>,
    /// The position up to which everything is old enough, and need not be searched again.
    passed: Position,
}

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn forget(&self, rules: &Retention, now: Timestamp) -> Result<Forgotten, StorageError> {
        let mut all = Forgotten::default();
        if let Some(age) = rules.logs {
            // Earlier positions stay valid: new events come behind them.
            let passed = Position(self.logs_forgotten.load(Ordering::Relaxed));
            let (before, mut next) = (Retention::before(now, age), Some(passed));
            while let Some(from) = next {
                let part = self.writer.write(ForgetLogs { from, before }).await?;
                // A young event stops the search, whatever the times of later events are.
                if from.0 == self.logs_forgotten.load(Ordering::Relaxed) {
                    self.logs_forgotten.store(part.passed.0, Ordering::Relaxed);
                }
                next = add(&mut all, part);
            }
        }
        if let Some(age) = rules.runs {
            let (before, mut next) = (Retention::before(now, age), Some(Position::default()));
            while let Some(from) = next {
                next = add(&mut all, self.writer.write(ForgetRuns { from, before }).await?);
            }
        }
        if let Some(age) = rules.ticks {
            let before = Retention::before(now, age);
            while add(&mut all, self.writer.write(ForgetTicks { before }).await?).is_some() {}
        }
        Ok(all)
    }

    async fn old_values(
        &self,
        kept: KeptValues,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StorageError> {
        let pointed = versions::pointed(self, to_micros(Retention::before(now, LATELY))).await?;
        let protected = kept_versions(self, &pointed).await?;
        let text = "SELECT sequence FROM (SELECT sequence, at, row_number() OVER (PARTITION BY asset, partition ORDER BY \
                    sequence DESC) AS newest FROM events WHERE kind = ?1 AND asset IS NOT NULL) WHERE newest > ?2 AND at < \
                    ?3 AND sequence NOT IN (SELECT sequence FROM removed_values) AND sequence NOT IN (SELECT value FROM \
                    json_each(?5)) ORDER BY sequence LIMIT ?4";
        let query = sqlx::query(text)
            .bind(EventKind::Materialized.number())
            .bind(i64::from(kept.newest))
            .bind(to_micros(Retention::before(now, kept.younger)))
            .bind(i64::from(limit))
            .bind(serde_json::to_string(&protected).expect("numbers are JSON"));
        let mut old = Vec::new();
        for row in self.reader.rows("find old values", query).await? {
            let sequence: i64 = row.try_get(0).map_err(failure::unreadable("an event"))?;
            old.extend(self.events(EventQuery::at(sequence.unsigned_abs())).await?);
        }
        let left = limit.saturating_sub(u32::try_from(old.len()).unwrap_or(u32::MAX));
        if left > 0 {
            old.extend(self.old_values_in_shadow(kept, now, left).await?);
        }
        Ok(old)
    }

    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError> {
        self.writer.write(ForgetValues(sequences.to_vec())).await
    }
}

impl SqliteStore {
    /// The values in shadow beside which no value of their asset is left, and whose version isn't in shadow any more.
    async fn old_values_in_shadow(
        &self,
        kept: KeptValues,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Event>, StorageError> {
        let undecided = undecided_versions(self).await?;
        let in_shadow: Vec<_> =
            undecided.in_shadow.iter().map(|(of, version)| (&of.asset, version.get())).collect();
        let text = format!(
            "SELECT sequence FROM events AS called WHERE {called} AND asset IS NOT NULL AND at < ?1 AND json_valid(body) AND \
             body ->> '$.outcome' = 'made' AND sequence NOT IN (SELECT sequence FROM removed_values) AND NOT EXISTS (SELECT 1 FROM \
             json_each(?2) AS trial WHERE trial.value ->> 0 = body ->> '$.model' AND trial.value ->> 1 = body ->> '$.version') AND \
             NOT EXISTS (SELECT 1 FROM events AS made WHERE made.{made} AND made.run = called.run AND made.asset = called.asset AND \
             made.partition = called.partition AND made.sequence NOT IN (SELECT sequence FROM removed_values)) ORDER BY sequence \
             LIMIT ?3",
            called = is_one_of(EventKind::ShadowCalled.into()),
            made = is_one_of(EventKind::Materialized.into()),
        );
        let query = sqlx::query(AssertSqlSafe(text))
            .bind(to_micros(Retention::before(now, kept.younger)))
            .bind(serde_json::to_string(&in_shadow).expect("keys and numbers are JSON"))
            .bind(i64::from(limit));
        let mut old = Vec::new();
        for row in self.reader.rows("find old values in shadow", query).await? {
            let sequence: i64 = row.try_get(0).map_err(failure::unreadable("an event"))?;
            old.extend(self.events(EventQuery::at(sequence.unsigned_abs())).await?);
        }
        Ok(old)
    }
}

/// Adds the amount of a part; returns where to continue.
fn add(all: &mut Forgotten, part: Part) -> Option<Position> {
    all.events += part.forgotten.events;
    all.runs += part.forgotten.runs;
    all.ticks += part.forgotten.ticks;
    part.next
}

/// Removes old log lines and progress.
#[derive(Debug)]
struct ForgetLogs {
    /// Where to continue.
    from: Position,
    /// Events older than this are removed.
    before: Timestamp,
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

/// Removes old runs with their events, except the latest events of an asset.
#[derive(Debug)]
struct ForgetRuns {
    /// Where to continue.
    from: Position,
    /// Runs that finished before this are removed.
    before: Timestamp,
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
            let text = format!(
                "DELETE FROM events WHERE run = ?1 AND NOT {} AND sequence NOT IN (SELECT materialization FROM latest WHERE \
                 asset IN (SELECT asset FROM events WHERE run = ?1) AND materialization IS NOT NULL UNION SELECT verdict \
                 FROM latest WHERE asset IN (SELECT asset FROM events WHERE run = ?1))",
                versions::is_kept_for_versions()
            );
            let query = sqlx::query(AssertSqlSafe(text)).bind(run);
            forgotten.events += query.execute(transaction.connection()).await?.rows_affected();
            // A latest event of an asset keeps its run.
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

/// Removes old ticks.
#[derive(Debug)]
struct ForgetTicks {
    /// Ticks older than this are removed.
    before: Timestamp,
}

#[async_trait]
impl Change for ForgetTicks {
    type Outcome = Part;
    const ACTION: &'static str = "forget ticks";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Part, ChangeError> {
        let text = "DELETE FROM ticks WHERE id IN (SELECT id FROM ticks WHERE at < ? ORDER BY at LIMIT ?)";
        let query = sqlx::query(text).bind(to_micros(self.before)).bind(TICKS_AT_ONCE);
        let ticks = query.execute(transaction.connection()).await?.rows_affected();
        // Work that was given up goes together with its last tick.
        let text = "DELETE FROM pending WHERE state = 'given_up' AND next_at < ?";
        sqlx::query(text).bind(to_micros(self.before)).execute(transaction.connection()).await?;
        let next = (ticks.cast_signed() == TICKS_AT_ONCE).then_some(Position::default());
        Ok(Part { forgotten: Forgotten { ticks, ..Forgotten::default() }, next, ..Part::default() })
    }
}

/// Marks the values of materializations as removed; objects of I/O managers were removed before.
#[derive(Debug)]
struct ForgetValues(Vec<u64>);

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
