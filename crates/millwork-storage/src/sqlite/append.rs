//! Appending events: their stored form, and inserting many with few statements.
//!
//! An event is encoded by its caller, so that the writer has less to do. Statements come in sizes of powers of two, so that a handful of
//! prepared ones serve any number of rows. The end of the transaction is part of the text of its last statement, which saves a trip to
//! SQLite's thread.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{EventBody, EventKind, FORMAT, Materialization, NewEvent};
use millwork_core::run::{RunId, StepKey};
use millwork_core::version::VersionNumber;
use millwork_core::{AssetKey, AssetPartition, PartitionKey};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Error};

use super::dictionary::WrittenName;
use super::latest;
use super::versions::{self, AnswerOf, Move, VersionRow};
use super::writer::{Change, ChangeError, Memo, Transaction};
use crate::micros::to_micros;
use crate::{Batch, Fence, StorageError};

/// Maximum rows of one statement: beyond, the cost of a trip is negligible beside that of its rows.
const MOST_ROWS: usize = 128;

/// Appends a batch of events.
#[derive(Debug)]
pub(super) struct Append {
    fence: Option<Fence>,
    /// The runs of the events, without duplicates.
    runs: Vec<RunId>,
    /// The moves of aliases among the events.
    moves: Vec<Move>,
    /// The answers to questions among the events.
    answers: Vec<AnswerOf>,
    events: Vec<Arc<EncodedEvent>>,
}

impl Append {
    /// Encodes a batch.
    pub(super) fn new(batch: Batch) -> Result<Self, StorageError> {
        let (moves, answers) = (Move::all_of(&batch.events), AnswerOf::all_of(&batch.events));
        let encode = |event| EncodedEvent::new(event).map(Arc::new);
        let events = batch.events.into_iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let mut runs: Vec<RunId> = events.iter().filter_map(|event| event.run).collect();
        runs.sort_unstable();
        runs.dedup();
        Ok(Self { fence: batch.fence, runs, moves, answers, events })
    }
}

#[async_trait]
impl Change for Append {
    type Outcome = Vec<u64>;
    const ACTION: &'static str = "append events";
    const ASKS_MEMO_ONLY: bool = true;

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Vec<u64>, ChangeError> {
        if let Some(fence) = self.fence {
            transaction.run(fence.run).await?.check(fence)?;
        }
        for run in &self.runs {
            transaction.run(*run).await?;
        }
        if transaction.looks_first() {
            refuse_repeated_success(&self.events, transaction).await?;
            let versions = self.events.iter().filter_map(|event| event.version());
            versions::refuse_taken(versions, transaction).await?;
        }
        versions::refuse_answered(&self.answers, transaction).await?;
        versions::refuse_moves(&self.moves, &self.events, transaction).await?;
        let first = transaction.next_sequence();
        for moved in &self.moves {
            moved.make(transaction, first).await?;
        }
        let mut sequences = Vec::with_capacity(self.events.len());
        for event in &self.events {
            sequences.push(transaction.push(event.clone()).await?.unsigned_abs());
        }
        Ok(sequences)
    }
}

/// Refuses a batch in which a step succeeds that has succeeded before, also earlier in the batch.
async fn refuse_repeated_success(
    events: &[Arc<EncodedEvent>],
    transaction: &mut Transaction<'_>,
) -> Result<(), ChangeError> {
    let successes: Vec<_> = events.iter().filter(|event| event.kind == EventKind::StepSucceeded).collect();
    transaction.intern(successes.iter().flat_map(|event| event.names()).flatten().collect()).await?;
    transaction.flush().await?;
    let mut seen = HashSet::new();
    for event in successes {
        let (Some(run), Some(step)) = (event.run, &event.step) else { continue };
        let numbers = [
            transaction.number_of(run),
            transaction.name(Some(step.as_str())),
            transaction.name(event.partition.as_ref().map(PartitionKey::identity)),
        ];
        // The kind is a number in the text of the statement, so that SQLite can use the partial index.
        let text = format!(
            "SELECT EXISTS (SELECT 1 FROM events WHERE run = ? AND step = ? AND partition = ? AND kind = {})",
            EventKind::StepSucceeded.number()
        );
        let mut query = sqlx::query_scalar(AssertSqlSafe(text));
        for number in numbers {
            query = query.bind(number);
        }
        let exists: bool = query.fetch_one(transaction.connection()).await?;
        if exists || !seen.insert(numbers) {
            return Err(StorageError::AlreadySucceeded { run, step: step.to_string() }.into());
        }
    }
    Ok(())
}

