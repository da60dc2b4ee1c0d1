//! Inserting many events with few statements.
//!
//! Statements come in sizes of powers of two, so that a handful of prepared ones serve any number of rows. The end of
//! the transaction is part of the text of its last statement, which saves a trip to SQLite's thread.

use std::sync::Arc;

use millwork_core::event::{EventKind, FORMAT, KindSet};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Error};

use super::encoded_event::EncodedEvent;
use super::memo::Memo;

/// The most rows of one statement: beyond, a trip is nothing beside its rows.
const MOST_ROWS: usize = 128;

/// An event that has its place in the log.
#[derive(Debug)]
pub(super) struct PlacedEvent {
    pub(super) sequence: i64,
    pub(super) run: Option<i64>,
    pub(super) event: Arc<EncodedEvent>,
}

/// What follows the rows of a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// More rows.
    Continue,
    /// The end of the transaction.
    Commit,
    /// The same, after the verdicts behind this sequence number became the latest of their assets.
    ProjectAndCommit(i64),
}

/// Inserts events whose names are known to the memo.
pub(super) async fn insert_events(
    connection: &mut SqliteConnection,
    memo: &Memo,
    mut events: &[PlacedEvent],
    ending: Ending,
) -> Result<(), Error> {
    loop {
        let rows = largest_power_of_two(events.len().min(MOST_ROWS));
        let (chunk, rest) = events.split_at(rows);
        let ending = if rest.is_empty() { ending } else { Ending::Continue };
        let text: Arc<str> = statement(rows, ending).into();
        let mut query = sqlx::query(AssertSqlSafe(text));
        for event in chunk {
            query = bind(query, memo, event);
        }
        if let Ending::ProjectAndCommit(after) = ending {
            query = query.bind(after);
        }
        query.execute(&mut *connection).await?;
        if rest.is_empty() {
            return Ok(());
        }
        events = rest;
    }
}

fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    memo: &Memo,
    placed: &'q PlacedEvent,
) -> Query<'q, Sqlite, SqliteArguments> {
    let event = &placed.event;
    let [step, asset, partition] = event.names();
    query
        .bind(placed.sequence)
        .bind(placed.run)
        .bind(event.at)
        .bind(event.kind.number())
        .bind(step.map(|step| memo.name(Some(step))))
        .bind(asset.map(|asset| memo.name(Some(asset))))
        .bind(memo.name(partition))
        .bind(i64::from(event.attempt))
        .bind(event.body.clone())
        .bind(event.value.as_deref())
}

/// The text of a statement; an ending without rows stands alone.
fn statement(rows: usize, ending: Ending) -> String {
    let mut text = String::with_capacity(512 + rows * 32);
    if rows > 0 {
        text.push_str(
            "INSERT INTO events (sequence, run, at, kind, step, asset, partition, attempt, body, value, format) VALUES ",
        );
        let row = format!("(?,?,?,?,?,?,?,?,?,?,{FORMAT})");
        for index in 0..rows {
            text.push_str(if index == 0 { "" } else { "," });
            text.push_str(&row);
        }
        text.push(';');
    }
    match ending {
        Ending::Continue => {}
        Ending::Commit => text.push_str("COMMIT"),
        Ending::ProjectAndCommit(_) => {
            text.push_str(&projection());
            text.push_str("COMMIT");
        }
    }
    text
}

/// What is latest of an asset and partition, of a group of events.
pub(crate) fn latest_of_group() -> String {
    let materialized = EventKind::Materialized.number();
    format!("max(iif(kind = {materialized}, sequence, NULL)) AS materialization, max(sequence) AS verdict")
}

/// The condition by which events are verdicts about assets.
pub(crate) fn is_verdict() -> String {
    format!("{} AND asset IS NOT NULL", is_one_of(KindSet::VERDICTS))
}

/// The condition by which events are of one of these kinds.
pub(crate) fn is_one_of(kinds: KindSet) -> String {
    let numbers: Vec<String> = kinds.iter().map(|kind| kind.number().to_string()).collect();
    format!("kind IN ({})", numbers.join(", "))
}

/// Makes the new verdicts the latest of their assets. It reads the events just inserted instead of being told of them.
fn projection() -> String {
    let (latest, is_verdict) = (latest_of_group(), is_verdict());
    format!(
        "INSERT INTO latest (asset, partition, materialization, verdict) \
         SELECT asset, partition, {latest} FROM events WHERE sequence > ? AND {is_verdict} \
         GROUP BY asset, partition \
         ON CONFLICT (asset, partition) DO UPDATE SET \
         materialization = ifnull(excluded.materialization, materialization), verdict = excluded.verdict;"
    )
}

/// The largest power of two up to a number; nothing is a power of two up to 0.
fn largest_power_of_two(number: usize) -> usize {
    number.checked_ilog2().map_or(0, |exponent| 1 << exponent)
}
