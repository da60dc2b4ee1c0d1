//! Runs: their rows and tags, creating and finding them, and changing their holders.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::{EventBody, NewEvent};
use millwork_core::run::{FailureClass, RunId, RunStatus, RunTag};
use millwork_core::stored::stored_json;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Error, QueryBuilder, Sqlite};

use super::SqliteStore;
use super::rows::{self, RUN_COLUMNS, RunRow};
use super::writer::{Change, ChangeError, KnownRun, Transaction};
use crate::micros::to_micros;
use crate::run_projection::RunProjection;
use crate::{Claim, Fence, NewRun, RunQuery, RunRecord, RunStore, StorageError};

const ACTION: &str = "read runs";

#[async_trait]
impl RunStore for SqliteStore {
    async fn create_run(&self, run: NewRun) -> Result<(), StorageError> {
        if let Some(lease) = &run.lease {
            self.vouch_for(&lease.holder, CreateRun::ACTION)?;
        }
        self.writer.write(CreateRun::new(run)?).await
    }

    async fn claim(&self, claim: Claim) -> Result<Fence, StorageError> {
        self.vouch_for(&claim.holder, Claim::ACTION)?;
        self.writer.write(claim).await
    }

    async fn renew(&self, fence: Fence, until: Timestamp) -> Result<(), StorageError> {
        self.writer.write(Renew { fence, until }).await
    }

    async fn request_cancel(&self, run: RunId, now: Timestamp) -> Result<RunStatus, StorageError> {
        self.writer.write(Cancel { run, now }).await
    }

    async fn end_run(&self, fence: Fence, end: EventBody, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(EndRun { fence, end, now }).await
    }

    async fn retry_run(&self, fence: Fence, delay: Duration, now: Timestamp) -> Result<bool, StorageError> {
        self.writer.write(RetryRun { fence, delay, now }).await
    }

    async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> {
        let text = AssertSqlSafe(format!("SELECT {RUN_COLUMNS} FROM runs WHERE id = ?"));
        let query = sqlx::query(text).bind(id.as_bytes().as_slice());
        Ok(self.reader.rows(ACTION, query).await?.first().and_then(record))
    }

    async fn runs(&self, mut query: RunQuery) -> Result<Vec<RunRecord>, StorageError> {
        let wanted = query.limit.unwrap_or(u32::MAX) as usize;
        loop {
            let rows = self.reader.rows(ACTION, statement(&query).build()).await?;
            let mut runs: Vec<RunRecord> = rows.iter().filter_map(record).collect();
            match query.limit {
                // Rows whose ID can't be read don't take the place of other runs.
                Some(limit) if runs.len() < wanted && rows.len() == limit as usize => {
                    query.limit = Some(limit.saturating_mul(2));
                }
                _ => {
                    runs.truncate(wanted);
                    return Ok(runs);
                }
            }
        }
    }
}

fn record(row: &SqliteRow) -> Option<RunRecord> {
    RunRow::of(row).record
}

fn statement(query: &RunQuery) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(format!("SELECT {RUN_COLUMNS} FROM runs WHERE true"));
    if !query.statuses.is_empty() {
        let mut statuses = statement.push(" AND status IN (").separated(", ");
        for status in &query.statuses {
            statuses.push_bind(status.as_str());
        }
        statement.push(")");
    }
    if let Some((key, value)) = &query.tag {
        statement.push(" AND number IN (SELECT run FROM run_tags WHERE value = ").push_bind(value.clone());
        let mut keys = statement.push(" AND key IN (").separated(", ");
        for key in RunTag::stored_keys(key) {
            keys.push_bind(key.to_owned());
        }
        statement.push("))");
    }
    if let Some((key, value)) = &query.without_tag {
        statement
            .push(" AND number NOT IN (SELECT run FROM run_tags WHERE value = ")
            .push_bind(value.clone());
        statement.push(" AND key = ").push_bind(key.clone()).push(")");
    }
    if let Some(since) = query.finished_since {
        statement.push(" AND finished_at >= ").push_bind(to_micros(since));
    }
    if let Some(part) = &query.id_part {
        // Compared as text, since the part may end within a byte.
        let part = part.replace('-', "").to_uppercase();
        let length = part.chars().count() as i64;
        // Every ID begins with a part without digits.
        statement.push(" AND ").push_bind(length).push(" > 0");
        statement.push(" AND (substr(hex(id), 1, ").push_bind(length).push(") = ").push_bind(part.clone());
        statement.push(" OR substr(hex(id), -").push_bind(length).push(") = ").push_bind(part).push(")");
    }
    if let Some(before) = query.before {
        statement.push(" AND number < (SELECT number FROM runs WHERE id = ");
        statement.push_bind(before.as_bytes().to_vec()).push(")");
    }
    statement.push(" ORDER BY number DESC");
    if let Some(limit) = query.limit {
        statement.push(" LIMIT ").push_bind(i64::from(limit));
    }
    statement
}

/// Creates a run.
#[derive(Debug)]
pub(super) struct CreateRun {
    run: Arc<NewRun>,
    /// Its request as JSON.
    request: Arc<str>,
}

