//! The event log: finding events.
//!
//! A row of `events` names runs, steps, assets and partitions by number, so a query compares numbers, which it looks up as it goes. There
//! are indices of runs and of assets, and none of kinds, steps or times, as each would cost every append. A query for anything else walks
//! the log from one end or from a sequence number; a caller that looks for a rare kind bounds how far.

use async_trait::async_trait;
use millwork_core::event::{Event, KindSet};
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::append::Append;
use super::packed_events::{PACKED_EVENT, PACKED_TOGETHER};
use super::{SqliteStore, failure};
use crate::{Batch, EventLog, EventQuery, LatestAsset, LatestOrder, Order, StorageError};

/// The number of a name, to be bound: NULL for an unknown one, which equals nothing.
const NUMBER_OF_NAME: &str = "(SELECT id FROM names WHERE name = ";
/// The number of a run, to be bound.
const NUMBER_OF_RUN: &str = "(SELECT number FROM runs WHERE id = ";

/// The number of events that one statement asks for, so that its answer has a bounded size.
const EVENTS_AT_ONCE: u32 = 16_384;

#[async_trait]
impl EventLog for SqliteStore {
    async fn append(&self, batch: Batch) -> Result<Vec<u64>, StorageError> {
        self.writer.write(Append::new(batch)?).await
    }

    async fn events(&self, mut query: EventQuery) -> Result<Vec<Event>, StorageError> {
        let mut wanted = query.limit.unwrap_or(u32::MAX);
        let (mut events, mut at_once) = (Vec::new(), EVENTS_AT_ONCE);
        loop {
            query.limit = Some(wanted.min(at_once));
            let found = match self.reader.unpacked("read events", statement(&query).build()).await {
                // Long events don't fit into one answer together.
                Err(error) if failure::is_too_long(&error) && at_once > 1 => {
                    at_once /= 2;
                    continue;
                }
                found => found?,
            };
            let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
            events.extend(found);
            wanted -= count;
            let last = events.last().map(|event| event.sequence);
            if count < at_once || wanted == 0 {
                return Ok(events);
            }
            // Events are only ever appended, so going on behind the last one is the same as reading on.
            match query.order {
                Order::OldestFirst => query.after = last,
                Order::NewestFirst => query.before = last,
            }
        }
    }

    async fn latest(&self, assets: &[AssetKey]) -> Result<Vec<LatestAsset>, StorageError> {
        self.reader.latest_of_few(assets, u32::MAX).await
    }

    async fn partitions_made(&self, asset: &AssetKey) -> Result<Vec<Option<PartitionKey>>, StorageError> {
        self.reader.partitions_made(asset).await
    }

    async fn latest_of(&self, partitions: &[AssetPartition]) -> Result<Vec<LatestAsset>, StorageError> {
        self.reader.latest_of(partitions).await
    }

    async fn latest_of_few(&self, assets: &[AssetKey], most: u32) -> Result<Vec<LatestAsset>, StorageError> {
        self.reader.latest_of_few(assets, most).await
    }

    async fn latest_page(
        &self,
        asset: &AssetKey,
        order: LatestOrder,
        skip: u64,
        most: u32,
    ) -> Result<Vec<LatestAsset>, StorageError> {
        self.reader.latest_page(asset, order, skip, most).await
    }

    async fn value(&self, sequence: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let query = sqlx::query("SELECT value FROM events WHERE sequence = ?").bind(sequence.cast_signed());
        let rows = self.reader.rows("read a value", query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        row.try_get(0).map_err(|error| failure::database("read a value", error))
    }
}

fn statement(query: &EventQuery) -> QueryBuilder<Sqlite> {
    let select = format!("{PACKED_TOGETHER} (SELECT {PACKED_EVENT} FROM events WHERE true");
    let mut statement = QueryBuilder::new(select);
    about_run(&mut statement, query);
    about_step(&mut statement, query);
    if let Some(kinds) = query.kinds {
        statement.push(format!(" AND {}", is_one_of(kinds)));
    }
    if let Some(sequence) = query.after {
        statement.push(" AND sequence > ").push_bind(bounded(sequence));
    }
    if let Some(sequence) = query.before {
        statement.push(" AND sequence < ").push_bind(bounded(sequence));
    }
    statement.push(match query.order {
        Order::OldestFirst => " ORDER BY sequence",
        Order::NewestFirst => " ORDER BY sequence DESC",
    });
    if let Some(limit) = query.limit {
        statement.push(" LIMIT ").push_bind(i64::from(limit));
    }
    statement.push(")");
    statement
}

fn about_run(statement: &mut QueryBuilder<Sqlite>, query: &EventQuery) {
    if let Some(run) = query.run {
        statement.push(" AND run = ").push(NUMBER_OF_RUN).push_bind(run.as_bytes().to_vec()).push(")");
    }
    if let Some(run) = query.not_run {
        // Events without a run, and all events if the run is unknown, are not of this run.
        statement.push(" AND run IS NOT ifnull(").push(NUMBER_OF_RUN);
        statement.push_bind(run.as_bytes().to_vec()).push("), 0)");
    }
}

fn about_step(statement: &mut QueryBuilder<Sqlite>, query: &EventQuery) {
    if let Some(step) = &query.step {
        statement.push(" AND step = ").push(NUMBER_OF_NAME).push_bind(step.as_str().to_owned()).push(")");
    }
    if let Some(asset) = &query.asset {
        statement.push(" AND asset = ").push(NUMBER_OF_NAME).push_bind(asset.as_str().to_owned()).push(")");
    }
    match &query.partition {
        None => {}
        Some(None) => drop(statement.push(" AND partition = 0")),
        Some(Some(partition)) => {
            statement.push(" AND partition = ").push(NUMBER_OF_NAME);
            statement.push_bind(partition.identity().to_owned()).push(")");
        }
    }
}

/// A sequence number as SQLite knows it: no event has a higher one.
fn bounded(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// The condition by which events are of one of these kinds.
pub(super) fn is_one_of(kinds: KindSet) -> String {
    let numbers: Vec<String> = kinds.iter().map(|kind| kind.number().to_string()).collect();
    format!("kind IN ({})", numbers.join(", "))
}
