//! Slots of concurrency pools for the steps of one run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use millwork_core::plan::PlanIndex;
use millwork_core::{Clock, Pipeline, PoolUse};
use millwork_storage::{Holder, PoolShare, SlotId, StorageError, Store, TakeSlots};

use super::lease::LEASE;

/// The steps of a run that wait for slots, by the pools that they want.
#[derive(Debug, Default)]
pub(crate) struct WaitingForSlots {
    by_pools: BTreeMap<String, VecDeque<PlanIndex>>,
}

impl WaitingForSlots {
    /// The names of pools as one text, under which steps wait.
    pub(crate) fn names(pools: &[PoolUse]) -> String {
        pools.iter().map(|taken| &*taken.pool).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn push(&mut self, pools: &str, position: PlanIndex) {
        self.by_pools.entry(pools.to_owned()).or_default().push_back(position);
    }

    pub(crate) fn push_front(&mut self, pools: &str, position: PlanIndex) {
        self.by_pools.entry(pools.to_owned()).or_default().push_front(position);
    }

    /// Whether any step waits for slots of these pools.
    pub(crate) fn is_awaited(&self, pools: &str) -> bool {
        self.by_pools.get(pools).is_some_and(|waiting| !waiting.is_empty())
    }

    pub(crate) fn pop(&mut self, pools: &str) -> Option<PlanIndex> {
        self.by_pools.get_mut(pools)?.pop_front()
    }

    pub(crate) fn pools(&self) -> Vec<String> {
        let awaited = self.by_pools.iter().filter(|(_, waiting)| !waiting.is_empty());
        awaited.map(|(pools, _)| pools.clone()).collect()
    }

    /// Takes out everything that waits.
    pub(crate) fn drain(&mut self) -> Vec<PlanIndex> {
        std::mem::take(&mut self.by_pools).into_values().flatten().collect()
    }
}

/// Takes slots of the home's pools.
#[derive(Clone, Debug)]
pub(crate) struct Pools {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) holder: Holder,
}

impl Pools {
    /// Takes all these slots, or none.
    pub(crate) async fn take(
        &self,
        pipeline: &Pipeline,
        wanted: &[PoolUse],
    ) -> Result<Option<Vec<SlotId>>, StorageError> {
        if wanted.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let share = |wanted: &PoolUse| PoolShare {
            pool: wanted.pool.clone(),
            slots: wanted.slots,
            of: pipeline.pool_slots(&wanted.pool),
        };
        let (of, now) = (wanted.iter().map(share).collect(), self.clock.now());
        self.store.take_slots(TakeSlots { of, holder: self.holder.clone(), now, until: now + LEASE }).await
    }

    /// Who holds what is wanted, in words.
    pub(crate) async fn awaited(
        &self,
        pipeline: &Pipeline,
        wanted: &[PoolUse],
    ) -> Result<String, StorageError> {
        let held = self.store.held_slots().await?;
        let told = wanted.iter().map(|PoolUse { pool, slots }| {
            let of_pool = held.iter().filter(|held| held.pool == *pool);
            let taken: u32 = of_pool.clone().map(|held| held.slots).sum();
            let mut pids: Vec<String> = of_pool.map(|held| held.holder.pid.to_string()).collect();
            pids.dedup();
            let by = if pids.is_empty() { String::new() } else { format!(", by pid {}", pids.join(", ")) };
            let of = pipeline.pool_slots(pool);
            format!("{slots} slots of pool `{pool}`, of which {taken} of {of} are held{by}")
        });
        Ok(format!("waits for {}", told.collect::<Vec<_>>().join("; and for ")))
    }

    pub(crate) async fn give_back(&self, slots: &[SlotId]) -> Result<(), StorageError> {
        self.store.give_slots_back(slots).await
    }
}
