//! Backfills: a row each, whose state changes in the transaction of its runs.

use async_trait::async_trait;
use millwork_core::backfill::{Backfill, BackfillState, BackfillStatus, PartitionCounts, Plan};
use millwork_core::id::BackfillId;
use millwork_core::run::RunRequest;
use millwork_core::stored::stored_json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::runs::CreateRun;
use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure};
use crate::micros::{from_micros, to_micros};
use crate::{
    BackfillChange, BackfillQuery, BackfillRecord, BackfillStore, NewBackfill, StorageError, StoredBackfill,
};

const WHAT: &str = "a backfill";

#[async_trait]
impl BackfillStore for SqliteStore {
    async fn create_backfill(&self, backfill: NewBackfill) -> Result<BackfillId, StorageError> {
        self.writer.write(CreateBackfill::new(backfill)?).await
    }

    async fn backfills(&self, query: BackfillQuery) -> Result<Vec<BackfillRecord>, StorageError> {
        let text = "SELECT id, created_at, changed_at, status, counts, request FROM backfills \
                    WHERE (?1 IS NULL OR id < ?1) AND (?2 OR is_ended = 0) ORDER BY id DESC LIMIT ?3";
        let query = sqlx::query(text)
            .bind(query.before.map(|before| before.number().cast_signed()))
            .bind(!query.open_only)
            .bind(query.limit.map_or(-1, i64::from));
        let rows = self.reader.rows("read backfills", query).await?;
        Ok(rows.iter().filter_map(|row| record(row).ok()).collect())
    }

    async fn backfill(&self, id: BackfillId) -> Result<Option<StoredBackfill>, StorageError> {
        let text = "SELECT id, created_at, changed_at, status, counts, request, revision, state, plan \
                    FROM backfills WHERE id = ?";
        let query = sqlx::query(text).bind(id.number().cast_signed());
        self.reader.rows("read a backfill", query).await?.first().map(stored).transpose()
    }

    async fn change_backfill(&self, change: BackfillChange) -> Result<bool, StorageError> {
        self.writer.write(ChangeBackfill::new(change)?).await
    }
}

fn record(row: &SqliteRow) -> Result<BackfillRecord, StorageError> {
    let moment = |column: &str| {
        let micros = row.try_get(column).map_err(failure::unreadable(WHAT))?;
        from_micros(micros).map_err(failure::unreadable(WHAT))
    };
    let status: String = row.try_get("status").map_err(failure::unreadable(WHAT))?;
    Ok(BackfillRecord {
        id: BackfillId::new(row.try_get::<i64, _>("id").map_err(failure::unreadable(WHAT))?.cast_unsigned()),
        request: json::<RunRequest>(row, "request")?,
        status: BackfillStatus::from_name(&status)
            .ok_or_else(|| format!("unknown status `{status}`"))
            .map_err(failure::unreadable(WHAT))?,
        counts: json::<PartitionCounts>(row, "counts")?,
        created_at: moment("created_at")?,
        changed_at: moment("changed_at")?,
    })
}

pub(super) fn stored(row: &SqliteRow) -> Result<StoredBackfill, StorageError> {
    let (plan, state) = (json::<Plan>(row, "plan")?, json::<BackfillState>(row, "state")?);
    let revision: i64 = row.try_get("revision").map_err(failure::unreadable(WHAT))?;
    Ok(StoredBackfill {
        record: record(row)?,
        revision: revision.cast_unsigned(),
        backfill: Backfill::restore(plan, state)
            .map_err(|problem| problem.to_string())
            .map_err(failure::unreadable(WHAT))?,
    })
}

fn json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, StorageError> {
    let text: &str = row.try_get(column).map_err(failure::unreadable(WHAT))?;
    serde_json::from_str(text).map_err(failure::unreadable(WHAT))
}

/// The columns that change.
#[derive(Debug)]
struct Changing {
    status: String,
    is_ended: bool,
    counts: String,
    state: String,
}

impl Changing {
    fn new(state: &BackfillState) -> Result<Self, StorageError> {
        Ok(Self {
            status: state.status().to_string(),
            is_ended: state.status().is_ended(),
            counts: text("the counts of the backfill", &state.counts())?,
            state: text("the state of the backfill", state)?,
        })
    }
}

fn text<T: Serialize + DeserializeOwned>(what: &str, value: &T) -> Result<String, StorageError> {
    stored_json(value).map_err(|reason| StorageError::Unstorable { what: what.to_owned(), reason })
}

/// Creates a backfill.
#[derive(Debug)]
pub(super) struct CreateBackfill {
    at: i64,
    changing: Changing,
    request: String,
    plan: String,
}

impl CreateBackfill {
    pub(super) fn new(NewBackfill { request, plan, at }: NewBackfill) -> Result<Self, StorageError> {
        let plan_text = text("the plan of the backfill", &plan)?;
        Ok(Self {
            at: to_micros(at),
            changing: Changing::new(Backfill::new(plan).state())?,
            request: text("the request of the backfill", &request)?,
            plan: plan_text,
        })
    }
}

#[async_trait]
impl Change for CreateBackfill {
    type Outcome = BackfillId;
    const ACTION: &'static str = "create a backfill";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<BackfillId, ChangeError> {
        let text = "INSERT INTO backfills (created_at, changed_at, revision, status, is_ended, counts, request, state, plan) \
                    VALUES (?1, ?1, 0, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id";
        let id: i64 = sqlx::query_scalar(text)
            .bind(self.at)
            .bind(self.changing.status.as_str())
            .bind(self.changing.is_ended)
            .bind(self.changing.counts.as_str())
            .bind(self.request.as_str())
            .bind(self.changing.state.as_str())
            .bind(self.plan.as_str())
            .fetch_one(transaction.connection())
            .await?;
        Ok(BackfillId::new(id.cast_unsigned()))
    }
}

/// Changes a backfill and requests its runs, unless another process was first.
#[derive(Debug)]
struct ChangeBackfill {
    id: BackfillId,
    revision: u64,
    at: i64,
    changing: Changing,
    runs: Vec<CreateRun>,
}

impl ChangeBackfill {
    fn new(BackfillChange { id, revision, state, runs, at }: BackfillChange) -> Result<Self, StorageError> {
        let runs = runs.into_iter().map(CreateRun::new).collect::<Result<_, _>>()?;
        Ok(Self { id, revision, at: to_micros(at), changing: Changing::new(&state)?, runs })
    }
}

#[async_trait]
impl Change for ChangeBackfill {
    type Outcome = bool;
    const ACTION: &'static str = "change a backfill";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<bool, ChangeError> {
        // Refusals have to come before anything is written.
        for run in &self.runs {
            run.check(transaction).await?;
        }
        let text = "UPDATE backfills SET changed_at = max(changed_at, ?3), revision = revision + 1, status = ?4, is_ended = ?5, \
                    counts = ?6, state = ?7 WHERE id = ?1 AND revision = ?2";
        let changed = sqlx::query(text)
            .bind(self.id.number().cast_signed())
            .bind(self.revision.cast_signed())
            .bind(self.at)
            .bind(self.changing.status.as_str())
            .bind(self.changing.is_ended)
            .bind(self.changing.counts.as_str())
            .bind(self.changing.state.as_str())
            .execute(transaction.connection())
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        for run in &self.runs {
            run.apply(transaction).await?;
        }
        Ok(true)
    }
}
