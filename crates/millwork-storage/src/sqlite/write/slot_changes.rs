//! Taking slots of pools and giving them back.

use async_trait::async_trait;
use jiff::Timestamp;

use super::change::{Change, Stop};
use super::transaction::Transaction;
use crate::micros::to_micros;
use crate::sqlite::rows;
use crate::{Holder, SlotId};

/// Takes a slot if one is free.
#[derive(Clone, Debug)]
pub(crate) struct TakeSlot {
    /// The pool.
    pub(crate) pool: String,
    /// How many it has.
    pub(crate) slots: u32,
    /// Who wants one.
    pub(crate) holder: Holder,
    /// Now.
    pub(crate) now: Timestamp,
    /// Until when.
    pub(crate) until: Timestamp,
}

#[async_trait]
impl Change for TakeSlot {
    type Outcome = Option<SlotId>;
    const ACTION: &'static str = "take a slot of a pool";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<Option<SlotId>, Stop> {
        let text = "DELETE FROM slots WHERE pool = ?1 AND leased_until <= ?2; \
                    INSERT INTO slots (pool, holder_id, holder, leased_until) SELECT ?1, ?3, ?4, ?5 \
                    WHERE (SELECT count(*) FROM slots WHERE pool = ?1) < ?6 RETURNING id";
        let query = sqlx::query_scalar(text)
            .bind(self.pool.as_str())
            .bind(to_micros(self.now))
            .bind(self.holder.id.as_str())
            .bind(rows::holder_json(&self.holder))
            .bind(to_micros(self.until))
            .bind(i64::from(self.slots));
        let ids: Vec<i64> = query.fetch_all(transaction.connection()).await?;
        Ok(ids.first().map(|id| SlotId(id.unsigned_abs())))
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

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), Stop> {
        let query = sqlx::query("UPDATE slots SET leased_until = ? WHERE holder_id = ?");
        let query = query.bind(to_micros(self.until)).bind(self.holder_id.as_str());
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}

/// Gives a slot back.
#[derive(Debug)]
pub(crate) struct GiveSlotBack(pub(crate) SlotId);

#[async_trait]
impl Change for GiveSlotBack {
    type Outcome = ();
    const ACTION: &'static str = "give a slot back";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), Stop> {
        let query = sqlx::query("DELETE FROM slots WHERE id = ?").bind(self.0.0.cast_signed());
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}

/// Frees everything that a holder holds.
#[derive(Debug)]
pub(crate) struct FreeSlots {
    /// The holder.
    pub(crate) holder_id: String,
}

#[async_trait]
impl Change for FreeSlots {
    type Outcome = ();
    const ACTION: &'static str = "free slots of pools";

    async fn apply(&self, transaction: &mut Transaction<'_>) -> Result<(), Stop> {
        let query = sqlx::query("DELETE FROM slots WHERE holder_id = ?").bind(self.holder_id.as_str());
        query.execute(transaction.connection()).await?;
        Ok(())
    }
}
