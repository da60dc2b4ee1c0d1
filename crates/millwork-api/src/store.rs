//! The home: how large it is, what was forgotten, and what can't be read.

use millwork_storage::{Finding, StoreInfo, Table};
use serde::Serialize;
use utoipa::ToSchema;

use crate::names::TableName;

/// How much there is in a home.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct StoreView {
    /// The size of the database file.
    pub database_bytes: u64,
    /// The size of the write-ahead log beside it.
    pub wal_bytes: u64,
    /// How many runs there are.
    pub runs: u64,
    /// How many events.
    pub events: u64,
    /// How many values are kept in the database.
    pub values_in_database: u64,
    /// How large these are together.
    pub bytes_of_values_in_database: u64,
    /// How many values are files.
    pub value_files: u64,
    /// How large these are together.
    pub value_file_bytes: u64,
}

/// What a vacuum came to.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct FreedView {
    /// How many bytes of disk were given back.
    pub freed_bytes: u64,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct ForgottenView {
    /// How many events.
    pub events: u64,
    /// How many runs.
    pub runs: u64,
    /// How many ticks.
    pub ticks: u64,
    /// How many stored values.
    pub values: u64,
    /// How large these were together.
    pub value_bytes: u64,
}

/// What can't be read of a database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FoundDamage {
    /// The rows.
    pub unreadable: Vec<FindingView>,
}

/// What a repair came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RepairView {
    /// The rows that were set aside.
    pub set_aside: Vec<FindingView>,
    /// Those that still can't be read.
    pub unreadable: Vec<FindingView>,
}

/// Something in the database that can't be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// The table that it is in.
    #[schema(value_type = TableName)]
    pub table: Table,
    /// The row's number, or its name where it has none.
    pub row: String,
    /// What it is, in words.
    pub what: String,
    /// Why it can't be read.
    pub reason: String,
}

impl StoreView {
    /// What a store says of itself, with the number and the size of the files of values beside it.
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
    /// What a look at every row found.
    pub fn new(found: &[Finding]) -> Self {
        Self { unreadable: found.iter().cloned().map(Into::into).collect() }
    }
}

impl RepairView {
    /// What was found before a repair, and what after it.
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
