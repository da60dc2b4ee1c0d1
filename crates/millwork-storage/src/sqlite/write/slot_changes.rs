//! Taking slots of pools and giving them back.

use async_trait::async_trait;
use jiff::Timestamp;

use super::change::{Change, ChangeError};
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::sqlite::rows;
use crate::{SlotId, TakeSlots};

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
pub(crate) struct RenewSlots {
    /// The holder.
    pub(crate) holder_id: String,
    /// Until when.
    pub(crate) until: Timestamp,
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
pub(crate) struct GiveSlotsBack(pub(crate) Vec<SlotId>);

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

/// Frees what a holder holds.
#[derive(Debug)]
pub(crate) struct FreeSlots {
    /// The holder.
    pub(crate) holder_id: String,
    /// Only what it has not renewed beyond this moment; without one, everything.
    pub(crate) leased_until: Option<Timestamp>,
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
