//! Finds rows that can't be read: what SQLite reports about the file, and each row by the function that reads it elsewhere.

use millwork_core::advice::one_line_of;
use millwork_core::automation::AssetState;
use millwork_core::event::EventBody;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::rows::{self, RUN_COLUMNS, RunRow, Unreadable};
use super::{SqliteStore, backfills, deliveries, failure, instigators, latest};
use crate::{EventLog as _, EventQuery, Finding, StorageError, Table};

const ACTION: &str = "check for unreadable rows";
/// The number of events that are read at a time.
const EVENTS_AT_ONCE: u32 = 4_096;

/// The name of a table.
pub(super) fn name_of(table: Table) -> &'static str {
    match table {
        Table::File => "file",
        Table::Events => "events",
        Table::Runs => "runs",
        Table::Ticks => "ticks",
        Table::Deliveries => "deliveries",
        Table::Automation => "automation",
        Table::Slots => "slots",
        Table::Pending => "pending",
        Table::Backfills => "backfills",
        Table::Latest => "latest",
    }
}

/// A finding, with what is needed to set it aside.
pub(super) struct Damage {
    pub(super) finding: Finding,
    /// The column that can't be read; the rest of the row stays.
    pub(super) column: Option<&'static str>,
}

impl From<Finding> for Damage {
    fn from(finding: Finding) -> Self {
        Self { finding, column: None }
    }
}

impl SqliteStore {
    /// Reads every row, and returns those that can't be read.
    pub(super) async fn damage(&self) -> Result<Vec<Damage>, StorageError> {
        let mut damage: Vec<Damage> = self.damage_of_file().await?.into_iter().map(Damage::from).collect();
        damage.extend(self.unreadable_events().await?.into_iter().map(Damage::from));
        damage.extend(self.unreadable_runs().await?);
        damage.extend(self.unreadable_rest().await?.into_iter().map(Damage::from));
        Ok(damage)
    }

    /// The tables whose rows are named by a column, and the projections of events.
    async fn unreadable_rest(&self) -> Result<Vec<Finding>, StorageError> {
        let mut found = Vec::new();
        let ticks = "SELECT CAST(id AS TEXT), schedule, outcome FROM ticks ORDER BY id";
        found.extend(
            self.unreadable_rows(Table::Ticks, ticks, "a tick of", |row| instigators::outcome(row).map(drop))
                .await?,
        );
        let alerts = "SELECT CAST(id AS TEXT), rule, alert FROM deliveries ORDER BY id";
        found.extend(
            self.unreadable_rows(Table::Deliveries, alerts, "an alert by", |row| {
                deliveries::alert(row).map(drop)
            })
            .await?,
        );
        let automation = "SELECT asset, asset, state FROM automation ORDER BY asset";
        found.extend(
            self.unreadable_rows(
                Table::Automation,
                automation,
                "the state of automation of",
                json::<AssetState>,
            )
            .await?,
        );
        let slots = "SELECT CAST(id AS TEXT), pool, holder FROM slots ORDER BY id";
        found.extend(self.unreadable_rows(Table::Slots, slots, "a slot of", json::<crate::Holder>).await?);
        let pending = "SELECT CAST(id AS TEXT), instigator, work FROM pending ORDER BY id";
        found.extend(
            self.unreadable_rows(Table::Pending, pending, "pending work of", json::<crate::PendingWork>)
                .await?,
        );
        let all = "SELECT CAST(id AS TEXT), CAST(id AS TEXT), * FROM backfills ORDER BY id";
        found.extend(
            self.unreadable_rows(Table::Backfills, all, "backfill", |row| {
                backfills::stored(row).map(drop).map_err(|error| one_line_of(&error))
            })
            .await?,
        );
        found.extend(self.latest_of_other_events().await?);
        Ok(found)
    }

    async fn damage_of_file(&self) -> Result<Vec<Finding>, StorageError> {
        let rows = self.reader.rows(ACTION, sqlx::query("PRAGMA quick_check(100)")).await?;
        let said = rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok()).filter(|said| said != "ok");
        let (table, what) = (Table::File, "the file".to_owned());
        Ok(said.map(|reason| Finding { table, row: String::new(), what: what.clone(), reason }).collect())
    }

    async fn unreadable_events(&self) -> Result<Vec<Finding>, StorageError> {
        let mut found = Vec::new();
        let mut query = EventQuery { limit: Some(EVENTS_AT_ONCE), ..EventQuery::default() };
        loop {
            let events = self.events(query.clone()).await?;
            for event in &events {
                let EventBody::Unreadable(unreadable) = &event.body else { continue };
                let mut what = format!("event {}", event.sequence);
                let parts = [
                    unreadable.kind.map(|kind| format!("`{kind}`")),
                    event.asset.as_ref().map(|asset| format!("of asset `{asset}`")),
                    event.step.as_ref().map(|step| format!("of step `{step}`")),
                    event.run.map(|run| format!("of run {run}")),
                ];
                parts.into_iter().flatten().for_each(|part| what = format!("{what} {part}"));
                let (row, reason) = (event.sequence.to_string(), unreadable.reason.clone());
                found.push(Finding { table: Table::Events, row, what, reason });
            }
            match events.last() {
                Some(last) if events.len() == EVENTS_AT_ONCE as usize => query.after = Some(last.sequence),
                _ => return Ok(found),
            }
        }
    }

    async fn unreadable_runs(&self) -> Result<Vec<Damage>, StorageError> {
        let text = AssertSqlSafe(format!("SELECT {RUN_COLUMNS} FROM runs ORDER BY number"));
        let mut found = Vec::new();
        for row in self.reader.rows(ACTION, sqlx::query(text)).await? {
            let number = rows::number(&row).map_err(failure::unreadable("a run"))?;
            let RunRow { record, unreadable } = RunRow::of(&row);
            let name = record.map_or_else(|| format!("run number {number}"), |run| format!("run {}", run.id));
            found.extend(unreadable.into_iter().map(|Unreadable { column, reason }| {
                let what = format!("the {column} of {name}");
                let finding = Finding { table: Table::Runs, row: number.to_string(), what, reason };
                Damage { finding, column: Some(column) }
            }));
        }
        Ok(found)
    }

    /// Finds unreadable rows of a query for their key, their subject, and the column to be read.
    async fn unreadable_rows(
        &self,
        table: Table,
        text: impl sqlx::SqlSafeStr,
        what: &str,
        read: impl Fn(&SqliteRow) -> Result<(), String>,
    ) -> Result<Vec<Finding>, StorageError> {
        let rows = self.reader.rows(ACTION, sqlx::query(text)).await?;
        let finding = |row: &SqliteRow| {
            let reason = read(row).err()?;
            let text = |column: usize| {
                String::from_utf8_lossy(row.try_get::<&[u8], _>(column).unwrap_or_default()).into_owned()
            };
            Some(Finding { table, row: text(0), what: format!("{what} `{}`", text(1)), reason })
        };
        Ok(rows.iter().filter_map(finding).collect())
    }

    /// The rows of `latest` are compared with the events that they follow from.
    async fn latest_of_other_events(&self) -> Result<Vec<Finding>, StorageError> {
        let differs = |_: &SqliteRow| Err("it differs from the events".to_owned());
        self.unreadable_rows(
            Table::Latest,
            AssertSqlSafe(latest::differing()),
            "the latest events of",
            differs,
        )
        .await
    }
}

/// Reads the third column of a row as JSON.
fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow) -> Result<(), String> {
    let json: &str = row.try_get(2).map_err(|error| error.to_string())?;
    serde_json::from_str::<T>(json).map(drop).map_err(|error| error.to_string())
}
