//! The rows of runs: reading and encoding their columns.

use jiff::Timestamp;
use millwork_core::run::{FailureClass, RunId, RunRequest, RunStatus};
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};

use super::failure::unreadable;
use crate::micros::from_micros;
use crate::run_projection::RunProjection;
use crate::{Holder, RunRecord, StorageError};

/// The columns that the functions here read.
pub(super) const RUN_COLUMNS: &str = "number, id, status, epoch, created_at, started_at, finished_at, reason, holder, \
                                      leased_until, class, not_before, damage, request";

/// A run's row, with the columns that can't be read.
pub(super) struct RunRow {
    /// The run; `None` if its ID can't be read, so that no query can return it.
    pub(super) record: Option<RunRecord>,
    /// The columns that can't be read, and why.
    pub(super) unreadable: Vec<Unreadable>,
}

/// A column that can't be read.
pub(super) struct Unreadable {
    pub(super) column: &'static str,
    pub(super) reason: String,
}

impl RunRow {
    /// Reads a row, as far as it is readable.
    pub(super) fn of(row: &SqliteRow) -> Self {
        let mut columns = Columns { row, unreadable: Vec::new() };
        let projection = columns.projection();
        let created_at = columns.moment("created_at").unwrap_or_default();
        let request = columns.read("request", |text: &str| {
            serde_json::from_str::<RunRequest>(text).map_err(|error| error.to_string())
        });
        let known: Option<String> = columns.plain::<Option<String>>("damage").flatten();
        let id = columns.read("id", |bytes: &[u8]| run_id(bytes).map_err(|error| reason_of(&error)));
        let unreadable = columns.unreadable;
        let damage = known.or_else(|| described(&unreadable));
        let record = id
            .map(|id| RunRecord { damage, ..projection.record(id, request.unwrap_or_default(), created_at) });
        Self { record, unreadable }
    }
}

/// The part of a run's row that changes.
pub(super) fn projection(row: &SqliteRow) -> Result<RunProjection, StorageError> {
    let mut columns = Columns { row, unreadable: Vec::new() };
    let projection = columns.projection();
    match described(&columns.unreadable) {
        None => Ok(projection),
        Some(reason) => Err(unreadable("the record of a run")(reason)),
    }
}

/// The columns that can't be read, in words; `None` if all can.
fn described(unreadable: &[Unreadable]) -> Option<String> {
    let parts: Vec<String> = unreadable
        .iter()
        .map(|Unreadable { column, reason }| format!("its {column} can't be read ({reason})"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A row whose columns are read one by one.
struct Columns<'r> {
    row: &'r SqliteRow,
    unreadable: Vec<Unreadable>,
}

impl<'r> Columns<'r> {
    fn projection(&mut self) -> RunProjection {
        let status =
            |name: &str| RunStatus::from_name(name).ok_or_else(|| format!("unknown status `{name}`"));
        RunProjection {
            // No process executes it, so loops ignore it, and people can start it again.
            status: self.read("status", status).unwrap_or(RunStatus::Lost),
            epoch: self.plain("epoch").unwrap_or_default(),
            started_at: self.moment("started_at"),
            finished_at: self.moment("finished_at"),
            reason: self.plain::<Option<String>>("reason").flatten(),
            class: self.plain::<Option<&str>>("class").flatten().and_then(FailureClass::from_name),
            not_before: self.moment("not_before"),
            holder: self.read_optional("holder", |json: &str| {
                serde_json::from_str(json).map_err(|error| error.to_string())
            }),
            leased_until: self.moment("leased_until"),
        }
    }

    /// A column as it is.
    fn plain<T>(&mut self, column: &'static str) -> Option<T>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.noted(column, self.row.try_get(column).map_err(|error| error.to_string()))
    }

    fn read<S, T>(&mut self, column: &'static str, read: impl FnOnce(S) -> Result<T, String>) -> Option<T>
    where
        S: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        let stored = self.plain(column)?;
        self.noted(column, read(stored))
    }

    /// A column that may be empty.
    fn read_optional<S, T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(S) -> Result<T, String>,
    ) -> Option<T>
    where
        Option<S>: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        let stored = self.plain::<Option<S>>(column)??;
        self.noted(column, read(stored))
    }

    fn moment(&mut self, column: &'static str) -> Option<Timestamp> {
        self.read_optional(column, |micros: i64| moment(micros).map_err(|error| reason_of(&error)))
    }

    fn noted<T>(&mut self, column: &'static str, read: Result<T, String>) -> Option<T> {
        read.map_err(|reason| self.unreadable.push(Unreadable { column, reason })).ok()
    }
}

/// The reason why stored data can't be read, without its description.
pub(super) fn reason_of(error: &StorageError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// A holder in its stored form.
pub(super) fn holder_json(holder: &Holder) -> String {
    serde_json::to_string(holder).expect("a holder is texts and a number")
}

/// A holder from its stored form.
pub(super) fn holder(json: &str) -> Result<Holder, StorageError> {
    serde_json::from_str(json).map_err(unreadable("the holder of a slot"))
}

/// A run's number.
pub(super) fn number(row: &SqliteRow) -> Result<i64, Error> {
    row.try_get("number")
}

/// A run's id from its bytes.
pub(super) fn run_id(bytes: &[u8]) -> Result<RunId, StorageError> {
    bytes.try_into().map(RunId::from_bytes).map_err(unreadable("the id of a run"))
}

/// A stored time.
pub(super) fn moment(micros: i64) -> Result<Timestamp, StorageError> {
    from_micros(micros).map_err(unreadable("a time"))
}
