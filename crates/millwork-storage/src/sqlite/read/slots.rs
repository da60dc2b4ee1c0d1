//! Who holds what of the pools.

use sqlx::Row;

use super::Reader;
use crate::sqlite::{failure, rows};
use crate::{HeldSlots, StorageError};

impl Reader {
    /// Everything that is held, by pool.
    pub(in crate::sqlite) async fn held_slots(&self) -> Result<Vec<HeldSlots>, StorageError> {
        let query = sqlx::query("SELECT pool, slots, holder, leased_until FROM slots ORDER BY pool, id");
        let found = self.rows("look for slots of pools", query).await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let wrong = failure::unreadable("a slot of a pool");
            let (pool, slots) = (row.try_get("pool"), row.try_get("slots"));
            let (holder, until) = (row.try_get("holder"), row.try_get("leased_until"));
            let columns = || Ok::<_, sqlx::Error>((pool?, slots?, holder?, until?));
            let (pool, slots, holder, until): (String, u32, String, i64) = columns().map_err(wrong)?;
            Ok(HeldSlots { pool, slots, holder: rows::holder(&holder)?, until: rows::moment(until)? })
        };
        // What can't be read is held until its lease is over, by nobody who could be named.
        Ok(found.iter().map(read).filter_map(Result::<_, StorageError>::ok).collect())
    }
}
