//! The run queue and the pools, with the reasons why runs wait and the holders of slots.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millwork_core::QueueLimits;
use millwork_core::run::{RunId, WaitReason};
use millwork_storage::HeldSlots;
use serde::Serialize;
use utoipa::ToSchema;

/// The run queue: the runs that wait for a daemon.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QueueView {
    /// The maximum number of runs that go on at a time; `null` if there is no daemon.
    #[schema(required)]
    pub max_runs: Option<usize>,
    /// The waiting runs, in the order in which they are launched.
    pub waiting: Vec<WaitingRunView>,
}

/// A waiting run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaitingRunView {
    /// The run's id.
    #[schema(value_type = String)]
    pub run: RunId,
    /// Why it waits; `null` if it is about to be launched.
    #[schema(required)]
    pub waits: Option<String>,
}

/// A pool with the holders of its slots.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PoolView {
    /// The pool's name.
    pub pool: String,
    /// The number of slots of the pool.
    pub slots: u32,
    /// The number of slots that are held.
    pub held: u32,
    /// The processes that hold slots.
    pub holders: Vec<HolderView>,
}

/// A process that holds slots of a pool.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HolderView {
    /// The number of slots that the process holds.
    pub slots: u32,
    /// The name of the machine that the process runs on.
    pub host: String,
    /// The id of the process on that machine.
    pub pid: u32,
    /// When the lease on the slots ends, unless the process renews it.
    pub leased_until: Timestamp,
}

impl QueueView {
    /// The queue as [`waiting_runs`](millwork_storage::waiting_runs) returns it, under the limits in force; `None` if there is no daemon.
    pub fn new(limits: Option<&QueueLimits>, waiting: Vec<(RunId, Option<WaitReason>)>) -> Self {
        let waits = |reason: Option<WaitReason>| reason.map(|reason| reason.to_string());
        let waiting = waiting.into_iter().map(|(run, reason)| WaitingRunView { run, waits: waits(reason) });
        Self { max_runs: limits.map(|limits| limits.max_runs), waiting: waiting.collect() }
    }
}

impl PoolView {
    /// The pools by name with their slots and the leases on them.
    pub fn all(pools: BTreeMap<&str, u32>, held: &[HeldSlots]) -> Vec<Self> {
        let pool = |(name, slots): (&str, u32)| {
            let holders: Vec<HolderView> =
                held.iter().filter(|held| held.pool == name).map(Into::into).collect();
            Self {
                pool: name.to_owned(),
                slots,
                held: holders.iter().map(|holder| holder.slots).sum(),
                holders,
            }
        };
        pools.into_iter().map(pool).collect()
    }
}

impl From<&HeldSlots> for HolderView {
    fn from(held: &HeldSlots) -> Self {
        let (host, pid) = (held.holder.host.clone(), held.holder.pid);
        Self { slots: held.slots, host, pid, leased_until: held.until }
    }
}
