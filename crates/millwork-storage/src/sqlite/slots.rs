//! Slots of concurrency pools: listing the holders, taking slots and giving them back.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::writer::{Change, ChangeError, Transaction};
use super::{SqliteStore, failure, rows};
use crate::micros::to_micros;
use crate::{HeldSlots, Holder, Liveness, PoolSlots, SlotId, StorageError, TakeSlots};

#[async_trait]
impl PoolSlots for SqliteStore {
    async fn take_slots(&self, take: TakeSlots) -> Result<Option<Vec<SlotId>>, StorageError> {
        self.vouch_for(&take.holder, TakeSlots::ACTION)?;
        let taken = self.writer.write(take.clone()).await?;
        if taken.is_none() && self.free_abandoned_slots(&take).await? {
            return self.writer.write(take).await;
        }
        Ok(taken)
    }

    async fn renew_slots(&self, holder: &Holder, until: Timestamp) -> Result<(), StorageError> {
        self.writer.write(RenewSlots { holder_id: holder.id.clone(), until }).await
    }

    async fn give_slots_back(&self, slots: &[SlotId]) -> Result<(), StorageError> {
        self.writer.write(GiveSlotsBack(slots.to_vec())).await
    }

    async fn free_slots(&self, holder: &Holder) -> Result<(), StorageError> {
        self.writer.write(FreeSlots { holder_id: holder.id.clone(), leased_until: None }).await
    }

    async fn held_slots(&self) -> Result<Vec<HeldSlots>, StorageError> {
        let query = sqlx::query("SELECT pool, slots, holder, leased_until FROM slots ORDER BY pool, id");
        let found = self.reader.rows("read slots of pools", query).await?;
        let read = |row: &SqliteRow| {
            let wrong = failure::unreadable("a slot of a pool");
            let (pool, slots) = (row.try_get("pool"), row.try_get("slots"));
            let (holder, until) = (row.try_get("holder"), row.try_get("leased_until"));
            let columns = || Ok::<_, sqlx::Error>((pool?, slots?, holder?, until?));
            let (pool, slots, holder, until): (String, u32, String, i64) = columns().map_err(wrong)?;
            Ok(HeldSlots { pool, slots, holder: rows::holder(&holder)?, until: rows::moment(until)? })
        };
        // A row that can't be read counts as held until its lease expires, by an unknown holder.
        Ok(found.iter().map(read).filter_map(Result::<_, StorageError>::ok).collect())
    }
}

impl SqliteStore {
    /// Frees the slots whose holders have ended, or, if their processes can't be checked, have not renewed them: the wall clock never
    /// decides about a process that is known to be alive. Returns whether there were any.
    async fn free_abandoned_slots(&self, take: &TakeSlots) -> Result<bool, StorageError> {
        let mut freed = false;
        for held in self.held_slots().await? {
            let holder_id = held.holder.id.clone();
            let liveness = self.processes.as_ref().map(|processes| processes.liveness(&held.holder));
            let abandoned = match liveness {
                Some(Liveness::Alive) => None,
                Some(Liveness::Ended { .. }) => Some(FreeSlots { holder_id, leased_until: None }),
                Some(Liveness::Unknown) | None => {
                    let leased_until = Some(take.now).filter(|now| held.until <= *now);
                    leased_until.map(|_| FreeSlots { holder_id, leased_until })
                }
            };
            let is_wanted = take.of.iter().any(|share| share.pool == held.pool);
            if let Some(abandoned) = abandoned.filter(|_| is_wanted) {
                self.writer.write(abandoned).await?;
                freed = true;
            }
        }
        Ok(freed)
    }
}

#[async_trait]
impl Change for TakeSlots {
    type Outcome = Option<Vec<SlotId>>;
    const ACTION: &'static str = "take slots of pools";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Option<Vec<SlotId>>, ChangeError> {
        for share in &self.of {
            let text = "SELECT ifnull(sum(slots), 0) FROM slots WHERE pool = ?";
            let query = sqlx::query_scalar(text).bind(share.pool.as_str());
            let held: i64 = query.fetch_one(transaction.connection()).await?;
            if held + i64::from(share.slots) > i64::from(share.of) {
                return Ok(None);
            }
        }
        let mut ids = Vec::with_capacity(self.of.len());
        for share in &self.of {
            let text =
                "INSERT INTO slots (pool, slots, holder_id, holder, leased_until) VALUES (?, ?, ?, ?, ?)";
            let query = sqlx::query(text)
                .bind(share.pool.as_str())
                .bind(i64::from(share.slots))
                .bind(self.holder.id.as_str())
                .bind(rows::holder_json(&self.holder))
                .bind(to_micros(self.until));
            let id = query.execute(transaction.connection()).await?.last_insert_rowid();
            ids.push(SlotId(id.unsigned_abs()));
        }
        Ok(Some(ids))
    }
}

/// Extends all slots of a holder.
#[derive(Debug)]
struct RenewSlots {
    /// The holder.
    holder_id: String,
    /// The new expiry of the slots.
    until: Timestamp,
}

#[async_trait]
impl Change for RenewSlots {
    type Outcome = ();
    const ACTION: &'static str = "renew slots of pools";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let query = sqlx::query("UPDATE slots SET leased_until = ? WHERE holder_id = ?");
        let query = query.bind(to_micros(self.until)).bind(self.holder_id.as_str());
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}

/// Gives slots back.
#[derive(Debug)]
struct GiveSlotsBack(Vec<SlotId>);

#[async_trait]
impl Change for GiveSlotsBack {
    type Outcome = ();
    const ACTION: &'static str = "give slots back";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        for slot in &self.0 {
            let query = sqlx::query("DELETE FROM slots WHERE id = ?").bind(slot.0.cast_signed());
            query.execute(transaction.connection()).await?;
        }
        Ok(())
    }
}

/// Frees the slots of a holder.
#[derive(Debug)]
struct FreeSlots {
    /// The holder.
    holder_id: String,
    /// Only slots that expire by this time; `None` for all.
    leased_until: Option<Timestamp>,
}

#[async_trait]
impl Change for FreeSlots {
    type Outcome = ();
    const ACTION: &'static str = "free slots of pools";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), ChangeError> {
        let text = "DELETE FROM slots WHERE holder_id = ?1 AND (?2 IS NULL OR leased_until <= ?2)";
        let query = sqlx::query(text).bind(self.holder_id.as_str()).bind(self.leased_until.map(to_micros));
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}
