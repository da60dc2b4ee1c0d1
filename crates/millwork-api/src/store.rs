//! The home: its size, the results of retention, and rows that can't be read.

use millwork_storage::{Finding, StoreInfo, Table};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::TableName;

/// The size of a home.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct StoreView {
    /// The size of the database file, in bytes.
    pub database_bytes: u64,
    /// The size of the write-ahead log, in bytes.
    pub wal_bytes: u64,
    /// The number of runs.
    pub runs: u64,
    /// The number of events.
    pub events: u64,
    /// The number of values that are stored in the database.
    pub values_in_database: u64,
    /// The total size of the values in the database, in bytes.
    pub bytes_of_values_in_database: u64,
    /// The number of values that are stored as files.
    pub value_files: u64,
    /// The total size of the values that are stored as files, in bytes.
    pub value_file_bytes: u64,
}

/// The result of `store vacuum`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct FreedView {
    /// The disk space that was given back, in bytes.
    pub freed_bytes: u64,
}

/// The numbers of rows and values that retention removed.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct ForgottenView {
    /// The number of removed events.
    pub events: u64,
    /// The number of removed runs.
    pub runs: u64,
    /// The number of removed ticks.
    pub ticks: u64,
    /// The number of removed stored values.
    pub values: u64,
    /// The total size of the removed values, in bytes.
    pub value_bytes: u64,
}

/// The result of `store check`: the rows that can't be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FoundDamage {
    /// The rows that can't be read.
    pub unreadable: Vec<FindingView>,
}

/// The result of `store repair`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RepairView {
    /// The rows that were set aside.
    pub set_aside: Vec<FindingView>,
    /// The rows that still can't be read.
    pub unreadable: Vec<FindingView>,
}

/// A row of the database, or its file, that can't be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// The table that it is in.
    #[schema(value_type = TableName)]
    pub table: Table,
    /// The row's number, or its name if it has no number.
    pub row: String,
    /// A description of the row.
    pub what: String,
    /// Why it can't be read.
    pub reason: String,
}

impl StoreView {
    /// The size of a store, with the number and the total size of the value files beside it.
    pub fn new(info: &StoreInfo, value_files: u64, value_file_bytes: u64) -> Self {
        Self {
            database_bytes: info.database_bytes,
            wal_bytes: info.wal_bytes,
            runs: info.runs,
            events: info.events,
            values_in_database: info.values_in_database,
            bytes_of_values_in_database: info.bytes_of_values_in_database,
            value_files,
            value_file_bytes,
        }
    }
}

impl FoundDamage {
    /// The result of reading every row.
    pub fn new(found: &[Finding]) -> Self {
        Self { unreadable: found.iter().cloned().map(Into::into).collect() }
    }
}

impl RepairView {
    /// The result of a repair, from the findings before and after it.
    pub fn new(set_aside: &[Finding], left: &[Finding]) -> Self {
        let views = |found: &[Finding]| found.iter().cloned().map(Into::into).collect();
        Self { set_aside: views(set_aside), unreadable: views(left) }
    }
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        let Finding { table, row, what, reason } = finding;
        Self { table, row, what, reason }
    }
}
