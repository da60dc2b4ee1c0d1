//! What a retention rule lets go, and finding the values that it does.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{Event, EventKind};
use millwork_core::retention::{KeptValues, Retention};

use super::SqliteStore;
use super::write::{ForgetLogs, ForgetRuns, ForgetTicks, ForgetValues};
use crate::micros::to_micros;
use crate::{EventLog as _, EventQuery, Forgotten, RetentionStore, StorageError};

/// Where a search for what is old has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position(pub(super) i64);

/// A part of what is forgotten, in one transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part {
    /// How much it was.
    pub(super) forgotten: Forgotten,
    /// Where to look on; `None` if nothing more is old enough.
    pub(super) next: Option<Position>,
    /// Up to where everything is old enough, and need not be looked at again.
    pub(super) passed: Position,
}

#[async_trait]
impl RetentionStore for SqliteStore {
    /// In many small transactions, so that nobody waits long for it.
    async fn forget(&self, rules: &Retention, now: Timestamp) -> Result<Forgotten, StorageError> {
        let mut all = Forgotten::default();
        if let Some(age) = rules.logs {
            // What was passed before stays so: later ones come behind it.
            let passed = Position(self.logs_forgotten.load(Ordering::Relaxed));
            let (before, mut next) = (Retention::before(now, age), Some(passed));
            while let Some(from) = next {
                let part = self.writer.write(ForgetLogs { from, before }).await?;
                // An event that is young keeps back those behind it, whatever their times say.
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
        let text = "SELECT sequence FROM (SELECT sequence, at, row_number() OVER (PARTITION BY asset, partition ORDER BY \
                    sequence DESC) AS newest FROM events WHERE kind = ?1 AND asset IS NOT NULL) WHERE newest > ?2 AND at < \
                    ?3 AND sequence NOT IN (SELECT sequence FROM removed_values) ORDER BY sequence LIMIT ?4";
        let query = sqlx::query(text)
            .bind(EventKind::Materialized.number())
            .bind(i64::from(kept.newest))
            .bind(to_micros(Retention::before(now, kept.younger)))
            .bind(i64::from(limit));
        let mut old = Vec::new();
        for row in self.reader.rows("look for old values", query).await? {
            let sequence: i64 =
                sqlx::Row::try_get(&row, 0).map_err(super::failure::unreadable("an event"))?;
            let before = sequence.unsigned_abs();
            let one =
                EventQuery { after: Some(before - 1), before: Some(before + 1), ..EventQuery::default() };
            old.extend(self.events(one).await?);
        }
        Ok(old)
    }

    async fn forget_values(&self, sequences: &[u64]) -> Result<(), StorageError> {
        self.writer.write(ForgetValues(sequences.to_vec())).await
    }
}

/// Counts a part in; returns where to look on.
fn add(all: &mut Forgotten, part: Part) -> Option<Position> {
    all.events += part.forgotten.events;
    all.runs += part.forgotten.runs;
    all.ticks += part.forgotten.ticks;
    part.next
}
