//! Migrates a database to the version that this code knows. The version is in the file's header (`PRAGMA user_version`), so reading it
//! costs nothing, and it changes in the transaction of the migration itself: of two processes that open a new database at once, one
//! migrates and the other finds it done.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Error};

/// The migrations; the first one leads to version 1.
const MIGRATIONS: [&str; 13] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_schedules.sql"),
    include_str!("migrations/0003_queue.sql"),
    include_str!("migrations/0004_automation.sql"),
    include_str!("migrations/0005_alerts.sql"),
    include_str!("migrations/0006_pending.sql"),
    include_str!("migrations/0007_set_aside.sql"),
    include_str!("migrations/0008_versions.sql"),
    include_str!("migrations/0009_version_events.sql"),
    include_str!("migrations/0010_shadow_calls.sql"),
    include_str!("migrations/0011_partitions.sql"),
    include_str!("migrations/0012_backfills.sql"),
    include_str!("migrations/0013_statuses.sql"),
];

/// The application ID by which a file is known to be Millwork's; the first migration writes it.
const APPLICATION: i64 = 0x6d6c_776b;

/// The version that this code knows.
pub(super) const KNOWN_VERSION: i64 = MIGRATIONS.len() as i64;

/// Migrates the database to the current version. Returns the version that it has then: one that is higher than [`KNOWN_VERSION`] is left
/// alone.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let version = version(connection).await?;
    if version >= KNOWN_VERSION {
        return Ok(version);
    }
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let migrated = apply_missing(connection).await;
    if migrated.is_err() {
        // The first error is the one worth reporting; closing the connection would roll back as well.
        let _ = sqlx::raw_sql("ROLLBACK").execute(connection).await;
    }
    migrated
}

async fn apply_missing(connection: &mut SqliteConnection) -> Result<i64, Error> {
    // Another process may have been first.
    let version = version(connection).await?;
    let missing = MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0));
    for migration in missing {
        sqlx::raw_sql(*migration).execute(&mut *connection).await?;
    }
    let version = version.max(KNOWN_VERSION);
    let commit = AssertSqlSafe(format!("PRAGMA user_version = {version}; COMMIT"));
    sqlx::raw_sql(commit).execute(connection).await?;
    Ok(version)
}

/// Whether a database is another program's: it isn't empty and doesn't have Millwork's application ID.
pub(super) async fn is_of_others(connection: &mut SqliteConnection) -> Result<bool, Error> {
    let text = "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), \
                (SELECT count(*) FROM sqlite_schema)";
    let (application, version, things): (i64, i64, i64) = sqlx::query_as(text).fetch_one(connection).await?;
    Ok(application != APPLICATION && (application, version, things) != (0, 0, 0))
}

/// The version of a database.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, Error> {
    sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await
}
