//! One transaction of the writer: what changes can do in it.

use std::collections::HashSet;
use std::sync::Arc;

use millwork_core::event::{KindSet, NewEvent};
use millwork_core::run::{FailureClass, RunId};
use sqlx::Error;
use sqlx::sqlite::SqliteConnection;

use super::change::ChangeError;
use super::encoded_event::EncodedEvent;
use super::insert::{Ending, PlacedEvent, insert_events};
use super::memo::{KnownRun, Memo};
use crate::StorageError;
use crate::micros::to_micros;
use crate::run_projection::RunProjection;
use crate::sqlite::connect::BusyRetry;
use crate::sqlite::rows;

/// A transaction that is under way.
pub(crate) struct Transaction<'w> {
    connection: &'w mut SqliteConnection,
    memo: &'w mut Memo,
    /// Whether successes are looked up before they are inserted.
    careful: bool,
    /// The last sequence number before the transaction.
    first_head: i64,
    /// Events that aren't inserted yet.
    placed: Vec<PlacedEvent>,
    has_verdicts: bool,
}

impl<'w> Transaction<'w> {
    /// Begins. A careful transaction finds out beforehand which change would violate a constraint; the usual one is
    /// faster, fails as a whole, and is then tried again with care.
    pub(super) async fn begin(
        connection: &'w mut SqliteConnection,
        memo: &'w mut Memo,
        careful: bool,
    ) -> Result<Self, Error> {
        let data_version = begin_immediate(connection).await?;
        if memo.data_version != Some(data_version) {
            memo.runs.clear();
            let head = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
            memo.head = sqlx::query_scalar(head).fetch_optional(&mut *connection).await?.unwrap_or(0);
            memo.data_version = Some(data_version);
        }
        let first_head = memo.head;
        Ok(Self { connection, memo, careful, first_head, placed: Vec::new(), has_verdicts: false })
    }

    /// Commits.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        let ending =
            if self.has_verdicts { Ending::ProjectAndCommit(self.first_head) } else { Ending::Commit };
        self.insert(ending).await?;
        self.memo.tidy();
        Ok(())
    }

    /// The connection, for a change's own statements. Events that were pushed may not be inserted yet.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection
    }

    /// Whether successes are looked up before they are inserted.
    pub(super) fn is_careful(&self) -> bool {
        self.careful
    }

    /// Inserts the events that were pushed so far, and returns the connection, which sees them.
    pub(super) async fn flush(&mut self) -> Result<&mut SqliteConnection, Error> {
        if !self.placed.is_empty() {
            self.insert(Ending::Continue).await?;
        }
        Ok(self.connection)
    }

    /// Appends an event of a run that was looked up with [`run`](Transaction::run), and updates that run.
    pub(super) async fn push(&mut self, event: Arc<EncodedEvent>) -> Result<i64, Error> {
        if let (Some(run), Some((body, at))) = (event.run, &event.run_event) {
            self.known(run).projection.apply(body, *at);
            self.save(run).await?;
        }
        let run = event.run.map(|run| self.known(run).number);
        self.memo.head += 1;
        let sequence = self.memo.head;
        self.has_verdicts |= KindSet::VERDICTS.contains(event.kind);
        self.placed.push(PlacedEvent { sequence, run, event });
        Ok(sequence)
    }

    /// Appends an event that a change made itself.
    pub(super) async fn push_new(&mut self, event: NewEvent) -> Result<i64, ChangeError> {
        let event = EncodedEvent::new(event)?;
        Ok(self.push(Arc::new(event)).await?)
    }

    /// A run as it is now.
    pub(super) async fn run(&mut self, id: RunId) -> Result<&mut RunProjection, ChangeError> {
        if !self.memo.runs.contains_key(&id) {
            let text = "SELECT number, status, epoch, started_at, finished_at, reason, class, not_before, holder, \
                        leased_until FROM runs WHERE id = ?";
            let query = sqlx::query(text).bind(id.as_bytes().as_slice());
            let row = query.fetch_optional(&mut *self.connection).await?;
            let row = row.ok_or(StorageError::UnknownRun { run: id })?;
            self.memo
                .runs
                .insert(id, KnownRun { number: rows::number(&row)?, projection: rows::projection(&row)? });
        }
        Ok(&mut self.known(id).projection)
    }

    /// The number of a run that was looked up.
    pub(super) fn number_of(&mut self, id: RunId) -> i64 {
        self.known(id).number
    }

    /// Takes note of a run that was just created.
    pub(super) fn know(&mut self, id: RunId, number: i64, projection: RunProjection) {
        self.memo.runs.insert(id, KnownRun { number, projection });
    }

    /// Writes down what became of a run that was looked up.
    pub(super) async fn save(&mut self, id: RunId) -> Result<(), Error> {
        let KnownRun { number, projection } = &self.memo.runs[&id];
        let text = "UPDATE runs SET status = ?, epoch = ?, started_at = ?, finished_at = ?, reason = ?, class = ?, \
                    not_before = ?, holder = ?, leased_until = ? WHERE number = ?";
        let query = sqlx::query(text)
            .bind(projection.status.as_str())
            .bind(i64::from(projection.epoch))
            .bind(projection.started_at.map(to_micros))
            .bind(projection.finished_at.map(to_micros))
            .bind(projection.reason.as_deref())
            .bind(projection.class.map(FailureClass::as_str))
            .bind(projection.not_before.map(to_micros))
            .bind(projection.holder.as_ref().map(rows::holder_json))
            .bind(projection.leased_until.map(to_micros))
            .bind(number);
        query.execute(&mut *self.connection).await?;
        Ok(())
    }

    /// The numbers of names, new ones included.
    pub(super) async fn intern(&mut self, names: HashSet<&str>) -> Result<(), Error> {
        let Some(json) = self.unknown(names) else { return Ok(()) };
        let text = "INSERT INTO names (name) SELECT value FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING; \
                    SELECT name, id FROM names WHERE name IN (SELECT value FROM json_each(?1))";
        let found: Vec<(String, i64)> =
            sqlx::query_as(text).bind(json).fetch_all(&mut *self.connection).await?;
        self.memo.names.extend(found.into_iter().map(|(name, id)| (name.into_boxed_str(), id)));
        Ok(())
    }

    /// Those of the names that have no number yet, as JSON.
    fn unknown(&self, names: HashSet<&str>) -> Option<String> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.retain(|name| !self.memo.names.contains_key(*name));
        // In order, the index grows at few places.
        names.sort_unstable();
        let json = || serde_json::to_string(&names).expect("names are strings");
        (!names.is_empty()).then(json)
    }

    /// The number of a name that was interned.
    pub(super) fn name(&self, name: Option<&str>) -> i64 {
        self.memo.name(name)
    }

    async fn insert(&mut self, ending: Ending) -> Result<(), Error> {
        let placed = std::mem::take(&mut self.placed);
        let names = placed.iter().flat_map(|placed| placed.event.names()).flatten().collect();
        self.intern(names).await?;
        insert_events(self.connection, self.memo, &placed, ending).await
    }

    fn known(&mut self, id: RunId) -> &mut KnownRun {
        self.memo.runs.get_mut(&id).expect("runs are looked up before they are written to")
    }
}

/// Becomes the writer of the database, and returns its `data_version`: as long as it stays the same, no other
/// connection has written.
async fn begin_immediate(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let mut retry = BusyRetry::default();
    loop {
        let begin = sqlx::query_scalar("BEGIN IMMEDIATE; PRAGMA data_version");
        match begin.fetch_one(&mut *connection).await {
            Err(error) if retry.allows(&error).await => {}
            begun => return begun,
        }
    }
}