/// An event in its stored form.
#[derive(Debug)]
pub(super) struct EncodedEvent {
    pub(super) run: Option<RunId>,
    at: i64,
    pub(super) kind: EventKind,
    step: Option<StepKey>,
    asset: Option<AssetKey>,
    partition: Option<PartitionKey>,
    attempt: u32,
    body: Option<Arc<str>>,
    value: Option<Arc<Vec<u8>>>,
    /// The number of the version that it materializes; `None` for other events.
    pub(super) number: Option<VersionNumber>,
    /// The change of its run, if it is about the run as a whole.
    pub(super) run_event: Option<(EventBody, Timestamp)>,
}

impl EncodedEvent {
    /// Encodes an event.
    pub(super) fn new(event: NewEvent) -> Result<Self, StorageError> {
        let NewEvent { run, at, step, asset, partition, attempt, body, value } = event;
        let unstorable =
            |reason| StorageError::Unstorable { what: format!("the event `{}`", body.name()), reason };
        let (kind, stored_body) = body.to_stored().map_err(unstorable)?;
        Ok(Self {
            run,
            at: to_micros(at),
            kind,
            step,
            asset,
            partition,
            attempt,
            body: stored_body.map(Into::into),
            value,
            number: if let EventBody::Materialized(Materialization { version, .. }) = &body {
                *version
            } else {
                None
            },
            run_event: body.run_status().map(|_| (body, at)),
        })
    }

    /// The version that it materializes; `None` for other events.
    pub(super) fn version(&self) -> Option<(AssetPartition, VersionNumber)> {
        let asset = AssetPartition::new(self.asset.clone()?, self.partition.clone());
        Some((asset, self.number?))
    }

    /// The names that it contains: step, asset, partition.
    pub(super) fn names(&self) -> [Option<WrittenName<'_>>; 3] {
        [
            self.step.as_ref().map(|step| step.as_str().into()),
            self.asset.as_ref().map(|asset| asset.as_str().into()),
            self.partition.as_ref().map(WrittenName::of_partition),
        ]
    }
}

/// An event with its sequence number.
#[derive(Debug)]
pub(super) struct PlacedEvent {
    pub(super) sequence: i64,
    pub(super) run: Option<i64>,
    pub(super) event: Arc<EncodedEvent>,
}

/// The end of a statement, after its rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending<'v> {
    /// More rows follow in another statement.
    Continue,
    /// The end of the transaction.
    Commit,
    /// The same, after the verdicts behind this sequence number became the latest of their assets, and the versions among them have their
    /// rows.
    ProjectAndCommit { after: i64, versions: &'v [VersionRow] },
}

/// Inserts events whose names are known to the memo.
pub(super) async fn insert_events(
    connection: &mut SqliteConnection,
    memo: &Memo,
    mut events: &[PlacedEvent],
    ending: Ending<'_>,
) -> Result<(), Error> {
    loop {
        let (chunk, rest) = split_chunk(events, MOST_ROWS);
        let ending = if rest.is_empty() { ending } else { Ending::Continue };
        let text: Arc<str> = statement(chunk.len(), ending).into();
        let mut query = sqlx::query(AssertSqlSafe(text));
        for event in chunk {
            query = bind(query, memo, event);
        }
        if let Ending::ProjectAndCommit { after, versions } = ending {
            query = query.bind(after);
            if !versions.is_empty() {
                query = query.bind(serde_json::to_string(versions).expect("numbers are JSON"));
            }
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
    let [step, asset, partition] = event.names().map(|name| Some(memo.name(Some(name?.text))));
    query
        .bind(placed.sequence)
        .bind(placed.run)
        .bind(event.at)
        .bind(event.kind.number())
        .bind(step)
        .bind(asset)
        .bind(partition.unwrap_or(0))
        .bind(i64::from(event.attempt))
        .bind(event.body.clone())
        .bind(event.value.as_ref().map(|value| value.as_slice()))
}

/// The text of a statement; an ending without rows is a statement of its own.
fn statement(rows: usize, ending: Ending<'_>) -> String {
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
        Ending::ProjectAndCommit { versions, .. } => {
            text.push_str(&latest::projection());
            if !versions.is_empty() {
                text.push_str(versions::INSERT);
            }
            text.push_str("COMMIT");
        }
    }
    text
}

/// Splits off the rows of one statement, at most `most`: their number is a power of two, so that a handful of prepared statements serve
/// any number of rows.
pub(super) fn split_chunk<T>(rows: &[T], most: usize) -> (&[T], &[T]) {
    let length = rows.len().min(most).checked_ilog2().map_or(0, |exponent| 1 << exponent);
    rows.split_at(length)
}
