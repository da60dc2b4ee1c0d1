//! Rows that wait in a transaction and are inserted many per statement.
//!
//! Each statement is a trip to SQLite's thread and back, which costs more than inserting a row. A thousand schedules that are due at one
//! moment request a thousand runs in a few transactions, so new runs, their tags, and the cursors and ticks of instigators are collected, as
//! events are. They wait until events are inserted, which refer to runs, or until a change reads the tables itself. Changes that only ask the
//! memo for runs find those that wait there too ([`Change::ASKS_MEMO_ONLY`](super::writer::Change::ASKS_MEMO_ONLY)).

use std::sync::Arc;

use millwork_core::run::FailureClass;
use sqlx::{Error, QueryBuilder, Sqlite};

use super::append::split_chunk;
use super::rows;
use super::writer::{KnownRun, Transaction};
use crate::micros::to_micros;
use crate::run_projection::RunProjection;
use crate::{Commit, NewRun, Tick};

/// Maximum rows of one statement.
const MOST_ROWS: usize = 64;

/// The rows that wait to be inserted.
#[derive(Debug, Default)]
pub(super) struct WaitingRows {
    runs: Vec<WaitingRun>,
    cursors: Vec<WaitingCursor>,
    ticks: Vec<Tick>,
}

/// A run that isn't inserted yet. The part of its row that changes is in the memo.
#[derive(Debug)]
struct WaitingRun {
    number: i64,
    run: Arc<NewRun>,
    /// Its request as JSON.
    request: Arc<str>,
}

/// The new cursor of an instigator.
#[derive(Debug)]
struct WaitingCursor {
    /// The instigator's stored name.
    name: String,
    cursor: String,
    /// When a call began that doesn't return, in microseconds.
    stuck_since: Option<i64>,
}

impl WaitingRows {
    /// Whether the row of a run waits: numbers are given in order.
    pub(super) fn have_run(&self, number: i64) -> bool {
        self.runs.first().is_some_and(|first| number >= first.number)
    }
}

impl Transaction<'_> {
    /// Creates a run that is queued.
    pub(super) fn create_run(&mut self, run: Arc<NewRun>, request: Arc<str>) {
        self.memo.last_run += 1;
        let number = self.memo.last_run;
        let projection = RunProjection::queued(run.lease.clone());
        self.memo.runs.insert(run.id, KnownRun { number, projection });
        self.waiting.runs.push(WaitingRun { number, run, request });
    }

    /// Moves the cursor of an instigator, if it is still the one that was evaluated from. Returns whether it was.
    pub(super) async fn move_cursor(&mut self, commit: &Commit) -> Result<bool, Error> {
        if self.memo.cursors.is_none() {
            let all = sqlx::query_as("SELECT name, cursor FROM schedules").fetch_all(&mut *self.connection);
            self.memo.cursors = Some(all.await?.into_iter().collect());
        }
        let cursors = self.memo.cursors.get_or_insert_default();
        let name = commit.instigator.stored().into_owned();
        if cursors.get(&name).and_then(Option::as_ref) != commit.from.as_ref() {
            return Ok(false);
        }
        cursors.insert(name.clone(), Some(commit.cursor.clone()));
        let (cursor, stuck_since) = (commit.cursor.clone(), commit.stuck_since.map(to_micros));
        self.waiting.cursors.push(WaitingCursor { name, cursor, stuck_since });
        Ok(true)
    }

    /// Adds a tick.
    pub(super) fn add_tick(&mut self, tick: &Tick) {
        self.waiting.ticks.push(tick.clone());
    }

    /// Inserts the rows that wait.
    pub(super) async fn insert_waiting(&mut self) -> Result<(), Error> {
        let WaitingRows { runs, cursors, ticks } = std::mem::take(&mut self.waiting);
        for chunk in Chunks(&cursors) {
            let mut insert =
                QueryBuilder::<Sqlite>::new("INSERT INTO schedules (name, cursor, stuck_since) ");
            insert.push_values(chunk, |mut row, WaitingCursor { name, cursor, stuck_since }| {
                row.push_bind(name.clone()).push_bind(cursor.clone()).push_bind(*stuck_since);
            });
            insert.push(
                " ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, stuck_since = excluded.stuck_since",
            );
            insert.build().execute(&mut *self.connection).await?;
        }
        for chunk in Chunks(&runs) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO runs (number, id, created_at, request, status, epoch, started_at, finished_at, reason, \
                 class, not_before, holder, leased_until) ",
            );
            insert.push_values(chunk, |mut row, WaitingRun { number, run, request }| {
                let projection = &self.memo.runs[&run.id].projection;
                row.push_bind(*number)
                    .push_bind(run.id.as_bytes().to_vec())
                    .push_bind(to_micros(run.at))
                    .push_bind(request.clone())
                    .push_bind(projection.status.as_str())
                    .push_bind(i64::from(projection.epoch))
                    .push_bind(projection.started_at.map(to_micros))
                    .push_bind(projection.finished_at.map(to_micros))
                    .push_bind(projection.reason.clone())
                    .push_bind(projection.class.map(FailureClass::as_str))
                    .push_bind(projection.not_before.map(to_micros))
                    .push_bind(projection.holder.as_ref().map(rows::holder_json))
                    .push_bind(projection.leased_until.map(to_micros));
            });
            insert.build().execute(&mut *self.connection).await?;
        }
        let tags: Vec<(&str, &str, i64)> = runs
            .iter()
            .flat_map(|WaitingRun { number, run, .. }| {
                run.request.tags.iter().map(|(key, value)| (key.as_str(), value.as_str(), *number))
            })
            .collect();
        for chunk in Chunks(&tags) {
            let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO run_tags (key, value, run) ");
            insert.push_values(chunk, |mut row, (key, value, run)| {
                row.push_bind((*key).to_owned()).push_bind((*value).to_owned()).push_bind(*run);
            });
            insert.build().execute(&mut *self.connection).await?;
        }
        for chunk in Chunks(&ticks) {
            let mut insert =
                QueryBuilder::<Sqlite>::new("INSERT INTO ticks (schedule, due, at, outcome, micros) ");
            insert.push_values(chunk, |mut row, tick| {
                let outcome = serde_json::to_string(&tick.outcome).expect("outcomes have string keys only");
                row.push_bind(tick.instigator.stored().into_owned())
                    .push_bind(to_micros(tick.due))
                    .push_bind(to_micros(tick.at))
                    .push_bind(outcome)
                    .push_bind(tick.micros.map(u64::cast_signed));
            });
            insert.build().execute(&mut *self.connection).await?;
        }
        Ok(())
    }
}

/// The parts of a slice for one statement each.
struct Chunks<'r, T>(&'r [T]);

impl<'r, T> Iterator for Chunks<'r, T> {
    type Item = &'r [T];

    fn next(&mut self) -> Option<&'r [T]> {
        let (chunk, rest) = split_chunk(self.0, MOST_ROWS);
        self.0 = rest;
        (!chunk.is_empty()).then_some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_powers_of_two() {
        let lengths = |rows: usize| Chunks(&vec![(); rows]).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(0), [0; 0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(7), [4, 2, 1]);
        assert_eq!(lengths(200), [64, 64, 64, 8]);
    }
}