impl CreateRun {
    pub(super) fn new(run: NewRun) -> Result<Self, StorageError> {
        let unstorable =
            |reason| StorageError::Unstorable { what: "the request of the run".to_owned(), reason };
        let request = stored_json(&run.request).map_err(unstorable)?;
        Ok(Self { run: Arc::new(run), request: request.into() })
    }

    /// Refuses a run that exists, in a transaction that looks first.
    pub(super) async fn check(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        if !transaction.looks_first() {
            return Ok(());
        }
        match transaction.run(self.run.id).await {
            Err(ChangeError::Refused(StorageError::UnknownRun { .. })) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(StorageError::DuplicateRun { run: self.run.id }.into()),
        }
    }
}

#[async_trait]
impl Change for CreateRun {
    type Outcome = ();
    const ACTION: &'static str = "create a run";
    const ASKS_MEMO_ONLY: bool = true;

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        self.check(transaction).await?;
        transaction.create_run(self.run.clone(), self.request.clone());
        transaction.push_new(NewEvent::of_run(self.run.id, self.run.at, EventBody::RunQueued)).await?;
        Ok(())
    }
}

#[async_trait]
impl Change for Claim {
    type Outcome = Fence;
    const ACTION: &'static str = "claim a run";
    const ASKS_MEMO_ONLY: bool = true;

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Fence, ChangeError> {
        let projection = transaction.run(self.run).await?;
        let started = projection.claim(self)?;
        let fence = Fence { run: self.run, epoch: projection.epoch };
        // The event saves the run with its holder.
        transaction.push_new(NewEvent::of_run(self.run, self.now, started)).await?;
        Ok(fence)
    }
}

/// Extends a claim.
#[derive(Debug)]
struct Renew {
    /// The claim.
    fence: Fence,
    /// The new expiry of the lease.
    until: Timestamp,
}

#[async_trait]
impl Change for Renew {
    type Outcome = ();
    const ACTION: &'static str = "renew the claim of a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let projection = transaction.run(self.fence.run).await?;
        projection.check(self.fence)?;
        projection.leased_until = Some(self.until);
        Ok(transaction.save(self.fence.run).await?)
    }
}

/// Asks a run to stop.
#[derive(Debug)]
struct Cancel {
    /// The run.
    run: RunId,
    /// The current time.
    now: Timestamp,
}

#[async_trait]
impl Change for Cancel {
    type Outcome = RunStatus;
    const ACTION: &'static str = "cancel a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<RunStatus, ChangeError> {
        if let Some(event) = transaction.run(self.run).await?.cancel() {
            transaction.push_new(NewEvent::of_run(self.run, self.now, event)).await?;
        }
        Ok(transaction.run(self.run).await?.status)
    }
}

/// Ends a run.
#[derive(Debug)]
struct EndRun {
    /// The claim under which it is executed.
    fence: Fence,
    /// The event that ends it.
    end: EventBody,
    /// The current time.
    now: Timestamp,
}

#[async_trait]
impl Change for EndRun {
    type Outcome = bool;
    const ACTION: &'static str = "end a run";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let run = self.fence.run;
        if !transaction.run(run).await?.can_end(self.fence) {
            return Ok(false);
        }
        transaction.push_new(NewEvent::of_run(run, self.now, self.end.clone())).await?;
        Ok(true)
    }
}

/// Queues a run again.
#[derive(Debug)]
struct RetryRun {
    /// The claim under which it ended.
    fence: Fence,
    /// The pause before it starts.
    delay: Duration,
    /// The current time.
    now: Timestamp,
}

#[async_trait]
impl Change for RetryRun {
    type Outcome = bool;
    const ACTION: &'static str = "queue a run again";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        let run = self.fence.run;
        let Some(retrying) = transaction.run(run).await?.retry(self.fence.epoch, self.delay) else {
            return Ok(false);
        };
        transaction.push_new(NewEvent::of_run(run, self.now, retrying)).await?;
        Ok(true)
    }
}

impl Transaction<'_> {
    /// A run as it is now.
    pub(super) async fn run(&mut self, id: RunId) -> Result<&mut RunProjection, ChangeError> {
        if !self.memo.runs.contains_key(&id) {
            let text = "SELECT number, status, epoch, started_at, finished_at, reason, class, not_before, holder, \
                        leased_until FROM runs WHERE id = ?";
            let query = sqlx::query(text).bind(id.as_bytes().as_slice());
            let row = query.fetch_optional(self.connection()).await?;
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

    /// Records a new state of a run that was looked up. A row that isn't inserted so far is inserted with the memo's state.
    pub(super) async fn save(&mut self, id: RunId) -> Result<(), Error> {
        let KnownRun { number, projection } = &self.memo.runs[&id];
        if self.waiting.have_run(*number) {
            return Ok(());
        }
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
        query.execute(self.connection()).await?;
        Ok(())
    }

    pub(super) fn known(&mut self, id: RunId) -> &mut KnownRun {
        self.memo.runs.get_mut(&id).expect("runs are looked up before they are written to")
    }
}
