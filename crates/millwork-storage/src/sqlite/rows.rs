//! How runs stand in their rows.

use jiff::Timestamp;
use millwork_core::run::{FailureClass, RunId, RunStatus};
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};

use super::failure::unreadable;
use crate::course::RunCourse;
use crate::micros::from_micros;
use crate::{Holder, RunRecord, StorageError};

/// The columns that the functions here read.
pub(super) const RUN_COLUMNS: &str = "number, id, status, epoch, created_at, started_at, finished_at, reason, holder, \
                                      leased_until, class, not_before, request";

/// A holder in its stored form.
pub(super) fn holder_json(holder: &Holder) -> String {
    serde_json::to_string(holder).expect("a holder is texts and a number")
}

/// A holder from its stored form.
pub(super) fn holder(json: &str) -> Result<Holder, StorageError> {
    serde_json::from_str(json).map_err(unreadable("the holder of a run or slot"))
}

/// A run's number.
pub(super) fn number(row: &SqliteRow) -> Result<i64, Error> {
    row.try_get("number")
}

/// A run's id from its bytes.
pub(super) fn run_id(bytes: &[u8]) -> Result<RunId, StorageError> {
    bytes.try_into().map(RunId::from_bytes).map_err(unreadable("the id of a run"))
}

/// The part of a run's row that changes.
pub(super) fn course(row: &SqliteRow) -> Result<RunCourse, StorageError> {
    let status: &str = column(row, "status")?;
    let unknown = || unreadable("the status of a run")(format!("there is no status `{status}`"));
    Ok(RunCourse {
        status: RunStatus::from_name(status).ok_or_else(unknown)?,
        epoch: column(row, "epoch")?,
        started_at: column::<Option<i64>>(row, "started_at")?.map(moment).transpose()?,
        finished_at: column::<Option<i64>>(row, "finished_at")?.map(moment).transpose()?,
        reason: column(row, "reason")?,
        class: column::<Option<&str>>(row, "class")?.and_then(FailureClass::from_name),
        not_before: column::<Option<i64>>(row, "not_before")?.map(moment).transpose()?,
        holder: column::<Option<&str>>(row, "holder")?.map(holder).transpose()?,
        leased_until: column::<Option<i64>>(row, "leased_until")?.map(moment).transpose()?,
    })
}

/// A run's row.
pub(super) fn record(row: &SqliteRow) -> Result<RunRecord, StorageError> {
    let id = run_id(column(row, "id")?)?;
    let request = serde_json::from_str(column(row, "request")?);
    let request = request.map_err(unreadable(format!("the request of run {id}")))?;
    Ok(course(row)?.record(id, request, moment(column(row, "created_at")?)?))
}

/// A stored time.
pub(super) fn moment(micros: i64) -> Result<Timestamp, StorageError> {
    from_micros(micros).map_err(unreadable("a time"))
}

fn column<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T, StorageError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(name).map_err(unreadable(format!("the {name} of a run")))
}
