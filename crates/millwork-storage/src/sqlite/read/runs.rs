//! Finding runs.

use millwork_core::run::{RunId, RunTag};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite};

use super::Reader;
use crate::micros::to_micros;
use crate::sqlite::rows::{RUN_COLUMNS, RunRow};
use crate::{RunQuery, RunRecord, StorageError};

const ACTION: &str = "look for runs";

impl Reader {
    /// A run.
    pub(in crate::sqlite) async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StorageError> {
        let text = AssertSqlSafe(format!("SELECT {RUN_COLUMNS} FROM runs WHERE id = ?"));
        let query = sqlx::query(text).bind(id.as_bytes().as_slice());
        Ok(self.rows(ACTION, query).await?.first().and_then(record))
    }

    /// The runs that fulfil all conditions of a query, newest first.
    pub(in crate::sqlite) async fn runs(&self, mut query: RunQuery) -> Result<Vec<RunRecord>, StorageError> {
        let wanted = query.limit.unwrap_or(u32::MAX) as usize;
        loop {
            let rows = self.rows(ACTION, statement(&query).build()).await?;
            let mut runs: Vec<RunRecord> = rows.iter().filter_map(record).collect();
            match query.limit {
                // Rows without an id that can be read take no other run's place.
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
        // Compared as text: half a byte may be given.
        let part = part.replace('-', "").to_uppercase();
        let length = part.chars().count() as i64;
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
