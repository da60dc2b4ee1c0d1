//! Sets aside rows that can't be read, and rebuilds projections.
//!
//! The row goes into the table `set_aside` as the SQL statement that would put it back, byte by byte: a row that this version can't read
//! may be readable for another version, or a person. Projections are repaired: `latest` is rebuilt from the events that are left, and a run
//! states in `damage` that it lacks an event.

use async_trait::async_trait;
use jiff::Timestamp;
use millwork_core::event::KindSet;
use millwork_core::run::RunStatus;
use sqlx::{AssertSqlSafe, Row as _};

use super::check::name_of;
use super::events::is_one_of;
use super::latest;
use super::statuses;
use super::writer::{Change, ChangeError, Transaction};
use crate::micros::to_micros;
use crate::{Finding, Table};

/// Sets one row aside. A run stays, without the column that can't be read, as events belong to it.
#[derive(Debug)]
pub(super) struct SetAside {
    pub(super) finding: Finding,
    /// The column of a run that can't be read.
    pub(super) column: Option<&'static str>,
    pub(super) now: Timestamp,
}

/// The key of a row: a number, or a text.
trait RowKey<'v>: sqlx::Encode<'v, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + 'v {}

impl<'v, V: sqlx::Encode<'v, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + 'v> RowKey<'v> for V {}

#[async_trait]
impl Change for SetAside {
    type Outcome = ();
    const ACTION: &'static str = "set unreadable rows aside";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        statuses::forget(transaction).await?;
        let number = || self.finding.row.parse::<i64>().unwrap_or_default();
        match self.finding.table {
            // The file as a whole can't be set aside.
            Table::File => {}
            Table::Events => self.event(transaction, number()).await?,
            Table::Runs => self.run(transaction, number()).await?,
            Table::Ticks | Table::Deliveries | Table::Slots | Table::Pending | Table::Backfills => {
                self.keep(transaction, "id = ?1", number()).await?;
                self.delete(transaction, "id = ?1", number()).await?;
            }
            Table::Automation => {
                self.keep(transaction, "asset = ?1", self.finding.row.clone()).await?;
                self.delete(transaction, "asset = ?1", self.finding.row.clone()).await?;
            }
            Table::Latest => {
                let (asset, partition) = self.finding.row.split_once(':').unwrap_or_default();
                let part = |text: &str| text.parse::<i64>().unwrap_or_default();
                latest::make_again(transaction, part(asset), part(partition)).await?;
            }
        }
        Ok(())
    }
}

impl SetAside {
    async fn event(&self, transaction: &mut Transaction<'_>, sequence: i64) -> Result<(), sqlx::Error> {
        self.keep(transaction, "sequence = ?1", sequence).await?;
        let text = "SELECT run, asset, partition FROM events WHERE sequence = ?";
        let row = sqlx::query(text).bind(sequence).fetch_optional(transaction.connection()).await?;
        let Some(row) = row else { return Ok(()) };
        let (run, asset, partition): (Option<i64>, Option<i64>, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        self.delete(transaction, "sequence = ?1", sequence).await?;
        if let Some(run) = run {
            let text = "UPDATE runs SET damage = ifnull(damage || ', ', '') || ?2 WHERE number = ?1";
            let damage = format!("event {sequence} was set aside ({})", self.finding.reason);
            sqlx::query(text).bind(run).bind(damage).execute(transaction.connection()).await?;
        }
        match asset {
            Some(asset) => latest::make_again(transaction, asset, partition).await,
            None => Ok(()),
        }
    }

    /// Replaces a column that can't be read by one that can.
    async fn run(&self, transaction: &mut Transaction<'_>, number: i64) -> Result<(), sqlx::Error> {
        self.keep(transaction, "number = ?1", number).await?;
        let text = "UPDATE runs SET damage = ifnull(damage || ', ', '') || ?2 WHERE number = ?1";
        let damage = format!("{} was set aside ({})", self.finding.what, self.finding.reason);
        sqlx::query(text).bind(number).bind(damage).execute(transaction.connection()).await?;
        let replacement: &str = match self.column.unwrap_or_default() {
            "id" => "id = randomblob(16)",
            "request" => "request = '{\"selection\":\"\",\"assets\":[]}'",
            "status" => &status_of_last_event(),
            "holder" => "holder = NULL",
            "reason" => "reason = NULL",
            "class" => "class = NULL",
            "created_at" => "created_at = 0",
            "started_at" => "started_at = NULL",
            "finished_at" => "finished_at = NULL",
            "leased_until" => "leased_until = NULL",
            "not_before" => "not_before = NULL",
            "epoch" => "epoch = 0",
            _ => return Ok(()),
        };
        let text = AssertSqlSafe(format!("UPDATE runs SET {replacement} WHERE number = ?1"));
        sqlx::query(text).bind(number).execute(transaction.connection()).await?;
        Ok(())
    }

    /// Stores the statement that would put a row back, whatever its bytes are.
    async fn keep<'v>(
        &self,
        transaction: &mut Transaction<'_>,
        which: &str,
        row: impl RowKey<'v>,
    ) -> Result<(), sqlx::Error> {
        let table = name_of(self.finding.table);
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
            .bind(table)
            .fetch_all(transaction.connection())
            .await?;
        // A text is written as its bytes: they may not be valid UTF-8.
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                format!(
                    "CASE typeof({column}) WHEN 'text' THEN 'CAST(x''' || hex({column}) || ''' AS TEXT)' ELSE \
                     quote({column}) END"
                )
            })
            .collect();
        let (names, values) = (columns.join(", "), values.join(" || ', ' || "));
        let text = format!(
            "INSERT INTO set_aside (at, source, row, reason, statement) SELECT ?2, ?3, ?4, ?5, CAST('INSERT INTO {table} \
             ({names}) VALUES (' || {values} || ')' AS BLOB) FROM {table} WHERE {which}"
        );
        let query = sqlx::query(AssertSqlSafe(text))
            .bind(row)
            .bind(to_micros(self.now))
            .bind(table)
            .bind(self.finding.row.clone())
            .bind(self.finding.reason.clone());
        query.execute(transaction.connection()).await?;
        Ok(())
    }

    async fn delete<'v>(
        &self,
        transaction: &mut Transaction<'_>,
        which: &str,
        row: impl RowKey<'v>,
    ) -> Result<(), sqlx::Error> {
        let text = AssertSqlSafe(format!("DELETE FROM {} WHERE {which}", name_of(self.finding.table)));
        sqlx::query(text).bind(row).execute(transaction.connection()).await?;
        Ok(())
    }
}

/// The status of run `?1` by its last event; a run without one is lost, since it can't be queued again.
fn status_of_last_event() -> String {
    let statuses = KindSet::RUN.iter().filter_map(|kind| {
        let status = kind.run_status()?;
        Some(format!(" WHEN {} THEN '{status}'", kind.number()))
    });
    format!(
        "status = ifnull((SELECT CASE kind{} END FROM events WHERE run = ?1 AND {} ORDER BY sequence DESC LIMIT 1), '{}')",
        statuses.collect::<String>(),
        is_one_of(KindSet::RUN),
        RunStatus::Lost
    )
}
