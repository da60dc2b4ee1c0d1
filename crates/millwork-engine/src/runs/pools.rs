//! Slots of concurrency pools for the steps of one run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use millwork_core::plan::PlanIndex;
use millwork_core::{Clock, Pipeline, PoolUse};
use millwork_storage::{Holder, PoolShare, SlotId, StorageError, Store, TakeSlots};

use super::lease::LEASE;

/// The steps of a run that wait for slots. Those that need the same pools wait in one queue.
#[derive(Debug, Default)]
pub(crate) struct WaitingForSlots {
    by_pools: BTreeMap<String, Line>,
}

#[derive(Debug, Default)]
struct Line {
    steps: VecDeque<PlanIndex>,
    /// Whether slots were refused in this round, so that asking again is useless before the next one.
    is_full: bool,
}

impl WaitingForSlots {
    /// Begins a round: the pools may be asked again.
    pub(crate) fn begin_round(&mut self) {
        self.by_pools.values_mut().for_each(|line| line.is_full = false);
    }

    /// Takes out the first step of a queue whose pools may be asked.
    pub(crate) fn pop(&mut self) -> Option<PlanIndex> {
        self.by_pools.values_mut().filter(|line| !line.is_full).find_map(|line| line.steps.pop_front())
    }

    /// Puts a step that was refused its slots at the head of its queue, where it was if it has waited before.
    pub(crate) fn refuse(&mut self, pools: &[PoolUse], position: PlanIndex) {
        let line = self.by_pools.entry(names(pools)).or_default();
        line.steps.push_front(position);
        line.is_full = true;
    }

    /// Puts a step at the end of its queue.
    pub(crate) fn push(&mut self, pools: &[PoolUse], position: PlanIndex) {
        self.by_pools.entry(names(pools)).or_default().steps.push_back(position);
    }

    /// Whether a step waits for slots of these pools.
    pub(crate) fn is_awaited(&self, pools: &[PoolUse]) -> bool {
        self.by_pools.get(&names(pools)).is_some_and(|line| !line.steps.is_empty())
    }

    /// Whether no step waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_pools.values().all(|line| line.steps.is_empty())
    }

    /// Takes out all steps that wait.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = PlanIndex> + use<> {
        std::mem::take(&mut self.by_pools).into_values().flat_map(|line| line.steps)
    }
}

/// The names of pools as one text, the key under which steps wait.
fn names(pools: &[PoolUse]) -> String {
    pools.iter().map(|taken| &*taken.pool).collect::<Vec<_>>().join(", ")
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

    /// The holders of the requested slots, in words.
    pub(crate) async fn awaited(
        &self,
        pipeline: &Pipeline,
        wanted: &[PoolUse],
    ) -> Result<String, StorageError> {
        let held = self.store.held_slots().await?;
        let waits = wanted.iter().map(|PoolUse { pool, slots }| {
            let of_pool = held.iter().filter(|held| held.pool == *pool);
            let taken: u32 = of_pool.clone().map(|held| held.slots).sum();
            let mut pids: Vec<String> = of_pool.map(|held| held.holder.pid.to_string()).collect();
            pids.dedup();
            let by = if pids.is_empty() { String::new() } else { format!(", by pid {}", pids.join(", ")) };
            let of = pipeline.pool_slots(pool);
            format!("{slots} slots of pool `{pool}`, of which {taken} of {of} are held{by}")
        });
        Ok(format!("waits for {}", waits.collect::<Vec<_>>().join("; and for ")))
    }

    pub(crate) async fn give_back(&self, slots: &[SlotId]) -> Result<(), StorageError> {
        self.store.give_slots_back(slots).await
    }
}
